//! The datagram that an error message quotes: whose it was. RFC 792 (header and 8 bytes), RFC 4443 3 (as much as fits).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fields;
use crate::cursor::{Cursor, Short};
use crate::value::{Record, Value};

/// Extension headers that are stepped over, one behind the other, before the transport's (RFC 8200 4).
const HEADERS: usize = 8;

/// `Err`: it is no datagram, or ends before its addresses do.
pub fn read(quoted: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(quoted);
    let first = cursor.peek_u8()?;
    match first >> 4 {
        4 => v4(&mut cursor, first, record),
        6 => v6(&mut cursor, record),
        _ => Err(Short),
    }
}

fn v4(cursor: &mut Cursor<'_>, first: u8, record: &mut Record) -> Result<(), Short> {
    let [_, _, _, _, _, _, f0, f1, _, protocol, _, _] = cursor.array::<12>()?;
    let (source, destination) = (cursor.array::<4>()?, cursor.array::<4>()?);
    addresses(Ipv4Addr::from(source).into(), Ipv4Addr::from(destination).into(), record);
    record.set_u(fields::QUOTED_PROTOCOL, protocol);
    let options = usize::from(first & 15).checked_sub(5).ok_or(Short)?;
    // Of a later fragment the bytes are no ports.
    if cursor.skip(options.saturating_mul(4)).is_ok() && u16::from_be_bytes([f0 & 0x1f, f1]) == 0 {
        ports(cursor, protocol, record);
    }
    Ok(())
}

fn v6(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [_, _, _, _, _, _, mut next, _] = cursor.array::<8>()?;
    let (source, destination) = (cursor.array::<16>()?, cursor.array::<16>()?);
    addresses(Ipv6Addr::from(source).into(), Ipv6Addr::from(destination).into(), record);
    for _ in 0..HEADERS {
        let length = match next {
            // Hop by hop, routing, destination options: their length counts eight bytes behind the first eight.
            0 | 43 | 60 => cursor
                .array::<2>()
                .map(|[after, length]| (after, usize::from(length).saturating_mul(8).saturating_add(6))),
            44 => match cursor.array::<8>() {
                Ok([after, _, f0, f1, ..]) if u16::from_be_bytes([f0, f1]) >> 3 == 0 => Ok((after, 0)),
                _ => break,
            },
            _ => break,
        };
        match length {
            Ok((after, length)) if cursor.skip(length).is_ok() => next = after,
            _ => break,
        }
    }
    record.set_u(fields::QUOTED_PROTOCOL, next);
    ports(cursor, next, record);
    Ok(())
}

fn addresses(source: IpAddr, destination: IpAddr, record: &mut Record) {
    record.set(fields::QUOTED_SOURCE, Value::Ip(source));
    record.set(fields::QUOTED_DESTINATION, Value::Ip(destination));
}

/// Of TCP, UDP, DCCP, SCTP and UDP-Lite: all begin with them.
fn ports(cursor: &mut Cursor<'_>, protocol: u8, record: &mut Record) {
    if let (6 | 17 | 33 | 132 | 136, Ok(source), Ok(destination)) = (protocol, cursor.u16_be(), cursor.u16_be()) {
        record.set_u(fields::QUOTED_SOURCE_PORT, source);
        record.set_u(fields::QUOTED_DESTINATION_PORT, destination);
    }
}
