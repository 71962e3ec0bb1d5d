//! The S7 header.
//!
//! ```text
//!   0    1        2             4           6                  8             10            11
//!   | 32 | ROSCTR | redundancy  | reference | parameter length | data length | error class | code |   parameter, data
//! ```
//! Error class and code are there in acknowledgements (ROSCTR 2 and 3) only.

use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::reader::Reader;
use super::{job, names, userdata};
use crate::cursor::Short;
use crate::protocol::Context;
use crate::value::{Outcome, Record, Value};

/// The parts of one S7 message that its functions read.
#[derive(Clone, Copy)]
pub struct Pdu<'a> {
    pub rosctr: u8,
    pub reference: u16,
    pub from_client: bool,
    /// Error class or code is not 0.
    pub failed: bool,
    /// The plant has a table of points.
    pub mapped: bool,
    pub parameter: Reader<'a>,
    pub data: Reader<'a>,
}

impl Pdu<'_> {
    /// What was not read is kept as bytes.
    pub fn keep(mut self, record: &mut Record) {
        self.parameter.keep(record, slot::PARAMETER);
        self.data.keep(record, slot::DATA);
    }
}

/// What pairs an answer with its question: see the module's head.
#[inline]
pub fn reference(pdu_reference: u16, by_client: bool, userdata: bool) -> u64 {
    u64::from(pdu_reference) | u64::from(!by_client) << 16 | u64::from(userdata) << 17
}

pub fn read(payload: &mut Reader<'_>, context: &Context, memory: &mut Memory, record: &mut Record) {
    let mut cut = *payload;
    let Ok(pdu) = header(payload, context, record) else {
        record.flaw(flaw::SHORT_HEADER);
        // Whatever there is of it.
        let _ = cut_header(&mut cut, record);
        return;
    };
    if pdu.failed {
        record.outcome = Outcome::Failure;
    }
    match pdu.rosctr {
        1 => job::ask(pdu, context, memory, record),
        2 | 3 => job::answer(pdu, memory, record),
        7 => userdata::read(pdu, context, memory, record),
        _ => {
            record.flaw(flaw::ROSCTR);
            pdu.keep(record);
        }
    }
    if !payload.is_empty() {
        record.flaw(flaw::TRAILING);
    }
}

#[inline]
fn header<'a>(payload: &mut Reader<'a>, context: &Context, record: &mut Record) -> Result<Pdu<'a>, Short> {
    let [_, rosctr, _, _, reference @ .., p1, p0, d1, d0] = *payload.array::<10>()?;
    let reference = u16::from_be_bytes(reference);
    kind(rosctr, record);
    record.set_u(slot::PDU_REFERENCE, reference);
    let (parameter, data) = (usize::from(u16::from_be_bytes([p1, p0])), usize::from(u16::from_be_bytes([d1, d0])));
    let mut failed = false;
    if matches!(rosctr, 2 | 3) {
        let [class, code] = *payload.array::<2>()?;
        record.set_u(slot::ERROR_CLASS, class);
        record.set_u(slot::ERROR_CODE, code);
        failed = class != 0 || code != 0;
    }
    if parameter.saturating_add(data) > payload.remaining() {
        record.flaw(flaw::LENGTH);
    }
    let parameter = payload.part(parameter.min(payload.remaining()))?;
    let data = payload.part(data.min(payload.remaining()))?;
    let mapped = !context.site.points.is_empty();
    Ok(Pdu { rosctr, reference, from_client: context.from_client, failed, mapped, parameter, data })
}

#[inline]
fn kind(rosctr: u8, record: &mut Record) {
    record.set_u(slot::ROSCTR, rosctr);
    let (name, role) = names::rosctr(rosctr);
    record.set(slot::ROSCTR_NAME, Value::Name(name));
    record.role = role;
}

#[cold]
fn cut_header(payload: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    payload.skip(1)?;
    kind(payload.u8()?, record);
    payload.skip(2)?;
    record.set_u(slot::PDU_REFERENCE, payload.u16()?);
    Ok(())
}
