//! The PDU: a function code and what belongs to it, the same under every framing. Application Protocol 4.1, 7.

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::{names, request, response};
use crate::cursor::Short;
use crate::value::{Outcome, Record, Role, Value};

/// Whose PDU it is.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub unit: u8,
    /// Function code with its exception bit.
    pub code: u8,
    pub asked: bool,
}

/// What follows the function code. The record knows its reference: an answer's meaning may hang on its question.
#[inline(always)]
pub fn read(record: &mut Record, head: Head, mut body: Body<'_>, memory: &mut Memory) {
    record.set_u(slot::UNIT, head.unit);
    record.role = role(head.asked);
    name(record, head.code);
    let read = if head.code & 0x80 != 0 {
        failed(record, head, &mut body, memory)
    } else if head.asked {
        request::read(record, head, &mut body, memory)
    } else {
        response::read(record, head, &mut body, memory)
    };
    match read {
        Err(Short) => record.flaw(flaw::SHORT_PDU),
        Ok(()) if !body.is_empty() => record.flaw(flaw::TRAILING),
        Ok(()) => {}
    }
}

#[inline]
pub fn role(asked: bool) -> Role {
    if asked {
        Role::Request
    } else {
        Role::Response
    }
}

#[inline]
pub fn name(record: &mut Record, code: u8) {
    let (name, class) = names::function(code);
    record.set_u(slot::FUNCTION, code & 0x7f);
    record.set(slot::FUNCTION_NAME, Value::Name(name));
    record.operation = u32::from(code & 0x7f);
    record.operation_name = name;
    record.class = class;
    if code & 0x7f == 0 {
        record.flaw(flaw::RESERVED);
    }
}

/// The operation of a function with sub-functions.
pub fn sub_operation(record: &mut Record, code: u8, sub: u16) {
    (record.operation, record.operation_name, record.class) = names::operation(code, sub);
}

/// Chapter 7: the function code with its highest bit set, then one byte of reason.
fn failed(record: &mut Record, head: Head, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    if head.asked {
        // A request, whatever its code pretends: it has no outcome and may go on as it likes.
        record.flaw(flaw::EXCEPTION_FROM_CLIENT);
        record.flaw(flaw::RESERVED);
        body.keep(record, slot::DATA);
        return Ok(());
    }
    record.outcome = Outcome::Failure;
    let code = head.code & 0x7f;
    if matches!(code, 8 | 43 | 90) {
        // It does not say which sub-function failed.
        match memory.answered(record, code) {
            Some(question) => sub_operation(record, code, question.sub),
            None => record.operation = 0,
        }
    }
    let code = body.u8()?;
    record.set_u(slot::EXCEPTION, code);
    record.set(slot::EXCEPTION_NAME, Value::Name(names::exception(code)));
    Ok(())
}
