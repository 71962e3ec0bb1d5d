//! PostgreSQL: who logs in to which database, and what is done. PostgreSQL 17 documentation, chapter 53 (53.2 flow, 53.7
//! formats). Of statements the first word is told, of rows nothing.
//!
//! `operation`: the message's letter; 0x100 startup, 0x101 and 0x102 the wish for TLS and GSSAPI, 0x103 cancel.

use super::{place_of, tls, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::{DATABASE_FRONT_BYTES, TEXT_BYTES};
use crate::sql;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "postgresql",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[5432],
        probe: &probe,
        parser: &|| Box::new(Postgres::default()),
    }),
};

slots! {
    VERSION = 0 => field("postgresql.protocol_version", Kind::Text);
    DATABASE = 1 => field("postgresql.database", Kind::Text);
    APPLICATION = 2 => field("postgresql.application", Kind::Text);
    METHOD = 3 => field("postgresql.authentication", Kind::Unsigned);
    METHOD_NAME = 4 => field("postgresql.authentication_name", Kind::Text);
    STATEMENT = 5 => field("postgresql.statement", Kind::Text);
    SEVERITY = 6 => field("postgresql.severity", Kind::Text);
    STATE = 7 => field("postgresql.sql_state", Kind::Text);
    ERROR_TEXT = 8 => field("postgresql.error_message", Kind::Text);
    SERVER_VERSION = 9 => field("postgresql.server_version", Kind::Text);
    LENGTH = 10 => field("postgresql.length", Kind::Unsigned);
    ENCRYPTED = 11 => field("postgresql.encryption_accepted", Kind::Boolean);
    TAG = 12 => field("postgresql.command_tag", Kind::Text);
}

flaws! {
    MESSAGE = 0 => "postgresql.bad_message";
    TRUNCATED = 1 => "postgresql.truncated";
}

const STARTUP: u32 = 0x100;
const START_TLS: u32 = 0x101;
const START_GSS: u32 = 0x102;
const CANCEL: u32 = 0x103;
/// 53.7, StartupMessage: no server takes more than 10,000 bytes.
const STARTUP_BYTES: usize = 10_000;
/// Messages have 1 GiB at most.
const LARGEST: u32 = 1 << 30;
/// Questions: a login, a wish, a statement, a password. Their numbers keep their answers apart.
const LOGIN: u64 = 1;
const WISH: u64 = 2;
const QUERY: u64 = 3;
const TLS: u8 = place_of("tls");

#[derive(Default)]
struct Side {
    skip: usize,
    searching: bool,
}

/// What the server was last asked, and has not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    Tls,
    Gss,
    Login,
    Query,
}

#[derive(Default)]
struct Postgres {
    sides: [Side; 2],
    asked: Asked,
    /// The client has sent its startup, and says messages with letters from then on.
    started: bool,
    /// A password is asked for in clear.
    clear: bool,
    user: Vec<u8>,
    inside: Option<Box<dyn Parser>>,
    /// Encrypted by GSSAPI.
    sealed: bool,
}

/// What has no letter in front: a length and a number that says what it is.
fn startup(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut cursor = Cursor::new(bytes);
    let (length, code) = (cursor.u32_be().ok()? as usize, cursor.u32_be().ok()?);
    let fits = match code {
        80_877_103 | 80_877_104 => length == 8,
        80_877_102 => (16..=STARTUP_BYTES).contains(&length),
        // Versions 2 and 3.
        _ => matches!(code >> 16, 2 | 3) && code & 0xffff < 100 && (9..=STARTUP_BYTES).contains(&length),
    };
    fits.then_some((length, code))
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match startup(payload) {
        Some((_, 80_877_102..=80_877_104)) => Probe::Sure,
        Some((length, _)) if payload.len() >= length && payload.get(8..13) == Some(b"user\0") => Probe::Sure,
        Some(_) => Probe::Fits,
        None if letter(payload).is_some() => Probe::Fits,
        None => Probe::No,
    }
}

/// A message's letter and the bytes behind it.
fn letter(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut cursor = Cursor::new(bytes);
    let (letter, length) = (cursor.u8().ok()?, cursor.u32_be().ok()?);
    let known = letter.is_ascii_alphabetic() || matches!(letter, b'1'..=b'3');
    (known && (4..=LARGEST).contains(&length)).then_some((letter, length as usize))
}

