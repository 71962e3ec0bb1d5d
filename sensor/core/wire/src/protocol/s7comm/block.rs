//! Programs: blocks down to and up from the station, program invocation services, stop.
//!
//! In a download the client asks once (0x1a); then the *controller* sends the jobs 0x1b and 0x1c, with numbers of its
//! own, and the client answers them with the block's bytes.

use super::fields::{self as slot, flaw};
use super::job::Missing;
use super::names;
use super::pdu::Pdu;
use super::reader::Reader;
use crate::limits;
use crate::value::{Outcome, Record, Span, Value};

/// Bytes of a block's name without its file identifier.
pub const BLOCK_NAME: usize = 8;

/// Jobs 0x1a to 0x1f.
///
/// ```text
///   1a..1c, 1d:  status(1) 2 bytes, upload id(4), length(1), file name [, length(1), lengths of the block]
///   1e, 1f:      status(1) 2 bytes, upload id(4)
/// ```
pub fn transfer(code: u8, pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    let parameter = &mut pdu.parameter;
    parameter.skip(1)?;
    let error = parameter.u16()?;
    // In the jobs that end a transfer these two bytes say how it ended, elsewhere they are reserved.
    if matches!(code, 0x1c | 0x1f) {
        record.set_u(slot::TRANSFER_ERROR, error);
    }
    record.set_u(slot::UPLOAD_ID, parameter.u32()?);
    if matches!(code, 0x1a..=0x1d) {
        let length = parameter.u8()?;
        file_name(parameter.take(length.into())?, record);
    }
    if code == 0x1a && !parameter.is_empty() {
        lengths(parameter, record)?;
    }
    Ok(())
}

/// A block's lengths as digits: `1`, six of the space it takes when loaded, six of its code.
fn lengths(parameter: &mut Reader<'_>, record: &mut Record) -> Result<(), Missing> {
    let length = parameter.u8()?;
    let mut text = parameter.part(length.into())?;
    if length == 13 {
        text.skip(1)?;
        for slot in [slot::BLOCK_LENGTH, slot::CODE_LENGTH] {
            match number(text.take(6)?) {
                Some(number) => record.set_u(slot, number),
                None => record.flaw(flaw::FILENAME),
            }
        }
    }
    Ok(())
}

/// Their answers.
///
/// ```text
///   1a, 1c, 1f:  nothing, or the status          1b, 1e:  status(1), data: length(2) 00fb, the block's bytes
///   1d:          status(1) 2 bytes, upload id(4), length(1), the block's length as digits
/// ```
pub fn transferred(code: u8, pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    let parameter = &mut pdu.parameter;
    if parameter.is_empty() {
        return Ok(());
    }
    let status = parameter.u8()?;
    match code {
        0x1b | 0x1e => {
            record.set(slot::MORE, Value::Bool(status & 1 == 1));
            if status & 2 != 0 {
                record.outcome = Outcome::Failure;
            }
            if !pdu.data.is_empty() {
                let mut length = || -> Result<usize, crate::cursor::Short> {
                    let length = pdu.data.u16()?;
                    pdu.data.skip(2)?;
                    Ok(length.into())
                };
                let length = length().map_err(|_| Missing::Data)?;
                pdu.data.part(length).map_err(|_| Missing::Data)?.keep(record, slot::DATA);
            }
        }
        0x1d => {
            parameter.skip(2)?;
            record.set_u(slot::UPLOAD_ID, parameter.u32()?);
            if !parameter.is_empty() {
                let length = parameter.u8()?;
                if let Some(number) = number(parameter.take(length.into())?) {
                    record.set_u(slot::BLOCK_LENGTH, number);
                }
            }
            // What follows differs between stations.
            parameter.keep(record, slot::PARAMETER);
        }
        _ => {}
    }
    Ok(())
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.trim_ascii().parse().ok()
}

/// `_0A00001P`: file identifier, type (two hexadecimal digits), number (five digits), file system.
/// Numerical controls have paths instead, which stay text.
fn file_name(name: &[u8], record: &mut Record) {
    let text = record.push_text(name.get(..name.len().min(limits::TEXT_BYTES)).unwrap_or_default());
    record.set(slot::FILENAME, Value::Text(text));
    let Some((b'_' | b'$', rest)) = name.split_first() else {
        if name.first() != Some(&b'/') {
            record.flaw(flaw::FILENAME);
        }
        return;
    };
    if name.starts_with(b"_N_") {
        record.push_named("file", 0, text);
        return;
    }
    if rest.len() == BLOCK_NAME {
        blocks(rest, record);
    } else {
        record.flaw(flaw::FILENAME);
    }
}

