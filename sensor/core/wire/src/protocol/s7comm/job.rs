//! Jobs (ROSCTR 1) and their answers (2, 3): setup, read, write; blocks and control are in `block`.

use super::fields::{self as slot, flaw};
use super::item::{specifications, Items};
use super::memory::{Key, Memory, Question};
use super::pdu::{reference, Pdu};
use super::value::{self, datum};
use super::{block, names, service};
use crate::cursor::Short;
use crate::limits;
use crate::protocol::Context;
use crate::value::{Class, Outcome, Record, Value};

/// What a part of a message lacked.
pub enum Missing {
    Parameter,
    Data,
}

impl From<Short> for Missing {
    fn from(_: Short) -> Self {
        Missing::Parameter
    }
}

#[inline]
fn named(record: &mut Record, code: u8) {
    let (name, class) = names::function(code);
    record.set_u(slot::FUNCTION, code);
    record.set(slot::FUNCTION_NAME, Value::Name(name));
    record.operation = code.into();
    record.operation_name = name;
    record.class = class;
    if class == Class::Other {
        record.flaw(flaw::FUNCTION);
    }
}

#[inline]
pub fn ask(mut pdu: Pdu<'_>, context: &Context<'_>, memory: &mut Memory, record: &mut Record) {
    record.reference = Some(reference(pdu.reference, pdu.from_client, false));
    let Ok(code) = pdu.parameter.u8() else {
        record.flaw(flaw::SHORT_PARAMETER);
        return;
    };
    named(record, code);
    let mut question = Question { operation: code.into(), ..Question::default() };
    let (read, pdu) = match code {
        0x04 => (read_request(&mut pdu, record, &mut question), pdu),
        0x05 => (write_request(&mut pdu, record, &mut question), pdu),
        _ => asked_rarely(code, pdu, context, memory, record),
    };
    question.class = record.class;
    memory.ask(Key::new(pdu.reference, pdu.from_client, false), question);
    finish(read, pdu, record);
}

#[inline(never)]
fn asked_rarely<'a>(
    code: u8,
    mut pdu: Pdu<'a>,
    context: &Context<'_>,
    memory: &mut Memory,
    record: &mut Record,
) -> (Result<(), Missing>, Pdu<'a>) {
    let read = match code {
        0xf0 => setup(&mut pdu, record),
        0x1a..=0x1f => block::transfer(code, &mut pdu, &mut memory.transferred, record),
        0x28 => service::read(&mut pdu, context, record),
        0x29 => block::stop(&mut pdu, record),
        _ => raw(&mut pdu, record),
    };
    (read, pdu)
}

#[inline]
pub fn answer(mut pdu: Pdu<'_>, memory: &mut Memory, record: &mut Record) {
    if !pdu.failed {
        record.outcome = Outcome::Success;
    }
    let by_client = !pdu.from_client;
    let (userdata, asked) = if pdu.rosctr == 2 {
        // Userdata may be refused by a bare acknowledgement too.
        let found = memory.acknowledged(pdu.reference, by_client);
        (found.is_some_and(|(key, _)| key.is_userdata()), found.map(|(_, question)| question))
    } else {
        (false, memory.asked(Key::new(pdu.reference, by_client, false)))
    };
    record.reference = Some(reference(pdu.reference, by_client, userdata));
    let code = pdu.parameter.u8().ok();
    match (code, asked) {
        (Some(code), _) => named(record, code),
        (None, Some(question)) => {
            record.operation = question.operation;
            record.operation_name = names::operation(question.operation);
        }
        (None, None) => {}
    }
    let asked = asked.filter(|question| question.operation == record.operation);
    if let Some(question) = asked {
        record.class = question.class;
    }
    let (read, pdu) = match code {
        None => (Ok(()), pdu),
        // A refusal ends where its sender saw fit.
        Some(_) if pdu.failed && pdu.data.is_empty() => answered_rarely(0, pdu, memory, record),
        Some(0x04) => (read_response(&mut pdu, asked, record), pdu),
        Some(0x05) => (write_response(&mut pdu, asked, record), pdu),
        Some(code) => answered_rarely(code, pdu, memory, record),
    };
    finish(read, pdu, record);
}

