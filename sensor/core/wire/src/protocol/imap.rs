//! IMAP. RFC 9051 and RFC 3501; RFC 7888 (literals without waiting), RFC 4959 (first answer of a login),
//! RFC 4978 (COMPRESS), RFC 2177 (IDLE).
//!
//! One event per command, per tagged answer and per line of a login; untagged data and literals are passed over.
//! `reference` is a hash of the tag; the lines of a login have the tag of the command they belong to.

use super::text::lines::Lines;
use super::text::sasl::Sasl;
use super::text::word::Word;
use super::text::{first_word, mentions, number, operation, put, put_command, readable, split, Operation};
use super::tls::Inside;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits::{PENDING_REQUESTS, TEXT_LINE_BYTES};
use crate::value::{field, flaws, name_hash, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "imap",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[143], probe: &probe, parser: &|| Box::new(Imap::default()) }),
};

slots! {
    COMMAND = 0 => field("imap.command", Kind::Text);
    MAILBOX = 1 => field("imap.mailbox", Kind::Text);
    AUTH = 2 => field("imap.auth", Kind::Text);
    STATUS = 3 => field("imap.status", Kind::Text);
    SERVER = 4 => field("imap.server", Kind::Text);
}

flaws! {
    LINE = 0 => "imap.bad_line";
    LONG = 1 => "imap.long_line";
    COMMAND_NAME = 2 => "imap.unknown_command";
    CREDENTIALS = 3 => "imap.bad_credentials";
}

const UNKNOWN: Operation = operation(1, "unknown", Class::Other);
const BAD: Operation = operation(2, "bad_line", Class::Other);
const REPLY: Operation = operation(0, "reply", Class::Other);
const GREETING: Operation = operation(3, "greeting", Class::Session);
const AUTH_DATA: Operation = operation(4, "auth_data", Class::Session);
const AUTHENTICATE: u32 = 11;
const STARTTLS: u32 = 12;
const COMPRESS: u32 = 13;

fn command(verb: &[u8]) -> Operation {
    match verb {
        b"LOGIN" => operation(10, "login", Class::Session),
        b"AUTHENTICATE" => operation(AUTHENTICATE, "authenticate", Class::Session),
        b"STARTTLS" => operation(STARTTLS, "starttls", Class::Session),
        b"COMPRESS" => operation(COMPRESS, "compress", Class::Session),
        b"LOGOUT" => operation(14, "logout", Class::Session),
        b"ENABLE" => operation(15, "enable", Class::Session),
        b"UNAUTHENTICATE" => operation(16, "unauthenticate", Class::Session),
        b"ID" => operation(17, "id", Class::Discover),
        b"CAPABILITY" => operation(18, "capability", Class::Discover),
        b"NAMESPACE" => operation(19, "namespace", Class::Discover),
        b"SELECT" => operation(20, "select", Class::Read),
        b"EXAMINE" => operation(21, "examine", Class::Read),
        b"LIST" | b"XLIST" => operation(22, "list", Class::Discover),
        b"LSUB" => operation(23, "lsub", Class::Discover),
        b"STATUS" => operation(24, "status", Class::Discover),
        b"CREATE" => operation(25, "create", Class::Write),
        b"DELETE" => operation(26, "delete", Class::Write),
        b"RENAME" => operation(27, "rename", Class::Write),
        b"SUBSCRIBE" => operation(28, "subscribe", Class::Write),
        b"UNSUBSCRIBE" => operation(29, "unsubscribe", Class::Write),
        b"APPEND" => operation(30, "append", Class::Write),
        b"FETCH" => operation(31, "fetch", Class::Read),
        b"SEARCH" | b"SORT" | b"THREAD" => operation(32, "search", Class::Read),
        b"STORE" => operation(33, "store", Class::Write),
        b"COPY" => operation(34, "copy", Class::Write),
        b"MOVE" => operation(35, "move", Class::Write),
        b"EXPUNGE" => operation(36, "expunge", Class::Write),
        b"CLOSE" | b"UNSELECT" => operation(37, "close", Class::Other),
        b"CHECK" => operation(38, "check", Class::Other),
        b"NOOP" => operation(39, "noop", Class::Other),
        b"IDLE" => operation(40, "idle", Class::Other),
        b"GETACL" | b"MYRIGHTS" | b"LISTRIGHTS" => operation(41, "get_acl", Class::Discover),
        b"SETACL" | b"DELETEACL" => operation(42, "set_acl", Class::Write),
        b"GETQUOTA" | b"GETQUOTAROOT" => operation(43, "get_quota", Class::Discover),
        b"SETQUOTA" => operation(44, "set_quota", Class::Write),
        b"GETMETADATA" | b"SETMETADATA" => operation(45, "metadata", Class::Other),
        _ => UNKNOWN,
    }
}

