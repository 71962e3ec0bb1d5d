//! Frames of the serial line as they are, over TCP: what a serial device server hands on. MODBUS over Serial Line
//! V1.02, 2.5.1 (RTU framing), 6.2.2 (CRC).
//!
//! ```text
//!   0      1          2              n
//!   | unit | function | data ...     | CRC, low byte first |
//! ```
//!
//! On the line silence ends a frame. In a stream its length follows from the function and its byte counts, which
//! differ between question and answer, and the CRC proves it.

use super::body::Body;
use super::crc::crc;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::names;
use super::pdu::{self, Head};
use crate::limits;
use crate::protocol::{Context, Probe, Step};
use crate::value::{Record, Value};

/// 2.5.1: unit, function and data, CRC.
const LARGEST: usize = 256;
/// Unit, function, CRC.
const SMALLEST: usize = 4;
/// Individual addresses end here; 0 is everybody (2.2).
const LAST_UNIT: u8 = 247;
/// Set in references: one question at a time, told by its unit alone (2.1).
const REFERENCE: u64 = 1 << 32;

/// How long a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes without check sum.
    Known(usize),
    /// That many bytes must be here to tell.
    Needs(usize),
    /// Its function does not say.
    Open,
}

/// The front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    Frame { length: usize, asked: bool },
    Partial { need: usize },
    Broken,
}

/// Functions whose frames are recognised, below 64: one look tells whether a byte is one.
const FUNCTIONS: u64 = public();

const fn public() -> u64 {
    let (mut set, mut code) = (0u64, 0u8);
    while code < 64 {
        if names::is_public(code) {
            set |= 1u64.wrapping_shl(code as u32);
        }
        code = code.wrapping_add(1);
    }
    set
}

#[inline]
pub fn is_function(code: u8) -> bool {
    code < 64 && FUNCTIONS.wrapping_shr(code.into()) & 1 == 1
}

/// Length of unit, function and data of a question or an answer.
pub fn length(frame: &[u8], asked: bool) -> Length {
    let Some(code) = frame.get(1).copied() else { return Length::Needs(2) };
    let counted = |at: usize, rest: usize| match frame.get(at) {
        Some(count) => Length::Known(usize::from(*count).saturating_add(rest)),
        None => Length::Needs(at.saturating_add(1)),
    };
    match (code, asked) {
        (1..=6 | 8, true) | (5 | 6 | 8 | 11 | 15 | 16, false) => Length::Known(6),
        (7 | 11 | 12 | 17, true) => Length::Known(2),
        (15 | 16, true) => counted(6, 7),
        (1..=4 | 12 | 17 | 20 | 21 | 23, false) | (20 | 21, true) => counted(2, 3),
        (22, _) => Length::Known(8),
        (23, true) => counted(10, 11),
        (24, true) => Length::Known(4),
        (7, false) => Length::Known(3),
        (24, false) => match frame.get(2..4) {
            Some([high, low]) => Length::Known(usize::from(u16::from_be_bytes([*high, *low])).saturating_add(4)),
            _ => Length::Needs(4),
        },
        (43, _) => encapsulated(frame, asked),
        (0x80.., false) => Length::Known(3),
        _ => Length::Open,
    }
}

fn encapsulated(frame: &[u8], asked: bool) -> Length {
    match (frame.get(2), asked) {
        (None, _) => Length::Needs(3),
        (Some(14), true) => Length::Known(5),
        (Some(14), false) => {
            let Some(objects) = frame.get(7) else { return Length::Needs(8) };
            let mut at = 8usize;
            for _ in 0..*objects {
                let Some(length) = frame.get(at.saturating_add(1)) else {
                    return Length::Needs(at.saturating_add(2));
                };
                at = at.saturating_add(2).saturating_add(usize::from(*length));
            }
            Length::Known(at)
        }
        _ => Length::Open,
    }
}

/// The first `length` bytes with their CRC are right: the CRC over data and CRC is 0.
fn proved(bytes: &[u8], length: usize) -> bool {
    (SMALLEST..=LARGEST).contains(&length) && bytes.get(..length).is_some_and(|frame| crc(frame) == 0)
}

/// A frame of a public function and known length, in this direction or, where roles are not known yet, the other.
fn known(bytes: &[u8], asked: bool) -> Option<Front> {
    for asked in [asked, !asked] {
        if let Length::Known(length) = length(bytes, asked) {
            let length = length.saturating_add(2);
            if proved(bytes, length) {
                return Some(Front::Frame { length, asked });
            }
        }
    }
    None
}

fn front(bytes: &[u8], asked: bool) -> Front {
    if let Some(found) = known(bytes, asked) {
        return found;
    }
    let need = match length(bytes, asked) {
        Length::Known(length) => length.saturating_add(2),
        Length::Needs(need) => need.saturating_add(2),
        Length::Open => 0,
    };
    if need > bytes.len() && need <= LARGEST {
        return Front::Partial { need };
    }
    // What was sent in one go is one frame, as a rule; otherwise the shortest one that the CRC proves. Echoed query
    // data (function 8) is as long as the client likes.
    if need == 0 || bytes.get(1) == Some(&8) {
        let whole = bytes.len();
        let found = if proved(bytes, whole) { Some(whole) } else { (6..=LARGEST).find(|end| proved(bytes, *end)) };
        if let Some(length) = found {
            return Front::Frame { length, asked };
        }
    }
    Front::Broken
}