impl Parser for Postgres {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let begins = context.from_client && startup(bytes).is_some();
        if context.after_gap && begins {
            *self = Self::default();
        }
        if self.sealed {
            return Step::Kept { used: bytes.len() };
        }
        if let Some(inner) = &mut self.inside {
            let step = inner.message(bytes, context, record);
            record.protocol = Some(TLS);
            return step;
        }
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            *side = Side { searching: true, skip: 0 };
            self.started = !begins;
        }
        if side.skip > 0 {
            let used = side.skip.min(bytes.len());
            side.skip = side.skip.saturating_sub(used);
            return Step::Kept { used };
        }
        record.class = Class::Session;
        if !context.from_client && matches!(self.asked, Asked::Tls | Asked::Gss) {
            if let Some(answer @ (b'S' | b'N' | b'G')) = bytes.first() {
                self.granted(*answer, record);
                return Step::Message { used: 1 };
            }
        }
        if context.from_client && !self.started {
            return self.start(bytes, context, record);
        }
        self.lettered(bytes, context, record)
    }

    fn kept_bytes(&self) -> usize {
        self.user.capacity().saturating_add(self.inside.as_ref().map_or(0, |inner| inner.kept_bytes()))
    }
}

impl Postgres {
    fn granted(&mut self, answer: u8, record: &mut Record) {
        let gss = std::mem::take(&mut self.asked) == Asked::Gss;
        (record.operation, record.operation_name) =
            if gss { (START_GSS, "start_gssapi") } else { (START_TLS, "start_tls") };
        (record.role, record.reference) = (Role::Response, Some(WISH));
        let accepted = answer != b'N';
        record.set(ENCRYPTED, Value::Bool(accepted));
        record.outcome = if accepted { Outcome::Success } else { Outcome::Failure };
        match answer {
            b'S' => self.inside = Some(tls::parser()),
            b'G' => self.sealed = true,
            _ => {}
        }
    }

    fn start(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if bytes.len() < 8 && bytes.first().is_none_or(|first| *first == 0) {
            return Step::Short { need: 8 };
        }
        let Some((length, code)) = startup(bytes) else {
            // Picked up in the middle.
            self.started = true;
            return self.lettered(bytes, context, record);
        };
        let Some(content) = bytes.get(8..length) else { return Step::Short { need: length } };
        record.role = Role::Request;
        match code {
            80_877_103 => {
                (record.operation, record.operation_name, record.reference) = (START_TLS, "start_tls", Some(WISH));
                self.asked = Asked::Tls;
            }
            80_877_104 => {
                (record.operation, record.operation_name, record.reference) = (START_GSS, "start_gssapi", Some(WISH));
                self.asked = Asked::Gss;
            }
            80_877_102 => {
                (record.operation, record.operation_name) = (CANCEL, "cancel");
                record.role = Role::Unsolicited;
                record.class = Class::Control;
            }
            _ => {
                (record.operation, record.operation_name, record.reference) = (STARTUP, "login", Some(LOGIN));
                let version = record.write_text(|out| {
                    let digits = [code >> 16, code & 0xffff]
                        .map(|part| b'0'.saturating_add(u8::try_from(part % 10).unwrap_or(0)));
                    out.extend([digits[0], b'.', digits[1]]);
                });
                record.set(VERSION, Value::Text(version));
                self.asked = Asked::Login;
                self.started = true;
                self.parameters(content, context, record);
            }
        }
        Step::Message { used: length }
    }

    /// Names and values in turn, each with a zero behind it; a zero ends them.
    fn parameters(&mut self, content: &[u8], context: &Context<'_>, record: &mut Record) {
        let mut words = content.split(|byte| *byte == 0);
        while let (Some(name), Some(value)) = (words.next().filter(|name| !name.is_empty()), words.next()) {
            let value = value.get(..TEXT_BYTES).unwrap_or(value);
            match name {
                b"user" => {
                    self.user = value.to_vec();
                    record.login(value, None, context.site);
                }
                b"database" => record.set_text(DATABASE, value),
                b"application_name" => record.set_text(APPLICATION, value),
                _ => {}
            }
        }
        if content.last().is_some_and(|last| *last != 0) {
            record.flaw(flaw::TRUNCATED);
        }
    }

    fn lettered(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if bytes.len() < 5 && bytes.first().is_some_and(|letter| letter.is_ascii_alphanumeric()) {
            return Step::Short { need: 5 };
        }
        let Some((letter, length)) = letter(bytes) else {
            let begins = |at: &usize| {
                bytes.get(*at..).is_some_and(|rest| self::letter(rest).is_some_and(|(_, length)| length < 1 << 16))
            };
            let used = (1..bytes.len()).find(begins).unwrap_or(bytes.len());
            if std::mem::replace(&mut side.searching, true) {
                return Step::Lost { used };
            }
            record.operation_name = "bad_message";
            record.flaw(flaw::MESSAGE);
            return Step::Message { used };
        };
        let whole = length.saturating_add(1);
        let told = match context.from_client {
            true => matches!(letter, b'Q' | b'P' | b'p' | b'X' | b'F'),
            false => matches!(letter, b'R' | b'E' | b'C' | b'S'),
        };
        let front = if told { whole.min(DATABASE_FRONT_BYTES) } else { 5 };
        let Some(content) = bytes.get(5..front) else { return Step::Short { need: front } };
        side.searching = false;
        let used = whole.min(bytes.len());
        side.skip = whole.saturating_sub(used);
        if !told {
            return Step::Kept { used };
        }
        record.operation = letter.into();
        let read = if context.from_client {
            record.set_u(LENGTH, length as u64);
            self.client(letter, content, context, record)
        } else {
            self.server(letter, content, record)
        };
        match read {
            Ok(true) => {}
            Ok(false) => return Step::Kept { used },
            Err(Short) => record.flaw(flaw::TRUNCATED),
        }
        Step::Message { used }
    }

