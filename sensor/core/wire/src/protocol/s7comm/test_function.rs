//! Test and commissioning functions of a programming device: which variables they watch, modify or force.
//!
//! ```text
//!   parameter size(2) | data size(2) | parameter | count(2) | count times: kind(1) repetition(1) db(2) address(2) | …
//! ```

use super::reader::Reader;
use crate::cursor::Short;
use crate::value::Record;

/// Name what an order touches. The upper half of `kind` is the area, the lower the width: 0 a bit (then `repetition`
/// is its number), 1 a byte, 2 a word, 3 a double word, 4 a timer or counter.
pub fn touched(mut body: Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let (parameter, size) = (body.u16()?, body.u16()?);
    body.skip(parameter.into())?;
    let mut data = body.part(size.into())?;
    for _ in 0..data.u16()? {
        let (kind, repetition, db, address) = (data.u8()?, data.u8()?, data.u16()?, u64::from(data.u16()?));
        let space = match kind >> 4 {
            0 => "flag",
            1 => "input",
            2 => "output",
            3 => "peripheral",
            5 => "timer",
            6 => "counter",
            7 => "db",
            _ => "unknown",
        };
        let length = match kind & 0x0f {
            0 => 1,
            2 => u64::from(repetition.max(1)).saturating_mul(2),
            3 => u64::from(repetition.max(1)).saturating_mul(4),
            _ => repetition.max(1).into(),
        };
        let index = if space == "db" { db.into() } else { 0 };
        record.push_stretch(space, index, address, address.saturating_add(length).saturating_sub(1));
    }
    Ok(())
}
