//! DHCP. IPv4: RFC 2131 2 (message), RFC 2132 (options), RFC 951 (BOOTP). IPv6: RFC 8415.

mod fields;
mod options;
mod six;

use std::net::Ipv4Addr;

use fields::{flaw, FIELDS, FLAWS};

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, UDP};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::print::mac;
use crate::value::{Class, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Network,
    // The servers': whose port it is tells the roles.
    spoken: Some(Spoken { transports: &[UDP], ports: &[67, 547], probe: &probe, parser: &|| Box::new(Dhcp) }),
};

const COOKIE: u32 = 0x6382_5363;
const COOKIE_AT: usize = 236;
/// What a relay puts around a message of IPv6 begins so; clients' and servers' types lie below (RFC 8415 7.3).
const RELAY: [u8; 2] = [12, 13];
const ETHERNET: u8 = 1;
const HARDWARE: usize = 16;

struct Dhcp;

fn probe(payload: &[u8], _transport: u8) -> Probe {
    let cookie = payload.get(COOKIE_AT..).and_then(|rest| rest.first_chunk::<4>());
    match (payload, cookie) {
        ([1 | 2, ..], Some(cookie)) if u32::from_be_bytes(*cookie) == COOKIE => Probe::Sure,
        ([1 | 2, 0..=32, 0..=16, ..], _) if payload.len() >= COOKIE_AT => Probe::Fits,
        ([1..=23, _, _, _, ..], _) => Probe::Fits,
        _ => Probe::No,
    }
}

/// Types of option 53: RFC 2132 9.6, RFC 3203, RFC 4388, RFC 6926, RFC 7724.
fn message_type(kind: u8) -> Option<(&'static str, bool)> {
    Some(match kind {
        1 => ("discover", true),
        2 => ("offer", false),
        3 => ("request", true),
        4 => ("decline", true),
        5 => ("acknowledge", false),
        6 => ("refuse", false),
        7 => ("release", true),
        8 => ("inform", true),
        9 => ("force_renew", false),
        10 => ("lease_query", true),
        11 => ("lease_unassigned", false),
        12 => ("lease_unknown", false),
        13 => ("lease_active", false),
        14 => ("bulk_lease_query", true),
        15 => ("lease_query_done", false),
        16 => ("active_lease_query", true),
        17 => ("lease_query_status", false),
        18 => ("tls", true),
        _ => return None,
    })
}

impl Parser for Dhcp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let read = if context.client.ip.is_ipv6() { six::read(bytes, record) } else { four(bytes, context, record) };
        match read {
            Err(Short) if record.get(fields::TRANSACTION).is_none() => Step::Lost { used: bytes.len() },
            Err(Short) => {
                record.flaw(flaw::SHORT);
                Step::Message { used: bytes.len() }
            }
            Ok(()) => Step::Message { used: bytes.len() },
        }
    }
}

/// ```text
///   0: op | 1: hardware | 2: its length | 3: hops | 4: transaction | 8: seconds | 10: flags | 12: client | 16: yours
///   20: next server | 24: relay | 28: hardware address | 44: server's name | 108: file | 236: cookie | 240: options
/// ```
fn four(bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let [op, hardware, length, hops] = cursor.array::<4>()?;
    record.set_u(fields::TRANSACTION, cursor.u32_be()?);
    record.set_u(fields::VERSION, 4u8);
    record.set_u(fields::OPCODE, op);
    record.set_u(fields::HOPS, hops);
    let asks = op == 1;
    record.class = Class::Session;
    (record.operation_name, record.role) =
        if asks { ("bootp_request", Role::Request) } else { ("bootp_reply", Role::Response) };
    cursor.skip(4)?;
    let mut relayed = false;
    for slot in [fields::CLIENT, fields::ASSIGNED, fields::NEXT_SERVER, fields::RELAY] {
        let address = Ipv4Addr::from(cursor.array::<4>()?);
        if address.is_unspecified() {
            continue;
        }
        relayed |= slot == fields::RELAY;
        if slot == fields::ASSIGNED {
            record.push(slot, Value::Ip(address.into()));
        } else {
            record.set(slot, Value::Ip(address.into()));
        }
    }
    let address = cursor.array::<HARDWARE>()?;
    if usize::from(length) > HARDWARE || (hardware == ETHERNET && length != 6) {
        record.flaw(flaw::HARDWARE);
    }
    if hardware == ETHERNET {
        let [a, b, c, d, e, f, ..] = address;
        let text = record.write_text(|out| mac(out, &[a, b, c, d, e, f]));
        record.set(fields::CLIENT_MAC, Value::Text(text));
    }
    let (name, file) = (cursor.take(64)?, cursor.take(128)?);
    let overload = match cursor.u32_be() {
        Ok(COOKIE) => options::read(cursor.rest(), cursor.position(), record),
        _ => {
            record.flaw(flaw::COOKIE);
            0
        }
    };
    // RFC 2132 9.3: the two fields may hold options instead.
    for (bit, slot, held) in [(1, fields::BOOT_FILE, file), (2, fields::BOOT_SERVER, name)] {
        if overload & bit != 0 {
            options::read(held, 0, record);
        } else if let Some(text) = held.split(|byte| *byte == 0).next().filter(|text| !text.is_empty()) {
            record.set_text(slot, text);
        }
    }
    kind(asks, record);
    pair(relayed, context, record);
    Ok(())
}

fn kind(asks: bool, record: &mut Record) {
    let Some(Value::Unsigned(number)) = record.get(fields::TYPE) else { return };
    let found = u8::try_from(number).ok().and_then(message_type);
    let Some((name, from_client)) = found else {
        record.operation_name = "unknown";
        return record.flaw(flaw::TYPE);
    };
    record.operation_name = name;
    if from_client != asks {
        record.flaw(flaw::DIRECTION);
    }
    if !from_client {
        record.outcome = if name == "refuse" { Outcome::Failure } else { Outcome::Success };
    }
    if matches!(name, "release" | "decline" | "force_renew") {
        // Nobody answers these to their sender's face.
        record.role = Role::Unsolicited;
    }
    if record.role != Role::Response {
        record.operation = u32::from(u8::try_from(number).unwrap_or(0));
    }
}

/// A broadcast is answered in another conversation. Between a relay or a client with an address and a server both go the
/// same way.
fn pair(relayed: bool, context: &Context<'_>, record: &mut Record) {
    let alone = relayed || record.get(fields::CLIENT).is_some();
    let group = context.server.ip == Ipv4Addr::BROADCAST || context.client.ip == Ipv4Addr::UNSPECIFIED;
    if let Some(Value::Unsigned(transaction)) = record.get(fields::TRANSACTION).filter(|_| alone && !group) {
        record.reference = Some(transaction);
    }
}

/// Text without the zeros that some put behind it.
fn text(slot: usize, value: &[u8], record: &mut Record) {
    let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let value = value.get(..end.min(TEXT_BYTES)).unwrap_or_default();
    if !value.is_empty() {
        record.set_text(slot, value);
    }
}
