//! TLS over TCP: hellos, certificates up to 1.2, and alerts. What is encrypted is passed over unseen.
//! RFC 8446 (1.3), RFC 5246 (1.2), RFC 6101 (SSL 3.0); GB/T 38636-2020 (TLCP) frames its records alike.
//!
//! `operation`: the handshake type; alerts 0x100. A hello's answer has the number of the hello.

mod certificate;
mod fields;
mod hello;
mod ja4;
mod names;

use super::{place_of, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::Cursor;
use crate::limits::TLS_HANDSHAKE_BYTES;
use crate::value::{Class, Outcome, Record, Role, Value};
use fields::*;
use hello::Chosen;

/// Ports only help where the first record was lost: content is sure.
pub const PROTOCOL: Protocol = Protocol {
    name: "tls",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 3269, 5061, 5671, 6568, 7070, 8443, 8883],
        probe: &probe,
        parser: &|| parser(),
    }),
};

/// For protocols inside whose conversations TLS begins.
pub fn parser() -> Box<dyn Parser> {
    Box::new(Tls::default())
}

/// TLS that began inside another protocol's conversation: its messages are TLS's.
pub struct Inside(Box<dyn Parser>);

impl Default for Inside {
    fn default() -> Self {
        Self(parser())
    }
}

impl Inside {
    pub fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        record.protocol = Some(const { place_of("tls") });
        self.0.message(bytes, context, record)
    }

    pub fn kept_bytes(&self) -> usize {
        self.0.kept_bytes()
    }
}

const HEADER: usize = 5;
/// RFC 5246 6.2.3: 2^14 bytes, and 2048 that encryption may add.
const LARGEST: usize = (1 << 14) + 2048;
const CHANGE_CIPHER: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION: u8 = 23;
const HEARTBEAT: u8 = 24;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const ALERT_OPERATION: u32 = 0x100;
/// There is one hello at a time.
const REFERENCE: u64 = 1;

/// One direction.
#[derive(Default)]
struct Side {
    /// Bytes of the handshake record at the front that are not read yet.
    left: usize,
    /// Bytes of a record that are passed over.
    skip: usize,
    /// The front of a handshake message whose records have not all come.
    unfinished: Vec<u8>,
    /// Bytes to come of a handshake message that is too long.
    dropping: usize,
    /// A hello of this side was read.
    greeted: bool,
    /// From the next handshake record on it is encrypted, unless that is a hello.
    changed: bool,
    /// Everything from here on is encrypted.
    sealed: bool,
    /// Framing was lost: looking for the next record.
    searching: bool,
}

#[derive(Default)]
struct Tls {
    sides: [Side; 2],
    /// The client's hello waits for its answer.
    asked: bool,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match payload {
        [HANDSHAKE, 3, 0..=4, _, _, CLIENT_HELLO | SERVER_HELLO, 0, _, _, 1 | 3, ..] if header(payload).is_some() => {
            Probe::Sure
        }
        _ if header(payload).is_some() => Probe::Fits,
        _ => Probe::No,
    }
}

/// Type and length of the record that begins here, as far as the bytes go; `None`: none does.
fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let [kind @ CHANGE_CIPHER..=HEARTBEAT, major, minor, high, low] = *bytes.first_chunk::<HEADER>()? else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let versions = (major == 3 && minor <= 4) || (major == 1 && minor == 1);
    let fits = match kind {
        APPLICATION => length <= LARGEST,
        CHANGE_CIPHER => length == 1,
        _ => (1..=LARGEST).contains(&length),
    };
    (versions && fits).then_some((kind, length))
}

/// A record that begins with a hello of plausible length, which encrypted bytes hardly ever do.
fn begins_with_hello(content: &[u8], record_length: usize) -> bool {
    match content {
        [CLIENT_HELLO | SERVER_HELLO, 0, high, low, 1 | 3, ..] => {
            usize::from(u16::from_be_bytes([*high, *low])).saturating_add(4) <= record_length.max(LARGEST)
        }
        _ => false,
    }
}

