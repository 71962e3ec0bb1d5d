//! Modbus/TCP and Modbus/UDP: a header with a length before each PDU.
//!
//! ```text
//!   0     2     4     6   7   8
//!   | tid | pid | len | u | f | data ...
//! ```
//!
//! The length counts unit id and PDU: at least 2, and a PDU has at most 253 bytes (Implementation Guide 3.1.2). Some
//! vendors' functions (Schneider's 90) go beyond: such a message is taken when it ends where it says.

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::names;
use super::pdu::{self, Head};
use crate::protocol::{Context, Probe, Step};
use crate::value::{Record, Value};

/// MBAP header without the unit identifier, which the length counts.
const HEADER: usize = 6;

#[derive(Clone, Copy)]
struct Mbap {
    transaction: u16,
    protocol: u16,
    length: u16,
}

#[inline]
fn header(bytes: &[u8]) -> Option<Mbap> {
    let [t0, t1, p0, p1, l0, l1] = *bytes.first_chunk::<HEADER>()?;
    let (transaction, protocol, length) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([p0, p1]), [l0, l1]);
    Some(Mbap { transaction, protocol, length: u16::from_be_bytes(length) })
}

/// Content alone rarely proves Modbus: protocol id 0, a length that ends with the segment or before another header,
/// and a PDU whose shape fits its function. Only the last makes it sure.
pub fn probe(payload: &[u8]) -> Probe {
    let Some(Mbap { protocol: 0, length: length @ 2..=254, .. }) = header(payload) else {
        return Probe::No;
    };
    let code = payload.get(7).copied();
    let end = HEADER.saturating_add(usize::from(length));
    // No function has this number. Who tries all of them begins with it, in messages of the right length.
    if code.is_some_and(|code| code & 0x7f == 0) && payload.len() != end {
        return Probe::No;
    }
    let follows = match payload.len().checked_sub(end) {
        None => return Probe::Fits,
        Some(0) => true,
        // Pipelined: the next header must look like one, as far as it is here.
        Some(_) => payload.get(end.saturating_add(2)..end.saturating_add(4)).is_none_or(|id| id == [0, 0]),
    };
    let shape = match (code.unwrap_or(0), length) {
        (1..=6 | 15 | 16, 6) | (22, 8) => true,
        (exception @ 0x81..=0xff, 3) => names::function(exception).0 != "unknown",
        (1..=4, 4..) => payload.get(8).is_some_and(|count| u16::from(*count).saturating_add(3) == length),
        (15 | 16, 8..) => payload.get(12).is_some_and(|count| u16::from(*count).saturating_add(7) == length),
        (43, 5..) => payload.get(8).is_some_and(|mei| matches!(mei, 13 | 14)),
        _ => false,
    };
    match (follows, shape) {
        (true, true) => Probe::Sure,
        (true, false) => Probe::Fits,
        _ => Probe::No,
    }
}

/// A whole message with nothing odd about its header: what nearly all are.
#[inline]
pub fn plain(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let Mbap { transaction, protocol: 0, length: length @ 2..=254 } = header(bytes)? else { return None };
    Some((transaction, bytes.get(HEADER..HEADER.saturating_add(usize::from(length)))?))
}

/// Unit id and PDU of a message.
#[inline(always)]
pub fn read(record: &mut Record, transaction: u16, body: &[u8], context: &Context, memory: &mut Memory) -> Step {
    record.set_u(slot::TRANSACTION, transaction);
    record.set(slot::FRAMING, Value::Name("tcp"));
    let mut pdu = Body::new(body, Some(HEADER));
    if let Ok([unit, code]) = pdu.array() {
        record.reference = Some(u64::from(transaction) << 8 | u64::from(unit));
        pdu::read(record, Head { unit, code, asked: context.from_client }, pdu, memory);
    }
    Step::Message { used: HEADER.saturating_add(body.len()) }
}

/// Any message: whole or not, with whatever its header says.
pub fn message(bytes: &[u8], context: &Context, record: &mut Record, memory: &mut Memory) -> Step {
    let Some(Mbap { transaction, protocol, length }) = header(bytes) else {
        return Step::Short { need: HEADER.saturating_add(2) };
    };
    let allowed = (2..=254).contains(&length);
    let oversize = length > 254 && protocol == 0 && ends_here(bytes, length);
    let whole = HEADER.saturating_add(usize::from(length));
    // Another protocol's id is a defect of ours only where all the rest is right, and there were messages before.
    let foreign = protocol != 0 && (context.after_gap || !allowed || bytes.len() < whole);
    if foreign || (context.after_gap && !allowed && !oversize) {
        return Step::Lost { used: bytes.len() };
    }
    if !allowed && !oversize {
        return unframed(bytes, context, record, transaction, length);
    }
    let Some(body) = bytes.get(HEADER..whole) else { return Step::Short { need: whole } };
    if oversize {
        record.set_u(slot::LENGTH, length);
        record.flaw(flaw::BAD_LENGTH);
    }
    if protocol != 0 {
        record.set_u(slot::PROTOCOL_ID, protocol);
        record.flaw(flaw::PROTOCOL_ID);
    }
    read(record, transaction, body, context, memory)
}

/// Framing is lost: what is here goes with this event, the next segment starts a message.
fn unframed(bytes: &[u8], context: &Context, record: &mut Record, transaction: u16, length: u16) -> Step {
    record.set_u(slot::TRANSACTION, transaction);
    record.set(slot::FRAMING, Value::Name("tcp"));
    record.set_u(slot::LENGTH, length);
    record.flaw(flaw::BAD_LENGTH);
    record.role = pdu::role(context.from_client);
    if let Some(code) = bytes.get(7) {
        pdu::name(record, *code);
    }
    Step::Message { used: bytes.len() }
}

/// The message of that length is all here, and nothing or another header follows.
fn ends_here(bytes: &[u8], length: u16) -> bool {
    let end = HEADER.saturating_add(usize::from(length));
    bytes.len() == end || bytes.get(end.saturating_add(2)..end.saturating_add(4)).is_some_and(|id| id == [0, 0])
}
