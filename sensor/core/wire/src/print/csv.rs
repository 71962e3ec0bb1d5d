//! Events as CSV (RFC 4180): a line of names, then a line a message; the columns are those of a [`Header`].

use super::digits::{address, decimal, float, hex, mac, signed, timestamp};
use super::prepared::{Prepared, Talk};
use super::{shown, values, Names, INTERFACE};
use crate::event::{base, Event, FieldId};
use crate::protocol;
use crate::value::{Kind, Value};

/// The line of names: the base fields, then every field of the given protocols (places in `PROTOCOLS`).
pub fn header(out: &mut Vec<u8>, protocols: &[usize], names: &Names) {
    for (number, field) in shown() {
        let name = if number == base::FILE_NAME && !names.files { INTERFACE } else { field.name };
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name.as_bytes());
    }
    for field in protocols.iter().filter_map(|protocol| protocol::at(*protocol)).flat_map(|protocol| protocol.fields) {
        out.push(b',');
        out.extend_from_slice(field.name.as_bytes());
    }
    out.push(b'\n');
}

/// Writes messages as lines of these columns; what comes again in the lines of one conversation is written once.
#[derive(Debug)]
pub struct Rows {
    /// Places in `PROTOCOLS`, each with the number of columns before its own.
    protocols: Vec<(usize, usize)>,
    /// Columns of all protocols.
    columns: usize,
    talks: Prepared<Talk>,
    scratch: Vec<u8>,
}

impl Rows {
    /// `protocols`: as the `header` was given.
    pub fn new(protocols: &[usize]) -> Self {
        let mut columns = 0usize;
        let before = |place: &usize| {
            let fields = protocol::at(*place).map_or(0, |protocol| protocol.fields.len());
            let before = columns;
            columns = before.saturating_add(fields);
            (*place, before)
        };
        let protocols = protocols.iter().map(before).collect();
        Self { protocols, columns, talks: Prepared::default(), scratch: Vec::new() }
    }

    /// Inputs and segments are called otherwise from now on.
    pub fn renamed(&mut self) {
        self.talks = Prepared::default();
    }

    /// One message; a field it does not have is empty. Lists are JSON, bytes hexadecimal.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
        let Self { protocols, columns, talks, scratch } = self;
        timestamp(out, event.ts_ns);
        out.push(b',');
        decimal(out, event.number);
        out.extend_from_slice(talks.part(Talk::from(event), |out| {
            (base::FILE_NAME..base::ROLE).for_each(|number| column(out, event, number, names, &mut Vec::new()));
        }));
        for (number, _) in shown().filter(|(number, _)| *number >= base::ROLE) {
            column(out, event, number, names, scratch);
        }
        // A comma stands before every column; those of other protocols are empty.
        let Some((_, before)) = protocols.iter().find(|(place, _)| *place == event.protocol) else {
            return commas(out, *columns);
        };
        commas(out, *before);
        let fields = protocol::at(event.protocol).map_or(&[][..], |protocol| protocol.fields);
        let mut next = 0;
        for slot in event.record.present() {
            let (Some(field), Some(found)) = (fields.get(slot), event.record.get(slot)) else { continue };
            commas(out, slot.saturating_add(1).saturating_sub(next));
            next = slot.saturating_add(1);
            match found {
                Value::Unsigned(ns) if field.kind == Kind::Timestamp => timestamp(out, ns),
                _ => value(out, found, event, field.many, scratch),
            }
        }
        commas(out, columns.saturating_sub(*before).saturating_sub(next));
    }
}

fn commas(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len().saturating_add(count), b',');
}

/// A base field behind the first, with the comma before it.
fn column(out: &mut Vec<u8>, event: &Event<'_>, number: u16, names: &Names, scratch: &mut Vec<u8>) {
    out.push(b',');
    match number {
        base::FILE_NAME => cell(out, names.input(event.input).as_bytes()),
        base::SEGMENT => cell(out, names.segment(event.segment).as_bytes()),
        base::SOURCE_MAC => mac(out, &event.source().mac),
        base::DESTINATION_MAC => mac(out, &event.destination().mac),
        base::FLAWS if event.record.flaws == 0 && event.stream_flaws == 0 => {}
        base::FLAWS => {
            scratch.clear();
            for (index, flaw) in event.flaws().enumerate() {
                if index > 0 {
                    scratch.push(b' ');
                }
                scratch.extend_from_slice(flaw.as_bytes());
            }
            cell(out, scratch);
        }
        _ => {
            if let Some(found) = event.get(FieldId(number)) {
                value(out, found, event, false, scratch);
            }
        }
    }
}

fn value(out: &mut Vec<u8>, found: Value, event: &Event<'_>, many: bool, scratch: &mut Vec<u8>) {
    match found {
        _ if many => listed(out, found, event, scratch),
        Value::Unsigned(number) => decimal(out, number),
        Value::Signed(number) => signed(out, number),
        Value::Float(number) if number.is_finite() => float(out, number),
        Value::Float(_) => {}
        Value::Bool(is) => out.extend_from_slice(if is { b"true" } else { b"false" }),
        Value::Name(name) => cell(out, name.as_bytes()),
        Value::Text(span) => cell(out, event.record.text(span).as_bytes()),
        Value::Bytes(span) => hex(out, span.of(event.bytes)),
        Value::Blob(span) => hex(out, event.record.blob(span)),
        Value::Ip(ip) => address(out, ip),
        Value::Words(_) | Value::Bits { .. } | Value::List(_) => listed(out, found, event, scratch),
    }
}

fn listed(out: &mut Vec<u8>, found: Value, event: &Event<'_>, scratch: &mut Vec<u8>) {
    scratch.clear();
    values::json(scratch, found, event.record, event.bytes, true);
    cell(out, scratch);
}

/// Text that would end the cell is quoted. A cell that a spreadsheet would run as a formula gets an apostrophe in
/// front: the text is a stranger's. Control characters become spaces, so that a message stays one line.
fn cell(out: &mut Vec<u8>, text: &[u8]) {
    let formula = matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    if !formula && text.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b',' | b'"' | 0x7f)) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\"\""),
            0..0x20 | 0x7f => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell_and_runs_nothing() {
        for (text, printed) in [
            ("plain", "plain"),
            ("角鸮", "角鸮"),
            ("a,b", "\"a,b\""),
            ("a\"b\n", "\"a\"\"b \""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("", ""),
        ] {
            let mut out = Vec::new();
            cell(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), printed);
        }
    }
}
