//! Events as NDJSON: one flat object per message, dotted keys, in the order of the field lists.

use std::io::Write;
use std::net::IpAddr;

use crate::event::{base, Event, FieldId, BASE_FIELDS};
use crate::protocol::PROTOCOLS;
use crate::value::{Kind, Record, Span, Value};

/// What an event refers to by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names of the inputs (files or interfaces), by `Event::input`.
    pub inputs: Vec<String>,
    pub segments: Vec<String>,
    /// Inputs are files: events say `file.name`; otherwise `observer.ingress.interface.name`.
    pub files: bool,
}

impl Names {
    pub fn input(&self, number: u16) -> &str {
        self.inputs.get(usize::from(number)).map_or("", String::as_str)
    }

    pub fn segment(&self, number: u16) -> &str {
        self.segments.get(usize::from(number)).map_or("default", String::as_str)
    }
}

/// Append the event as one JSON object, without a line end.
pub fn event(out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
    let mut object = Object::open(out);
    let record = event.record;
    for (number, field) in BASE_FIELDS.iter().enumerate() {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        match number {
            base::TIMESTAMP => {
                object.key(field.name);
                timestamp(object.out, event.ts_ns);
            }
            base::FILE_NAME => object.text(if names.files { "file.name" } else { INTERFACE }, names.input(event.input)),
            base::SEGMENT => object.text(field.name, names.segment(event.segment)),
            base::SOURCE_MAC => object.mac(field.name, &event.source().mac),
            base::DESTINATION_MAC => object.mac(field.name, &event.destination().mac),
            base::FLAWS => {
                let mut flaws = event.flaws().peekable();
                if flaws.peek().is_some() {
                    object.key(field.name);
                    object.list(flaws, string);
                }
            }
            _ => {
                if let Some(found) = event.get(FieldId(number)) {
                    object.key(field.name);
                    value(object.out, found, record, event.bytes, false);
                }
            }
        }
    }
    let fields = PROTOCOLS.get(event.protocol).map_or(&[][..], |protocol| protocol.fields);
    for slot in record.present() {
        let (Some(field), Some(found)) = (fields.get(slot), record.get(slot)) else { continue };
        object.key(field.name);
        if field.kind == Kind::Timestamp {
            if let Value::Unsigned(ns) = found {
                timestamp(object.out, ns);
                continue;
            }
        }
        value(object.out, found, record, event.bytes, field.many);
    }
    object.close();
}

/// The ECS name of a live input.
const INTERFACE: &str = "observer.ingress.interface.name";

/// A JSON object under construction.
pub struct Object<'a> {
    pub out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    pub fn key(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        string(self.out, name);
        self.out.push(b':');
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        string(self.out, text);
    }

    pub fn number(&mut self, name: &str, value: u64) {
        self.key(name);
        decimal(self.out, value);
    }

    pub fn mac(&mut self, name: &str, mac: &[u8; 6]) {
        self.text(name, &mac_text(mac));
    }

    pub fn list<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self.out, item);
        }
        self.out.push(b']');
    }

    pub fn close(self) {
        self.out.push(b'}');
    }
}

fn value(out: &mut Vec<u8>, found: Value, record: &Record, bytes: &[u8], many: bool) {
    let wrap = many && !matches!(found, Value::List(_) | Value::Words(_) | Value::Bits { .. });
    if wrap {
        out.push(b'[');
    }
    match found {
        Value::Unsigned(number) => decimal(out, number),
        Value::Signed(number) => put(out, format_args!("{number}")),
        // JSON has no NaN and no infinity.
        Value::Float(number) if number.is_finite() => float(out, number),
        Value::Float(_) => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Name(name) => string(out, name),
        Value::Text(span) => string(out, record.text(span)),
        Value::Bytes(span) => hex(out, span.of(bytes)),
        Value::Blob(span) => hex(out, record.blob(span)),
        Value::Ip(ip) => address(out, ip),
        Value::Words(span) => words(out, span, bytes),
        Value::Bits { start, count } => bits(out, start, count, bytes),
        Value::List(span) => {
            out.push(b'[');
            for (index, item) in record.list(span).iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                // Lists do not nest: an element that is a list was cut by its parser.
                match item {
                    Value::List(_) => out.extend_from_slice(b"null"),
                    other => value(out, *other, record, bytes, false),
                }
            }
            out.push(b']');
        }
    }
    if wrap {
        out.push(b']');
    }
}

