//! RTSP 1.0 and 2.0: cameras. RFC 2326, RFC 7826.
//!
//! One event per head; bodies and interleaved media (`$`, RFC 2326 10.12) are passed over. Either side may ask: who
//! does is told by the first line. `reference` is the CSeq.

use super::text::head::{head, lines, Head, Line};
use super::text::lines::next;
use super::text::word::Word;
use super::text::{credentials, number, operation, put, split, Operation};
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits::{HTTP_HEAD_BYTES, PENDING_REQUESTS};
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "rtsp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[554, 8554],
        probe: &probe,
        parser: &|| Box::new(Rtsp::default()),
    }),
};

slots! {
    METHOD = 0 => field("rtsp.method", Kind::Text);
    HOST = 1 => field("rtsp.host", Kind::Text);
    PATH = 2 => field("rtsp.path", Kind::Text);
    SEQUENCE = 3 => field("rtsp.sequence", Kind::Unsigned);
    STATUS = 4 => field("rtsp.status_code", Kind::Unsigned);
    USER_AGENT = 5 => field("rtsp.user_agent", Kind::Text);
    SERVER = 6 => field("rtsp.server", Kind::Text);
    AUTH = 7 => field("rtsp.auth", Kind::Text);
    REALM = 8 => field("rtsp.realm", Kind::Text);
    TRANSPORT = 9 => field("rtsp.transport", Kind::Text);
    TYPE = 10 => field("rtsp.mime_type", Kind::Text);
    BYTES = 11 => field("rtsp.body_bytes", Kind::Unsigned);
}

flaws! {
    START_LINE = 0 => "rtsp.bad_start_line";
    FIELD_LINE = 1 => "rtsp.bad_header_line";
    LONG_HEAD = 2 => "rtsp.long_header";
    LENGTH = 3 => "rtsp.bad_content_length";
    CREDENTIALS = 4 => "rtsp.bad_credentials";
    METHOD_NAME = 5 => "rtsp.unknown_method";
    // RFC 2326 12.17: every message has one.
    SEQUENCE = 6 => "rtsp.no_sequence";
}

const UNKNOWN: Operation = operation(31, "unknown", Class::Other);
const BAD: Operation = operation(32, "bad_message", Class::Other);
const RESPONSE: Operation = operation(0, "response", Class::Other);

fn method(name: &[u8]) -> Operation {
    match name {
        b"OPTIONS" => operation(1, "options", Class::Discover),
        b"DESCRIBE" => operation(2, "describe", Class::Discover),
        b"SETUP" => operation(3, "setup", Class::Session),
        b"PLAY" => operation(4, "play", Class::Read),
        b"PAUSE" => operation(5, "pause", Class::Control),
        b"TEARDOWN" => operation(6, "teardown", Class::Session),
        b"ANNOUNCE" => operation(7, "announce", Class::Write),
        b"RECORD" => operation(8, "record", Class::Write),
        b"GET_PARAMETER" => operation(9, "get_parameter", Class::Read),
        b"SET_PARAMETER" => operation(10, "set_parameter", Class::Write),
        b"REDIRECT" => operation(11, "redirect", Class::Control),
        b"PLAY_NOTIFY" => operation(12, "play_notify", Class::Other),
        _ => UNKNOWN,
    }
}

#[derive(Debug, Default)]
struct Side {
    /// Bytes of a body or of media that are passed over.
    left: u64,
    rest_of_head: bool,
    searching: bool,
}

#[derive(Default)]
struct Rtsp {
    sides: [Side; 2],
    waiting: Vec<(u64, Operation)>,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match (whole(payload), plausible(payload)) {
        (true, _) => Probe::Sure,
        (_, true) => Probe::Fits,
        _ => Probe::No,
    }
}

/// A whole first line is here and is one of ours.
fn whole(bytes: &[u8]) -> bool {
    let (line, rest) = split(bytes, b'\n');
    let line = line.trim_ascii_end();
    (line.len() < bytes.len() && !rest.is_empty() || bytes.ends_with(b"\n"))
        && (status(line).is_some() || request(line).is_some())
}

