//! Version 3: the message's head, the user, and a PDU that may be encrypted. RFC 3412 6; RFC 3414 2.4.

use super::fields::{self, flaw};
use super::{names, pdu};
use crate::ber::{tag, Elements};
use crate::cursor::Short;
use crate::limits::TEXT_BYTES;
use crate::value::{Class, Record, Role, Value};

/// The security model whose parameters name a user (RFC 3411 5).
const USER_BASED: i64 = 3;
const AUTHENTICATED: u8 = 1;
const ENCRYPTED: u8 = 2;
const REPORTABLE: u8 = 4;
/// A message number pairs with nothing that a request number of another version does.
const VERSION_3: u64 = 1 << 32;

pub fn message(inside: &mut Elements<'_>, record: &mut Record) -> Result<(), Short> {
    let mut head = Elements::new(inside.expect(tag::SEQUENCE)?);
    let number = head.integer()?;
    record.set(fields::MESSAGE, Value::Signed(number));
    record.set(fields::MAX_SIZE, Value::Signed(head.integer()?));
    let flags = match head.expect(tag::OCTETS)? {
        [flags] => *flags,
        _ => {
            record.flaw(flaw::SECURITY);
            0
        }
    };
    if flags & (ENCRYPTED | AUTHENTICATED) == ENCRYPTED {
        record.flaw(flaw::SECURITY);
    }
    let model = head.integer()?;
    record.set(fields::MODEL, Value::Signed(model));
    record.set(fields::LEVEL, Value::Name(names::security_level(flags)));
    let parameters = inside.expect(tag::OCTETS)?;
    if model == USER_BASED && user(parameters, record).is_err() {
        record.flaw(flaw::ENCODING);
    }
    let reference = number.cast_unsigned() | VERSION_3;
    let encrypted = inside.peek() == Some(tag::OCTETS);
    record.set(fields::ENCRYPTED, Value::Bool(encrypted));
    if encrypted != (flags & ENCRYPTED != 0) {
        record.flaw(flaw::SECURITY);
    }
    if encrypted {
        inside.expect(tag::OCTETS)?;
        // Only the flag tells who asks: answers and traps want no report (RFC 3412 6.4).
        let asks = flags & REPORTABLE != 0;
        record.operation_name = if asks { "encrypted_request" } else { "encrypted" };
        record.class = Class::Other;
        record.role = if asks { Role::Request } else { Role::Response };
        record.reference = Some(reference);
    } else {
        let mut scoped = Elements::new(inside.expect(tag::SEQUENCE)?);
        scoped.expect(tag::OCTETS)?;
        let context = scoped.expect(tag::OCTETS)?;
        if !context.is_empty() {
            record.set_text(fields::CONTEXT, context.get(..TEXT_BYTES).unwrap_or(context));
        }
        pdu::read(&mut scoped, Some(reference), record)?;
    }
    if !inside.is_empty() {
        record.flaw(flaw::TRAILING);
    }
    Ok(())
}

/// RFC 3414 2.4: engine, its starts and its time, user name; what authenticates and encrypts is passed over.
fn user(parameters: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut inside = Elements::new(Elements::new(parameters).expect(tag::SEQUENCE)?);
    let engine = inside.expect(tag::OCTETS)?;
    if !engine.is_empty() {
        let kept = record.push_bytes(engine.get(..TEXT_BYTES).unwrap_or(engine));
        record.set(fields::ENGINE, Value::Blob(kept));
    }
    record.set(fields::BOOTS, Value::Signed(inside.integer()?));
    record.set(fields::TIME, Value::Signed(inside.integer()?));
    let name = inside.expect(tag::OCTETS)?;
    if !name.is_empty() {
        record.user = Some(record.push_text(name.get(..TEXT_BYTES).unwrap_or(name)));
    }
    inside.expect(tag::OCTETS)?;
    inside.expect(tag::OCTETS)?;
    Ok(())
}
