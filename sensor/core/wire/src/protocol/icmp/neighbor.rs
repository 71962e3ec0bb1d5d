//! Neighbour discovery and multicast listeners of IPv6. RFC 4861 4; RFC 4191 2.2; RFC 8106 5.1; RFC 3810 5; RFC 2710 3.

use std::net::Ipv6Addr;

use super::fields::{self, flaw};
use crate::cursor::{Cursor, Short};
use crate::limits::LIST_VALUES;
use crate::print::{address, decimal, mac};
use crate::value::{Record, Span, Value};

/// What stands behind type, code and checksum.
pub fn read(kind: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    match kind {
        133 | 141 | 142 => cursor.skip(4)?,
        134 => router(cursor, record)?,
        135 => {
            cursor.skip(4)?;
            target(cursor, record)?;
        }
        136 => {
            let [flags, ..] = cursor.array::<4>()?;
            for (slot, bit) in [(fields::ROUTER, 0x80), (fields::SOLICITED, 0x40), (fields::OVERRIDE, 0x20)] {
                record.set(slot, Value::Bool(flags & bit != 0));
            }
            target(cursor, record)?;
        }
        137 => {
            // The better next hop comes before the address that it leads to.
            cursor.skip(4)?;
            record.set(fields::GATEWAY, Value::Ip(Ipv6Addr::from(cursor.array::<16>()?).into()));
            record.set(fields::TARGET, Value::Ip(Ipv6Addr::from(cursor.array::<16>()?).into()));
        }
        130..=132 => {
            cursor.skip(4)?;
            let group = Ipv6Addr::from(cursor.array::<16>()?);
            if !group.is_unspecified() {
                record.push(fields::GROUPS, Value::Ip(group.into()));
            }
            return Ok(());
        }
        143 => return groups(cursor, record),
        _ => return Ok(()),
    }
    if options(cursor, record).is_err() {
        record.flaw(flaw::OPTION);
    }
    Ok(())
}

fn target(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let target = Ipv6Addr::from(cursor.array::<16>()?);
    record.set(fields::TARGET, Value::Ip(target.into()));
    if target.is_multicast() {
        record.flaw(flaw::TARGET);
    }
    Ok(())
}

/// RFC 4861 4.2: hop limit, flags, lifetime, two timers.
fn router(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [_, flags, l0, l1, _, _, _, _, _, _, _, _] = cursor.array::<12>()?;
    record.set_u(fields::LIFETIME, u16::from_be_bytes([l0, l1]));
    record.set(fields::MANAGED, Value::Bool(flags & 0x80 != 0));
    Ok(())
}

/// RFC 4861 4.6: | type | length in units of eight bytes | … |. Each takes eight bytes at least, so the message bounds
/// how many there are.
fn options(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let most = (cursor.remaining() / 8).min(LIST_VALUES);
    let (mut prefixes, mut servers) = (Span::default(), Span::default());
    while !cursor.is_empty() {
        let [kind, units] = cursor.array::<2>()?;
        let length = usize::from(units).saturating_mul(8).checked_sub(2).ok_or(Short)?;
        let mut body = Cursor::new(cursor.take(length)?);
        match kind {
            1 | 2 => {
                let address = body.array::<6>()?;
                let text = record.write_text(|out| mac(out, &address));
                record.set(if kind == 1 { fields::SOURCE_MAC } else { fields::TARGET_MAC }, Value::Text(text));
            }
            3 => {
                let [bits, _, _, _, _, _, _, _, _, _, _, _, _, _] = body.array::<14>()?;
                let prefix = Ipv6Addr::from(body.array::<16>()?);
                let text = record.write_text(|out| {
                    address(out, prefix.into());
                    out.push(b'/');
                    decimal(out, bits.into());
                });
                keep(fields::PREFIXES, &mut prefixes, most, Value::Text(text), record);
            }
            5 => {
                body.skip(2)?;
                record.set_u(fields::MTU, body.u32_be()?);
            }
            25 => {
                body.skip(6)?;
                while let Ok(server) = body.array::<16>() {
                    keep(fields::DNS_SERVERS, &mut servers, most, Value::Ip(Ipv6Addr::from(server).into()), record);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Room for a list is made when its first value comes: options of one kind may stand apart.
fn keep(slot: usize, list: &mut Span, most: usize, value: Value, record: &mut Record) {
    if list.len == 0 {
        *list = record.reserve(most);
        list.len = 0;
    }
    if (list.len as usize) < most {
        record.put(*list, value);
        list.len = list.len.saturating_add(1);
        record.set(slot, Value::List(*list));
    }
}

/// RFC 3810 5.2: so many records of | type | words behind it | sources | group | sources … |.
fn groups(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [_, _, n0, n1] = cursor.array::<4>()?;
    for _ in 0..u16::from_be_bytes([n0, n1]) {
        let Ok([_, words, s0, s1]) = cursor.array::<4>() else {
            record.flaw(flaw::COUNT);
            break;
        };
        let group = Ipv6Addr::from(cursor.array::<16>()?);
        record.push(fields::GROUPS, Value::Ip(group.into()));
        let sources = usize::from(u16::from_be_bytes([s0, s1])).saturating_mul(16);
        cursor.skip(sources.saturating_add(usize::from(words).saturating_mul(4)))?;
    }
    Ok(())
}