/// Can begin a message, or a frame of media.
fn plausible(bytes: &[u8]) -> bool {
    if whole(bytes) {
        return true;
    }
    match bytes {
        [b'$', 0..=15, _, _, second, ..] => second & 0xc0 == 0x80,
        [b'$'] | [b'$', 0..=15] | [b'$', 0..=15, _] | [b'$', 0..=15, _, _] => true,
        _ if memchr::memchr(b'\n', bytes).is_some() => false,
        _ if bytes.starts_with(b"RTSP/") || b"RTSP/".starts_with(bytes) => bytes.len() < 64,
        _ => match memchr::memchr(b' ', bytes) {
            Some(end) => method(bytes.get(..end).unwrap_or_default()) != UNKNOWN,
            None => bytes.len() <= 16 && bytes.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'),
        },
    }
}

fn request(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = split(line, b' ');
    let end = memchr::memrchr(b' ', rest)?;
    let version = rest.get(end.saturating_add(1)..)?;
    let token = (3..=24).contains(&name.len()) && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    (token && matches!(version, b"RTSP/1.0" | b"RTSP/2.0")).then_some((name, rest.get(..end)?.trim_ascii()))
}

fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"RTSP/1.0 ").or_else(|| line.strip_prefix(b"RTSP/2.0 "))?;
    number(rest.get(..3)?).and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 100)
}

impl Parser for Rtsp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let side = self.side(context);
        if context.after_gap {
            *side = Side { searching: true, ..Side::default() };
            self.waiting.clear();
        }
        let side = self.side(context);
        if side.left > 0 {
            let used = usize::try_from(side.left).unwrap_or(usize::MAX).min(bytes.len());
            side.left = side.left.saturating_sub(used as u64);
            return Step::Kept { used };
        }
        if side.searching {
            if !plausible(bytes) {
                return Step::Lost { used: next(bytes, whole) };
            }
            side.searching = false;
        }
        if side.rest_of_head {
            return match head(bytes, bytes.len()) {
                Head::Whole { used, .. } => {
                    side.rest_of_head = false;
                    Step::Kept { used }
                }
                _ => Step::Kept { used: bytes.len() },
            };
        }
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Step::Kept { used: empty };
        }
        if bytes.first() == Some(&b'$') {
            return media(bytes, side);
        }
        if !plausible(bytes) {
            return self.bad(bytes, context, record);
        }
        let (first, fields, used) = match head(bytes, HTTP_HEAD_BYTES) {
            Head::Whole { first, fields, used } => (first, fields, used),
            Head::Short => return Step::Short { need: bytes.len().saturating_add(1) },
            Head::Long { first, fields } => {
                record.flaw(flaw::LONG_HEAD);
                side.rest_of_head = true;
                (first, fields, bytes.len().min(HTTP_HEAD_BYTES))
            }
        };
        let length = if let Some(code) = status(first) {
            let (sequence, length) = header(fields, context, record);
            self.answers(code, sequence, record);
            length
        } else if let Some((name, uri)) = request(first) {
            let (sequence, length) = header(fields, context, record);
            self.asks(name, uri, sequence, record);
            length
        } else {
            return self.bad(bytes, context, record);
        };
        let side = self.side(context);
        if !side.rest_of_head {
            side.left = length;
        }
        Step::Message { used }
    }

    fn kept_bytes(&self) -> usize {
        self.waiting.capacity().saturating_mul(size_of::<(u64, Operation)>())
    }
}

/// As many frames of media as are here: `$`, channel, length, data.
fn media(bytes: &[u8], side: &mut Side) -> Step {
    let mut used = 0usize;
    while let Some([b'$', _, high, low]) = bytes.get(used..).and_then(<[u8]>::first_chunk::<4>) {
        let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_add(4);
        let here = bytes.len().saturating_sub(used);
        side.left = length.saturating_sub(here) as u64;
        used = used.saturating_add(length.min(here));
    }
    match used {
        0 => Step::Short { need: 4 },
        _ => Step::Kept { used },
    }
}

