//! SSH before its keys: who speaks, and what is offered. RFC 4253 4.2 (banner), 6 (packets), 7.1 (negotiation), 11.1
//! (disconnection). After NEWKEYS everything is passed over unseen.
//!
//! `operation`: the message number; 0x100 for a banner.

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[22], probe: &probe, parser: &|| Box::new(Ssh::default()) }),
};

slots! {
    VERSION = 0 => field("ssh.version", Kind::Text);
    SOFTWARE = 1 => field("ssh.software", Kind::Text);
    COMMENT = 2 => field("ssh.comment", Kind::Text);
    MESSAGE_CODE = 3 => field("ssh.message_code", Kind::Unsigned);
    KEX = 4 => field("ssh.kex_algorithm", Kind::Text);
    KEX_COUNT = 5 => field("ssh.kex_algorithm_count", Kind::Unsigned);
    HOST_KEY = 6 => field("ssh.host_key_algorithm", Kind::Text);
    HOST_KEY_COUNT = 7 => field("ssh.host_key_algorithm_count", Kind::Unsigned);
    CIPHER = 8 => field("ssh.cipher", Kind::Text);
    CIPHER_COUNT = 9 => field("ssh.cipher_count", Kind::Unsigned);
    MAC = 10 => field("ssh.mac_algorithm", Kind::Text);
    MAC_COUNT = 11 => field("ssh.mac_algorithm_count", Kind::Unsigned);
    COMPRESSION = 12 => field("ssh.compression", Kind::Text);
    REASON = 13 => field("ssh.disconnect_code", Kind::Unsigned);
    REASON_NAME = 14 => field("ssh.disconnect_name", Kind::Text);
}

flaws! {
    // A line longer than a banner may be, or without what one begins with.
    BANNER = 0 => "ssh.bad_banner";
    // Not a packet, where one should begin.
    PACKET = 1 => "ssh.bad_packet";
    // Lists of algorithms that end before they should.
    TRUNCATED = 2 => "ssh.truncated";
}

/// RFC 4253 4.2: 255 characters with the end of the line.
const BANNER: usize = 255;
/// RFC 4253 6.1: 35000 bytes in all.
const PACKET: usize = 35_000;
const BANNER_OPERATION: u32 = 0x100;
const DISCONNECT: u8 = 1;
const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;

/// One direction.
#[derive(Default)]
struct Side {
    banner: bool,
    sealed: bool,
    searching: bool,
}

#[derive(Default)]
struct Ssh {
    sides: [Side; 2],
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match payload.get(..4) {
        Some(b"SSH-") => Probe::Sure,
        None if b"SSH-".starts_with(payload) => Probe::Fits,
        // Lines that a server may say before its banner.
        _ if memchr::memmem::find(payload, b"\nSSH-").is_some() => Probe::Sure,
        _ if payload.contains(&b'\n') && plausible(payload.trim_ascii_end(), false) => Probe::Fits,
        _ => Probe::No,
    }
}

impl Parser for Ssh {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            if bytes.starts_with(b"SSH-") {
                *side = Side::default();
            } else {
                // Of a few packets in clear one is lost: what is left of them tells too little to look for them.
                side.sealed = side.banner || side.sealed;
            }
        }
        if side.sealed {
            return Step::Kept { used: bytes.len() };
        }
        record.class = Class::Session;
        if side.banner {
            packet(side, bytes, record)
        } else {
            line(side, bytes, context.from_client, record)
        }
    }
}

/// A banner, or a line that a server may say before it.
fn line(side: &mut Side, bytes: &[u8], from_client: bool, record: &mut Record) -> Step {
    let front = bytes.get(..BANNER).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', front) else {
        return match bytes.len() {
            length if length < BANNER && plausible(bytes, from_client) => {
                Step::Short { need: length.saturating_add(1) }
            }
            _ => astray(side, bytes, flaw::BANNER, record),
        };
    };
    let used = end.saturating_add(1);
    let line = front.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(said) = line.strip_prefix(b"SSH-") else {
        return if plausible(line, from_client) {
            Step::Kept { used }
        } else {
            astray(side, bytes, flaw::BANNER, record)
        };
    };
    let mut parts = said.splitn(2, |byte| *byte == b'-');
    let version = parts.next().unwrap_or_default();
    let rest = parts.next();
    record.operation = BANNER_OPERATION;
    record.operation_name = "banner";
    record.role = Role::Unsolicited;
    record.set_text(VERSION, version);
    let mut words = rest.unwrap_or_default().splitn(2, |byte| *byte == b' ');
    record.set_text(SOFTWARE, words.next().unwrap_or_default());
    if let Some(comment) = words.next() {
        record.set_text(COMMENT, comment);
    }
    if rest.is_none() {
        record.flaw(flaw::BANNER);
    }
    *side = Side { banner: true, ..Side::default() };
    // The packets of version 1 have another shape (1.99: the server speaks both).
    side.sealed = version.starts_with(b"1.") && version != b"1.99";
    Step::Message { used }
}

