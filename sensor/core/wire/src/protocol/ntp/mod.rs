//! NTP. RFC 5905 7 (versions 3 and 4; RFC 1305, RFC 1059 before them), RFC 7822 (extensions), RFC 9327 (control).
//! Mode 7 is ntpd's own and older than any text about it.

mod control;
mod fields;

use std::net::Ipv4Addr;

use fields::{flaw, FIELDS, FLAWS};

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, UDP};
use crate::cursor::{Cursor, Short};
use crate::print::address;
use crate::value::{Class, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[UDP], ports: &[123], probe: &probe, parser: &|| Box::new(Ntp) }),
};

const HEADER: usize = 48;
const SYMMETRIC_ACTIVE: u8 = 1;
const SYMMETRIC_PASSIVE: u8 = 2;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
const BROADCAST: u8 = 5;
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;
/// Seconds from 1900, where NTP's time begins, to 1970, and those after which it begins anew (RFC 5905 6: in 2036).
const TO_1970_S: u64 = 2_208_988_800;
const ERA_S: u64 = 1 << 32;
const SECOND_NS: u64 = 1_000_000_000;

struct Ntp;

/// A header with a stratum that exists, or a control message whose bits fit.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    let [first, second, ..] = *payload else { return Probe::No };
    let fits = (1..=4).contains(&(first >> 3 & 7))
        && match first & 7 {
            CONTROL => payload.len() >= 12,
            PRIVATE => payload.len() >= 8,
            _ => payload.len() >= HEADER && second <= 16,
        };
    if fits {
        Probe::Fits
    } else {
        Probe::No
    }
}

impl Parser for Ntp {
    /// ```text
    ///   0: leap (2 bits), version (3), mode (3) | 1: stratum | 2: poll | 3: precision | 4: root delay | 8: dispersion
    ///   12: reference | 16: reference time | 24: originate | 32: receive | 40: transmit | 48: extensions, key, digest
    /// ```
    fn message(&mut self, bytes: &[u8], _context: &Context<'_>, record: &mut Record) -> Step {
        let mut cursor = Cursor::new(bytes);
        let Ok(first) = cursor.u8() else { return Step::Lost { used: bytes.len() } };
        let (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7);
        record.set_u(fields::VERSION, version);
        record.set_u(fields::MODE, mode);
        record.set_u(fields::LENGTH, bytes.len() as u64);
        if !(1..=4).contains(&version) {
            record.flaw(flaw::VERSION);
        }
        record.operation = mode.into();
        let read = match mode {
            CONTROL => control::control(first, &mut cursor, record),
            PRIVATE => control::private(first, &mut cursor, record),
            _ => {
                record.set_u(fields::LEAP, leap);
                time(version, mode, leap, &mut cursor, record)
            }
        };
        record.set(fields::MODE_NAME, Value::Name(mode_name(mode)));
        if read.is_err() {
            record.flaw(flaw::SHORT);
        }
        Step::Message { used: bytes.len() }
    }
}

fn mode_name(mode: u8) -> &'static str {
    match mode {
        SYMMETRIC_ACTIVE => "symmetric_active",
        SYMMETRIC_PASSIVE => "symmetric_passive",
        CLIENT => "client",
        SERVER => "server",
        BROADCAST => "broadcast",
        CONTROL => "control",
        PRIVATE => "private",
        _ => "reserved",
    }
}

