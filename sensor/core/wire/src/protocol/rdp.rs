//! RDP up to the point where pictures begin: who calls, and how the connection is protected. [MS-RDPBCGR] v20240423
//! 2.2.1.1 (connection request), 2.2.1.2 (confirm), 2.2.1.3 (client's settings), 2.2.1.4 (server's settings); around
//! them X.224 and T.125 as cited there. After a choice of TLS the bytes are read as such.
//!
//! `operation`: the X.224 type (0xe0); T.125's connect 0x65.

mod settings;

use super::{place_of, tls, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::value::{field, flaws, list, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "rdp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[3389], probe: &probe, parser: &|| Box::new(Rdp::default()) }),
};

slots! {
    COOKIE = 0 => field("rdp.cookie", Kind::Text);
    REQUESTED = 1 => field("rdp.requested_protocols", Kind::Unsigned);
    REQUESTED_NAMES = 2 => list("rdp.requested_protocol_names", Kind::Text);
    SELECTED = 3 => field("rdp.selected_protocol", Kind::Unsigned);
    SELECTED_NAME = 4 => field("rdp.selected_protocol_name", Kind::Text);
    FAILURE = 5 => field("rdp.failure_code", Kind::Unsigned);
    FAILURE_NAME = 6 => field("rdp.failure_name", Kind::Text);
    CLIENT_NAME = 7 => field("rdp.client.name", Kind::Text);
    CLIENT_BUILD = 8 => field("rdp.client.build", Kind::Unsigned);
    CLIENT_VERSION = 9 => field("rdp.client.version", Kind::Unsigned);
    KEYBOARD = 10 => field("rdp.client.keyboard_layout", Kind::Unsigned);
    WIDTH = 11 => field("rdp.desktop_width", Kind::Unsigned);
    HEIGHT = 12 => field("rdp.desktop_height", Kind::Unsigned);
    CHANNELS = 13 => list("rdp.channels", Kind::Text);
    ENCRYPTION_METHOD = 14 => field("rdp.encryption_method", Kind::Unsigned);
    ENCRYPTION_LEVEL = 15 => field("rdp.encryption_level", Kind::Unsigned);
    RESTRICTED_ADMIN = 16 => field("rdp.restricted_admin", Kind::Boolean);
}

flaws! {
    PACKET = 0 => "rdp.bad_packet";
    TRUNCATED = 1 => "rdp.truncated";
    // A negotiation that is neither a request nor an answer to one.
    NEGOTIATION = 2 => "rdp.bad_negotiation";
}

const HEADER: usize = 4;
/// T.125's connect messages have some 500 bytes; a chain of certificates goes with the server's.
const LARGEST: usize = 32 * 1024;
const CONNECT: u8 = 0xe0;
const CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const FAILED: u8 = 3;
const REFERENCE: u64 = 1;
const MCS_REFERENCE: u64 = 2;
/// [MS-RDPBCGR] 2.2.1.1.1: RESTRICTED_ADMIN_MODE_REQUIRED.
const RESTRICTED: u8 = 1;
const TLS: u8 = place_of("tls");

#[derive(Default)]
enum Stage {
    #[default]
    Calling,
    /// TLS, in which everything else is.
    Inside(Box<dyn Parser>),
    /// T.125's connect was answered: pictures, or their encryption.
    Sealed,
}

#[derive(Default)]
struct Rdp {
    stage: Stage,
    searching: [bool; 2],
}

/// Content of the X.224 packet that begins here: its type, and what is behind the fixed part of its header.
fn call(payload: &[u8]) -> Option<(u8, &[u8])> {
    let [3, _, high, low, indicator, code, ..] = *payload.first_chunk::<11>()? else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let fits = matches!(code & 0xf0, CONNECT | CONFIRM) && usize::from(indicator).saturating_add(5) == length;
    fits.then(|| payload.get(11..length.min(payload.len())).unwrap_or_default()).map(|rest| (code & 0xf0, rest))
}

/// S7 and MMS call by the same packet: a cookie, or a negotiation, is nobody else's.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    match call(payload) {
        Some((CONNECT, rest)) if rest.starts_with(b"Cookie: ") => Probe::Sure,
        Some((CONNECT, [REQUEST, _, 8, 0, _, 0, 0, 0])) => Probe::Sure,
        Some((CONFIRM, [RESPONSE | FAILED, _, 8, 0, _, 0, 0, 0])) => Probe::Sure,
        Some((_, [])) => Probe::Fits,
        _ if payload.starts_with(&[3, 0]) => Probe::Fits,
        _ => Probe::No,
    }
}

impl Parser for Rdp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap && probe(bytes, context.transport) == Probe::Sure {
            *self = Self::default();
        }
        match &mut self.stage {
            Stage::Sealed => return Step::Kept { used: bytes.len() },
            Stage::Inside(inner) => {
                let step = inner.message(bytes, context, record);
                record.protocol = Some(TLS);
                return step;
            }
            Stage::Calling => {}
        }
        self.packet(bytes, context, record)
    }

    fn kept_bytes(&self) -> usize {
        match &self.stage {
            Stage::Inside(inner) => inner.kept_bytes(),
            _ => 0,
        }
    }
}

