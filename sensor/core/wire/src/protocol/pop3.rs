//! POP3. RFC 1939; RFC 2449 (CAPA), RFC 2595 (STLS), RFC 5034 (AUTH).
//!
//! One event per line that a client says and per status line; what comes in many lines (mails, lists) is passed over.

use super::text::dots::{Dots, Passed};
use super::text::lines::{plausible_command, Lines};
use super::text::queue::Queue;
use super::text::sasl::{Sasl, USER};
use super::text::word::Word;
use super::text::{first_word, mentions, operation, put, put_command, readable, split, Operation};
use super::tls::Inside;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "pop3",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[110], probe: &probe, parser: &|| Box::new(Pop3::default()) }),
};

slots! {
    COMMAND = 0 => field("pop3.command", Kind::Text);
    ARGUMENT = 1 => field("pop3.argument", Kind::Text);
    AUTH = 2 => field("pop3.auth", Kind::Text);
    STATUS = 3 => field("pop3.status", Kind::Text);
    SERVER = 4 => field("pop3.server", Kind::Text);
}

flaws! {
    LINE = 0 => "pop3.bad_line";
    LONG = 1 => "pop3.long_line";
    COMMAND_NAME = 2 => "pop3.unknown_command";
    CREDENTIALS = 3 => "pop3.bad_credentials";
}

const UNKNOWN: Operation = operation(1, "unknown", Class::Other);
const BAD: Operation = operation(2, "bad_line", Class::Other);
const REPLY: Operation = operation(0, "reply", Class::Other);
const GREETING: Operation = operation(3, "greeting", Class::Session);
const AUTH_DATA: Operation = operation(4, "auth_data", Class::Session);
const STLS: u32 = 14;

fn command(verb: &[u8]) -> Operation {
    match verb {
        b"USER" => operation(10, "user", Class::Session),
        b"PASS" => operation(11, "pass", Class::Session),
        b"APOP" => operation(12, "apop", Class::Session),
        b"AUTH" => operation(13, "auth", Class::Session),
        b"STLS" => operation(STLS, "stls", Class::Session),
        b"QUIT" => operation(15, "quit", Class::Session),
        b"CAPA" => operation(16, "capa", Class::Discover),
        b"STAT" => operation(17, "stat", Class::Discover),
        b"LIST" => operation(18, "list", Class::Discover),
        b"UIDL" => operation(19, "uidl", Class::Discover),
        b"RETR" => operation(20, "retr", Class::Read),
        b"TOP" => operation(21, "top", Class::Read),
        b"DELE" => operation(22, "dele", Class::Write),
        b"RSET" => operation(23, "rset", Class::Other),
        b"NOOP" => operation(24, "noop", Class::Other),
        b"LAST" => operation(25, "last", Class::Discover),
        b"UTF8" => operation(26, "utf8", Class::Other),
        b"LANG" => operation(27, "lang", Class::Other),
        b"XTND" => operation(28, "xtnd", Class::Other),
        _ => UNKNOWN,
    }
}

#[derive(Default)]
enum State {
    #[default]
    Clear,
    Login(Sasl),
    /// What TLS protects, and its handshake.
    Encrypted(Inside),
}

/// What waits for its answer, and whether many lines come with it.
#[derive(Clone, Copy)]
struct Asked {
    operation: Operation,
    lines: bool,
}

#[derive(Default)]
struct Pop3 {
    client: Lines,
    server: Lines,
    waiting: Queue<Asked>,
    state: State,
    user: Vec<u8>,
    content: Option<Dots>,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() {
        return Probe::No;
    }
    let (line, _) = split(payload, b'\n');
    if line.starts_with(b"+OK ") && mentions(line, b"pop") {
        return Probe::Sure;
    }
    match plausible_status(payload) || is_command(payload) {
        true => Probe::Fits,
        false => Probe::No,
    }
}

fn is_command(bytes: &[u8]) -> bool {
    plausible_command(bytes, |word| command(Word::upper(word).bytes()) != UNKNOWN)
}

fn plausible_status(bytes: &[u8]) -> bool {
    let begins = |word: &[u8]| bytes.starts_with(word) || word.starts_with(bytes);
    begins(b"+OK") || begins(b"-ERR") || begins(b"+ ")
}

