//! S7comm-plus: 0x72, version, length, then (in versions 1 to 3) an opcode. What follows is often encrypted.

use super::fields::flaw;
use super::reader::Reader;
use crate::cursor::Short;
use crate::protocol::place_of;
use crate::value::{field, slots, Kind, Record};

slots! {
    VERSION = 0 => field("s7comm_plus.version", Kind::Unsigned);
    OPCODE = 1 => field("s7comm_plus.opcode", Kind::Unsigned);
    DATA = 2 => field("s7comm_plus.data", Kind::Bytes);
}

pub fn read(payload: &mut Reader<'_>, record: &mut Record) {
    record.protocol = Some(const { place_of("s7comm-plus") });
    record.operation = 0x2_0000;
    record.operation_name = "s7comm_plus";
    if header(payload, record).is_err() {
        record.flaw(flaw::SHORT_HEADER);
    }
    payload.keep(record, DATA);
}

fn header(payload: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    payload.skip(1)?;
    record.set_u(VERSION, payload.u8()?);
    payload.skip(2)?;
    let opcode = payload.u8()?;
    record.set_u(OPCODE, opcode);
    record.operation |= u32::from(opcode);
    Ok(())
}
