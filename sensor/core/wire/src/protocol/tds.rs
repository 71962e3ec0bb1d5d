//! TDS, which SQL Server speaks: who logs in from where, and what is done. [MS-TDS] v20240423 2.2.3.1 (packets), 2.2.6
//! (messages), 2.2.7 (tokens). Of statements the first word is told, of rows nothing.
//!
//! `operation`: the packet's type; answers have their question's.

mod login;
mod tokens;

use super::{place_of, tls, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::DATABASE_FRONT_BYTES;
use crate::sql;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};
use crate::wide;

pub const PROTOCOL: Protocol = Protocol {
    name: "tds",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[1433], probe: &probe, parser: &|| Box::new(Tds::default()) }),
};

slots! {
    TYPE = 0 => field("tds.type", Kind::Unsigned);
    VERSION = 1 => field("tds.version", Kind::Unsigned);
    PRODUCT = 2 => field("tds.product_version", Kind::Text);
    ENCRYPTION = 3 => field("tds.encryption", Kind::Unsigned);
    ENCRYPTION_NAME = 4 => field("tds.encryption_name", Kind::Text);
    INSTANCE = 5 => field("tds.instance", Kind::Text);
    HOST = 6 => field("tds.client.host", Kind::Text);
    APPLICATION = 7 => field("tds.client.application", Kind::Text);
    LIBRARY = 8 => field("tds.client.library", Kind::Text);
    SERVER = 9 => field("tds.server_name", Kind::Text);
    DATABASE = 10 => field("tds.database", Kind::Text);
    STATEMENT = 11 => field("tds.statement", Kind::Text);
    PROCEDURE = 12 => field("tds.procedure", Kind::Text);
    ERROR = 13 => field("tds.error_number", Kind::Unsigned);
    ERROR_TEXT = 14 => field("tds.error_message", Kind::Text);
    PROGRAM = 15 => field("tds.server_program", Kind::Text);
    INTEGRATED = 16 => field("tds.integrated_login", Kind::Boolean);
    DOMAIN = 17 => field("tds.ntlm.domain", Kind::Text);
}

flaws! {
    PACKET = 0 => "tds.bad_packet";
    TRUNCATED = 1 => "tds.truncated";
}

const HEADER: usize = 8;
/// [MS-TDS] 2.2.3.1.3: 512 to 32767 bytes are agreed on.
const LARGEST: usize = 32_767;
const BATCH: u8 = 1;
const OLD_LOGIN: u8 = 2;
const CALL: u8 = 3;
const RESULT: u8 = 4;
const ATTENTION: u8 = 6;
const BULK: u8 = 7;
const TRANSACTION: u8 = 14;
const LOGIN: u8 = 16;
const SSPI: u8 = 17;
const PRELOGIN: u8 = 18;
const LAST: u8 = 1;
/// A record of TLS with data, between packets.
const TLS_DATA: u8 = 0x17;
/// [MS-TDS] 2.2.6.5: only logins are encrypted.
const ENCRYPT_OFF: u8 = 0;
const ENCRYPT_NOT_SUPPORTED: u8 = 2;
const REFERENCE: u64 = 1;
const TLS: u8 = place_of("tls");

#[derive(Default)]
struct Side {
    skip: usize,
    /// In the middle of a message whose first packet was read.
    within: bool,
    searching: bool,
}

#[derive(Default)]
struct Tds {
    sides: [Side; 2],
    /// The type of what was asked last, and is not answered; 0: nothing is.
    asked: u8,
    /// How the server will have it.
    encryption: Option<u8>,
    inner: Option<Box<dyn Parser>>,
    sealed: bool,
}

fn known(kind: u8) -> bool {
    matches!(kind, BATCH..=RESULT | ATTENTION..=8 | TRANSACTION | LOGIN..=PRELOGIN)
}

/// Type, whether it is the last of its message, and length with the header.
fn packet(bytes: &[u8]) -> Option<(u8, bool, usize)> {
    let [kind, status, high, low, _, _, _, window] = *bytes.first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let fits = known(kind) && status & 0xe0 == 0 && window == 0 && (HEADER..=LARGEST).contains(&length);
    fits.then_some((kind, status & LAST != 0, length))
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    let Some((kind, last, length)) = packet(payload) else { return Probe::No };
    let content = payload.get(HEADER..).unwrap_or_default();
    match (kind, content) {
        // The first option says the version, behind the list of all.
        (PRELOGIN, [0, 0, offset, 0, 6, 1, ..]) if last && usize::from(*offset) < length => Probe::Sure,
        (LOGIN, [a, b, 0, 0, _, _, 0, 0x70..=0x74, ..])
            if usize::from(u16::from_le_bytes([*a, *b])) == length.saturating_sub(HEADER) =>
        {
            Probe::Sure
        }
        _ => Probe::Fits,
    }
}