/// Where behind the front a record may begin; all of the bytes when there is none.
fn next(bytes: &[u8]) -> usize {
    let begins = |at: &usize| {
        let rest = bytes.get(*at..).unwrap_or_default();
        header(rest).is_some() || (rest.len() < HEADER && rest.first().is_some_and(|kind| (20..=24).contains(kind)))
    };
    (1..bytes.len()).find(begins).unwrap_or(bytes.len())
}

impl Parser for Tls {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let asked = self.asked;
        let [server, client] = &mut self.sides;
        let both_greeted = server.greeted && client.greeted;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            let sealed = (side.sealed || both_greeted)
                && !header(bytes).is_some_and(|(kind, length)| {
                    kind == HANDSHAKE && begins_with_hello(bytes.get(HEADER..).unwrap_or_default(), length)
                });
            *side = Side { searching: true, sealed, greeted: side.greeted, ..Side::default() };
        }
        if side.sealed {
            return Step::Kept { used: bytes.len() };
        }
        if side.skip > 0 {
            let used = side.skip.min(bytes.len());
            side.skip = side.skip.saturating_sub(used);
            return Step::Kept { used };
        }
        if side.left > 0 {
            return self.handshake(bytes, 0, context, record);
        }
        if bytes.len() < HEADER && bytes.first().is_some_and(|kind| (CHANGE_CIPHER..=HEARTBEAT).contains(kind)) {
            return Step::Short { need: HEADER };
        }
        let Some((kind, length)) = header(bytes) else {
            let used = next(bytes).max(1);
            if std::mem::replace(&mut side.searching, true) {
                return Step::Lost { used };
            }
            record.operation_name = "bad_record";
            record.class = Class::Session;
            record.flaw(flaw::RECORD);
            return Step::Message { used };
        };
        let whole = HEADER.saturating_add(length);
        match kind {
            HANDSHAKE | ALERT if bytes.len() < whole => Step::Short { need: whole },
            HANDSHAKE => {
                side.searching = false;
                let content = bytes.get(HEADER..whole).unwrap_or_default();
                if side.changed && !begins_with_hello(content, length) {
                    side.sealed = true;
                    return Step::Kept { used: bytes.len() };
                }
                side.changed = false;
                side.left = length;
                self.handshake(bytes, HEADER, context, record)
            }
            ALERT => {
                side.searching = false;
                let content = bytes.get(HEADER..whole).unwrap_or_default();
                match content {
                    [level, description] if !side.changed => self.alert(*level, *description, context, record),
                    // Encrypted.
                    _ => return Step::Kept { used: whole },
                }
                Step::Message { used: whole }
            }
            _ => {
                side.searching = false;
                side.changed |= kind == CHANGE_CIPHER;
                // Before the answer to its hello a client may send early data (RFC 8446 2.3) and then greet again.
                side.sealed = kind == APPLICATION && !(context.from_client && asked);
                let used = whole.min(bytes.len());
                side.skip = whole.saturating_sub(used);
                Step::Kept { used }
            }
        }
    }

    fn kept_bytes(&self) -> usize {
        self.sides.iter().map(|side| side.unfinished.capacity()).sum()
    }
}

impl Tls {
    fn side(&mut self, from_client: bool) -> &mut Side {
        let [server, client] = &mut self.sides;
        if from_client {
            client
        } else {
            server
        }
    }

