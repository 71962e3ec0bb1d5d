//! Telnet. RFC 854 and 855; RFC 1091 (terminal type), RFC 1572 (environment), RFC 2946 (encryption).
//!
//! What is typed and shown is nobody's business but for a login: the prompts of the server tell where one is, so this
//! is a good guess and no more. Events are the beginning, the first prompt, terminal type and user of the
//! environment, a login, and what came of it.

mod login;
mod options;

use super::text::{operation, put, Operation};
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits::LIST_VALUES;
use crate::value::{field, flaws, list, slots, Class, Kind, Outcome, Record, Role, Value};
use login::{Heard, Login};
use options::{Decoder, Item};

pub const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[23, 2323],
        probe: &probe,
        parser: &|| Box::new(Telnet::default()),
    }),
};

slots! {
    OPTIONS = 0 => list("telnet.options", Kind::Unsigned);
    PROMPT = 1 => field("telnet.prompt", Kind::Text);
    TERMINAL = 2 => field("telnet.terminal_type", Kind::Text);
}

flaws! {
    // A user that login programs take for an option of theirs (`-froot`: in without a password).
    USER_OPTION = 0 => "telnet.option_as_user";
    LONG = 1 => "telnet.long_subnegotiation";
}

const OPEN: Operation = operation(1, "open", Class::Session);
const FIRST_PROMPT: Operation = operation(2, "prompt", Class::Session);
const LOGIN: Operation = operation(3, "login", Class::Session);
const TERMINAL_TYPE: Operation = operation(4, "terminal_type", Class::Session);
const ENVIRONMENT: Operation = operation(5, "environment", Class::Session);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Opened,
    /// A prompt was told.
    Prompted,
    Encrypted,
}

#[derive(Default)]
struct Telnet {
    state: State,
    sides: [Decoder; 2],
    login: Login,
    logins: u64,
    /// Sides that said that TLS follows.
    follows: [bool; 2],
}

/// Two commands of negotiation in a row are Telnet's; one, or text, needs the port.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    let negotiates = |at: usize| {
        let command = payload.get(at..).and_then(<[u8]>::first_chunk::<3>);
        matches!(command, Some([0xff, 251..=254, 0..=50 | 255]))
    };
    let text = |byte: &u8| (0x20..0x7f).contains(byte) || matches!(byte, 0 | 7..=13 | 27 | 0x80..);
    match (negotiates(0), negotiates(3)) {
        (true, true) => Probe::Sure,
        _ if payload.first() == Some(&0xff) || payload.iter().all(text) => Probe::Fits,
        _ => Probe::No,
    }
}

impl Parser for Telnet {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap {
            self.sides = [Decoder::default(), Decoder::default()];
            self.login.forget();
            if self.state == State::Encrypted && matches!(bytes, [0xff, 250..=254, 0..=50, ..]) {
                self.state = State::Opened;
            }
        }
        if self.state == State::Encrypted {
            return Step::Kept { used: bytes.len() };
        }
        for (at, byte) in bytes.iter().enumerate() {
            let last = at.saturating_add(1) == bytes.len();
            if self.byte(*byte, last, context, record) {
                if self.state == State::New {
                    self.state = State::Opened;
                }
                // A return has a second half, and belongs to the line it ends.
                let pair = matches!(bytes.get(at..), Some([b'\r', b'\n' | 0, ..]));
                return Step::Message { used: at.saturating_add(if pair { 2 } else { 1 }) };
            }
        }
        if self.state == State::New {
            self.state = State::Opened;
            OPEN.tell(record);
            record.role = Role::Unsolicited;
            return Step::Message { used: bytes.len() };
        }
        Step::Kept { used: bytes.len() }
    }

    fn kept_bytes(&self) -> usize {
        let decoders = self.sides.iter().fold(0usize, |sum, side| sum.saturating_add(side.kept_bytes()));
        decoders.saturating_add(self.login.kept_bytes())
    }
}

impl Telnet {
    /// Take one byte; true when there is an event with it.
    fn byte(&mut self, byte: u8, last: bool, context: &Context<'_>, record: &mut Record) -> bool {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        match side.byte(byte) {
            Item::Text(byte) if context.from_client => self.typed(byte, context, record),
            Item::Text(byte) => {
                self.login.hear(byte);
                last && self.heard(record)
            }
            Item::Negotiation(option) => {
                self.offer(option, record);
                // Some servers end a prompt with a command.
                last && !context.from_client && self.heard(record)
            }
            Item::Sub => self.sub(context, record),
            Item::Nothing => false,
        }
    }

    /// What is negotiated in the first payload says who made the station.
    fn offer(&self, option: u8, record: &mut Record) {
        if self.state == State::New {
            let listed = match record.get(OPTIONS) {
                Some(Value::List(span)) => span.len as usize,
                _ => 0,
            };
            if listed < LIST_VALUES {
                record.push(OPTIONS, Value::Unsigned(option.into()));
            }
        }
    }

    fn typed(&mut self, byte: u8, context: &Context<'_>, record: &mut Record) -> bool {
        if !self.login.type_byte(byte) {
            return false;
        }
        self.login.judge(record, context.site);
        if self.login.user_is_option() {
            record.flaw(flaw::USER_OPTION);
        }
        self.logins = self.logins.saturating_add(1);
        LOGIN.tell(record);
        record.role = Role::Request;
        record.reference = Some(self.logins);
        true
    }

    fn heard(&mut self, record: &mut Record) -> bool {
        match self.login.listen() {
            Heard::Nothing => false,
            Heard::Prompt if self.state == State::Prompted => false,
            Heard::Prompt => {
                self.state = State::Prompted;
                FIRST_PROMPT.tell(record);
                record.role = Role::Unsolicited;
                put(record, PROMPT, self.login.line());
                true
            }
            Heard::Result(good) => {
                LOGIN.tell(record);
                record.role = Role::Response;
                record.reference = Some(self.logins);
                record.outcome = if good { Outcome::Success } else { Outcome::Failure };
                true
            }
        }
    }

    /// A subnegotiation ended.
    fn sub(&mut self, context: &Context<'_>, record: &mut Record) -> bool {
        let [server, client] = &mut self.sides;
        let (side, follows) = match (context.from_client, &mut self.follows) {
            (true, [_, client_follows]) => (client, client_follows),
            (false, [server_follows, _]) => (server, server_follows),
        };
        if side.is_cut() {
            record.flaw(flaw::LONG);
        }
        let told = match side.sub() {
            [options::TERMINAL_TYPE, 0, name @ ..] => {
                TERMINAL_TYPE.tell(record);
                put(record, TERMINAL, name);
                true
            }
            [options::NEW_ENVIRON | options::OLD_ENVIRON, 0 | 2, variables @ ..] => {
                match options::variable(variables, b"USER") {
                    Some(user) => {
                        ENVIRONMENT.tell(record);
                        record.login(user, None, context.site);
                        if user.first() == Some(&b'-') {
                            record.flaw(flaw::USER_OPTION);
                        }
                        true
                    }
                    None => false,
                }
            }
            [options::START_TLS, 1, ..] => {
                *follows = true;
                false
            }
            // RFC 2946 2: START, from here on this side is encrypted.
            [options::ENCRYPT, 3, ..] => {
                self.state = State::Encrypted;
                false
            }
            _ => false,
        };
        side.forget();
        if self.follows == [true, true] {
            self.state = State::Encrypted;
        }
        if told {
            record.role = Role::Unsolicited;
        }
        told
    }
}
