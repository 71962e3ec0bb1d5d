//! What a server answers. Application Protocol 6.

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::pdu::Head;
use super::request::{counted, masks, single};
use super::{diagnostics, encapsulated, file, umas};
use crate::cursor::Short;
use crate::value::{Outcome, Record};

#[inline]
pub fn read(record: &mut Record, head: Head, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    record.outcome = Outcome::Success;
    match head.code {
        // 6.1, 6.2: byte count, bits; the number of bits asked for is known to the request only.
        1 | 2 => {
            let count = usize::from(body.u8()?);
            counted(record, body, count)?.bits(record, slot::VALUES, u32::MAX);
        }
        // 6.3, 6.4, 6.17: byte count, registers.
        3 | 4 | 23 => {
            let count = usize::from(body.u8()?);
            let registers = counted(record, body, count)?;
            if count % 2 == 1 {
                record.flaw(flaw::BYTE_COUNT);
            }
            registers.words(record, slot::VALUES);
        }
        // 6.5, 6.6: the request's echo.
        5 | 6 => {
            record.set_u(slot::ADDRESS, body.u16()?);
            single(record, head.code, body)?;
        }
        // 6.11, 6.12: address, quantity.
        15 | 16 => {
            record.set_u(slot::ADDRESS, body.u16()?);
            record.set_u(slot::QUANTITY, body.u16()?);
        }
        22 => {
            record.set_u(slot::ADDRESS, body.u16()?);
            masks(record, body)?;
        }
        24 => queue(record, body)?,
        // 6.7: eight outputs that the device chose.
        7 => record.set_u(slot::EXCEPTION_STATUS, body.u8()?),
        11 => diagnostics::counter(record, body)?,
        12 => diagnostics::log(record, body)?,
        17 => diagnostics::server_id(record, body)?,
        20 => file::answer(record, body)?,
        // 6.15: the request's echo.
        21 => file::groups(record, head.unit, body, true)?,
        8 => diagnostics::read(record, body, None)?,
        43 => encapsulated::response(record, body)?,
        90 => umas::response(record, body, memory)?,
        _ => body.keep(record, slot::DATA),
    }
    Ok(())
}

/// 6.18: byte count (16 bits, counts the FIFO count too), FIFO count (at most 31), registers.
fn queue(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    let (bytes, registers) = body.pair()?;
    record.set_u(slot::QUANTITY, registers);
    if registers > 31 {
        record.flaw(flaw::QUANTITY);
    }
    let length = usize::from(registers).saturating_mul(2);
    if usize::from(bytes) != length.saturating_add(2) {
        record.flaw(flaw::BYTE_COUNT);
    }
    body.part(length)?.words(record, slot::VALUES);
    Ok(())
}