/// Nothing but whole frames of known functions: what makes a conversation one of this framing.
pub fn begins(bytes: &[u8], asked: bool) -> bool {
    match addressed(bytes).then(|| known(bytes, asked)).flatten() {
        Some(Front::Frame { length, .. }) => {
            let rest = bytes.get(length..).unwrap_or_default();
            rest.is_empty() || known(rest, asked).is_some()
        }
        _ => false,
    }
}

fn addressed(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|unit| *unit <= LAST_UNIT)
}

/// A CRC is 16 bits: random bytes have it right once in 65,536 times. With a frame that has nothing wrong in it they
/// have to be right in four bytes more, unless it is short.
pub fn probe(payload: &[u8]) -> Probe {
    if payload.len() > LARGEST || !addressed(payload) {
        return Probe::No;
    }
    let Some(Front::Frame { length, asked }) = known(payload, true) else { return Probe::No };
    if length != payload.len() {
        return Probe::No;
    }
    let mut record = Record::default();
    read(payload, asked, &mut record, &mut Memory::default());
    // The ROC protocol of flow computers has the same CRC, and the length of its data at place 5.
    let roc = payload.get(5).is_some_and(|data| usize::from(*data).saturating_add(8) == length);
    match (record.flaws, length >= 8 && payload.first() != Some(&0) && !roc) {
        (0, true) => Probe::Sure,
        (0, false) => Probe::Fits,
        _ => Probe::No,
    }
}

pub fn message(bytes: &[u8], context: &Context, record: &mut Record, memory: &mut Memory) -> Step {
    if bytes.len() < SMALLEST {
        return Step::Short { need: SMALLEST };
    }
    match front(bytes, context.from_client) {
        Front::Frame { length, asked } => {
            read(bytes.get(..length).unwrap_or_default(), asked, record, memory);
            Step::Message { used: length }
        }
        Front::Partial { need } if plausible(bytes) => match search(bytes, context.from_client) {
            // Something whole is behind what was thought to be a front.
            Some(used) => broken(bytes, used, context, record),
            None => Step::Short { need },
        },
        _ => broken(bytes, search(bytes, context.from_client).unwrap_or(bytes.len()), context, record),
    }
}

/// No frame is at the front; the next one is `used` bytes away.
fn broken(bytes: &[u8], used: usize, context: &Context, record: &mut Record) -> Step {
    if context.after_gap || !plausible(bytes) {
        return Step::Lost { used };
    }
    if let [unit, code, ..] = bytes {
        disbelieved(record, *unit, *code, "rtu", context.from_client);
    }
    Step::Message { used }
}

fn plausible(bytes: &[u8]) -> bool {
    addressed(bytes) && bytes.get(1).is_some_and(|code| is_function(code & 0x7f))
}

/// Where the next frame begins that the CRC proves.
fn search(bytes: &[u8], asked: bool) -> Option<usize> {
    let mut left = limits::RTU_SEARCH_BYTES;
    for at in 1..bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        if !plausible(rest) {
            continue;
        }
        for asked in [asked, !asked] {
            let Length::Known(length) = length(rest, asked) else { continue };
            let length = length.saturating_add(2);
            if length > rest.len() {
                continue;
            }
            left = left.checked_sub(length)?;
            if proved(rest, length) {
                return Some(at);
            }
        }
    }
    None
}

/// A frame whose check sum is wrong: who it was for and what it wanted is told, of the rest nothing can be believed. No
/// device answers it; as an answer it ends the waiting for one.
pub fn disbelieved(record: &mut Record, unit: u8, code: u8, framing: &'static str, asked: bool) {
    record.set_u(slot::UNIT, unit);
    record.set(slot::FRAMING, Value::Name(framing));
    record.role = pdu::role(asked);
    pdu::name(record, code);
    record.flaw(flaw::BAD_CRC);
    if !asked {
        record.operation = 0;
        record.reference = reference(unit);
    }
}

/// Nobody answers what everybody hears (2.1).
pub fn reference(unit: u8) -> Option<u64> {
    (unit != 0).then_some(REFERENCE | u64::from(unit))
}

fn read(frame: &[u8], asked: bool, record: &mut Record, memory: &mut Memory) {
    let without_crc = frame.get(..frame.len().saturating_sub(2)).unwrap_or_default();
    let mut body = Body::new(without_crc, Some(0));
    if let Ok([unit, code]) = body.array() {
        record.set(slot::FRAMING, Value::Name("rtu"));
        record.reference = reference(unit);
        pdu::read(record, Head { unit, code, asked }, body, memory);
    }
}
