//! FTP, control connection. RFC 959; RFC 2228 and RFC 4217 (AUTH TLS), RFC 2428 (EPRT, EPSV), RFC 3659 (MLST, SIZE).
//!
//! One event per command and per reply; of a reply of many lines the first one tells. Replies come in the order of their
//! commands; a preliminary one (1xx) answers nothing, its command's answer is the one that follows.

use std::net::IpAddr;

use super::text::lines::{plausible_command, plausible_reply, reply, Lines, Reply};
use super::text::queue::Queue;
use super::text::sasl::USER;
use super::text::word::Word;
use super::text::{first_word, mentions, number, operation, put, put_command, readable, Operation};
use super::tls::Inside;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[21, 2121],
        probe: &probe,
        parser: &|| Box::new(Ftp::default()),
    }),
};

slots! {
    COMMAND = 0 => field("ftp.command", Kind::Text);
    ARGUMENT = 1 => field("ftp.argument", Kind::Text);
    PATH = 2 => field("ftp.path", Kind::Text);
    DATA_IP = 3 => field("ftp.data_ip", Kind::Ip);
    DATA_PORT = 4 => field("ftp.data_port", Kind::Unsigned);
    CODE = 5 => field("ftp.reply_code", Kind::Unsigned);
    SERVER = 6 => field("ftp.server", Kind::Text);
}

flaws! {
    LINE = 0 => "ftp.bad_line";
    LONG = 1 => "ftp.long_line";
    COMMAND_NAME = 2 => "ftp.unknown_command";
    ADDRESS = 3 => "ftp.bad_address";
    // RFC 2577 3: a data connection to a third station, as in a bounce attack.
    FOREIGN = 4 => "ftp.foreign_address";
}

const UNKNOWN: Operation = operation(1, "unknown", Class::Other);
const BAD: Operation = operation(2, "bad_line", Class::Other);
const REPLY: Operation = operation(0, "reply", Class::Other);
const GREETING: Operation = operation(3, "greeting", Class::Session);
const AUTH: u32 = 13;
const USER_COMMAND: u32 = 10;
const PASS: u32 = 11;

fn command(verb: &[u8]) -> Operation {
    match verb {
        b"USER" => operation(USER_COMMAND, "user", Class::Session),
        b"PASS" => operation(PASS, "pass", Class::Session),
        b"ACCT" => operation(12, "acct", Class::Session),
        b"AUTH" => operation(AUTH, "auth", Class::Session),
        b"ADAT" => operation(14, "adat", Class::Session),
        b"PBSZ" => operation(15, "pbsz", Class::Session),
        b"PROT" => operation(16, "prot", Class::Session),
        b"CCC" => operation(17, "ccc", Class::Session),
        b"REIN" => operation(18, "rein", Class::Session),
        b"QUIT" => operation(19, "quit", Class::Session),
        b"CWD" | b"XCWD" => operation(20, "cwd", Class::Other),
        b"CDUP" | b"XCUP" => operation(21, "cdup", Class::Other),
        b"PWD" | b"XPWD" => operation(22, "pwd", Class::Discover),
        b"LIST" => operation(23, "list", Class::Discover),
        b"NLST" => operation(24, "nlst", Class::Discover),
        b"MLSD" => operation(25, "mlsd", Class::Discover),
        b"MLST" => operation(26, "mlst", Class::Discover),
        b"STAT" => operation(27, "stat", Class::Discover),
        b"SIZE" => operation(28, "size", Class::Discover),
        b"MDTM" => operation(29, "mdtm", Class::Discover),
        b"RETR" => operation(30, "retr", Class::Read),
        b"STOR" => operation(31, "stor", Class::Write),
        b"STOU" => operation(32, "stou", Class::Write),
        b"APPE" => operation(33, "appe", Class::Write),
        b"DELE" => operation(34, "dele", Class::Write),
        b"RNFR" => operation(35, "rnfr", Class::Write),
        b"RNTO" => operation(36, "rnto", Class::Write),
        b"MKD" | b"XMKD" => operation(37, "mkd", Class::Write),
        b"RMD" | b"XRMD" => operation(38, "rmd", Class::Write),
        b"MFMT" => operation(39, "mfmt", Class::Write),
        b"SITE" => operation(40, "site", Class::Control),
        b"PORT" => operation(41, "port", Class::Other),
        b"PASV" => operation(42, "pasv", Class::Other),
        b"EPRT" => operation(43, "eprt", Class::Other),
        b"EPSV" => operation(44, "epsv", Class::Other),
        b"TYPE" => operation(45, "type", Class::Other),
        b"MODE" => operation(46, "mode", Class::Other),
        b"STRU" => operation(47, "stru", Class::Other),
        b"ALLO" => operation(48, "allo", Class::Other),
        b"REST" => operation(49, "rest", Class::Other),
        b"ABOR" => operation(50, "abor", Class::Control),
        b"SYST" => operation(51, "syst", Class::Discover),
        b"FEAT" => operation(52, "feat", Class::Discover),
        b"OPTS" => operation(53, "opts", Class::Other),
        b"HELP" => operation(54, "help", Class::Discover),
        b"NOOP" => operation(55, "noop", Class::Other),
        b"SMNT" => operation(56, "smnt", Class::Control),
        b"CLNT" => operation(57, "clnt", Class::Discover),
        b"LANG" => operation(58, "lang", Class::Other),
        b"HOST" => operation(59, "host", Class::Session),
        _ => UNKNOWN,
    }
}

