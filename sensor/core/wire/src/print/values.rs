//! One field's value as JSON.

use super::digits::{address, decimal, float, hex, signed};
use super::json::{list, string};
use super::quoted;
use crate::value::{Record, Span, Value};

/// `many`: the field may hold several values, and one alone is a list of one.
pub fn json(out: &mut Vec<u8>, found: Value, record: &Record, bytes: &[u8], many: bool) {
    let wrap = many && !matches!(found, Value::List(_) | Value::Words(_) | Value::Bits { .. });
    if wrap {
        out.push(b'[');
    }
    match found {
        Value::Unsigned(number) => decimal(out, number),
        Value::Signed(number) => signed(out, number),
        // JSON has no NaN and no infinity.
        Value::Float(number) if number.is_finite() => float(out, number),
        Value::Float(_) => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Name(name) => string(out, name),
        Value::Text(span) => string(out, record.text(span)),
        Value::Bytes(span) => quoted(out, |out| hex(out, span.of(bytes))),
        Value::Blob(span) => quoted(out, |out| hex(out, record.blob(span))),
        Value::Ip(ip) => quoted(out, |out| address(out, ip)),
        Value::Words(span) => list(out, words(span, bytes), decimal),
        Value::Bits { start, count } => {
            list(out, bits(start, count, bytes), |out, bit| out.push(if bit { b'1' } else { b'0' }));
        }
        Value::List(span) => list(out, record.list(span).iter(), |out, item| match item {
            // Lists do not nest: an element that is a list was cut by its parser.
            Value::List(_) => out.extend_from_slice(b"null"),
            other => json(out, *other, record, bytes, false),
        }),
    }
    if wrap {
        out.push(b']');
    }
}

/// Registers, most significant byte first.
pub fn words(span: Span, bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    span.of(bytes)
        .chunks_exact(2)
        .map(|pair| pair.first_chunk::<2>().map_or(0, |pair| u16::from_be_bytes(*pair).into()))
}

/// Coils, least significant bit first; no more than are there, whatever the count claims.
pub fn bits(start: u32, count: u32, bytes: &[u8]) -> impl Iterator<Item = bool> + '_ {
    let there = bytes.len().saturating_sub(start as usize).saturating_mul(8);
    let count = count.min(u32::try_from(there).unwrap_or(u32::MAX));
    (0..count).map(move |index| {
        let byte = bytes.get((start as usize).saturating_add((index / 8) as usize)).copied().unwrap_or(0);
        byte >> (index % 8) & 1 == 1
    })
}

/// The value as bare text, without quotes: for columns of texts.
pub fn text(out: &mut Vec<u8>, found: Value, record: &Record, bytes: &[u8]) {
    match found {
        Value::Name(name) => out.extend_from_slice(name.as_bytes()),
        Value::Text(span) => out.extend_from_slice(record.text(span).as_bytes()),
        Value::Bytes(span) => hex(out, span.of(bytes)),
        Value::Blob(span) => hex(out, record.blob(span)),
        Value::Ip(ip) => address(out, ip),
        other => json(out, other, record, bytes, false),
    }
}
