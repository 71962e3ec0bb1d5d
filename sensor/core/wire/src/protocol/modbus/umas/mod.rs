//! UMAS, by which Schneider's controllers are programmed and operated: function 90.
//!
//! ```text
//!   request:  key | function | data ...          signed:  key | 0x38 | magic | signature(32) | 90 | key | function | data ...
//!   answer:   key | 0xfe or 0xfd | data ...               key | 0xfe | magic | signature(32) | 90 | key | 0xfe …
//! ```
//!
//! Schneider never published it. Numbers and layouts are known from public research: L. Martin's articles "The Unity
//! (UMAS) protocol", Kaspersky ICS CERT's "The secrets of Schneider Electric's UMAS protocol", the talk "From
//! Pass-the-Hash to Code Execution on Schneider Electric M340 PLCs" (Black Hat Europe 2024), the description in Apache
//! PLC4X; and from captures. No code or table of theirs is here. Numbers are little-endian inside.
//!
//! An answer does not say what it answers: without its question only its status is told. What passwords are made of or
//! proved by (signatures, nonces, private messages, what follows a client's name) is never kept.

pub mod names;
mod variables;

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::pdu;
use crate::cursor::Short;
use crate::value::{Class, Outcome, Record, Value};

pub const OK: u8 = 0xfe;
pub const ERROR: u8 = 0xfd;
const FUNCTION: u8 = 90;

const SIGNED: u8 = 0x38;
/// Magic byte and signature.
const ENVELOPE: usize = 33;

fn head(record: &mut Record, body: &mut Body<'_>) -> Result<u8, Short> {
    let [key, code] = body.array()?;
    record.set_u(slot::UMAS_KEY, key);
    Ok(code)
}

/// The message inside a signed one.
fn unwrap(record: &mut Record, body: &mut Body<'_>) -> Result<u8, Short> {
    record.set(slot::UMAS_SIGNED, Value::Bool(true));
    body.skip(ENVELOPE)?;
    if body.u8()? != FUNCTION {
        record.flaw(flaw::VALUE);
    }
    head(record, body)
}

fn operation(record: &mut Record, code: u8) {
    record.set_u(slot::UMAS_FUNCTION, code);
    record.set(slot::UMAS_FUNCTION_NAME, Value::Name(names::function(code).0));
    pdu::sub_operation(record, FUNCTION, code.into());
}

pub fn request(record: &mut Record, unit: u8, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    let mut code = head(record, body)?;
    operation(record, code);
    let signed = code == SIGNED;
    if signed {
        code = unwrap(record, body)?;
        operation(record, code);
    }
    memory.ask(record, FUNCTION, code.into(), signed);
    match code {
        0x10 => reservation(record, body)?,
        0x20 => memory_block(record, unit, body)?,
        0x22 | 0x23 => variables::read(record, unit, body, code == 0x23)?,
        0x31 | 0x34 => program_block(record, body, code == 0x31)?,
        0x6d | 0x6e => drop(body.take_rest()),
        _ => body.keep(record, slot::DATA),
    }
    Ok(())
}

/// Four bytes about the client, then its name with a length. New controllers have a hash of the application password
/// behind it.
fn reservation(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    body.skip(4)?;
    let length = usize::from(body.u8()?);
    text(record, slot::UMAS_CLIENT, body.take(length)?);
    body.take_rest();
    Ok(())
}

/// A name ends with its first zero.
fn text(record: &mut Record, slot: usize, bytes: &[u8]) {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    if !name.is_empty() {
        record.set_text(slot, name);
    }
}

/// Range, block, offset, length.
fn memory_block(record: &mut Record, unit: u8, body: &mut Body<'_>) -> Result<(), Short> {
    body.skip(1)?;
    let block = body.u16_le()?;
    let offset = body.array().map(u32::from_le_bytes)?;
    let length = body.u16_le()?;
    record.push(slot::UMAS_BLOCKS, Value::Unsigned(block.into()));
    record.push(slot::UMAS_OFFSETS, Value::Unsigned(offset.into()));
    record.push(slot::UMAS_LENGTHS, Value::Unsigned(length.into()));
    let last = u64::from(offset).saturating_add(u64::from(length.max(1))).saturating_sub(1);
    record.push_stretch("umas_block", u32::from(unit) << 16 | u32::from(block), offset.into(), last);
    Ok(())
}