fn time(version: u8, mode: u8, leap: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    record.operation_name = mode_name(mode);
    record.class = Class::Read;
    let (role, operation) = match mode {
        CLIENT => (Role::Request, CLIENT),
        SERVER => (Role::Response, CLIENT),
        SYMMETRIC_ACTIVE | SYMMETRIC_PASSIVE | BROADCAST => (Role::Unsolicited, mode),
        // Version 1 has no modes: the port tells (RFC 1305 appendix D).
        0 if version == 1 => (Role::Other, mode),
        _ => {
            record.flaw(flaw::MODE);
            (Role::Other, mode)
        }
    };
    (record.role, record.operation) = (role, operation.into());
    let [stratum, poll, precision] = cursor.array::<3>()?;
    record.set_u(fields::STRATUM, stratum);
    record.set(fields::POLL, Value::Signed(i8::from_be_bytes([poll]).into()));
    record.set(fields::PRECISION, Value::Signed(i8::from_be_bytes([precision]).into()));
    if stratum > 16 {
        record.flaw(flaw::STRATUM);
    }
    record.set(fields::ROOT_DELAY, Value::Float(short_seconds(cursor.u32_be()?)));
    record.set(fields::ROOT_DISPERSION, Value::Float(short_seconds(cursor.u32_be()?)));
    reference(stratum, role, cursor.array::<4>()?, record);
    let mut times = [0; 4];
    let slots = [fields::REFERENCE_TIME, fields::ORIGINATE_TIME, fields::RECEIVE_TIME, fields::TRANSMIT_TIME];
    for (slot, place) in slots.into_iter().zip(&mut times) {
        *place = cursor.u64_be()?;
        if let Some(ts_ns) = nanoseconds(*place) {
            record.set_u(slot, ts_ns);
        }
    }
    let [_, originate, _, transmit] = times;
    match role {
        Role::Request => record.reference = Some(transmit),
        Role::Response => {
            record.reference = Some(originate);
            record.outcome = if stratum == 0 { Outcome::Failure } else { Outcome::Success };
            if leap == 3 && stratum != 0 && stratum < 16 {
                record.flaw(flaw::UNSYNCHRONIZED);
            }
        }
        _ => {}
    }
    behind(cursor, record);
    Ok(())
}

/// RFC 5905 6: 16 bits of seconds, 16 of their fraction.
fn short_seconds(raw: u32) -> f64 {
    f64::from(raw) / 65536.0
}

/// RFC 5905 6: 32 bits of seconds, 32 of their fraction. Zero is no time. Seconds of which the top bit is clear are those
/// from 2036 on (RFC 4330 3).
fn nanoseconds(raw: u64) -> Option<u64> {
    if raw == 0 {
        return None;
    }
    let (seconds, fraction) = (raw >> 32, raw & 0xffff_ffff);
    let seconds = if seconds & 0x8000_0000 == 0 { seconds.saturating_add(ERA_S) } else { seconds };
    let parts = fraction.saturating_mul(SECOND_NS) >> 32;
    Some(seconds.saturating_sub(TO_1970_S).saturating_mul(SECOND_NS).saturating_add(parts))
}

/// RFC 5905 7.3: a name of a clock at stratum 1, of a refusal at 0, otherwise an address (of IPv6 a digest that looks so).
fn reference(stratum: u8, role: Role, raw: [u8; 4], record: &mut Record) {
    if stratum > 1 {
        let text = record.write_text(|out| address(out, Ipv4Addr::from(raw).into()));
        return record.set(fields::REFERENCE, Value::Text(text));
    }
    let end = raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len());
    let name = raw.get(..end).unwrap_or_default();
    if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) {
        let kiss = stratum == 0 && role == Role::Response;
        record.set_text(if kiss { fields::KISS } else { fields::REFERENCE }, name);
    }
}

/// Extensions, then a key's number and a digest of 16 or 20 bytes (RFC 7822 3: what is left with 24 bytes and less is
/// the authentication).
fn behind(cursor: &mut Cursor<'_>, record: &mut Record) {
    let mut count = 0u64;
    while cursor.remaining() > 24 {
        let mut ahead = *cursor;
        let taken = (|| {
            let (_, length) = (ahead.u16_be()?, ahead.u16_be()?);
            let length = usize::from(length);
            if length < 16 || length % 4 != 0 {
                return Err(Short);
            }
            cursor.skip(length)
        })();
        if taken.is_err() {
            return record.flaw(flaw::EXTENSION);
        }
        count = count.saturating_add(1);
    }
    if count > 0 {
        record.set_u(fields::EXTENSIONS, count);
    }
    match (cursor.remaining(), cursor.u32_be()) {
        (0, _) => {}
        (4 | 20 | 24, Ok(key)) => record.set_u(fields::KEY, key),
        _ => record.flaw(flaw::TRAILING),
    }
}