#[derive(Default)]
enum State {
    #[default]
    Clear,
    /// A login is under way, for the command of that tag.
    Login(Sasl, u64),
    /// What TLS protects, and its handshake.
    Encrypted(Inside),
    /// RFC 4978: everything is deflated.
    Compressed,
}

/// Bytes of a literal, then the rest of its line, are passed over.
#[derive(Debug, Default)]
struct Passing {
    literal: u64,
    line: bool,
}

#[derive(Default)]
struct Imap {
    client: Lines,
    server: Lines,
    passing: [Passing; 2],
    waiting: Vec<(u64, Operation)>,
    state: State,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() {
        return Probe::No;
    }
    let (line, _) = split(payload, b'\n');
    if (line.starts_with(b"* OK ") || line.starts_with(b"* PREAUTH ")) && mentions(line, b"imap") {
        return Probe::Sure;
    }
    match plausible_answer(payload) || is_command(payload) {
        true => Probe::Fits,
        false => Probe::No,
    }
}

fn is_command(bytes: &[u8]) -> bool {
    let (tag, behind) = split(bytes, b' ');
    if tag.len() == bytes.len() {
        return tag.len() <= 32 && is_tag(tag);
    }
    let verb = behind.split(|byte| matches!(byte, b' ' | b'\r' | b'\n')).next().unwrap_or_default();
    let whole = verb.len() < behind.len();
    let known = command(Word::upper(verb).bytes()) != UNKNOWN || verb.eq_ignore_ascii_case(b"uid");
    is_tag(tag) && (known || !whole && verb.len() <= 16 && verb.iter().all(u8::is_ascii_alphabetic))
}

/// RFC 9051 9: what may stand in an atom, but no plus.
fn is_tag(tag: &[u8]) -> bool {
    (1..=32).contains(&tag.len())
        && tag
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'$' | b'/' | b':'))
}

fn plausible_answer(bytes: &[u8]) -> bool {
    let (tag, behind) = split(bytes, b' ');
    let status = behind.get(..2).unwrap_or(behind);
    match tag {
        b"*" | b"+" => readable(behind.get(..4).unwrap_or(behind)),
        _ if tag.len() == bytes.len() => tag.len() <= 2 && readable(tag),
        _ => is_tag(tag) && [&b"OK"[..], b"NO", b"BA"].iter().any(|word| word.starts_with(status)),
    }
}

/// `{123}` or `{123+}` at the end of a line (`~{123}` for binary): so many bytes follow.
fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner.get(open.saturating_add(1)..)?;
    number(digits.strip_suffix(b"+").unwrap_or(digits))
}

impl Parser for Imap {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let plausible = if context.from_client { is_command } else { plausible_answer };
        if context.after_gap {
            self.waiting.clear();
            self.passing = [Passing::default(), Passing::default()];
            if bytes.len() > 8 && plausible(bytes) {
                self.state = State::Clear;
            }
        }
        match &mut self.state {
            State::Encrypted(tls) => return tls.message(bytes, context, record),
            State::Compressed => return Step::Kept { used: bytes.len() },
            _ => {}
        }
        let [server_passing, client_passing] = &mut self.passing;
        let (lines, passing) = match context.from_client {
            true => (&mut self.client, client_passing),
            false => (&mut self.server, server_passing),
        };
        if passing.literal > 0 {
            let used = usize::try_from(passing.literal).unwrap_or(usize::MAX).min(bytes.len());
            passing.literal = passing.literal.saturating_sub(used as u64);
            return Step::Kept { used };
        }
        let going_on = passing.line || matches!(self.state, State::Login(..));
        let front = lines.front(bytes, context.after_gap, |bytes| going_on || plausible(bytes));
        let (line, mut used) = match front.text(record, flaw::LONG) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let more = literal(line);
        let begun = !std::mem::replace(&mut passing.line, more.is_some());
        passing.literal = more.unwrap_or(0);
        if !begun {
            return Step::Kept { used };
        }
        let told = match (context.from_client, more) {
            (true, Some(length)) if is_login(line) => match self.login(bytes, used, length, context, record) {
                Ok(whole) => {
                    used = whole;
                    true
                }
                Err(step) => return step,
            },
            (true, _) => self.asks(line, context, record),
            (false, _) => self.answers(line, record),
        };
        if told {
            Step::Message { used }
        } else {
            Step::Kept { used }
        }
    }

    fn kept_bytes(&self) -> usize {
        let state = match &self.state {
            State::Login(sasl, _) => sasl.kept_bytes(),
            State::Encrypted(tls) => tls.kept_bytes(),
            _ => 0,
        };
        self.waiting.capacity().saturating_mul(size_of::<(u64, Operation)>()).saturating_add(state)
    }
}