    /// Read one handshake message of the record whose content begins at `begin`.
    fn handshake(&mut self, bytes: &[u8], begin: usize, context: &Context<'_>, record: &mut Record) -> Step {
        let side = self.side(context.from_client);
        let end = begin.saturating_add(side.left);
        let Some(content) = bytes.get(begin..end) else { return Step::Short { need: end } };
        let passed = side.dropping.min(content.len());
        if passed > 0 {
            side.dropping = side.dropping.saturating_sub(passed);
            side.left = side.left.saturating_sub(passed);
            return Step::Kept { used: begin.saturating_add(passed) };
        }
        // The header of four bytes may itself be in pieces.
        let before = side.unfinished.len();
        let mut start = [0u8; 4];
        for (place, byte) in start.iter_mut().zip(side.unfinished.iter().chain(content)) {
            *place = *byte;
        }
        let [kind, high, middle, low] = start;
        if before.saturating_add(content.len()) < start.len() {
            side.unfinished.extend_from_slice(content);
            side.left = 0;
            return Step::Kept { used: end };
        }
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let total = length.saturating_add(start.len());
        let missing = total.saturating_sub(before);
        let refused = if !names::handshake(kind) { flaw::HANDSHAKE } else { flaw::TOO_LONG };
        if refused == flaw::HANDSHAKE || total > TLS_HANDSHAKE_BYTES {
            let greeted = side.greeted;
            side.unfinished = Vec::new();
            if refused == flaw::HANDSHAKE {
                // Encrypted, most likely: what is before the change of ciphers was lost or came before our time.
                side.sealed = !greeted;
                side.left = 0;
            } else {
                side.dropping = missing;
                let passed = missing.min(content.len());
                side.dropping = missing.saturating_sub(passed);
                side.left = side.left.saturating_sub(passed);
            }
            let used = end.saturating_sub(side.left).max(1);
            if !greeted {
                return Step::Kept { used };
            }
            describe(record, kind.into(), "handshake");
            record.set_u(HANDSHAKE_TYPE, kind);
            record.flaw(refused);
            return Step::Message { used };
        }
        let Some(here) = content.get(..missing) else {
            side.unfinished.extend_from_slice(content);
            side.left = 0;
            return Step::Kept { used: end };
        };
        side.left = side.left.saturating_sub(missing);
        let used = begin.saturating_add(missing);
        let told = if before == 0 {
            self.content(kind, here.get(start.len()..).unwrap_or_default(), context, record)
        } else {
            let mut whole = std::mem::take(&mut side.unfinished);
            whole.extend_from_slice(here);
            self.content(kind, whole.get(start.len()..).unwrap_or_default(), context, record)
        };
        match told {
            true => Step::Message { used },
            false => Step::Kept { used },
        }
    }

    /// A whole handshake message. False where it has nothing to tell.
    fn content(&mut self, kind: u8, body: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let mut cursor = Cursor::new(body);
        let read = match kind {
            CLIENT_HELLO => {
                describe(record, kind.into(), "hello");
                (record.role, record.reference) = (Role::Request, Some(REFERENCE));
                self.asked = true;
                self.side(context.from_client).greeted = true;
                hello::client(&mut cursor, context, record)
            }
            SERVER_HELLO => {
                describe(record, CLIENT_HELLO.into(), "hello");
                (record.role, record.reference) = (Role::Response, Some(REFERENCE));
                self.asked = false;
                let chosen = hello::server(&mut cursor, record);
                let side = self.side(context.from_client);
                side.greeted = true;
                side.sealed = chosen == Ok(Chosen::Sealed);
                if chosen == Ok(Chosen::Retry) {
                    record.operation_name = "hello_retry";
                    // The client may have sent early data, and greets again.
                    self.asked = true;
                }
                chosen.map(|_| ())
            }
            CERTIFICATE => {
                describe(record, kind.into(), "certificate");
                record.role = Role::Unsolicited;
                certificate::read(&mut cursor, context.ts_ns, record)
            }
            _ => return false,
        };
        record.set_u(HANDSHAKE_TYPE, kind);
        if read.is_err() {
            record.flaw(flaw::TRUNCATED);
        }
        true
    }

    fn alert(&mut self, level: u8, description: u8, context: &Context<'_>, record: &mut Record) {
        describe(record, ALERT_OPERATION, "alert");
        record.role = Role::Unsolicited;
        record.set_u(ALERT_LEVEL, level);
        let level_name = match level {
            1 => "warning",
            2 => "fatal",
            _ => "unknown",
        };
        record.set(ALERT_LEVEL_NAME, Value::Name(level_name));
        record.set_u(ALERT_CODE, description);
        record.set(ALERT_NAME, Value::Name(names::alert(description)));
        if level == 2 {
            record.outcome = Outcome::Failure;
            if self.asked && !context.from_client {
                // The answer to the hello.
                self.asked = false;
                (record.operation, record.role, record.reference) = (0, Role::Response, Some(REFERENCE));
            }
        }
    }
}

fn describe(record: &mut Record, operation: u32, name: &'static str) {
    record.operation = operation;
    record.operation_name = name;
    record.class = Class::Session;
}
