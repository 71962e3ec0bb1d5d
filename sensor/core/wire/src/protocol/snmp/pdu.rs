//! The PDU and its variables. RFC 1157 4.1; RFC 3416 3.

use super::fields::{self, flaw};
use super::names;
use crate::ber::{self, tag, Elements};
use crate::cursor::Short;
use crate::limits::LIST_VALUES;
use crate::value::{Class, Outcome, Record, Role, Span, Value};

pub const TAGS: std::ops::RangeInclusive<u32> = 0xa0..=0xa8;
const RESPONSE: u32 = 0xa2;
const TRAP_V1: u32 = 0xa4;
const BULK: u32 = 0xa5;
const TRAP: u32 = 0xa7;
const REPORT: u32 = 0xa8;

/// `sysUpTime.0` and `snmpTrapOID.0`, the first two variables of a trap (RFC 3416 4.2.6).
const UPTIME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 3, 0];
const TRAP_OID: &[u8] = &[0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/// `message` is the message's number of version 3, which pairs better than the request's: a report may not know that.
pub fn read(inside: &mut Elements<'_>, message: Option<u64>, record: &mut Record) -> Result<(), Short> {
    let element = inside.element()?;
    let kind = element.tag;
    let (name, class) = names::pdu(kind);
    record.set_u(fields::PDU, kind);
    record.set(fields::PDU_NAME, Value::Name(name));
    (record.operation_name, record.class) = (name, class);
    record.role = match kind {
        RESPONSE | REPORT => Role::Response,
        TRAP_V1 | TRAP => Role::Unsolicited,
        _ if class == Class::Other => {
            record.flaw(flaw::PDU);
            record.operation = kind;
            return Ok(());
        }
        _ => Role::Request,
    };
    if record.role != Role::Response {
        // An answer takes over its request's.
        record.operation = kind;
    }
    if element.cut {
        record.flaw(flaw::ENCODING);
    }
    let mut body = Elements::new(element.content);
    if kind == TRAP_V1 {
        trap(&mut body, record)?;
    } else {
        head(&mut body, kind, message, record)?;
    }
    variables(&mut body, kind, record)?;
    if !body.is_empty() {
        record.flaw(flaw::TRAILING);
    }
    Ok(())
}

/// Request id, error status, error index; of a bulk request the second and third say how much is asked for.
fn head(body: &mut Elements<'_>, kind: u32, message: Option<u64>, record: &mut Record) -> Result<(), Short> {
    let request = body.integer()?;
    record.set(fields::REQUEST, Value::Signed(request));
    if i32::try_from(request).is_err() {
        record.flaw(flaw::ENCODING);
    }
    if record.role != Role::Unsolicited {
        record.reference = Some(message.unwrap_or(request.cast_unsigned()));
    }
    let (status, index) = (body.integer()?, body.integer()?);
    if kind == BULK {
        record.set(fields::NON_REPEATERS, Value::Signed(status));
        record.set(fields::REPETITIONS, Value::Signed(index));
        if status < 0 || index < 0 {
            record.flaw(flaw::REPETITIONS);
        }
        return Ok(());
    }
    if record.role == Role::Response {
        record.outcome = if status == 0 && kind == RESPONSE { Outcome::Success } else { Outcome::Failure };
        record.set(fields::ERROR, Value::Signed(status));
        record.set(fields::ERROR_NAME, Value::Name(names::error(status)));
    }
    if status != 0 {
        record.set(fields::ERROR_INDEX, Value::Signed(index));
        if record.role != Role::Response {
            record.set(fields::ERROR, Value::Signed(status));
            record.flaw(flaw::ERROR);
        }
    }
    Ok(())
}

/// RFC 1157 4.1.6: enterprise, agent's address, generic and specific number, time since start.
fn trap(body: &mut Elements<'_>, record: &mut Record) -> Result<(), Short> {
    oid(fields::TRAP, body.expect(tag::OBJECT)?, record);
    let address = body.expect(0x40)?;
    match <[u8; 4]>::try_from(address) {
        Ok(address) => record.set(fields::AGENT, Value::Ip(address.into())),
        Err(_) => record.flaw(flaw::VALUE),
    }
    let generic = body.integer()?;
    record.set(fields::GENERIC, Value::Signed(generic));
    record.set(fields::GENERIC_NAME, Value::Name(names::generic_trap(generic)));
    record.set(fields::SPECIFIC, Value::Signed(body.integer()?));
    uptime(body.expect(0x43)?, record);
    Ok(())
}

fn uptime(content: &[u8], record: &mut Record) {
    match ber::unsigned(content) {
        Some(ticks) => record.set_u(fields::UPTIME, ticks),
        None => record.flaw(flaw::VALUE),
    }
}

/// A sequence of pairs of name and value. A pair takes seven octets, so the datagram bounds how many there are.
fn variables(body: &mut Elements<'_>, kind: u32, record: &mut Record) -> Result<(), Short> {
    let list = body.element()?;
    if list.tag != tag::SEQUENCE {
        return Err(Short);
    }
    if list.cut {
        record.flaw(flaw::ENCODING);
    }
    let most = (list.content.len() / 4).min(LIST_VALUES);
    let (mut oids, mut types) = (record.reserve(most), record.reserve(most));
    (oids.len, types.len) = (0, 0);
    let mut pairs = Elements::new(list.content);
    let done = pairs_of(&mut pairs, kind, &mut oids, &mut types, record);
    if oids.len > 0 {
        record.set(fields::OIDS, Value::List(oids));
        record.set(fields::TYPES, Value::List(types));
    }
    done
}

fn pairs_of(
    pairs: &mut Elements<'_>,
    kind: u32,
    oids: &mut Span,
    types: &mut Span,
    record: &mut Record,
) -> Result<(), Short> {
    while !pairs.is_empty() {
        if oids.len as usize >= LIST_VALUES {
            record.flaw(flaw::MANY);
            break;
        }
        let pair = pairs.element()?;
        if pair.tag != tag::SEQUENCE {
            return Err(Short);
        }
        let mut pair = Elements::new(pair.content);
        let name = pair.expect(tag::OBJECT)?;
        let mut well = true;
        let text = record.write_text(|out| well = ber::object(name, out).is_ok());
        if !well {
            record.flaw(flaw::OID);
        }
        let value = pair.element()?;
        let (type_name, lengths) = names::value(value.tag);
        if value.cut || !lengths.contains(&value.content.len()) {
            record.flaw(flaw::VALUE);
        }
        record.put(*oids, Value::Text(text));
        record.put(*types, Value::Name(type_name));
        (oids.len, types.len) = (oids.len.saturating_add(1), types.len.saturating_add(1));
        match (name, value.tag) {
            (UPTIME, 0x43) if kind == TRAP => uptime(value.content, record),
            (TRAP_OID, tag::OBJECT) => oid(fields::TRAP, value.content, record),
            _ => {}
        }
    }
    Ok(())
}

fn oid(slot: usize, content: &[u8], record: &mut Record) {
    let mut well = true;
    let text = record.write_text(|out| well = ber::object(content, out).is_ok());
    record.set(slot, Value::Text(text));
    if !well {
        record.flaw(flaw::OID);
    }
}