#[derive(Default)]
enum State {
    #[default]
    Clear,
    /// What TLS protects, and its handshake.
    Encrypted(Inside),
}

#[derive(Default)]
struct Ftp {
    client: Lines,
    server: Lines,
    waiting: Queue<Operation>,
    state: State,
    user: Vec<u8>,
    /// In a reply of many lines, of that code.
    more: Option<u16>,
}

/// USER and PASS are POP3's, too, and every greeting of mail is 220: the port tells, unless the line does.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() {
        return Probe::No;
    }
    let (line, _) = super::text::split(payload, b'\n');
    if line.starts_with(b"220") && plausible_reply(line) && mentions(line, b"ftp") && !mentions(line, b"smtp") {
        return Probe::Sure;
    }
    match plausible_reply(payload) || is_command(payload) {
        true => Probe::Fits,
        false => Probe::No,
    }
}

fn is_command(bytes: &[u8]) -> bool {
    plausible_command(stripped(bytes), |word| command(Word::upper(word).bytes()) != UNKNOWN)
}

/// Without the Telnet signals that may stand before ABOR (RFC 959 4.1.3).
fn stripped(mut line: &[u8]) -> &[u8] {
    while let [0xf1..=0xff, rest @ ..] = line {
        line = rest;
    }
    line
}

impl Parser for Ftp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap {
            self.waiting.lose();
            self.more = None;
        }
        let plausible = if context.from_client { is_command } else { plausible_reply };
        if let State::Encrypted(tls) = &mut self.state {
            // A greeting or command behind a gap is another session on the same ports.
            if !(context.after_gap && bytes.len() > 4 && plausible(bytes)) {
                return tls.message(bytes, context, record);
            }
            *self = Self::default();
        }
        let lines = if context.from_client { &mut self.client } else { &mut self.server };
        let front = lines.front(bytes, context.after_gap, plausible);
        let (line, used) = match front.text(record, flaw::LONG) {
            Ok(found) => found,
            Err(step) => return step,
        };
        let told =
            if context.from_client { self.asks(line, context, record) } else { self.answers(line, context, record) };
        if told {
            Step::Message { used }
        } else {
            Step::Kept { used }
        }
    }

    fn kept_bytes(&self) -> usize {
        let state = if let State::Encrypted(tls) = &self.state { tls.kept_bytes() } else { 0 };
        self.waiting.kept_bytes().saturating_add(self.user.capacity()).saturating_add(state)
    }
}

impl Ftp {
    fn asks(&mut self, line: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let line = stripped(line);
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
        if known == UNKNOWN {
            record.flaw(flaw::COMMAND_NAME);
            return true;
        }
        match verb.bytes() {
            b"USER" => {
                self.user.clear();
                self.user.extend_from_slice(argument.get(..USER).unwrap_or(argument));
                record.login(argument, None, context.site);
            }
            b"PASS" => record.login(&self.user, Some(argument), context.site),
            b"ACCT" | b"ADAT" => {}
            b"PORT" => self.address(port(argument), context, record),
            b"EPRT" => self.address(extended_port(argument), context, record),
            b"SITE" => put(record, ARGUMENT, site(argument)),
            _ if matches!(known.number, 20..=40) => put(record, PATH, argument),
            _ => put(record, ARGUMENT, argument),
        }
        true
    }

