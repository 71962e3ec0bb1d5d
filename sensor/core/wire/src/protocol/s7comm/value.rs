//! Values of items: what was read, what is to be written.
//!
//! ```text
//!   0             1           2        4
//!   | return code | transport | length | data ... | filling byte when odd and not the last
//! ```

use super::fields::{self as slot, flaw};
use super::reader::Reader;
use crate::cursor::Short;
use crate::limits;
use crate::value::{Outcome, Record, Value};

/// The item's data is there, or the write succeeded.
pub const SUCCESS: u8 = 0xff;

/// One item of a data part.
#[derive(Clone, Copy)]
pub struct Datum<'a> {
    pub code: u8,
    pub transport: u8,
    pub body: Reader<'a>,
}

/// Read one item; the last has no filling byte, as a rule.
pub fn datum<'a>(data: &mut Reader<'a>, last: bool) -> Result<Datum<'a>, Short> {
    let (code, transport, length) = (data.u8()?, data.u8()?, usize::from(data.u16()?));
    // Lengths of bits, bytes/words and integers (3 to 5) are in bits, of the others in bytes. A failed item (null
    // transport) has no data whatever its length says.
    let bytes = match transport {
        0 => 0,
        3..=5 => length.div_ceil(8),
        _ => length,
    };
    let body = data.part(bytes)?;
    // Some stations fill up the last item too.
    if bytes % 2 == 1 && !data.is_empty() && (!last || data.remaining() == 1) {
        data.skip(1)?;
    }
    Ok(Datum { code, transport, body })
}

/// One item's return code. One failed item makes the answer a failure.
pub fn result(record: &mut Record, code: u8) {
    record.push(slot::RETURN_CODE, Value::Unsigned(code.into()));
    if code != SUCCESS {
        record.outcome = Outcome::Failure;
    }
}

/// `count` items of an answer: all return codes, then all values, because a list is filled in one go.
pub fn list(data: &mut Reader<'_>, count: u8, size: impl Fn(u8) -> u8, record: &mut Record) -> Result<(), Short> {
    let mut codes = *data;
    for number in 1..=count {
        let datum = datum(&mut codes, number == count)?;
        result(record, datum.code);
    }
    let mut budget = limits::LIST_VALUES;
    for number in 0..count {
        let datum = datum(data, number.saturating_add(1) == count)?;
        push(record, &datum, size(number), &mut budget);
    }
    Ok(())
}

/// Append an item's values. `size` is the transport size of its address, 0 when the request was not seen.
/// Numbers, bits and times give one value per element, bytes and characters one value per item.
pub fn push(record: &mut Record, datum: &Datum<'_>, size: u8, budget: &mut usize) {
    let mut body = datum.body;
    let width = match (size, datum.transport) {
        (1, _) | (0, 3) => 1,
        (4 | 5 | 9 | 0x0c | 0x1c | 0x1d, _) | (0, 5) => 2,
        (6..=8 | 0x0a | 0x0b, _) | (0, 6 | 7) => 4,
        _ => 0,
    };
    if body.is_empty() {
        return;
    }
    if size == 3 {
        let bytes = body.take(body.remaining().min(limits::TEXT_BYTES)).unwrap_or_default();
        let text = record.push_text(bytes);
        return one(record, Value::Text(text), budget);
    }
    if width == 0 || !body.remaining().is_multiple_of(width) {
        let bytes = body.rest(record);
        return one(record, bytes, budget);
    }
    while let Ok(value) = element(&mut body, size, datum.transport) {
        if *budget == 0 {
            record.flaw(flaw::VALUES);
            return;
        }
        one(record, value, budget);
    }
}

fn one(record: &mut Record, value: Value, budget: &mut usize) {
    match budget.checked_sub(1) {
        Some(left) => {
            *budget = left;
            record.push(slot::VALUES, value);
        }
        None => record.flaw(flaw::VALUES),
    }
}

fn element(body: &mut Reader<'_>, size: u8, transport: u8) -> Result<Value, Short> {
    Ok(match (size, transport) {
        (1, _) | (0, 3) => Value::Bool(body.u8()? & 1 == 1),
        (5, _) | (0, 5) => Value::Signed(i64::from(body.u16()?.cast_signed())),
        (7 | 0x0b, _) | (0, 6) => Value::Signed(i64::from(body.u32()?.cast_signed())),
        (8, _) | (0, 7) => Value::Float(f64::from(f32::from_bits(body.u32()?))),
        (6 | 0x0a, _) => Value::Unsigned(body.u32()?.into()),
        _ => Value::Unsigned(body.u16()?.into()),
    })
}