impl Parser for Tds {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap && probe(bytes, context.transport) == Probe::Sure && context.from_client {
            *self = Self::default();
        }
        if self.sealed {
            return Step::Kept { used: bytes.len() };
        }
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            *side = Side { searching: true, ..Side::default() };
        }
        if side.skip > 0 {
            let used = side.skip.min(bytes.len());
            side.skip = side.skip.saturating_sub(used);
            return Step::Kept { used };
        }
        if let ([TLS_DATA, 3, ..], Some(encryption)) = (bytes, self.encryption) {
            // Encrypted: the login only, or everything.
            let [_, _, _, high, low, ..] = *bytes else { return Step::Short { need: 5 } };
            if encryption != ENCRYPT_OFF {
                self.sealed = true;
                return Step::Kept { used: bytes.len() };
            }
            let whole = usize::from(u16::from_be_bytes([high, low])).saturating_add(5);
            let used = whole.min(bytes.len());
            side.skip = whole.saturating_sub(used);
            return Step::Kept { used };
        }
        if bytes.len() < HEADER && bytes.first().is_some_and(|kind| known(*kind)) {
            return Step::Short { need: HEADER };
        }
        let Some((kind, last, length)) = packet(bytes) else {
            let used = (1..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| packet(rest).is_some()));
            let used = used.unwrap_or(bytes.len());
            if std::mem::replace(&mut side.searching, true) {
                return Step::Lost { used };
            }
            record.operation_name = "bad_packet";
            record.flaw(flaw::PACKET);
            return Step::Message { used };
        };
        let within = std::mem::replace(&mut side.within, !last);
        let front = if within { HEADER } else { length.min(DATABASE_FRONT_BYTES) };
        let Some(content) = bytes.get(HEADER..front) else { return Step::Short { need: front } };
        side.searching = false;
        let used = length.min(bytes.len());
        side.skip = length.saturating_sub(used);
        if within {
            return Step::Kept { used };
        }
        record.operation = kind.into();
        record.set_u(TYPE, kind);
        record.class = Class::Session;
        let read = if context.from_client {
            self.client(kind, content, context, record)
        } else {
            self.server(kind, content, context, record)
        };
        match read {
            Ok(true) => {}
            Ok(false) => return Step::Kept { used },
            Err(Short) => record.flaw(flaw::TRUNCATED),
        }
        Step::Message { used }
    }

    fn kept_bytes(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| inner.kept_bytes())
    }
}

impl Tds {
    fn client(&mut self, kind: u8, content: &[u8], context: &Context<'_>, record: &mut Record) -> Result<bool, Short> {
        if kind == PRELOGIN && content.first() == Some(&22) {
            return Ok(self.wrapped(content, context, record));
        }
        self.asked = kind;
        (record.role, record.reference) = (Role::Request, Some(REFERENCE));
        let mut cursor = Cursor::new(content);
        match kind {
            PRELOGIN => {
                record.operation_name = "prelogin";
                login::prelogin(content, record)?;
            }
            LOGIN | OLD_LOGIN => {
                record.operation_name = "login";
                if kind == LOGIN {
                    login::read(content, context, record)?;
                }
            }
            SSPI => {
                record.operation = LOGIN.into();
                record.operation_name = "login";
                login::token(content, context, record);
            }
            BATCH => {
                record.operation_name = "batch";
                headers(&mut cursor);
                let (word, class) =
                    sql::keyword(wide::units(cursor.rest()).map(|unit| u8::try_from(unit).unwrap_or(b'?')));
                record.set(STATEMENT, Value::Name(word));
                record.class = class;
            }
            CALL => {
                record.operation_name = "call";
                record.class = Class::Control;
                headers(&mut cursor);
                login::procedure(&mut cursor, record)?;
            }
            ATTENTION => {
                record.operation_name = "attention";
                record.class = Class::Control;
                // It is answered in the answer to what it stops.
                (record.role, record.reference) = (Role::Unsolicited, None);
            }
            BULK => (record.operation_name, record.class) = ("bulk_load", Class::Write),
            TRANSACTION => record.operation_name = "transaction",
            _ => record.operation_name = "unknown",
        }
        Ok(true)
    }

    fn server(&mut self, kind: u8, content: &[u8], context: &Context<'_>, record: &mut Record) -> Result<bool, Short> {
        if kind == PRELOGIN && content.first().is_some_and(|first| (20..=23).contains(first)) {
            return Ok(self.wrapped(content, context, record));
        }
        let asked = std::mem::take(&mut self.asked);
        (record.role, record.reference) = (Role::Response, Some(REFERENCE));
        record.operation = if asked == SSPI { LOGIN.into() } else { asked.into() };
        record.operation_name = match asked {
            PRELOGIN => "prelogin",
            LOGIN | OLD_LOGIN | SSPI => "login",
            BATCH => "batch",
            CALL => "call",
            BULK => "bulk_load",
            TRANSACTION => "transaction",
            _ => "result",
        };
        if asked == 0 {
            (record.role, record.reference) = (Role::Unsolicited, None);
        }
        if asked == PRELOGIN {
            record.outcome = Outcome::Success;
            login::prelogin(content, record)?;
            if let Some(Value::Unsigned(encryption)) = record.get(ENCRYPTION) {
                self.encryption =
                    u8::try_from(encryption).ok().filter(|encryption| *encryption != ENCRYPT_NOT_SUPPORTED);
            }
            return Ok(true);
        }
        if !matches!(asked, LOGIN | OLD_LOGIN | SSPI | 0) {
            record.class = Class::Other;
        }
        tokens::read(content, record)?;
        if matches!(asked, LOGIN) && record.outcome == Outcome::Unknown {
            // A challenge: the login goes on.
            self.asked = 0;
        }
        Ok(true)
    }

    /// TLS inside packets: what the first of them begins with is read where it is whole.
    fn wrapped(&mut self, content: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let inner = self.inner.get_or_insert_with(tls::parser);
        record.clear();
        let told = matches!(inner.message(content, context, record), Step::Message { .. });
        record.protocol = Some(TLS);
        told
    }
}

/// [MS-TDS] 2.2.5.3: since 7.2 headers stand in front, behind their length.
fn headers(cursor: &mut Cursor<'_>) {
    let mut look = *cursor;
    if let Ok(length @ 4..=255) = look.u32_le() {
        let _here = cursor.skip(length as usize);
    }
}
