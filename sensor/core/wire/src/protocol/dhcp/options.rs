//! Options of DHCP for IPv4. RFC 2132; RFC 3442 (routes), RFC 4702 (full names), RFC 3397 aside.

use std::net::Ipv4Addr;

use super::fields::{self, flaw};
use super::text;
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::print::{address, decimal};
use crate::value::{Record, Span, Value};

const PAD: u8 = 0;
const END: u8 = 255;
const OVERLOAD: u8 = 52;

/// Read options; returns which of the other two fields hold more of them. `offset`: where `bytes` stands in the message.
pub fn read(bytes: &[u8], offset: usize, record: &mut Record) -> u8 {
    let mut cursor = Cursor::new(bytes);
    let mut overload = 0;
    loop {
        let Ok(code) = cursor.u8() else {
            record.flaw(flaw::END);
            break;
        };
        match code {
            PAD => continue,
            END => break,
            _ => {}
        }
        let value = match cursor.u8().and_then(|length| cursor.take(length.into())) {
            Ok(value) => value,
            Err(Short) => {
                record.flaw(flaw::OPTION);
                break;
            }
        };
        if code == OVERLOAD {
            overload = value.first().copied().unwrap_or(0) & 3;
        }
        let start = offset.saturating_add(cursor.position()).saturating_sub(value.len());
        if option(code, value, start, record).is_err() {
            record.flaw(flaw::VALUE);
        }
    }
    overload
}

fn option(code: u8, value: &[u8], start: usize, record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    match code {
        1 => one(fields::MASK, value, record),
        3 => many(fields::ROUTERS, value, record),
        6 => many(fields::DNS_SERVERS, value, record),
        12 => filled(fields::HOST_NAME, value, record),
        15 => filled(fields::DOMAIN, value, record),
        42 => many(fields::NTP_SERVERS, value, record),
        50 => one(fields::REQUESTED, value, record),
        51 => {
            record.set_u(fields::LEASE, cursor.u32_be()?);
            exact(&cursor)
        }
        53 => {
            record.set_u(fields::TYPE, cursor.u8()?);
            exact(&cursor)
        }
        54 => one(fields::SERVER, value, record),
        55 => {
            record.set_all(fields::PARAMETERS, value.iter().map(|code| Value::Unsigned((*code).into())));
            Ok(())
        }
        56 => filled(fields::TEXT, value, record),
        60 => filled(fields::VENDOR_CLASS, value, record),
        // RFC 2132 9.14: a type and at least one byte.
        61 => {
            let length = value.len().min(TEXT_BYTES);
            // In the other fields' options it does not stand where it is pointed at.
            if start > 0 {
                record.set(fields::CLIENT_ID, Value::Bytes(Span::new(start, length)));
            }
            if value.len() < 2 {
                Err(Short)
            } else {
                Ok(())
            }
        }
        66 => filled(fields::BOOT_SERVER, value, record),
        67 => filled(fields::BOOT_FILE, value, record),
        // RFC 4702 2: flags, two codes nobody uses, the name, in bit 2 as DNS labels.
        81 => {
            let [flags, _, _] = cursor.array::<3>()?;
            if flags & 4 == 0 {
                text(fields::HOST_NAME, cursor.rest(), record);
            } else {
                labels(fields::HOST_NAME, cursor.rest(), record);
            }
            Ok(())
        }
        121 | 249 => routes(&mut cursor, record),
        252 => filled(fields::PROXY, value, record),
        _ => Ok(()),
    }
}

fn exact(cursor: &Cursor<'_>) -> Result<(), Short> {
    if cursor.is_empty() {
        Ok(())
    } else {
        Err(Short)
    }
}

fn one(slot: usize, value: &[u8], record: &mut Record) -> Result<(), Short> {
    let address = <[u8; 4]>::try_from(value).map_err(|_| Short)?;
    record.set(slot, Value::Ip(address.into()));
    Ok(())
}

/// Addresses in a row, at least one.
fn many(slot: usize, value: &[u8], record: &mut Record) -> Result<(), Short> {
    let left_over = !value.len().is_multiple_of(4) || value.is_empty();
    let addresses = value.chunks_exact(4).map(|address| address.first_chunk::<4>().copied().unwrap_or_default());
    record.set_all(slot, addresses.map(|address| Value::Ip(address.into())));
    if left_over {
        Err(Short)
    } else {
        Ok(())
    }
}

fn filled(slot: usize, value: &[u8], record: &mut Record) -> Result<(), Short> {
    text(slot, value, record);
    if value.is_empty() {
        Err(Short)
    } else {
        Ok(())
    }
}

/// A name as DNS writes it, without pointers: that a name may be cut off behind a label is allowed (RFC 4704 4.2).
pub fn labels(slot: usize, value: &[u8], record: &mut Record) {
    let mut cursor = Cursor::new(value);
    let text = record.write_text(|out| {
        while let Ok(label) = cursor.u8().and_then(|length| cursor.take(length.into())) {
            if label.is_empty() || out.len() > TEXT_BYTES {
                break;
            }
            out.extend_from_slice(label);
            out.push(b'.');
        }
    });
    let text = Span { start: text.start, len: text.len.saturating_sub(1) };
    if text.len > 0 {
        record.set(slot, Value::Text(text));
    }
}

/// RFC 3442: bits of the mask, as many bytes of the network as they need, the router.
fn routes(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    while !cursor.is_empty() {
        let bits = cursor.u8()?;
        if bits > 32 {
            return Err(Short);
        }
        let mut network = [0; 4];
        for (place, byte) in network.iter_mut().zip(cursor.take(usize::from(bits).div_ceil(8))?) {
            *place = *byte;
        }
        let router = Ipv4Addr::from(cursor.array::<4>()?);
        let text = record.write_text(|out| {
            address(out, Ipv4Addr::from(network).into());
            out.push(b'/');
            decimal(out, bits.into());
            out.extend_from_slice(b" via ");
            address(out, router.into());
        });
        record.push(fields::ROUTES, Value::Text(text));
    }
    Ok(())
}