/// Two bytes nobody explained, the number of the part; what goes to the controller has its length and its bytes.
fn program_block(record: &mut Record, body: &mut Body<'_>, with_data: bool) -> Result<(), Short> {
    body.skip(2)?;
    record.push(slot::UMAS_BLOCKS, Value::Unsigned(body.u16_le()?.into()));
    if with_data {
        record.push(slot::UMAS_LENGTHS, Value::Unsigned(body.u16_le()?.into()));
    }
    body.keep(record, slot::DATA);
    Ok(())
}

pub fn response(record: &mut Record, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    let status = head(record, body)?;
    told(record, status);
    let Some(question) = memory.answered(record, FUNCTION) else {
        record.operation = 0;
        record.class = Class::Other;
        body.keep(record, slot::DATA);
        return Ok(());
    };
    let code = u8::try_from(question.sub).unwrap_or(0);
    operation(record, code);
    // An error comes without the envelope where it is about the envelope.
    if question.signed && body.remaining() > ENVELOPE {
        let status = unwrap(record, body)?;
        told(record, status);
    }
    if record.outcome == Outcome::Success {
        answer(record, code, body)?;
    }
    body.keep(record, slot::DATA);
    Ok(())
}

fn told(record: &mut Record, status: u8) {
    record.set_u(slot::UMAS_STATUS, status);
    record.set(slot::UMAS_STATUS_NAME, Value::Name(names::status(status)));
    record.outcome = match status {
        OK => Outcome::Success,
        ERROR => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    if record.outcome == Outcome::Unknown {
        record.flaw(flaw::VALUE);
    }
}

/// What is known of the answers; the rest of their bytes stays raw.
fn answer(record: &mut Record, code: u8, body: &mut Body<'_>) -> Result<(), Short> {
    let mut rest = *body;
    let bytes = rest.take_rest();
    match code {
        // Largest frame, version, four bytes, four bytes about the client that holds the reservation, its name.
        0x01 => named(record, slot::UMAS_CLIENT, bytes, 12),
        0x02 => {
            named(record, slot::UMAS_DEVICE, bytes, 22);
            // 70 02: version 2.70.
            if let Some([minor, major]) = bytes.get(8..10) {
                let text = format!("{major:x}.{minor:02x}");
                record.set_text(slot::UMAS_FIRMWARE, text.as_bytes());
            }
        }
        // Other kinds of project information have no name there.
        0x03 if bytes.last() == Some(&0) => named(record, slot::UMAS_PROJECT, bytes, 38),
        0x04 => {
            if let Some(state) = bytes.get(60) {
                record.set_u(slot::UMAS_STATE, *state);
                record.set(slot::UMAS_STATE_NAME, Value::Name(names::plc_state(*state)));
            }
        }
        // The key that the client has from now on.
        0x10 => record.set_u(slot::UMAS_KEY, body.u8()?),
        0x20 => {
            body.skip(1)?;
            record.push(slot::UMAS_LENGTHS, Value::Unsigned(body.u16_le()?.into()));
        }
        // Whether it is the last part, a byte, length.
        0x34 => {
            body.skip(2)?;
            record.push(slot::UMAS_LENGTHS, Value::Unsigned(body.u16_le()?.into()));
        }
        0x6d | 0x6e => drop(body.take_rest()),
        _ => {}
    }
    Ok(())
}

/// A text with its length before it, if it is all there.
fn named(record: &mut Record, slot: usize, bytes: &[u8], at: usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some((length, rest)) = rest.split_first() {
        text(record, slot, rest.get(..usize::from(*length)).unwrap_or_default());
    }
}