/// Only servers may say something first, and only in words.
fn plausible(line: &[u8], from_client: bool) -> bool {
    let begins = line.get(..4).unwrap_or(line);
    b"SSH-".starts_with(begins)
        || (!from_client && line.iter().all(|byte| *byte >= b' ' || *byte == b'\t' || *byte == b'\r'))
}

fn astray(side: &mut Side, bytes: &[u8], number: usize, record: &mut Record) -> Step {
    let used = memchr::memmem::find(bytes.get(1..).unwrap_or_default(), b"SSH-")
        .map_or(bytes.len(), |at| at.saturating_add(1));
    side.banner = false;
    if std::mem::replace(&mut side.searching, true) {
        return Step::Lost { used };
    }
    record.operation_name = "unknown";
    record.flaw(number);
    Step::Message { used }
}

/// ```text
///   0        4         5        6
///   | length | padding | number | content ... | padding |
/// ```
fn packet(side: &mut Side, bytes: &[u8], record: &mut Record) -> Step {
    let mut cursor = Cursor::new(bytes);
    let (Ok(length), Ok(padding)) = (cursor.u32_be(), cursor.u8()) else { return Step::Short { need: 5 } };
    let length = length as usize;
    if !(2..=PACKET).contains(&length) || usize::from(padding).saturating_add(2) > length {
        // Encrypted bytes, or none of ours: there is no way back into them.
        side.sealed = true;
        record.operation_name = "unknown";
        record.flaw(flaw::PACKET);
        return Step::Message { used: bytes.len() };
    }
    let whole = length.saturating_add(4);
    let Some(content) = bytes.get(5..whole.saturating_sub(padding.into())) else { return Step::Short { need: whole } };
    if bytes.len() < whole {
        return Step::Short { need: whole };
    }
    let mut cursor = Cursor::new(content);
    let number = cursor.u8().unwrap_or(0);
    record.operation = number.into();
    record.set_u(MESSAGE_CODE, number);
    record.role = Role::Unsolicited;
    let read = match number {
        KEXINIT => {
            record.operation_name = "key_exchange_init";
            offered(&mut cursor, record)
        }
        DISCONNECT => {
            record.operation_name = "disconnect";
            record.outcome = Outcome::Failure;
            reason(&mut cursor, record)
        }
        NEWKEYS => {
            side.sealed = true;
            return Step::Kept { used: whole };
        }
        _ => return Step::Kept { used: whole },
    };
    if read.is_err() {
        record.flaw(flaw::TRUNCATED);
    }
    Step::Message { used: whole }
}

/// RFC 4253 7.1: a cookie, then ten lists of names. Of each pair for the two directions the client's is told.
fn offered(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    cursor.skip(16)?;
    for (first, count) in [
        (KEX, Some(KEX_COUNT)),
        (HOST_KEY, Some(HOST_KEY_COUNT)),
        (CIPHER, Some(CIPHER_COUNT)),
        (usize::MAX, None),
        (MAC, Some(MAC_COUNT)),
        (usize::MAX, None),
        (COMPRESSION, None),
    ] {
        let length = cursor.u32_be()? as usize;
        let list = cursor.take(length)?;
        if first == usize::MAX {
            continue;
        }
        let name = list.split(|byte| *byte == b',').next().unwrap_or_default();
        record.set_text(first, name.get(..TEXT_BYTES).unwrap_or(name));
        if let Some(count) = count {
            let commas = memchr::memchr_iter(b',', list).count();
            record.set_u(count, (commas.saturating_add(usize::from(!list.is_empty()))) as u64);
        }
    }
    Ok(())
}

fn reason(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let code = cursor.u32_be()?;
    record.set_u(REASON, code);
    let name = match code {
        1 => "host_not_allowed",
        2 => "protocol_error",
        3 => "key_exchange_failed",
        5 => "mac_error",
        6 => "compression_error",
        7 => "service_not_available",
        8 => "version_not_supported",
        9 => "host_key_not_verifiable",
        10 => "connection_lost",
        11 => "by_application",
        12 => "too_many_connections",
        13 => "cancelled_by_user",
        14 => "no_more_methods",
        15 => "illegal_user_name",
        _ => "unknown",
    };
    record.set(REASON_NAME, Value::Name(name));
    Ok(())
}