impl Rdp {
    fn packet(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        record.class = Class::Session;
        let [server, client] = &mut self.searching;
        let searching = if context.from_client { client } else { server };
        if bytes.len() < HEADER && bytes.first() == Some(&3) {
            return Step::Short { need: HEADER };
        }
        let length = match bytes {
            [3, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        if !(7..=LARGEST).contains(&length) {
            let used = (1..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(&[3, 0])));
            let used = used.unwrap_or(bytes.len());
            if std::mem::replace(searching, true) {
                return Step::Lost { used };
            }
            record.operation_name = "bad_packet";
            record.flaw(flaw::PACKET);
            return Step::Message { used };
        }
        let Some(content) = bytes.get(HEADER..length) else { return Step::Short { need: length } };
        *searching = false;
        match self.tpdu(content, record) {
            Ok(true) => {}
            Ok(false) => return Step::Kept { used: length },
            Err(Short) => record.flaw(flaw::TRUNCATED),
        }
        Step::Message { used: length }
    }

    fn tpdu(&mut self, content: &[u8], record: &mut Record) -> Result<bool, Short> {
        record.operation_name = "unknown";
        let mut cursor = Cursor::new(content);
        let _indicator = cursor.u8()?;
        let code = cursor.u8()? & 0xf0;
        record.operation = code.into();
        match code {
            CONNECT => {
                record.operation_name = "connect";
                (record.role, record.reference) = (Role::Request, Some(REFERENCE));
                cursor.skip(5)?;
                asked(&mut cursor, record)?;
                Ok(true)
            }
            CONFIRM => {
                (record.operation, record.operation_name) = (CONNECT.into(), "connect");
                (record.role, record.reference) = (Role::Response, Some(REFERENCE));
                cursor.skip(5)?;
                record.outcome = Outcome::Success;
                if answered(&mut cursor, record)? {
                    self.stage = Stage::Inside(tls::parser());
                }
                Ok(true)
            }
            DATA => {
                cursor.u8()?;
                self.connect(cursor.rest(), record)
            }
            _ => Ok(true),
        }
    }

    /// T.125 7: connect-initial and connect-response; whatever else comes here has nothing to tell.
    fn connect(&mut self, mcs: &[u8], record: &mut Record) -> Result<bool, Short> {
        let initial = match mcs {
            [0x7f, 0x65, ..] => true,
            [0x7f, 0x66, ..] => false,
            _ => return Ok(false),
        };
        record.operation = 0x65;
        record.operation_name = "settings";
        record.reference = Some(MCS_REFERENCE);
        record.role = if initial { Role::Request } else { Role::Response };
        if !initial {
            self.stage = Stage::Sealed;
            record.outcome = Outcome::Success;
        }
        settings::read(mcs, initial, record)?;
        Ok(true)
    }
}

/// A cookie with a name or a token for a load balancer, then a negotiation; both may be missing.
fn asked(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let rest = cursor.rest();
    if let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let line = cursor.take(end)?;
        cursor.skip(2)?;
        let name = line.strip_prefix(b"Cookie: mstshash=");
        if let Some(name) = name {
            let name = name.get(..TEXT_BYTES).unwrap_or(name);
            record.set_text(COOKIE, name);
            record.user = Some(record.push_text(name)).filter(|_| !name.is_empty());
        }
    }
    if cursor.is_empty() {
        return Ok(());
    }
    let (kind, flags) = (cursor.u8()?, cursor.u8()?);
    cursor.skip(2)?;
    let requested = cursor.u32_le()?;
    if kind != REQUEST {
        record.flaw(flaw::NEGOTIATION);
        return Ok(());
    }
    record.set_u(REQUESTED, requested);
    record.set(RESTRICTED_ADMIN, Value::Bool(flags & RESTRICTED != 0));
    if requested == 0 {
        record.push(REQUESTED_NAMES, Value::Name(protocol(0)));
    }
    for bit in 0..5 {
        if requested >> bit & 1 == 1 {
            record.push(REQUESTED_NAMES, Value::Name(protocol(1u32.wrapping_shl(bit))));
        }
    }
    Ok(())
}

/// Whether TLS follows.
fn answered(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<bool, Short> {
    if cursor.is_empty() {
        // A server from before there was a choice.
        record.set_u(SELECTED, 0u32);
        record.set(SELECTED_NAME, Value::Name(protocol(0)));
        return Ok(false);
    }
    let kind = cursor.u8()?;
    cursor.skip(3)?;
    let value = cursor.u32_le()?;
    match kind {
        RESPONSE => {
            record.set_u(SELECTED, value);
            record.set(SELECTED_NAME, Value::Name(protocol(value)));
            return Ok(value != 0);
        }
        FAILED => {
            record.outcome = Outcome::Failure;
            record.set_u(FAILURE, value);
            record.set(FAILURE_NAME, Value::Name(failure(value)));
        }
        _ => record.flaw(flaw::NEGOTIATION),
    }
    Ok(false)
}

/// [MS-RDPBCGR] 2.2.1.1.1.
fn protocol(bits: u32) -> &'static str {
    match bits {
        0 => "standard",
        1 => "tls",
        2 => "credssp",
        4 => "rdstls",
        8 => "credssp_ex",
        16 => "aad",
        _ => "unknown",
    }
}

/// [MS-RDPBCGR] 2.2.1.2.2.
fn failure(code: u32) -> &'static str {
    match code {
        1 => "tls_required",
        2 => "tls_not_allowed",
        3 => "no_certificate_on_server",
        4 => "inconsistent_flags",
        5 => "credssp_required",
        6 => "tls_with_user_authentication_required",
        _ => "unknown",
    }
}