/// Shortest digits that read back the same; with an exponent where the plain form would be hundreds of digits (which
/// readers take for an integer, or refuse).
fn float(out: &mut Vec<u8>, number: f64) {
    let size = number.abs();
    if size == 0.0 || (1e-7..1e17).contains(&size) {
        put(out, format_args!("{number}"));
    } else {
        put(out, format_args!("{number:e}"));
    }
}

fn words(out: &mut Vec<u8>, span: Span, bytes: &[u8]) {
    out.push(b'[');
    for (index, pair) in span.of(bytes).chunks_exact(2).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        decimal(out, pair.first_chunk::<2>().map_or(0, |pair| u16::from_be_bytes(*pair).into()));
    }
    out.push(b']');
}

fn bits(out: &mut Vec<u8>, start: u32, count: u32, bytes: &[u8]) {
    // No more than are there, whatever the count claims.
    let there = bytes.len().saturating_sub(start as usize).saturating_mul(8);
    let count = count.min(u32::try_from(there).unwrap_or(u32::MAX));
    out.push(b'[');
    for index in 0..count {
        if index > 0 {
            out.push(b',');
        }
        let byte = bytes.get((start as usize).saturating_add((index / 8) as usize)).copied().unwrap_or(0);
        out.push(if byte >> (index % 8) & 1 == 1 { b'1' } else { b'0' });
    }
    out.push(b']');
}

pub fn address(out: &mut Vec<u8>, ip: IpAddr) {
    out.push(b'"');
    put(out, format_args!("{ip}"));
    out.push(b'"');
}

pub fn mac_text(mac: &[u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a Vec cannot fail.
    let _ = out.write_fmt(text);
}

fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(DIGITS.get(usize::from(half)).copied().unwrap_or(b'0'));
        }
    }
    out.push(b'"');
}

/// Decimal digits without the formatting machinery: the most frequent thing printed.
pub fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0usize;
    for place in digits.iter_mut().rev() {
        *place = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
        used = used.wrapping_add(1);
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len().wrapping_sub(used)..).unwrap_or_default());
}

/// A JSON string. Control characters and the two line separators that break scripts are escaped.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                put(out, format_args!("\\u{:04x}", u32::from(character)));
            }
            _ => {
                let mut buffer = [0u8; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
    out.push(b'"');
}

/// RFC 3339, UTC, nine decimals, in quotes. Days to date as in the proleptic Gregorian calendar.
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // u64 ns end in the year 2554: all terms stay small
pub fn timestamp(out: &mut Vec<u8>, ts_ns: u64) {
    let (seconds, nanoseconds) = (ts_ns / 1_000_000_000, ts_ns % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March, so that a leap day is the last day of a year; eras have 146,097 days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    put(
        out,
        format_args!(
            "\"{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{nanoseconds:09}Z\"",
            second / 3600,
            second / 60 % 60,
            second % 60
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339() {
        for (ts_ns, text) in [
            (0, "\"1970-01-01T00:00:00.000000000Z\""),
            (951_782_400_000_000_001, "\"2000-02-29T00:00:00.000000001Z\""),
            (1_763_675_999_999_999_999, "\"2025-11-20T21:59:59.999999999Z\""),
            (u64::MAX, "\"2554-07-21T23:34:33.709551615Z\""),
        ] {
            assert_eq!(printed(|out| timestamp(out, ts_ns)), text);
        }
    }

    #[test]
    fn text_from_the_wire_cannot_break_out() {
        assert_eq!(printed(|out| string(out, "a\"\\\n\u{1b}\u{2028}角")), "\"a\\\"\\\\\\n\\u001b\\u2028角\"");
        assert_eq!(printed(|out| decimal(out, u64::MAX)), "18446744073709551615");
        assert_eq!(printed(|out| decimal(out, 0)), "0");
    }
}