    fn answers(&mut self, line: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let found = reply(line);
        if let Some(code) = self.more {
            // RFC 959 4.2: the last line begins with the same code and a space.
            if found.is_some_and(|reply| reply.code == code && !reply.more) {
                self.more = None;
            }
            return false;
        }
        let Some(reply) = found else { return bad(&mut self.server, record) };
        self.more = reply.more.then_some(reply.code);
        record.role = Role::Response;
        record.set_u(CODE, reply.code);
        let asked = self.reply(&reply, record);
        match (asked.number, reply.code) {
            (AUTH, 200..=399) => self.state = State::Encrypted(Inside::default()),
            (USER_COMMAND | PASS, 230 | 232) => self.user.clear(),
            _ => {}
        }
        match reply.code {
            215 | 220 => put(record, SERVER, reply.text),
            227 => self.address(parenthesis(reply.text).and_then(port), context, record),
            229 => self.address(parenthesis(reply.text).and_then(passive), context, record),
            _ => {}
        }
        true
    }

    /// Which command is answered, and how.
    fn reply(&mut self, reply: &Reply<'_>, record: &mut Record) -> Operation {
        let waits = self.waiting.peek();
        let asked = match (reply.code, waits) {
            (100..=199, waits) => waits.unwrap_or(REPLY),
            // The server speaks first, and says so when it closes.
            (220 | 421, None) => {
                record.role = Role::Unsolicited;
                record.outcome = if reply.code == 220 { Outcome::Success } else { Outcome::Failure };
                GREETING
            }
            _ => {
                let (reference, asked) = self.waiting.answer();
                record.reference = reference;
                record.outcome = if reply.code < 400 { Outcome::Success } else { Outcome::Failure };
                asked.unwrap_or(REPLY)
            }
        };
        asked.tell(record);
        asked
    }

    fn address(&self, found: Option<(Option<IpAddr>, u16)>, context: &Context<'_>, record: &mut Record) {
        let Some((ip, port)) = found else { return record.flaw(flaw::ADDRESS) };
        record.set_u(DATA_PORT, port);
        let own = if context.from_client { context.client.ip } else { context.server.ip };
        if let Some(ip) = ip {
            record.set(DATA_IP, Value::Ip(ip));
            if ip != own && !ip.is_unspecified() {
                record.flaw(flaw::FOREIGN);
            }
        }
    }
}

fn bad(lines: &mut Lines, record: &mut Record) -> bool {
    lines.search();
    BAD.tell(record);
    record.flaw(flaw::LINE);
    true
}

/// What SITE asks for, and on what; some servers change passwords by it.
fn site(argument: &[u8]) -> &[u8] {
    let (word, _) = first_word(argument);
    match Word::upper(word).bytes() {
        b"CHMOD" | b"EXEC" | b"CPFR" | b"CPTO" | b"UTIME" | b"UMASK" | b"IDLE" | b"HELP" => argument,
        _ => word,
    }
}

/// `192,168,0,1,7,138`: four bytes of the address, two of the port.
fn port(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let mut bytes = [0u8; 6];
    let mut parts = text.trim_ascii().split(|byte| *byte == b',');
    for place in &mut bytes {
        *place = u8::try_from(number(parts.next()?.trim_ascii())?).ok()?;
    }
    let [a, b, c, d, high, low] = bytes;
    parts.next().is_none().then_some((Some([a, b, c, d].into()), u16::from_be_bytes([high, low])))
}

/// `|1|132.235.1.2|6275|`, any separator.
fn extended_port(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let (separator, rest) = text.split_first()?;
    let mut parts = rest.split(|byte| byte == separator);
    parts.next().and_then(number)?;
    let ip = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    Some((Some(ip), u16::try_from(number(parts.next()?)?).ok()?))
}

/// `|||6446|`.
fn passive(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let separator = text.first()?;
    let port = text.split(|byte| byte == separator).nth(3)?;
    Some((None, u16::try_from(number(port)?).ok()?))
}

/// What stands in the parentheses; some servers leave them out.
fn parenthesis(text: &[u8]) -> Option<&[u8]> {
    match memchr::memchr(b'(', text) {
        Some(open) => Some(super::text::split(text.get(open.saturating_add(1)..)?, b')').0),
        None => text.rsplit(|byte| *byte == b' ').find(|word| word.contains(&b',')).map(|word| word.trim_ascii()),
    }
}