    fn client(
        &mut self,
        letter: u8,
        content: &[u8],
        context: &Context<'_>,
        record: &mut Record,
    ) -> Result<bool, Short> {
        let mut cursor = Cursor::new(content);
        record.role = Role::Unsolicited;
        match letter {
            b'Q' | b'P' => {
                record.operation_name = if letter == b'Q' { "query" } else { "parse" };
                if letter == b'P' {
                    until_zero(&mut cursor);
                } else {
                    self.asked = Asked::Query;
                    (record.role, record.reference) = (Role::Request, Some(QUERY));
                }
                let (word, class) = sql::keyword(until_zero(&mut cursor).iter().copied());
                record.set(STATEMENT, Value::Name(word));
                record.class = class;
            }
            b'p' => {
                record.operation_name = "password";
                let password = std::mem::take(&mut self.clear).then(|| until_zero(&mut cursor));
                record.login(&self.user, password, context.site);
                // The answer is to the login.
                self.asked = Asked::Login;
            }
            b'F' => {
                record.operation_name = "function_call";
                record.class = Class::Control;
            }
            _ => record.operation_name = "terminate",
        }
        Ok(true)
    }

    fn server(&mut self, letter: u8, content: &[u8], record: &mut Record) -> Result<bool, Short> {
        let mut cursor = Cursor::new(content);
        record.role = Role::Unsolicited;
        match letter {
            b'R' => {
                let code = cursor.u32_be()?;
                record.operation_name = "authentication";
                record.set_u(METHOD, code);
                record.set(METHOD_NAME, Value::Name(method(code)));
                self.clear = code == 3;
                if code == 0 {
                    record.outcome = Outcome::Success;
                    self.answer(Asked::Login, record);
                }
            }
            b'E' => {
                record.operation_name = "error";
                record.outcome = Outcome::Failure;
                while let Ok(kind) = cursor.u8() {
                    let text = until_zero(&mut cursor);
                    match kind {
                        b'S' => record.set_text(SEVERITY, text),
                        b'C' => record.set_text(STATE, text),
                        b'M' => record.set_text(ERROR_TEXT, text),
                        _ => {}
                    }
                }
                let asked = self.asked;
                self.answer(asked, record);
            }
            b'C' => {
                record.operation_name = "complete";
                record.class = Class::Other;
                record.outcome = Outcome::Success;
                let tag = until_zero(&mut cursor);
                record.set_text(TAG, tag);
                self.answer(Asked::Query, record);
            }
            _ => {
                if until_zero(&mut cursor) != b"server_version" {
                    return Ok(false);
                }
                record.operation_name = "server_version";
                let version = until_zero(&mut cursor);
                record.set_text(SERVER_VERSION, version);
            }
        }
        Ok(true)
    }

    /// An answer to what was asked, if that is what waits. It has the question's number.
    fn answer(&mut self, to: Asked, record: &mut Record) {
        if self.asked != to {
            return;
        }
        let reference = match to {
            Asked::Login => LOGIN,
            Asked::Query => QUERY,
            _ => return,
        };
        self.asked = Asked::Nothing;
        (record.operation, record.role, record.reference) = (0, Role::Response, Some(reference));
    }
}

fn until_zero<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let rest = cursor.rest();
    let length = memchr::memchr(0, rest).unwrap_or(rest.len());
    let text = cursor.take(length).unwrap_or_default();
    let _zero = cursor.skip(1);
    text.get(..TEXT_BYTES).unwrap_or(text)
}

fn method(code: u32) -> &'static str {
    match code {
        0 => "ok",
        2 => "kerberos_5",
        3 => "clear_password",
        4 => "crypt_password",
        5 => "md5_password",
        7 => "gssapi",
        8 => "gssapi_continue",
        9 => "sspi",
        10 => "sasl",
        11 => "sasl_continue",
        12 => "sasl_final",
        _ => "unknown",
    }
}
