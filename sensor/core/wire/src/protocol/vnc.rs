//! VNC (RFB) up to the first picture: versions, how a viewer proves itself, and whether it was let in. RFC 6143 7.1 to
//! 7.3; types of security as IANA's registry "Remote Framebuffer" has them. Pictures and keys are passed over unseen.
//!
//! `operation`: 1 version, 2 security, 3 login, 4 start.

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::value::{field, flaws, list, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "vnc",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[5900, 5901, 5902, 5903],
        probe: &probe,
        parser: &|| Box::new(Vnc::default()),
    }),
};

slots! {
    VERSION = 0 => field("vnc.version", Kind::Text);
    SECURITY_TYPES = 1 => list("vnc.security_types", Kind::Unsigned);
    SECURITY_TYPE = 2 => field("vnc.security_type", Kind::Unsigned);
    SECURITY_NAME = 3 => field("vnc.security_type_name", Kind::Text);
    RESULT = 4 => field("vnc.result", Kind::Unsigned);
    REASON = 5 => field("vnc.reason", Kind::Text);
    SHARED = 6 => field("vnc.shared", Kind::Boolean);
    DESKTOP = 7 => field("vnc.desktop_name", Kind::Text);
    WIDTH = 8 => field("vnc.width", Kind::Unsigned);
    HEIGHT = 9 => field("vnc.height", Kind::Unsigned);
}

flaws! {
    VERSION_FLAW = 0 => "vnc.bad_version";
    // A type of security that was not offered.
    NOT_OFFERED = 1 => "vnc.not_offered";
    // A length that no server sends.
    LENGTH = 2 => "vnc.bad_length";
}

const VERSION_LENGTH: usize = 12;
const NONE: u8 = 1;
const PASSWORD: u8 = 2;
/// Bytes of a reason or a name that are believed.
const LONGEST: usize = 16 * 1024;
const LOGIN_REFERENCE: u64 = 2;

/// What comes next, from either side: they take turns until the desktop is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    ServerVersion,
    ClientVersion,
    Offer,
    Choice,
    Challenge,
    Proof,
    Result,
    ClientStart,
    ServerStart,
    Sealed,
}

#[derive(Default)]
struct Vnc {
    stage: Stage,
    /// The minor version that both speak: 3, 7 or 8.
    minor: u16,
    offered: [u64; 4],
    /// A proof was sent, which the result answers.
    proved: bool,
}

fn version(bytes: &[u8]) -> Option<u16> {
    let line = bytes.first_chunk::<VERSION_LENGTH>()?;
    let digits = line.get(4..7)?.iter().chain(line.get(8..11)?);
    let fits = line.starts_with(b"RFB ") && line.get(7) == Some(&b'.') && line.ends_with(b"\n");
    if !fits || !digits.clone().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.skip(3).fold(0, |number: u16, digit| number.saturating_mul(10).saturating_add((digit & 0x0f).into())))
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match version(payload) {
        Some(_) => Probe::Sure,
        None if !payload.is_empty()
            && payload.len() < VERSION_LENGTH
            && b"RFB 003.".starts_with(payload.get(..8).unwrap_or(payload)) =>
        {
            Probe::Fits
        }
        None => Probe::No,
    }
}

impl Parser for Vnc {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if let Some(minor) = version(bytes).filter(|_| context.after_gap || self.stage == Stage::ServerVersion) {
            // Whoever greets first does; the one who answers comes second.
            if context.after_gap && !(context.from_client && self.stage == Stage::ClientVersion) {
                *self = Self::default();
            }
            if context.from_client {
                self.minor = self.spoken(minor);
                self.stage = Stage::Offer;
            } else {
                self.minor = minor;
                self.stage = Stage::ClientVersion;
            }
            return greeted(bytes, record);
        }
        if context.after_gap || self.stage == Stage::Sealed {
            // A turn was lost, and nothing in what follows says which it is.
            self.stage = Stage::Sealed;
            return Step::Kept { used: bytes.len() };
        }
        record.class = Class::Session;
        match self.turn(bytes, context, record) {
            Ok(step) => step,
            Err(Short) => Step::Short { need: bytes.len().saturating_add(1) },
        }
    }
}

fn greeted(bytes: &[u8], record: &mut Record) -> Step {
    record.operation = 1;
    record.operation_name = "version";
    record.class = Class::Session;
    record.role = Role::Unsolicited;
    record.set_text(VERSION, bytes.get(4..11).unwrap_or_default());
    Step::Message { used: VERSION_LENGTH }
}

impl Vnc {
    /// RFC 6143 7.1.1: other numbers, which some makers send, mean 3.3.
    fn spoken(&self, clients: u16) -> u16 {
        let known = |minor: u16| match minor {
            0..=6 => 3,
            7 => 7,
            // Apple says 889, RealVNC 4.1 and 5.0.
            _ => 8,
        };
        known(clients).min(if self.minor == 0 { 8 } else { known(self.minor) })
    }