fn is_login(line: &[u8]) -> bool {
    first_word(first_word(line).1).0.eq_ignore_ascii_case(b"login")
}

impl Imap {
    fn ask(&mut self, reference: u64, operation: Operation, record: &mut Record) {
        operation.tell(record);
        record.role = Role::Request;
        record.reference = Some(reference);
        if self.waiting.len() >= PENDING_REQUESTS {
            self.waiting.remove(0);
        }
        self.waiting.push((reference, operation));
    }

    fn asks(&mut self, line: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        if let State::Login(sasl, reference) = &mut self.state {
            let reference = *reference;
            if !sasl.line(line, record, context.site) {
                record.flaw(flaw::CREDENTIALS);
            }
            self.ask(reference, AUTH_DATA, record);
            return true;
        }
        let (tag, rest) = first_word(line);
        // DONE ends IDLE and has no tag.
        if line.trim_ascii().is_empty() || line.eq_ignore_ascii_case(b"done") {
            return false;
        }
        let (word, argument) = first_word(rest);
        let mut verb = Word::upper(word);
        let mut argument = argument;
        if verb.bytes() == b"UID" {
            let (word, behind) = first_word(argument);
            (verb, argument) = (Word::upper(word), behind);
        }
        let known = command(verb.bytes());
        if !is_tag(tag) || known == UNKNOWN && (!readable(line) || verb.bytes().is_empty()) {
            self.client.search();
            BAD.tell(record);
            record.flaw(flaw::LINE);
            return true;
        }
        let reference = name_hash(tag);
        self.ask(reference, known, record);
        put_command(record, COMMAND, verb.bytes(), known != UNKNOWN);
        match verb.bytes() {
            b"LOGIN" => {
                let (user, rest) = astring(argument);
                let (password, _) = astring(rest);
                self.judge(user, password, context, record);
            }
            b"AUTHENTICATE" => {
                let (mechanism, initial) = first_word(argument);
                let mut sasl = Sasl::begin(mechanism, AUTH, record);
                if !initial.is_empty() && !sasl.line(initial, record, context.site) {
                    record.flaw(flaw::CREDENTIALS);
                }
                self.state = State::Login(sasl, reference);
            }
            b"LIST" | b"XLIST" | b"LSUB" => put(record, MAILBOX, astring(astring(argument).1).0.unwrap_or_default()),
            _ if matches!(known.number, 20..=21 | 24..=30) => {
                put(record, MAILBOX, astring(argument).0.unwrap_or_default());
            }
            b"COPY" | b"MOVE" => put(record, MAILBOX, astring(first_word(argument).1).0.unwrap_or_default()),
            _ if known == UNKNOWN => record.flaw(flaw::COMMAND_NAME),
            _ => {}
        }
        true
    }

