//! Frames of the serial line written in hexadecimal digits, over TCP. MODBUS over Serial Line V1.02, 2.5.2 (ASCII
//! framing), 6.2.1 (LRC).
//!
//! ```text
//!   ':' | unit(2 digits) | function(2) | data ... | LRC(2) | CR LF
//! ```
//!
//! Function 8 with sub-function 3 puts another character in the place of LF.

use super::body::Body;
use super::crc::sum;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::pdu::{self, Head};
use super::rtu::{self, Length};
use crate::protocol::{Context, Probe, Step};
use crate::value::{Record, Value};

/// 2.5.2: colon, unit, function and 252 bytes of data, LRC, all but the colon in two digits; CR LF.
const LARGEST: usize = 513;
/// Unit, function and data, LRC.
const BYTES: usize = 255;

/// One frame, decoded: its length in the stream, and its bytes with the LRC.
struct Line {
    used: usize,
    bytes: [u8; BYTES],
    count: usize,
    delimiter: u8,
}

impl Line {
    fn new() -> Self {
        Self { used: 0, bytes: [0; BYTES], count: 0, delimiter: 0 }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }

    fn is_right(&self) -> bool {
        self.count >= 3 && sum(self.bytes()) == 0
    }
}

/// What is between the colon and CR, or why it is nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    Line,
    Unfinished,
    Foreign,
}

fn front(bytes: &[u8], line: &mut Line) -> Front {
    let Some((b':', text)) = bytes.split_first() else { return Front::Foreign };
    let mut digits = text;
    while let [high, low, rest @ ..] = digits {
        if *high == b'\r' {
            line.used = bytes.len().saturating_sub(rest.len());
            line.delimiter = *low;
            return if *low == b'\n' || line.is_right() { Front::Line } else { Front::Foreign };
        }
        let (Some(value), Some(place)) = (pair(*high, *low), line.bytes.get_mut(line.count)) else {
            return Front::Foreign;
        };
        *place = value;
        line.count = line.count.saturating_add(1);
        digits = rest;
    }
    match digits {
        [] => Front::Unfinished,
        [digit] if *digit == b'\r' || digit.is_ascii_hexdigit() => Front::Unfinished,
        _ => Front::Foreign,
    }
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (char::from(high).to_digit(16)?, char::from(low).to_digit(16)?);
    u8::try_from(high << 4 | low).ok()
}

/// Whether the first line is one of this framing.
pub fn begins(bytes: &[u8]) -> bool {
    let mut line = Line::new();
    front(bytes, &mut line) == Front::Line && line.delimiter == b'\n' && line.is_right() && fits(&line)
}

/// It could be one when the rest comes.
pub fn may_begin(bytes: &[u8]) -> bool {
    bytes.len() > 2 && bytes.len() < LARGEST && front(bytes, &mut Line::new()) == Front::Unfinished
}

/// As long as its function wants: Intel's HEX files look the same and have the same check sum.
fn fits(line: &Line) -> bool {
    let (bytes, data) = (line.bytes(), line.count.saturating_sub(1));
    bytes.first().is_some_and(|unit| *unit <= 247)
        && [true, false].iter().any(|asked| rtu::length(bytes, *asked) == Length::Known(data))
}

pub fn probe(payload: &[u8]) -> Probe {
    if begins(payload) {
        Probe::Sure
    } else if may_begin(payload) {
        Probe::Fits
    } else {
        Probe::No
    }
}

pub fn message(bytes: &[u8], context: &Context, record: &mut Record, memory: &mut Memory) -> Step {
    let mut line = Line::new();
    match front(bytes, &mut line) {
        Front::Line => {}
        Front::Unfinished if bytes.len() < LARGEST => return Step::Short { need: bytes.len().saturating_add(1) },
        _ => return Step::Lost { used: next(bytes) },
    }
    if !line.is_right() && context.after_gap {
        return Step::Lost { used: line.used };
    }
    let used = line.used;
    read(&line, context.from_client, record, memory);
    Step::Message { used }
}

/// Where the next colon is.
fn next(bytes: &[u8]) -> usize {
    let behind = bytes.iter().skip(1).position(|byte| *byte == b':');
    behind.map_or(bytes.len(), |place| place.saturating_add(1))
}

fn read(line: &Line, from_client: bool, record: &mut Record, memory: &mut Memory) {
    let bytes = line.bytes();
    let without_lrc = bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default();
    // Where roles are not known yet, the length tells a question from an answer.
    let is = |asked: bool| rtu::length(without_lrc, asked) == Length::Known(without_lrc.len());
    let asked = if is(!from_client) && !is(from_client) { !from_client } else { from_client };
    // Two digits are a byte: there is no place of its bytes in the message.
    let mut body = Body::new(without_lrc, None);
    let Ok([unit, code]) = body.array() else { return record.flaw(flaw::SHORT_PDU) };
    if !line.is_right() {
        return rtu::disbelieved(record, unit, code, "ascii", from_client);
    }
    record.set(slot::FRAMING, Value::Name("ascii"));
    record.reference = rtu::reference(unit);
    pdu::read(record, Head { unit, code, asked }, body, memory);
}