    fn turn(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Result<Step, Short> {
        let mut cursor = Cursor::new(bytes);
        let clients = matches!(self.stage, Stage::ClientVersion | Stage::Choice | Stage::Proof | Stage::ClientStart);
        if clients != context.from_client {
            // Out of turn: one of the directions is not seen.
            self.stage = Stage::Sealed;
            return Ok(Step::Kept { used: bytes.len() });
        }
        match self.stage {
            Stage::ServerVersion | Stage::ClientVersion => {
                if bytes.len() < VERSION_LENGTH && b"RFB ".starts_with(bytes.get(..4).unwrap_or(bytes)) {
                    return Err(Short);
                }
                let Some(minor) = version(bytes) else {
                    self.stage = Stage::Sealed;
                    record.operation = 1;
                    record.operation_name = "version";
                    record.flaw(flaw::VERSION_FLAW);
                    return Ok(Step::Message { used: bytes.len() });
                };
                self.minor = self.spoken(minor);
                self.stage = Stage::Offer;
                return Ok(greeted(bytes, record));
            }
            Stage::Offer => self.offer(&mut cursor, record)?,
            Stage::Choice => {
                let chosen = cursor.u8()?;
                record.operation = 2;
                record.operation_name = "security";
                record.role = Role::Unsolicited;
                self.choose(chosen, record);
                if !self.was_offered(chosen) {
                    record.flaw(flaw::NOT_OFFERED);
                }
            }
            Stage::Challenge => {
                cursor.skip(16)?;
                self.stage = Stage::Proof;
                return Ok(Step::Kept { used: cursor.position() });
            }
            Stage::Proof => {
                cursor.skip(16)?;
                self.stage = Stage::Result;
                self.proved = true;
                record.operation = 3;
                record.operation_name = "login";
                (record.role, record.reference) = (Role::Request, Some(LOGIN_REFERENCE));
            }
            Stage::Result => self.result(&mut cursor, record)?,
            Stage::ClientStart => {
                record.operation = 4;
                record.operation_name = "start";
                record.set(SHARED, Value::Bool(cursor.u8()? != 0));
                record.role = Role::Unsolicited;
                self.stage = Stage::ServerStart;
            }
            Stage::ServerStart => {
                record.operation = 4;
                record.operation_name = "start";
                record.role = Role::Unsolicited;
                record.set_u(WIDTH, cursor.u16_be()?);
                record.set_u(HEIGHT, cursor.u16_be()?);
                cursor.skip(16)?;
                let name = text(&mut cursor, record)?;
                record.set_text(DESKTOP, name);
                self.stage = Stage::Sealed;
            }
            Stage::Sealed => {}
        }
        Ok(Step::Message { used: cursor.position().max(1) })
    }

    fn was_offered(&self, kind: u8) -> bool {
        let word = self.offered.get(usize::from(kind >> 6)).copied().unwrap_or(0);
        word >> (kind & 63) & 1 == 1
    }

    /// RFC 6143 7.1.2: a list; in 3.3 one number of four bytes, which is the server's choice.
    fn offer(&mut self, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
        record.operation = 2;
        record.operation_name = "security";
        record.role = Role::Unsolicited;
        let old = self.minor < 7;
        // The number of types, or the type.
        let first = if old { u8::try_from(cursor.u32_be()?).unwrap_or(u8::MAX) } else { cursor.u8()? };
        if first == 0 {
            record.outcome = Outcome::Failure;
            let reason = text(cursor, record)?;
            record.set_text(REASON, reason);
            self.stage = Stage::Sealed;
            return Ok(());
        }
        if old {
            self.choose(first, record);
            return Ok(());
        }
        self.offered = [0; 4];
        for kind in cursor.take(first.into())? {
            record.push(SECURITY_TYPES, Value::Unsigned((*kind).into()));
            if let Some(word) = self.offered.get_mut(usize::from(kind >> 6)) {
                *word |= 1u64.wrapping_shl(u32::from(kind & 63));
            }
        }
        self.stage = Stage::Choice;
        Ok(())
    }

    fn choose(&mut self, kind: u8, record: &mut Record) {
        record.set_u(SECURITY_TYPE, kind);
        record.set(SECURITY_NAME, Value::Name(security(kind)));
        self.stage = match kind {
            PASSWORD => Stage::Challenge,
            NONE if self.minor >= 8 => Stage::Result,
            NONE => Stage::ClientStart,
            // Exchanges of their own, most of them encrypted.
            _ => Stage::Sealed,
        };
    }

    /// RFC 6143 7.1.3.
    fn result(&mut self, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
        let code = cursor.u32_be()?;
        record.operation = 3;
        record.operation_name = "login";
        record.role = Role::Unsolicited;
        if std::mem::take(&mut self.proved) {
            (record.role, record.reference) = (Role::Response, Some(LOGIN_REFERENCE));
        }
        record.set_u(RESULT, code);
        record.outcome = if code == 0 { Outcome::Success } else { Outcome::Failure };
        self.stage = if code == 0 { Stage::ClientStart } else { Stage::Sealed };
        if code != 0 && self.minor >= 8 && !cursor.is_empty() {
            let reason = text(cursor, record)?;
            record.set_text(REASON, reason);
        }
        Ok(())
    }
}

/// Text behind its length; of a length beyond belief nothing is waited for.
fn text<'a>(cursor: &mut Cursor<'a>, record: &mut Record) -> Result<&'a [u8], Short> {
    let length = cursor.u32_be()? as usize;
    let text = if length > LONGEST {
        record.flaw(flaw::LENGTH);
        cursor.take_rest()
    } else {
        cursor.take(length)?
    };
    Ok(text.get(..TEXT_BYTES).unwrap_or(text))
}

fn security(kind: u8) -> &'static str {
    match kind {
        0 => "invalid",
        NONE => "none",
        PASSWORD => "vnc_password",
        5 => "ra2",
        6 => "ra2ne",
        13 => "ra2_256",
        16 => "tight",
        17 => "ultra",
        18 => "tls",
        19 => "vencrypt",
        20 => "sasl",
        21 => "md5",
        22 => "xvp",
        30 => "apple_dh",
        35 => "apple_kerberos",
        113 => "ms_logon_2",
        _ => "unknown",
    }
}