    /// `LOGIN {5}` and so on: user and password in literals, all of them short.
    fn login(
        &mut self,
        bytes: &[u8],
        first: usize,
        length: u64,
        context: &Context<'_>,
        record: &mut Record,
    ) -> Result<usize, Step> {
        let (line, _) = split(bytes, b'\n');
        let (tag, _) = first_word(line);
        let (_, argument) = first_word(first_word(line).1);
        let mut values = [(!argument.starts_with(b"{")).then(|| astring(argument).0).flatten(), None];
        let (mut used, mut length) = (first, length);
        let [_, client_passing] = &mut self.passing;
        loop {
            let start = used;
            let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            if end > TEXT_LINE_BYTES {
                record.flaw(flaw::LONG);
                *client_passing = Passing { literal: length, line: true };
                break;
            }
            let short = |need: usize| Err(Step::Short { need: need.max(bytes.len().saturating_add(1)) });
            let Some(text) = bytes.get(start..end) else {
                *client_passing = Passing::default();
                return short(end);
            };
            let Some(line_end) = memchr::memchr(b'\n', bytes.get(end..).unwrap_or_default()) else {
                *client_passing = Passing::default();
                return match bytes.len() < TEXT_LINE_BYTES {
                    true => short(end.saturating_add(1)),
                    false => Ok(bytes.len()),
                };
            };
            let behind = bytes.get(end..end.saturating_add(line_end)).unwrap_or_default().trim_ascii();
            used = end.saturating_add(line_end).saturating_add(1);
            if let Some(place) = values.iter_mut().find(|place| place.is_none()) {
                *place = Some(text);
            }
            match literal(behind) {
                Some(next) => length = next,
                None => {
                    if let ([_, place @ None], false) = (&mut values, behind.is_empty()) {
                        *place = astring(behind).0;
                    }
                    *client_passing = Passing::default();
                    break;
                }
            }
        }
        let [user, password] = values;
        self.ask(name_hash(tag), command(b"LOGIN"), record);
        put(record, COMMAND, b"LOGIN");
        self.judge(user, password, context, record);
        Ok(used)
    }

    fn judge(&self, user: Option<&[u8]>, password: Option<&[u8]>, context: &Context<'_>, record: &mut Record) {
        match user {
            Some(user) => record.login(user, password, context.site),
            None => record.flaw(flaw::CREDENTIALS),
        }
    }

    fn answers(&mut self, line: &[u8], record: &mut Record) -> bool {
        let (tag, rest) = first_word(line);
        let (word, text) = first_word(rest);
        let status = match Word::upper(word).bytes() {
            b"OK" => "ok",
            b"NO" => "no",
            b"BAD" => "bad",
            b"PREAUTH" => "preauth",
            b"BYE" => "bye",
            _ => "",
        };
        match (tag, status) {
            (b"+", _) => {
                // It asks for the next line of a login, or lets a literal come.
                let State::Login(_, reference) = &self.state else { return false };
                let reference = *reference;
                record.set(STATUS, Value::Name("continue"));
                record.outcome = Outcome::Success;
                return self.answer(reference, record);
            }
            (b"*", "ok" | "preauth" | "bye") if self.waiting.is_empty() || status == "bye" => {
                GREETING.tell(record);
                if status == "bye" {
                    record.operation_name = "bye";
                }
                record.role = Role::Unsolicited;
                record.set(STATUS, Value::Name(status));
                put(record, SERVER, text);
                return true;
            }
            (b"*", _) => return false,
            (_, "ok" | "no" | "bad") if is_tag(tag) => {}
            // The rest of something that began before we came.
            _ if self.waiting.is_empty() && readable(line) => return false,
            _ => {
                self.server.search();
                BAD.tell(record);
                record.flaw(flaw::LINE);
                return true;
            }
        }
        record.set(STATUS, Value::Name(status));
        record.outcome = if status == "ok" { Outcome::Success } else { Outcome::Failure };
        let reference = name_hash(tag);
        if matches!(self.state, State::Login(_, login) if login == reference) {
            self.state = State::Clear;
        }
        self.answer(reference, record);
        match (record.operation, status) {
            (STARTTLS, "ok") => self.state = State::Encrypted(Inside::default()),
            (COMPRESS, "ok") => self.state = State::Compressed,
            _ => {}
        }
        true
    }

    fn answer(&mut self, reference: u64, record: &mut Record) -> bool {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == reference);
        let asked = place.map_or(REPLY, |place| self.waiting.remove(place).1);
        asked.tell(record);
        record.role = Role::Response;
        record.reference = Some(reference);
        true
    }
}

/// An atom or a quoted string (escapes stay, they are rare), and what is behind it.
fn astring(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let text = text.trim_ascii_start();
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = quoted.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        return match end {
            Some(end) => (quoted.get(..end), quoted.get(end.saturating_add(1)..).unwrap_or_default()),
            None => (None, &[]),
        };
    }
    let (atom, rest) = first_word(text);
    ((!atom.is_empty()).then_some(atom), rest)
}
