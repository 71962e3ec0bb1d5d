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
use crate::value::{Outcome, Part, Record, Value};

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
#[inline]
pub fn datum<'a>(data: &mut Reader<'a>, last: bool) -> Result<Datum<'a>, Short> {
    let Ok([code, transport, high, low]) = data.array::<4>() else {
        // What there is of code and transport is read all the same.
        return data.skip(data.remaining().min(2)).and(Err(Short));
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    // Lengths of bits, bytes/words and integers (3 to 5) are in bits, of the others in bytes. A failed item (null
    // transport) has no data whatever its length says.
    let bytes = match *transport {
        0 => 0,
        3..=5 => length.div_ceil(8),
        _ => length,
    };
    let body = data.part(bytes)?;
    // Some stations fill up the last item too.
    if bytes % 2 == 1 && !data.is_empty() && (!last || data.remaining() == 1) {
        data.skip(1)?;
    }
    Ok(Datum { code: *code, transport: *transport, body })
}

/// The return code of the only item.
#[inline]
fn result(code: u8, record: &mut Record) {
    record.set_u(slot::RETURN_CODE, code);
    if code != SUCCESS {
        record.outcome = Outcome::Failure;
    }
}

/// The items' return codes. One failed item makes the answer a failure.
pub fn results(codes: &[u8], record: &mut Record) {
    record.append(slot::RETURN_CODE, codes.iter().map(|code| Value::Unsigned((*code).into())));
    if codes.iter().any(|code| *code != SUCCESS) {
        record.outcome = Outcome::Failure;
    }
}

/// `count` items of an answer: all return codes, then all values, because a list is filled in one go.
#[inline]
pub fn list(data: &mut Reader<'_>, count: u8, size: impl Fn(u8) -> u8, record: &mut Record) -> Result<(), Short> {
    let mut budget = limits::LIST_VALUES;
    if count == 1 {
        let mut behind = *data;
        let datum = datum(&mut behind, true)?;
        *data = behind;
        result(datum.code, record);
        push(record, &datum, size(0), &mut budget);
        return Ok(());
    }
    let mut codes = *data;
    for number in 1..=count {
        let datum = datum(&mut codes, number == count)?;
        results(&[datum.code], record);
    }
    for number in 0..count {
        let datum = datum(data, number.saturating_add(1) == count)?;
        push(record, &datum, size(number), &mut budget);
    }
    Ok(())
}

/// For the table of points: the bytes of each item, beside what is known of where they are from.
#[cold]
pub fn parts(mut data: Reader<'_>, count: u8, record: &mut Record) {
    for number in 0..count {
        let Ok(mut datum) = datum(&mut data, number.saturating_add(1) == count) else { return };
        // A write has no code yet.
        let there = matches!(datum.code, 0 | SUCCESS) && !datum.body.is_empty();
        let found = there.then(|| datum.body.rest(record));
        let single = datum.transport == 3;
        match record.parts.get_mut(usize::from(number)) {
            Some(part) => (part.data, part.single) = (found, single),
            None => record.parts.push(Part { data: found, single, ..Part::default() }),
        }
    }
}

/// Append an item's values. `size` is the transport size of its address, 0 when the request was not seen.
/// Numbers, bits and times give one value per element, bytes and characters one value per item.
#[inline]
pub fn push(record: &mut Record, datum: &Datum<'_>, size: u8, budget: &mut usize) {
    let mut body = datum.body;
    let width: usize = match (size, datum.transport) {
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
    // Widths are powers of two.
    if width == 0 || body.remaining() & width.wrapping_sub(1) != 0 {
        let bytes = body.rest(record);
        return one(record, bytes, budget);
    }
    numbers(record, body.take_rest(), width, size, datum.transport, budget);
}

fn numbers(record: &mut Record, bytes: &[u8], width: usize, size: u8, transport: u8, budget: &mut usize) {
    match width {
        1 => elements(bytes, record, budget, |[byte]| Value::Bool(byte & 1 == 1)),
        2 => elements(bytes, record, budget, |bytes| word(u16::from_be_bytes(bytes), size, transport)),
        _ => elements(bytes, record, budget, |bytes| double_word(u32::from_be_bytes(bytes), size, transport)),
    }
}

#[inline]
fn one(record: &mut Record, value: Value, budget: &mut usize) {
    match budget.checked_sub(1) {
        Some(left) => {
            *budget = left;
            record.append(slot::VALUES, std::iter::once(value));
        }
        None => record.flaw(flaw::VALUES),
    }
}

/// As many as the budget has room for.
fn elements<const N: usize>(bytes: &[u8], record: &mut Record, budget: &mut usize, value: impl Fn([u8; N]) -> Value) {
    let all = bytes.as_chunks::<N>().0;
    let listed = all.get(..*budget).unwrap_or(all);
    if listed.len() < all.len() {
        record.flaw(flaw::VALUES);
    }
    *budget = budget.saturating_sub(listed.len());
    record.append(slot::VALUES, listed.iter().map(|bytes| value(*bytes)));
}

fn word(number: u16, size: u8, transport: u8) -> Value {
    match (size, transport) {
        (5, _) | (0, 5) => Value::Signed(i64::from(number.cast_signed())),
        _ => Value::Unsigned(number.into()),
    }
}

fn double_word(number: u32, size: u8, transport: u8) -> Value {
    match (size, transport) {
        (7 | 0x0b, _) | (0, 6) => Value::Signed(i64::from(number.cast_signed())),
        (8, _) | (0, 7) => Value::Float(f64::from(f32::from_bits(number))),
        _ => Value::Unsigned(number.into()),
    }
}
