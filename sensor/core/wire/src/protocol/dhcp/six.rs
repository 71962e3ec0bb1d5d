//! DHCP for IPv6. RFC 8415 8 and 9 (messages), 21 (options); RFC 3646 (DNS), RFC 4704 (names), RFC 5970 (boot).

use std::net::Ipv6Addr;

use super::fields::{self, flaw};
use super::{options, text, RELAY};
use crate::cursor::{Cursor, Short};
use crate::print::{hex, mac};
use crate::value::{name_hash, Class, Outcome, Record, Role, Value};

/// Relays around one message that are followed (RFC 8415 7.6: HOP_COUNT_LIMIT).
const RELAYS: u8 = 8;

fn message_type(kind: u8) -> (&'static str, Role) {
    match kind {
        1 => ("solicit", Role::Request),
        2 => ("advertise", Role::Response),
        3 => ("request", Role::Request),
        4 => ("confirm", Role::Request),
        5 => ("renew", Role::Request),
        6 => ("rebind", Role::Request),
        7 => ("reply", Role::Response),
        8 => ("release", Role::Request),
        9 => ("decline", Role::Request),
        10 => ("reconfigure", Role::Unsolicited),
        11 => ("information_request", Role::Request),
        12 => ("relay_forward", Role::Request),
        13 => ("relay_reply", Role::Response),
        14 => ("lease_query", Role::Request),
        15 => ("lease_query_reply", Role::Response),
        16 => ("lease_query_done", Role::Response),
        17 => ("lease_query_data", Role::Response),
        18 => ("reconfigure_request", Role::Request),
        19 => ("reconfigure_reply", Role::Response),
        20 => ("dhcpv4_query", Role::Request),
        21 => ("dhcpv4_response", Role::Response),
        22 => ("active_lease_query", Role::Request),
        23 => ("start_tls", Role::Request),
        _ => ("unknown", Role::Other),
    }
}

/// `| type | transaction (3 bytes) | options`; nothing pairs, as clients ask the whole link.
///
/// What a relay wraps is what is told: who wants what.
pub fn read(bytes: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut message = bytes;
    for depth in 0.. {
        let mut cursor = Cursor::new(message);
        let kind = cursor.u8()?;
        if !RELAY.contains(&kind) {
            return inner(kind, &mut cursor, record);
        }
        if depth == RELAYS {
            record.flaw(flaw::NESTING);
            break;
        }
        let hops = cursor.u8()?;
        let (link, peer) = (Ipv6Addr::from(cursor.array::<16>()?), Ipv6Addr::from(cursor.array::<16>()?));
        if depth == 0 {
            record.set_u(fields::HOPS, hops);
            record.set_u(fields::VERSION, 6u8);
            record.set(fields::LINK, Value::Ip(link.into()));
            record.set(fields::RELAY, Value::Ip(peer.into()));
            head(kind, record);
            // Relays have no number of their own.
            record.set_u(fields::TRANSACTION, 0u8);
        }
        match wrapped(&mut cursor, record) {
            Some(inside) => message = inside,
            None => break,
        }
    }
    Ok(())
}

/// The relayed message among a relay's options.
fn wrapped<'a>(cursor: &mut Cursor<'a>, record: &mut Record) -> Option<&'a [u8]> {
    const RELAYED: u16 = 9;
    while !cursor.is_empty() {
        let Ok((code, value)) = option(cursor) else {
            record.flaw(flaw::OPTION);
            return None;
        };
        if code == RELAYED {
            return Some(value);
        }
    }
    None
}

fn option<'a>(cursor: &mut Cursor<'a>) -> Result<(u16, &'a [u8]), Short> {
    let (code, length) = (cursor.u16_be()?, cursor.u16_be()?);
    Ok((code, cursor.take(length.into())?))
}

fn head(kind: u8, record: &mut Record) {
    record.set_u(fields::TYPE, kind);
    (record.operation_name, record.role) = message_type(kind);
    record.operation = kind.into();
    record.class = Class::Session;
    if record.role == Role::Other {
        record.flaw(flaw::TYPE);
    }
    if record.role == Role::Response {
        record.outcome = Outcome::Success;
    }
}

