//! ICMP for IPv4 and IPv6. RFC 792, RFC 950 (masks), RFC 1191 (path MTU), RFC 1256 (routers); RFC 4443, RFC 4861.

mod fields;
mod names;
mod neighbor;
mod quote;

use std::net::Ipv4Addr;

use fields::{flaw, FIELDS, FLAWS};

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, ICMP, ICMP6};
use crate::cursor::{Cursor, Short};
use crate::limits::LIST_VALUES;
use crate::value::{Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "icmp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[ICMP, ICMP6], ports: &[], probe: &probe, parser: &|| Box::new(Icmp) }),
};

/// Type, code, checksum.
const HEADER: usize = 4;
/// Data of an echo that still goes into one frame of Ethernet: 1500 bytes less the headers of IPv4 and ICMP.
const FRAME_DATA: usize = 1472;

struct Icmp;

fn probe(_payload: &[u8], _transport: u8) -> Probe {
    Probe::Sure
}

impl Parser for Icmp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let used = bytes.len();
        let mut cursor = Cursor::new(bytes);
        let Ok([kind, code, _, _]) = cursor.array::<HEADER>() else { return Step::Lost { used } };
        record.set_u(fields::TYPE, kind);
        record.set_u(fields::CODE, code);
        record.operation = kind.into();
        let six = context.transport == ICMP6;
        let (found, code_name) = if six {
            (names::v6(kind), names::code_v6(kind, code))
        } else {
            (names::v4(kind), names::code_v4(kind, code))
        };
        (record.operation_name, record.class, record.role) = found;
        match code_name {
            Some(name) => record.set(fields::CODE_NAME, Value::Name(name)),
            None if record.operation_name == "unknown" => record.flaw(flaw::TYPE),
            None => {
                record.set(fields::CODE_NAME, Value::Name("unknown"));
                record.flaw(flaw::CODE);
            }
        }
        let read = if six { v6(kind, &mut cursor, record) } else { v4(kind, &mut cursor, record) };
        if read.is_err() {
            record.flaw(flaw::SHORT);
        }
        Step::Message { used }
    }
}

fn v4(kind: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    match kind {
        0 | 8 => echo(8, cursor, record),
        13..=18 => {
            // The reply's type is one above the request's: information, time, mask.
            let asked = if kind.is_multiple_of(2) { kind.saturating_sub(1) } else { kind };
            echo(asked, cursor, record)?;
            if kind == 18 {
                record.set(fields::MASK, Value::Ip(Ipv4Addr::from(cursor.array::<4>()?).into()));
            }
            Ok(())
        }
        42 | 43 => echo(42, cursor, record),
        3 | 4 | 5 | 11 | 12 => {
            let [a, b, c, d] = cursor.array::<4>()?;
            match kind {
                5 => record.set(fields::GATEWAY, Value::Ip(Ipv4Addr::new(a, b, c, d).into())),
                3 if record.get(fields::CODE) == Some(Value::Unsigned(4)) => {
                    record.set_u(fields::MTU, u16::from_be_bytes([c, d]));
                }
                12 => record.set_u(fields::POINTER, a),
                _ => {}
            }
            quoted(cursor, record);
            Ok(())
        }
        9 => routers(cursor, record),
        10 => cursor.skip(4),
        _ => Ok(()),
    }
}

fn v6(kind: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    match kind {
        128 | 129 => echo(128, cursor, record),
        160 | 161 => echo(160, cursor, record),
        1..=4 => {
            let number = cursor.u32_be()?;
            match kind {
                2 => record.set_u(fields::MTU, number),
                4 => record.set_u(fields::POINTER, number),
                _ => {}
            }
            quoted(cursor, record);
            Ok(())
        }
        130..=137 | 141..=143 => neighbor::read(kind, cursor, record),
        _ => Ok(()),
    }
}

/// Identifier and sequence pair the two; both count as the operation `asked`.
fn echo(asked: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let both = cursor.u32_be()?;
    record.operation = asked.into();
    record.set_u(fields::IDENTIFIER, both >> 16);
    record.set_u(fields::SEQUENCE, both & 0xffff);
    record.set_u(fields::DATA_LENGTH, cursor.remaining() as u64);
    record.reference = Some(u64::from(asked) << 32 | u64::from(both));
    if record.role == Role::Response {
        record.outcome = Outcome::Success;
    }
    if cursor.remaining() > FRAME_DATA {
        record.flaw(flaw::OVERSIZE);
    }
    Ok(())
}

fn quoted(cursor: &mut Cursor<'_>, record: &mut Record) {
    if quote::read(cursor.rest(), record).is_err() {
        record.flaw(flaw::QUOTE);
    }
}

/// RFC 1256 3: so many pairs of router and preference, each of so many words.
fn routers(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [count, words, l0, l1] = cursor.array::<4>()?;
    record.set_u(fields::LIFETIME, u16::from_be_bytes([l0, l1]));
    let behind = usize::from(words).saturating_mul(4).checked_sub(4).ok_or(Short)?;
    for _ in 0..usize::from(count).min(LIST_VALUES) {
        let (Ok(router), Ok(())) = (cursor.array::<4>(), cursor.skip(behind)) else {
            record.flaw(flaw::COUNT);
            break;
        };
        record.push(fields::ROUTERS, Value::Ip(Ipv4Addr::from(router).into()));
    }
    Ok(())
}
