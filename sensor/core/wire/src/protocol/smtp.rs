//! SMTP. RFC 5321; RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3030 (BDAT), RFC 2920 (pipelining); RFC 2033 (LMTP).
//!
//! One event per line that a client says and per reply, one at the end of a mail with its size; the mail itself is
//! passed over. Of a reply of many lines the first one tells. Replies come in the order of what they answer: the lines
//! of a login and the end of a mail have one each, like commands.

use super::text::dots::{Dots, Passed};
use super::text::lines::{plausible_command, plausible_reply, reply, Lines, Reply};
use super::text::queue::Queue;
use super::text::sasl::Sasl;
use super::text::word::Word;
use super::text::{first_word, mentions, number, operation, put, put_command, readable, split, Operation};
use super::tls::Inside;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::content;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "smtp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[25, 587, 2525],
        probe: &probe,
        parser: &|| Box::new(Smtp::default()),
    }),
};

slots! {
    COMMAND = 0 => field("smtp.command", Kind::Text);
    DOMAIN = 1 => field("smtp.domain", Kind::Text);
    FROM = 2 => field("smtp.from", Kind::Text);
    TO = 3 => field("smtp.to", Kind::Text);
    AUTH = 4 => field("smtp.auth", Kind::Text);
    CODE = 5 => field("smtp.reply_code", Kind::Unsigned);
    SERVER = 6 => field("smtp.server", Kind::Text);
    BYTES = 7 => field("smtp.message_bytes", Kind::Unsigned);
    ARGUMENT = 8 => field("smtp.argument", Kind::Text);
    CONTENT = 9 => field("smtp.content", Kind::Text);
}

flaws! {
    LINE = 0 => "smtp.bad_line";
    LONG = 1 => "smtp.long_line";
    COMMAND_NAME = 2 => "smtp.unknown_command";
    CREDENTIALS = 3 => "smtp.bad_credentials";
    // A path without its angle brackets (RFC 5321 4.1.2).
    PATH = 4 => "smtp.bad_path";
}

const UNKNOWN: Operation = operation(1, "unknown", Class::Other);
const BAD: Operation = operation(2, "bad_line", Class::Other);
const REPLY: Operation = operation(0, "reply", Class::Other);
const GREETING: Operation = operation(3, "greeting", Class::Session);
const AUTH_DATA: Operation = operation(4, "auth_data", Class::Session);
const MESSAGE: Operation = operation(5, "message", Class::Write);
const STARTTLS: u32 = 13;
const AUTHENTICATE: u32 = 14;
const DATA: u32 = 17;
const BDAT: u32 = 18;

fn command(verb: &[u8]) -> Operation {
    match verb {
        b"HELO" => operation(10, "helo", Class::Session),
        b"EHLO" => operation(11, "ehlo", Class::Session),
        b"LHLO" => operation(12, "lhlo", Class::Session),
        b"STARTTLS" => operation(STARTTLS, "starttls", Class::Session),
        b"AUTH" => operation(AUTHENTICATE, "auth", Class::Session),
        b"MAIL" => operation(15, "mail_from", Class::Write),
        b"RCPT" => operation(16, "rcpt_to", Class::Write),
        b"DATA" => operation(DATA, "data", Class::Write),
        b"BDAT" => operation(BDAT, "bdat", Class::Write),
        b"RSET" => operation(19, "rset", Class::Other),
        b"VRFY" => operation(20, "vrfy", Class::Discover),
        b"EXPN" => operation(21, "expn", Class::Discover),
        b"HELP" => operation(22, "help", Class::Discover),
        b"NOOP" => operation(23, "noop", Class::Other),
        b"QUIT" => operation(24, "quit", Class::Session),
        b"ETRN" => operation(25, "etrn", Class::Control),
        b"TURN" => operation(26, "turn", Class::Control),
        b"SEND" | b"SOML" | b"SAML" => operation(27, "send_from", Class::Write),
        b"XCLIENT" => operation(28, "xclient", Class::Session),
        _ => UNKNOWN,
    }
}

#[derive(Default)]
enum State {
    #[default]
    Clear,
    /// A login is under way: lines of the client belong to it.
    Login(Sasl),
    /// A mail, up to a line of one dot.
    Content(Dots),
    /// So much of a chunk of a mail is left.
    Chunk(u64),
    /// What TLS protects, and its handshake.
    Encrypted(Inside),
}

#[derive(Default)]
struct Smtp {
    client: Lines,
    server: Lines,
    waiting: Queue<Operation>,
    state: State,
    /// What the mail that is passed over has in it (`content.rs`).
    carries: Option<&'static str>,
    more: Option<u16>,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() {
        return Probe::No;
    }
    let (line, _) = split(payload, b'\n');
    let (word, _) = first_word(line);
    let hello = matches!(Word::upper(word).bytes(), b"EHLO" | b"LHLO") && line.len() > 5 && readable(line.trim_ascii());
    if hello || line.starts_with(b"220") && plausible_reply(line) && mentions(line, b"smtp") {
        return Probe::Sure;
    }
    match plausible_reply(payload) || is_command(payload) {
        true => Probe::Fits,
        false => Probe::No,
    }
}

fn is_command(bytes: &[u8]) -> bool {
    plausible_command(bytes, |word| command(Word::upper(word).bytes()) != UNKNOWN)
}

