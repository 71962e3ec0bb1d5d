//! Redis: the serialization protocol RESP2 and RESP3, and inline commands. redis.io, "Redis serialization protocol
//! specification".
//!
//! One event per command and per reply. Of a command its name and what it is about are read, never its keys or values;
//! elements of any size are passed over. Replies come in the order of their commands, but for what is pushed.

mod command;
mod elements;
mod reply;

use super::text::queue::Queue;
use super::text::{operation, Operation};
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::value::{field, flaws, slots, Class, Kind, Record};
use elements::{element, Element, Elements};

pub const PROTOCOL: Protocol = Protocol {
    name: "redis",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        // 26379 is Sentinel.
        ports: &[6379, 26379],
        probe: &probe,
        parser: &|| Box::new(Redis::default()),
    }),
};

slots! {
    COMMAND = 0 => field("redis.command", Kind::Text);
    SUBCOMMAND = 1 => field("redis.subcommand", Kind::Text);
    PARAMETER = 2 => field("redis.parameter", Kind::Text);
    ARGUMENTS = 3 => field("redis.argument_count", Kind::Unsigned);
    KEYS = 4 => field("redis.key_count", Kind::Unsigned);
    INLINE = 5 => field("redis.inline", Kind::Boolean);
    REPLY = 6 => field("redis.reply_type", Kind::Text);
    ERROR = 7 => field("redis.error", Kind::Text);
    COUNT = 8 => field("redis.reply_count", Kind::Unsigned);
    BYTES = 9 => field("redis.reply_bytes", Kind::Unsigned);
}

flaws! {
    // Neither an element nor a line of text.
    ELEMENT = 0 => "redis.bad_element";
    COMMAND_NAME = 1 => "redis.unknown_command";
    LONG = 2 => "redis.long_line";
}

const BAD: Operation = operation(2, "bad_element", Class::Other);
const ANSWER: Operation = operation(0, "reply", Class::Other);

/// How the server's side is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Answers,
    /// After SUBSCRIBE or MONITOR: what comes answers nothing.
    Pushes,
    /// After SYNC or PSYNC: a copy of the database, then commands without end.
    Replica,
}

#[derive(Debug, Default)]
struct Side {
    passing: Elements,
    searching: bool,
}

#[derive(Default)]
struct Redis {
    sides: [Side; 2],
    waiting: Queue<Operation>,
    mode: Mode,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() {
        return Probe::No;
    }
    match (begins_command(payload), plausible_reply(payload) || command::inline_plausible(payload)) {
        (true, _) => Probe::Sure,
        (_, true) => Probe::Fits,
        _ => Probe::No,
    }
}

/// An array whose first element is a word: `*1`, `$4`, `PING`.
fn begins_command(bytes: &[u8]) -> bool {
    let Element::Aggregate { used, count: 1.., kind: b'*' } = element(bytes) else { return false };
    let rest = bytes.get(used..).unwrap_or_default();
    let Element::Bulk { header, length: 2..=32, .. } = element(rest) else { return false };
    let word = rest.get(header..).unwrap_or_default();
    word.first().is_some_and(u8::is_ascii_alphabetic)
}

fn plausible_command(bytes: &[u8]) -> bool {
    begins_command(bytes)
        || bytes.len() < 8 && matches!(element(bytes), Element::Short)
        || command::inline_plausible(bytes)
}

fn plausible_reply(bytes: &[u8]) -> bool {
    match element(bytes) {
        Element::Bad => false,
        Element::Short => bytes.len() < 64,
        _ => true,
    }
}

impl Parser for Redis {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            *side = Side { searching: true, ..Side::default() };
            self.waiting.lose();
            if !context.from_client && self.mode == Mode::Pushes {
                self.mode = Mode::Answers;
            }
        }
        if self.mode == Mode::Replica && !context.from_client {
            return Step::Kept { used: bytes.len() };
        }
        if side.searching {
            let plausible = if context.from_client { plausible_command } else { plausible_reply };
            if !plausible(bytes) {
                return Step::Lost { used: super::text::lines::next(bytes, plausible) };
            }
            side.searching = false;
        }
        match side.passing.pass(bytes) {
            Ok(0) if side.passing.is_done() => {}
            Ok(0) => return Step::Short { need: bytes.len().saturating_add(1) },
            Ok(used) => return Step::Kept { used },
            Err(()) => return bad(side, bytes, record),
        }
        if context.from_client {
            self.asks(bytes, context, record)
        } else {
            self.answers(bytes, record)
        }
    }

    fn kept_bytes(&self) -> usize {
        self.waiting.kept_bytes()
    }
}

fn bad(side: &mut Side, bytes: &[u8], record: &mut Record) -> Step {
    *side = Side { searching: true, ..Side::default() };
    BAD.tell(record);
    record.flaw(flaw::ELEMENT);
    Step::Message { used: super::text::lines::next(bytes, |bytes| element(bytes) != Element::Bad) }
}
