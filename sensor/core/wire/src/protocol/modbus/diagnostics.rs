//! Functions about the communication itself, and about what the device is. Application Protocol 6.8–6.10, 6.13.

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::request::counted;
use super::{names, pdu};
use crate::cursor::Short;
use crate::value::{Record, Value};

/// 6.8: sub-function, data. The answer repeats both, or has a counter where the data was.
pub fn read(record: &mut Record, body: &mut Body<'_>, question: Option<&mut Memory>) -> Result<(), Short> {
    let code = body.u16()?;
    record.set_u(slot::SUBFUNCTION, code);
    record.set(slot::SUBFUNCTION_NAME, Value::Name(names::diagnostic(code).0));
    pdu::sub_operation(record, 8, code);
    if let Some(memory) = question {
        memory.ask(record, 8, code, false);
    }
    let (mut data, more) = (*body, body.remaining() > 2);
    let value = data.u16()?;
    if code != 0 && !more {
        record.set_u(slot::SUBFUNCTION_VALUE, value);
    }
    // 6.8.1: a restart clears the event log with 0xff00 and keeps it with 0x0000.
    if code == 1 && !matches!(value, 0 | 0xff00) {
        record.flaw(flaw::VALUE);
    }
    body.keep(record, slot::DATA);
    Ok(())
}

/// 6.9: status, which is 0xffff while a program function is carried out, and event count.
pub fn counter(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    let (status, events) = body.pair()?;
    record.set_u(slot::COMM_STATUS, status);
    record.set_u(slot::EVENT_COUNT, events);
    if !matches!(status, 0 | 0xffff) {
        record.flaw(flaw::VALUE);
    }
    Ok(())
}

/// 6.10: byte count, status, event count, message count, then up to 64 events of a byte each, the latest first.
pub fn log(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    let count = usize::from(body.u8()?);
    let mut log = counted(record, body, count)?;
    if !(6..=70).contains(&count) {
        record.flaw(flaw::BYTE_COUNT);
    }
    counter(record, &mut log)?;
    record.set_u(slot::MESSAGE_COUNT, log.u16()?);
    for event in log.take_rest() {
        record.push(slot::EVENTS, Value::Unsigned((*event).into()));
    }
    Ok(())
}

/// 6.13: byte count, then an id as long as the device likes, 0x00 (off) or 0xff (on), and whatever it adds.
///
/// Where the id ends nobody says: controllers have one byte, software a text. So the run indicator is the second byte, or
/// the first one behind a text.
pub fn server_id(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    let count = usize::from(body.u8()?);
    let mut content = counted(record, body, count)?;
    let mut all = content;
    let bytes = content.take_rest();
    let text = bytes.iter().take_while(|byte| (0x20..0x7f).contains(*byte)).count();
    let place = if text >= 2 { text } else { 1 };
    if let Some(indicator @ (0x00 | 0xff)) = bytes.get(place).copied() {
        record.set(slot::RUNNING, Value::Bool(indicator == 0xff));
    }
    if text >= 2 {
        record.set_text(slot::SERVER_ID, bytes.get(..text).unwrap_or_default());
    }
    all.keep(record, slot::DATA);
    Ok(())
}
