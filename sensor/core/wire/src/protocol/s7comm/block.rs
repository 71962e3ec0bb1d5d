//! Programs: blocks down to and up from the station, stop.
//!
//! In a download the client asks once (0x1a); then the *controller* sends the jobs 0x1b and 0x1c, with numbers of its
//! own, and the client answers them with the block's bytes.

use super::detail::Details;
use super::fields::{self as slot, flaw};
use super::job::Missing;
use super::names;
use super::pdu::Pdu;
use super::reader::Reader;
use super::transfer::Transferred;
use crate::cursor::Short;
use crate::limits;
use crate::value::{Outcome, Record, Value};

/// Bytes of a block's name without its file identifier.
pub const BLOCK_NAME: usize = 8;

/// Jobs 0x1a to 0x1f.
///
/// ```text
///   1a..1c, 1d:  status(1) 2 bytes, upload id(4), length(1), file name [, length(1), lengths of the block]
///   1e, 1f:      status(1) 2 bytes, upload id(4)
/// ```
pub fn transfer(
    code: u8,
    pdu: &mut Pdu<'_>,
    transferred: &mut Transferred,
    record: &mut Record,
) -> Result<(), Missing> {
    let parameter = &mut pdu.parameter;
    if code == 0x1a {
        transferred.begin(false);
    }
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
pub fn transferred(
    code: u8,
    pdu: &mut Pdu<'_>,
    transferred: &mut Transferred,
    record: &mut Record,
) -> Result<(), Missing> {
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
                let mut length = || -> Result<usize, Short> {
                    let length = pdu.data.u16()?;
                    pdu.data.skip(2)?;
                    Ok(length.into())
                };
                let length = length().map_err(|_| Missing::Data)?;
                let mut part = pdu.data.part(length).map_err(|_| Missing::Data)?;
                let mut whole = part;
                transferred.part(code == 0x1e, whole.take_rest(), status & 1 == 0, record);
                part.keep(record, slot::DATA);
            }
        }
        0x1d => {
            transferred.begin(true);
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

pub fn number(digits: &[u8]) -> Option<u64> {
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

/// How many blocks there are of each type: two digits of type, number of blocks.
pub fn counts(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let mut details = Details::default();
    while !body.is_empty() {
        let [_, kind] = *body.array::<2>()?;
        let count = body.u16()?;
        // The second digit alone tells the type.
        let kind = char::from(kind).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
        details.number(names::block_of(kind), count);
    }
    details.finish(record);
    Ok(())
}

/// The blocks of one type: number, flags, language.
pub fn numbers(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let entries = body.take_rest().as_chunks::<4>();
    let listed = entries.0.get(..limits::LIST_VALUES).unwrap_or(entries.0);
    record.set_all(
        slot::BLOCK_NUMBER,
        listed.iter().map(|[high, low, _, _]| Value::Unsigned(u16::from_be_bytes([*high, *low]).into())),
    );
    if entries.1.is_empty() {
        Ok(())
    } else {
        Err(Short)
    }
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
