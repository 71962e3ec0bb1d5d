//! What a client asks for. Application Protocol 6.

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::pdu::Head;
use super::{diagnostics, encapsulated, file, umas};
use crate::cursor::Short;
use crate::value::Record;

#[inline]
pub fn read(record: &mut Record, head: Head, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    let Head { code, unit, .. } = head;
    match code {
        // 6.1–6.4: starting address (counts from 0 on the wire), quantity.
        1..=4 => {
            let (address, quantity) = body.pair()?;
            record.set_u(slot::ADDRESS, address);
            record.set_u(slot::QUANTITY, quantity);
            limits(record, quantity, if code <= 2 { 2000 } else { 125 });
            stretch(record, code, unit, address, quantity);
        }
        // 6.5, 6.6: address, one value.
        5 | 6 => {
            let address = body.u16()?;
            record.set_u(slot::ADDRESS, address);
            record.set_u(slot::QUANTITY, 1u16);
            stretch(record, code, unit, address, 1);
            single(record, code, body)?;
        }
        // 6.11, 6.12: address, quantity, byte count, values.
        15 | 16 => {
            let (address, quantity) = body.pair()?;
            record.set_u(slot::ADDRESS, address);
            record.set_u(slot::QUANTITY, quantity);
            limits(record, quantity, if code == 15 { 1968 } else { 123 });
            stretch(record, code, unit, address, quantity);
            written(record, code == 15, quantity, body)?;
        }
        // 6.16: address, AND mask, OR mask.
        22 => {
            let address = body.u16()?;
            record.set_u(slot::ADDRESS, address);
            stretch(record, code, unit, address, 1);
            masks(record, body)?;
        }
        23 => read_write(record, unit, body)?,
        // 6.18: FIFO pointer address.
        24 => {
            let address = body.u16()?;
            record.set_u(slot::ADDRESS, address);
            stretch(record, code, unit, address, 1);
        }
        8 => diagnostics::read(record, body, Some(memory))?,
        20 => file::groups(record, unit, body, false)?,
        21 => file::groups(record, unit, body, true)?,
        43 => encapsulated::request(record, unit, body, memory)?,
        90 => umas::request(record, unit, body, memory)?,
        7 | 11 | 12 | 17 => {}
        _ => body.keep(record, slot::DATA),
    }
    Ok(())
}

/// 6.17: read address, quantity; write address, quantity, byte count, values.
fn read_write(record: &mut Record, unit: u8, body: &mut Body<'_>) -> Result<(), Short> {
    let (address, quantity) = body.pair()?;
    record.set_u(slot::ADDRESS, address);
    record.set_u(slot::QUANTITY, quantity);
    limits(record, quantity, 125);
    let (write_address, write_quantity) = body.pair()?;
    record.set_u(slot::WRITE_ADDRESS, write_address);
    record.set_u(slot::WRITE_QUANTITY, write_quantity);
    limits(record, write_quantity, 121);
    // What is written comes first: the operation counts as a write.
    stretch(record, 23, unit, write_address, write_quantity);
    stretch(record, 23, unit, address, quantity);
    written(record, false, write_quantity, body)
}

/// The address space that a function reads or writes.
fn space(code: u8) -> &'static str {
    match code {
        1 | 5 | 15 => "coil",
        2 => "discrete_input",
        4 => "input_register",
        24 => "fifo",
        _ => "holding_register",
    }
}

#[inline]
fn stretch(record: &mut Record, code: u8, unit: u8, address: u16, quantity: u16) {
    let last = u32::from(address).saturating_add(u32::from(quantity.max(1))).saturating_sub(1);
    if last > 0xffff {
        record.flaw(flaw::OVERFLOW);
    }
    record.push_stretch(space(code), u32::from(unit), address.into(), last.into());
}

#[inline]
fn limits(record: &mut Record, quantity: u16, most: u16) {
    if quantity == 0 || quantity > most {
        record.flaw(flaw::QUANTITY);
    }
}

/// The one value of 6.5 and 6.6. On and off are the only values of a single coil.
#[inline]
pub fn single(record: &mut Record, code: u8, body: &mut Body<'_>) -> Result<(), Short> {
    let mut value = body.part(2)?;
    value.words(record, slot::VALUES);
    if code == 5 && !matches!(value.u16()?, 0 | 0xff00) {
        record.flaw(flaw::VALUE);
    }
    Ok(())
}

pub fn masks(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    record.set_u(slot::AND_MASK, body.u16()?);
    record.set_u(slot::OR_MASK, body.u16()?);
    Ok(())
}

fn written(record: &mut Record, bits: bool, quantity: u16, body: &mut Body<'_>) -> Result<(), Short> {
    let count = usize::from(body.u8()?);
    let wanted = if bits { usize::from(quantity).div_ceil(8) } else { usize::from(quantity).saturating_mul(2) };
    if count != wanted {
        record.flaw(flaw::BYTE_COUNT);
    }
    let values = counted(record, body, count)?;
    if bits {
        values.bits(record, slot::VALUES, quantity.into());
    } else {
        values.words(record, slot::VALUES);
    }
    Ok(())
}

/// Take `count` bytes that a byte count claims; fewer are a flaw.
#[inline]
pub fn counted<'a>(record: &mut Record, body: &mut Body<'a>, count: usize) -> Result<Body<'a>, Short> {
    if count == 0 {
        record.flaw(flaw::BYTE_COUNT);
    }
    body.part(count).inspect_err(|_| record.flaw(flaw::BYTE_COUNT))
}