impl Parser for Pop3 {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let plausible = if context.from_client { is_command } else { plausible_status };
        if context.after_gap {
            self.waiting.lose();
            if bytes.len() > 4 && plausible(bytes) {
                self.state = State::Clear;
                self.content = None;
            }
        }
        if let State::Encrypted(tls) = &mut self.state {
            return tls.message(bytes, context, record);
        }
        if let Some(dots) = self.content.as_mut().filter(|_| !context.from_client) {
            dots.middle |= context.after_gap;
            return match dots.pass(bytes) {
                Passed::Some { used } => Step::Kept { used },
                Passed::Short => Step::Short { need: bytes.len().saturating_add(1) },
                Passed::End { used } => {
                    self.content = None;
                    Step::Kept { used }
                }
            };
        }
        let login = matches!(self.state, State::Login(_));
        let lines = if context.from_client { &mut self.client } else { &mut self.server };
        let front = lines.front(bytes, context.after_gap, |bytes| login || plausible(bytes));
        let (line, used) = match front.text(record, flaw::LONG) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let told = if context.from_client { self.asks(line, context, record) } else { self.answers(line, record) };
        if told {
            Step::Message { used }
        } else {
            Step::Kept { used }
        }
    }

    fn kept_bytes(&self) -> usize {
        let state = match &self.state {
            State::Login(sasl) => sasl.kept_bytes(),
            State::Encrypted(tls) => tls.kept_bytes(),
            _ => 0,
        };
        self.waiting.kept_bytes().saturating_add(self.user.capacity()).saturating_add(state)
    }
}

impl Pop3 {
    fn ask(&mut self, operation: Operation, lines: bool, record: &mut Record) {
        operation.tell(record);
        record.role = Role::Request;
        record.reference = Some(self.waiting.ask(Asked { operation, lines }));
    }

    fn asks(&mut self, line: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        if let State::Login(sasl) = &mut self.state {
            if !sasl.line(line, record, context.site) {
                record.flaw(flaw::CREDENTIALS);
            }
            self.ask(AUTH_DATA, false, record);
            return true;
        }
        if line.trim_ascii().is_empty() {
            return false;
        }
        let (word, argument) = first_word(line);
        let verb = Word::upper(word);
        let known = command(verb.bytes());
        if known == UNKNOWN && !(readable(line) && verb.bytes().iter().any(u8::is_ascii_alphabetic)) {
            return bad(&mut self.client, record);
        }
        // RFC 1939 5: these two tell of one mail in one line, and of all in many.
        let lines = match verb.bytes() {
            b"RETR" | b"TOP" | b"CAPA" => true,
            b"LIST" | b"UIDL" | b"AUTH" => argument.trim_ascii().is_empty(),
            _ => false,
        };
        self.ask(known, lines, record);
        put_command(record, COMMAND, verb.bytes(), known != UNKNOWN);
        match verb.bytes() {
            b"USER" => {
                self.user.clear();
                self.user.extend_from_slice(argument.get(..USER).unwrap_or(argument));
                record.login(argument, None, context.site);
            }
            b"PASS" => record.login(&self.user, Some(argument), context.site),
            b"APOP" => record.login(first_word(argument).0, None, context.site),
            b"AUTH" if !lines => {
                let (mechanism, initial) = first_word(argument);
                let mut sasl = Sasl::begin(mechanism, AUTH, record);
                if !initial.is_empty() && !sasl.line(initial, record, context.site) {
                    record.flaw(flaw::CREDENTIALS);
                }
                self.state = State::Login(sasl);
            }
            _ if known == UNKNOWN => record.flaw(flaw::COMMAND_NAME),
            _ => put(record, ARGUMENT, argument),
        }
        true
    }

    fn answers(&mut self, line: &[u8], record: &mut Record) -> bool {
        let (word, text) = first_word(line);
        let status = match word {
            b"+OK" => "ok",
            b"-ERR" => "error",
            b"+" => "continue",
            // The rest of something that was asked for before we came.
            _ if self.waiting.peek().is_none() && readable(line) => return false,
            _ => return bad(&mut self.server, record),
        };
        record.set(STATUS, Value::Name(status));
        record.role = Role::Response;
        record.outcome = if status == "error" { Outcome::Failure } else { Outcome::Success };
        let nobody_asked = self.waiting.peek().is_none();
        let (reference, asked) = self.waiting.answer();
        let greeting = nobody_asked && (mentions(text, b"pop") || reference == Some(1));
        let operation = if greeting { GREETING } else { asked.map_or(REPLY, |asked| asked.operation) };
        operation.tell(record);
        if greeting {
            record.role = Role::Unsolicited;
            put(record, SERVER, split(text, b'<').0);
        } else {
            record.reference = reference;
        }
        match status {
            "ok" if operation.number == STLS => self.state = State::Encrypted(Inside::default()),
            "ok" if asked.is_some_and(|asked| asked.lines) => self.content = Some(Dots::default()),
            _ => {}
        }
        match (&self.state, status) {
            (State::Clear, "continue") => self.state = State::Login(Sasl::unseen()),
            (State::Login(_), "ok" | "error") => self.state = State::Clear,
            _ => {}
        }
        true
    }
}

fn bad(lines: &mut Lines, record: &mut Record) -> bool {
    lines.search();
    BAD.tell(record);
    record.flaw(flaw::LINE);
    true
}