/// Type, number and file system of blocks, eight bytes each, side by side in their lists.
pub fn blocks(names: &[u8], record: &mut Record) {
    for slot in [slot::BLOCK_TYPE, slot::BLOCK_NUMBER, slot::FILE_SYSTEM] {
        for name in names.chunks_exact(BLOCK_NAME) {
            let Some((kind, number, system)) = block(name) else {
                record.flaw(flaw::FILENAME);
                continue;
            };
            match slot {
                slot::BLOCK_TYPE => {
                    record.push(slot, Value::Name(names::block(kind).0));
                    record.push_stretch(names::block(kind).1, 0, number, number);
                }
                slot::BLOCK_NUMBER => record.push(slot, Value::Unsigned(number)),
                _ => record.push(slot, Value::Name(names::file_system(system))),
            }
        }
    }
}

/// Two digits of type, five of number, one letter for the file system.
fn block(name: &[u8]) -> Option<(&[u8], u64, u8)> {
    let (kind, rest) = name.split_at_checked(2)?;
    let (digits, system) = rest.split_at_checked(5)?;
    Some((kind, number(digits)?, system.first().copied()?))
}

/// Services that are known by name even where the lengths before it make no sense.
const SERVICES: [&[u8]; 6] = [b"P_PROGRAM", b"_INSE", b"_INS2", b"_DELE", b"_MODU", b"_GARB"];

/// Job 0x28: seven bytes without known meaning, length(2) and arguments, length(1) and name of the service.
pub fn service(pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    let mut whole = pdu.parameter;
    let bytes = whole.take_rest();
    match arguments(&mut pdu.parameter, record) {
        Err(missing) if record.get(slot::PI_SERVICE).is_none() => {
            // Some clients write other lengths (Snap7's delete): the name at the end still says what they want.
            if let Some(name) = SERVICES.into_iter().find(|name| bytes.ends_with(name)) {
                named(name, b"", record);
            }
            Err(missing)
        }
        read => read,
    }
}

fn named(name: &[u8], argument: &[u8], record: &mut Record) -> Span {
    let text = record.push_text(name);
    record.set(slot::PI_SERVICE, Value::Text(text));
    let (action, class) = names::pi_action(name, argument);
    record.set(slot::PI_ACTION, Value::Name(action));
    record.class = class;
    text
}

fn arguments(parameter: &mut Reader<'_>, record: &mut Record) -> Result<(), Missing> {
    parameter.skip(7)?;
    let length = parameter.u16()?;
    let mut arguments = parameter.part(length.into())?;
    let length = parameter.u8()?;
    let name = parameter.take(length.into())?;
    let whole = arguments.take_rest();
    let text = named(name, whole, record);
    if matches!(name, b"_INSE" | b"_INS2" | b"_DELE") {
        return block_list(whole, record);
    }
    record.push_named("program_invocation", 0, text);
    if name.starts_with(b"_N_") {
        // Numerical controls: length and text, one after the other, filled up to even places.
        return strings(whole, record);
    }
    if !whole.is_empty() {
        let text = record.push_text(whole.get(..whole.len().min(limits::TEXT_BYTES)).unwrap_or_default());
        record.push(slot::PI_ARGUMENT, Value::Text(text));
    }
    Ok(())
}

/// Number of blocks, a byte 0, then eight bytes for each.
fn block_list(arguments: &[u8], record: &mut Record) -> Result<(), Missing> {
    let mut reader = Reader::new(arguments, None);
    let count = usize::from(reader.u8()?);
    reader.skip(1)?;
    let names = reader.take(count.saturating_mul(BLOCK_NAME))?;
    blocks(names, record);
    for name in names.chunks_exact(BLOCK_NAME) {
        let text = record.push_text(name);
        record.push(slot::PI_ARGUMENT, Value::Text(text));
    }
    if !reader.is_empty() {
        record.flaw(flaw::LONG_PARAMETER);
    }
    Ok(())
}

fn strings(arguments: &[u8], record: &mut Record) -> Result<(), Missing> {
    let mut reader = Reader::new(arguments, None);
    let mut budget = limits::LIST_VALUES;
    while !reader.is_empty() {
        let Some(left) = budget.checked_sub(1) else {
            record.flaw(flaw::VALUES);
            return Ok(());
        };
        budget = left;
        let length = reader.u8()?;
        let text = record.push_text(reader.take(length.into())?);
        record.push(slot::PI_ARGUMENT, Value::Text(text));
        if length % 2 == 0 && !reader.is_empty() {
            reader.skip(1)?;
        }
    }
    Ok(())
}

/// Job 0x29: five bytes, length(1) and the name of the program, `P_PROGRAM`.
pub fn stop(pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    pdu.parameter.skip(5)?;
    let length = pdu.parameter.u8()?;
    let text = record.push_text(pdu.parameter.take(length.into())?);
    record.set(slot::PI_SERVICE, Value::Text(text));
    record.set(slot::PI_ACTION, Value::Name("stop"));
    record.push_named("program_invocation", 0, text);
    Ok(())
}