impl Parser for Smtp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let plausible = if context.from_client { is_command } else { plausible_reply };
        if context.after_gap {
            self.waiting.lose();
            self.more = None;
            // Whatever was under way, a command is one.
            if bytes.len() > 4 && plausible(bytes) {
                self.state = State::Clear;
            }
        }
        if let State::Encrypted(tls) = &mut self.state {
            return tls.message(bytes, context, record);
        }
        if context.from_client {
            if let Some(step) = self.content(bytes, context, record) {
                return step;
            }
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
        self.waiting.kept_bytes().saturating_add(state)
    }
}

impl Smtp {
    /// Pass over what a mail says; at its end there is an event.
    fn content(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Option<Step> {
        match &mut self.state {
            State::Content(dots) => {
                dots.middle |= context.after_gap;
                let passed = dots.pass(bytes);
                if let Passed::Some { used } | Passed::End { used } = passed {
                    self.carries = self.carries.or_else(|| content::in_base64(bytes.get(..used).unwrap_or(bytes)));
                }
                match passed {
                    Passed::Some { used } => Some(Step::Kept { used }),
                    Passed::Short => Some(Step::Short { need: bytes.len().saturating_add(1) }),
                    Passed::End { used } => {
                        record.set_u(BYTES, dots.bytes);
                        if let Some(kind) = self.carries.take() {
                            record.set(CONTENT, Value::Name(kind));
                        }
                        self.state = State::Clear;
                        MESSAGE.tell(record);
                        record.role = Role::Request;
                        record.reference = Some(self.waiting.ask(MESSAGE));
                        Some(Step::Message { used })
                    }
                }
            }
            State::Chunk(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(used as u64);
                if *left == 0 {
                    self.state = State::Clear;
                }
                (used > 0).then_some(Step::Kept { used })
            }
            _ => None,
        }
    }

    fn asks(&mut self, line: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        if let State::Login(sasl) = &mut self.state {
            AUTH_DATA.tell(record);
            if !sasl.line(line, record, context.site) {
                record.flaw(flaw::CREDENTIALS);
            }
            record.role = Role::Request;
            record.reference = Some(self.waiting.ask(AUTH_DATA));
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
        known.tell(record);
        record.role = Role::Request;
        record.reference = Some(self.waiting.ask(known));
        put_command(record, COMMAND, verb.bytes(), known != UNKNOWN);
        match verb.bytes() {
            b"HELO" | b"EHLO" | b"LHLO" => put(record, DOMAIN, argument),
            b"MAIL" | b"SEND" | b"SOML" | b"SAML" => path(argument, FROM, record),
            b"RCPT" => path(argument, TO, record),
            b"AUTH" => {
                let (mechanism, initial) = first_word(argument);
                let mut sasl = Sasl::begin(mechanism, AUTH, record);
                if !initial.is_empty() && !sasl.line(initial, record, context.site) {
                    record.flaw(flaw::CREDENTIALS);
                }
                self.state = State::Login(sasl);
            }
            b"DATA" => self.state = State::Content(Dots::default()),
            b"BDAT" => match number(first_word(argument).0) {
                Some(bytes) => {
                    record.set_u(BYTES, bytes);
                    self.state = State::Chunk(bytes);
                }
                None => record.flaw(flaw::LINE),
            },
            b"VRFY" | b"EXPN" | b"ETRN" => put(record, ARGUMENT, argument),
            _ if known == UNKNOWN => record.flaw(flaw::COMMAND_NAME),
            _ => {}
        }
        true
    }

    fn answers(&mut self, line: &[u8], record: &mut Record) -> bool {
        let found = reply(line);
        if let Some(code) = self.more {
            if found.is_some_and(|reply| reply.code == code && !reply.more) {
                self.more = None;
            }
            return found.is_none() && bad(&mut self.server, record);
        }
        let Some(reply) = found else { return bad(&mut self.server, record) };
        self.more = reply.more.then_some(reply.code);
        record.role = Role::Response;
        record.set_u(CODE, reply.code);
        let asked = self.reply(&reply, record);
        match (&self.state, asked.number, reply.code) {
            (_, STARTTLS, 220) => self.state = State::Encrypted(Inside::default()),
            // No mail comes, or no more of a login.
            (State::Content(_), DATA, 400..) => self.state = State::Clear,
            (State::Clear, _, 334) => self.state = State::Login(Sasl::unseen()),
            (State::Login(_), _, code) if code != 334 => self.state = State::Clear,
            _ => {}
        }
        if reply.code == 220 {
            put(record, SERVER, reply.text);
        }
        true
    }

    fn reply(&mut self, reply: &Reply<'_>, record: &mut Record) -> Operation {
        record.outcome = if reply.code < 400 { Outcome::Success } else { Outcome::Failure };
        let asked = if matches!(reply.code, 220 | 421 | 554) && self.waiting.peek().is_none() {
            record.role = Role::Unsolicited;
            GREETING
        } else {
            let (reference, asked) = self.waiting.answer();
            record.reference = reference;
            asked.unwrap_or(REPLY)
        };
        asked.tell(record);
        asked
    }
}

fn bad(lines: &mut Lines, record: &mut Record) -> bool {
    lines.search();
    BAD.tell(record);
    record.flaw(flaw::LINE);
    true
}

/// `FROM:<user@host> SIZE=…`; without brackets, as some senders write it.
fn path(argument: &[u8], slot: usize, record: &mut Record) {
    let (_, path) = split(argument, b':');
    let path = path.trim_ascii();
    match path.strip_prefix(b"<") {
        Some(inner) if inner.contains(&b'>') => put(record, slot, split(inner, b'>').0),
        _ => {
            record.flaw(flaw::PATH);
            put(record, slot, first_word(path).0);
        }
    }
}