fn inner(kind: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let transaction = cursor.u24_be()?;
    record.set_u(fields::VERSION, 6u8);
    record.set_u(fields::TRANSACTION, transaction);
    head(kind, record);
    while !cursor.is_empty() {
        let Ok((code, value)) = option(cursor) else {
            record.flaw(flaw::OPTION);
            break;
        };
        if told(code, value, record).is_err() {
            record.flaw(flaw::VALUE);
        }
    }
    Ok(())
}

fn told(code: u16, value: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    match code {
        1 => duid(fields::DUID_HASH, value, record)?,
        2 => duid(fields::SERVER_HASH, value, record)?,
        3 => {
            cursor.skip(12)?;
            addresses(&mut cursor, record)?;
        }
        4 => {
            cursor.skip(4)?;
            addresses(&mut cursor, record)?;
        }
        6 => {
            let asked = value.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>());
            for code in asked {
                record.push(fields::PARAMETERS, Value::Unsigned(u16::from_be_bytes(*code).into()));
            }
        }
        13 => status(value, record)?,
        16 => {
            // The maker's number, then texts with two bytes of length.
            cursor.skip(4)?;
            let length = cursor.u16_be()?;
            text(fields::VENDOR_CLASS, cursor.take(length.into())?, record);
        }
        23 | 31 => {
            let slot = if code == 23 { fields::DNS_SERVERS } else { fields::NTP_SERVERS };
            for server in value.chunks_exact(16).filter_map(|server| server.first_chunk::<16>()) {
                record.push(slot, Value::Ip(Ipv6Addr::from(*server).into()));
            }
            if !value.len().is_multiple_of(16) {
                return Err(Short);
            }
        }
        24 => options::labels(fields::DOMAIN, value, record),
        39 => {
            cursor.skip(1)?;
            options::labels(fields::HOST_NAME, cursor.rest(), record);
        }
        59 => text(fields::BOOT_FILE, value, record),
        _ => {}
    }
    Ok(())
}

/// RFC 8415 11: a hash stands for it, because it is one for all networks that a machine is ever in; the address of the
/// hardware in it is told as such.
fn duid(slot: usize, value: &[u8], record: &mut Record) -> Result<(), Short> {
    let hash = name_hash(value).to_be_bytes();
    let hashed = record.write_text(|out| hex(out, &hash));
    record.set(slot, Value::Text(hashed));
    let mut cursor = Cursor::new(value);
    let kind = cursor.u16_be()?;
    let (hardware, address) = match kind {
        1 => (cursor.u16_be()?, cursor.skip(4).map(|()| cursor.rest())?),
        3 => (cursor.u16_be()?, cursor.rest()),
        _ => return Ok(()),
    };
    if let (fields::DUID_HASH, 1, Ok(address)) = (slot, hardware, <&[u8; 6]>::try_from(address)) {
        let address = record.write_text(|out| mac(out, address));
        record.set(fields::CLIENT_MAC, Value::Text(address));
    }
    Ok(())
}

/// The addresses inside an association (options 3 and 4), how long they hold, and what became of it.
fn addresses(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    while !cursor.is_empty() {
        let (code, value) = option(cursor)?;
        match code {
            5 => {
                let mut inside = Cursor::new(value);
                let address = Ipv6Addr::from(inside.array::<16>()?);
                inside.skip(4)?;
                record.set_u(fields::LEASE, inside.u32_be()?);
                let slot = if record.role == Role::Response { fields::ASSIGNED } else { fields::REQUESTED };
                if slot == fields::ASSIGNED {
                    record.push(slot, Value::Ip(address.into()));
                } else {
                    record.set(slot, Value::Ip(address.into()));
                }
            }
            13 => status(value, record)?,
            _ => {}
        }
    }
    Ok(())
}

/// RFC 8415 21.13: a code and a text.
fn status(value: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    let code = cursor.u16_be()?;
    record.set_u(fields::STATUS, code);
    text(fields::TEXT, cursor.rest(), record);
    if code != 0 && record.role == Role::Response {
        record.outcome = Outcome::Failure;
    }
    Ok(())
}