#[inline(never)]
fn answered_rarely<'a>(
    code: u8,
    mut pdu: Pdu<'a>,
    memory: &mut Memory,
    record: &mut Record,
) -> (Result<(), Missing>, Pdu<'a>) {
    let read = match code {
        0xf0 => setup(&mut pdu, record),
        0x1a..=0x1f => block::transferred(code, &mut pdu, &mut memory.transferred, record),
        _ => raw(&mut pdu, record),
    };
    (read, pdu)
}

/// What is left over is kept and noted.
#[inline]
fn finish(read: Result<(), Missing>, pdu: Pdu<'_>, record: &mut Record) {
    if read.is_err() || !pdu.parameter.is_empty() || !pdu.data.is_empty() {
        leftover(read, pdu, record);
    }
}

#[cold]
fn leftover(read: Result<(), Missing>, pdu: Pdu<'_>, record: &mut Record) {
    match read {
        Err(Missing::Parameter) => record.flaw(flaw::SHORT_PARAMETER),
        Err(Missing::Data) => record.flaw(flaw::SHORT_DATA),
        Ok(()) => {
            if !pdu.parameter.is_empty() {
                record.flaw(flaw::LONG_PARAMETER);
            }
            if !pdu.data.is_empty() {
                record.flaw(flaw::LONG_DATA);
            }
        }
    }
    pdu.keep(record);
}

fn raw(pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    pdu.parameter.keep(record, slot::PARAMETER);
    pdu.data.keep(record, slot::DATA);
    Ok(())
}

/// Reserved, jobs open at once (calling, called), PDU length.
fn setup(pdu: &mut Pdu<'_>, record: &mut Record) -> Result<(), Missing> {
    pdu.parameter.skip(1)?;
    record.set_u(slot::AMQ_CALLING, pdu.parameter.u16()?);
    record.set_u(slot::AMQ_CALLED, pdu.parameter.u16()?);
    record.set_u(slot::PDU_LENGTH, pdu.parameter.u16()?);
    Ok(())
}

fn read_request(pdu: &mut Pdu<'_>, record: &mut Record, question: &mut Question) -> Result<(), Missing> {
    let count = pdu.parameter.u8()?;
    let mapped = pdu.mapped;
    pdu.parameter = specifications(pdu.parameter, count, record, |item, record| {
        question.remember(item.transport);
        if mapped {
            record.parts.push(item.part());
        }
    });
    Ok(())
}

fn write_request(pdu: &mut Pdu<'_>, record: &mut Record, question: &mut Question) -> Result<(), Missing> {
    let count = pdu.parameter.u8()?;
    let items = Items::new(pdu.parameter, count);
    let mapped = pdu.mapped;
    pdu.parameter = specifications(pdu.parameter, count, record, |item, record| {
        question.remember(item.transport);
        if mapped {
            record.parts.push(item.part());
        }
    });
    if mapped {
        value::parts(pdu.data, count, record);
    }
    let mut budget = limits::LIST_VALUES;
    for (number, (item, _)) in (1..).zip(items) {
        let datum = datum(&mut pdu.data, number == u32::from(count)).map_err(|_| Missing::Data)?;
        value::push(record, &datum, item.transport, &mut budget);
    }
    Ok(())
}

fn read_response(pdu: &mut Pdu<'_>, asked: Option<&Question>, record: &mut Record) -> Result<(), Missing> {
    let count = pdu.parameter.u8()?;
    counted(count, asked, record);
    if pdu.mapped {
        value::parts(pdu.data, count, record);
    }
    let size = |item: u8| asked.map_or(0, |question| question.size(item));
    value::list(&mut pdu.data, count, size, record).map_err(|_| Missing::Data)
}

/// One return code for each item.
fn write_response(pdu: &mut Pdu<'_>, asked: Option<&Question>, record: &mut Record) -> Result<(), Missing> {
    let count = pdu.parameter.u8()?;
    counted(count, asked, record);
    let there = pdu.data.remaining().min(count.into());
    value::results(pdu.data.take(there)?, record);
    if there < count.into() {
        return Err(Missing::Data);
    }
    Ok(())
}

fn counted(count: u8, asked: Option<&Question>, record: &mut Record) {
    record.set_u(slot::ITEM_COUNT, count);
    let other = asked.is_some_and(|question| question.items != 0 && question.items != count);
    if count == 0 || other {
        record.flaw(flaw::ITEM_COUNT);
    }
}