/// Reads the fields; returns CSeq and the body's length.
fn header(fields: &[u8], context: &Context<'_>, record: &mut Record) -> (Option<u64>, u64) {
    let (mut sequence, mut length) = (None, 0);
    for line in lines(fields) {
        let Line::Field { name, value } = line else {
            record.flaw(flaw::FIELD_LINE);
            continue;
        };
        match Word::lower(name).bytes() {
            b"cseq" => sequence = number(value),
            b"user-agent" => put(record, USER_AGENT, value),
            b"server" => put(record, SERVER, value),
            b"transport" => put(record, TRANSPORT, split(value, b',').0),
            b"content-type" => put(record, TYPE, split(value, b';').0),
            b"content-length" => match number(value) {
                Some(told) => {
                    length = told;
                    record.set_u(BYTES, told);
                }
                None => record.flaw(flaw::LENGTH),
            },
            b"authorization" | b"proxy-authorization" => {
                let (scheme, good) = credentials::authorization(value, record, context.site);
                record.set(AUTH, Value::Name(scheme));
                if !good {
                    record.flaw(flaw::CREDENTIALS);
                }
            }
            b"www-authenticate" | b"proxy-authenticate" if record.get(AUTH).is_none() => {
                record.set(AUTH, Value::Name(credentials::scheme(value)));
                put(record, REALM, credentials::parameter(split(value, b' ').1, b"realm").unwrap_or_default());
            }
            _ => {}
        }
    }
    match sequence {
        Some(sequence) => record.set_u(SEQUENCE, sequence),
        None => record.flaw(flaw::SEQUENCE),
    }
    (sequence, length)
}

impl Rtsp {
    fn side(&mut self, context: &Context<'_>) -> &mut Side {
        let [server, client] = &mut self.sides;
        if context.from_client {
            client
        } else {
            server
        }
    }

    fn asks(&mut self, name: &[u8], uri: &[u8], sequence: Option<u64>, record: &mut Record) {
        let operation = method(name);
        operation.tell(record);
        record.role = Role::Request;
        record.reference = sequence;
        put(record, METHOD, name);
        if operation == UNKNOWN {
            record.flaw(flaw::METHOD_NAME);
        }
        let (uri, _) = split(uri, b'?');
        let behind = memchr::memmem::find(uri, b"://").and_then(|at| uri.get(at.saturating_add(3)..));
        let path = match behind {
            Some(rest) => {
                let (authority, _) = split(rest, b'/');
                let host = memchr::memrchr(b'@', authority).and_then(|at| authority.get(at.saturating_add(1)..));
                put(record, HOST, host.unwrap_or(authority));
                rest.get(authority.len()..).filter(|path| !path.is_empty()).unwrap_or(b"/")
            }
            None => uri,
        };
        put(record, PATH, path);
        if let Some(sequence) = sequence {
            if self.waiting.len() >= PENDING_REQUESTS {
                self.waiting.remove(0);
            }
            self.waiting.push((sequence, operation));
        }
    }

    fn answers(&mut self, code: u16, sequence: Option<u64>, record: &mut Record) {
        let place = self.waiting.iter().position(|(waiting, _)| Some(*waiting) == sequence);
        let asked = match place {
            // 1xx comes before the answer.
            Some(place) if code < 200 => self.waiting.get(place).map(|(_, asked)| *asked),
            Some(place) => Some(self.waiting.remove(place).1),
            None => None,
        };
        asked.unwrap_or(RESPONSE).tell(record);
        record.role = Role::Response;
        record.set_u(STATUS, code);
        if code >= 200 {
            record.reference = sequence;
            record.outcome = if code < 400 { Outcome::Success } else { Outcome::Failure };
        }
    }

    fn bad(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        *self.side(context) = Side { searching: true, ..Side::default() };
        BAD.tell(record);
        record.flaw(flaw::START_LINE);
        Step::Message { used: next(bytes, whole) }
    }
}
