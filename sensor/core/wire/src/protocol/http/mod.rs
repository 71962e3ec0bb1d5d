//! HTTP/1.x. RFC 9110 (semantics), RFC 9112 (messages); RFC 9113 3.4 (preface of HTTP/2), RFC 6455 (WebSocket).
//!
//! One event per head; bodies are passed over, but for a short form that is looked through for a login, and one event
//! more where a body begins like a program or a script (`content.rs`), of which nothing is kept. Who asks and
//! who answers is told by the first line, not by the direction. `operation`: place of the method in `start::method`.
//! Answers come in the order of their requests (RFC 9112 9.3.2).

mod fields;
mod form;
mod header;
mod request;
mod response;
mod start;

use super::text::chunks::{size, Chunks, Passed};
use super::text::head::{head, Head};
use super::text::lines::next;
use super::text::queue::Queue;
use super::text::Operation;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::content::{self, Told};
use crate::limits::HTTP_HEAD_BYTES;
use crate::value::{Class, Record, Role, Value};
use fields::{flaw, FIELDS, FLAWS};
use start::{start, Start, BAD, PREFACE};

pub const PROTOCOL: Protocol = Protocol {
    name: "http",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        // 5985 is Windows remote management, 7547 CWMP.
        ports: &[80, 3128, 5985, 7547, 8000, 8008, 8080, 8081, 8088, 8888],
        probe: &probe,
        parser: &|| Box::new(Http::default()),
    }),
};

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match start(payload) {
        Start::Sure => Probe::Sure,
        Start::Maybe => Probe::Fits,
        Start::No => Probe::No,
    }
}

/// Bytes of a line that tells a chunk's size, where its content is looked at.
const CHUNK_LINE: usize = 32;

/// What comes next in one direction.
#[derive(Clone, Copy, Debug, Default)]
enum Next {
    #[default]
    Head,
    /// The rest of a head that was too long.
    Rest,
    Length(u64),
    Chunks(Chunks),
    /// A body that the end of the connection ends.
    UntilClose,
    /// Another protocol took over: WebSocket, HTTP/2, or whatever goes through a proxy.
    Tunnel,
}

#[derive(Debug, Default)]
struct Side {
    next: Next,
    /// A body comes next, and nobody has looked at its front.
    new_body: bool,
    /// Something was lost: looking for the next head.
    searching: bool,
}

#[derive(Default)]
struct Http {
    sides: [Side; 2],
    waiting: Queue<Asked>,
}

/// What an answer needs to know of its request.
#[derive(Clone, Copy, Debug)]
struct Asked {
    operation: Operation,
    /// It came with credentials.
    login: bool,
}

impl Parser for Http {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            side.searching = true;
            self.waiting.lose();
        }
        if side.searching {
            let sure = |bytes: &[u8]| start(bytes) == Start::Sure;
            match (side.next, start(bytes)) {
                (_, Start::Sure) | (Next::Head, Start::Maybe) => *side = Side::default(),
                // Most of what follows a gap is the rest of what it was in.
                (Next::Head, _) => return Step::Lost { used: next(bytes, sure) },
                _ => return Step::Kept { used: next(bytes, sure) },
            }
        }
        if self.side(context).new_body {
            match self.front_of_body(bytes, context) {
                Told::Kind(kind) => return self.content(kind, bytes, context, record),
                Told::Short => return Step::Short { need: bytes.len().saturating_add(1) },
                Told::Nothing => self.side(context).new_body = false,
            }
        }
        if let Some(step) = self.pass(bytes, context, record) {
            return step;
        }
        self.head(bytes, context, record)
    }

    fn kept_bytes(&self) -> usize {
        self.waiting.kept_bytes()
    }
}

impl Http {
    fn side(&mut self, context: &Context<'_>) -> &mut Side {
        let [server, client] = &mut self.sides;
        if context.from_client {
            client
        } else {
            server
        }
    }

    /// What the body that begins here is.
    fn front_of_body(&mut self, bytes: &[u8], context: &Context<'_>) -> Told {
        let here = bytes.get(..content::FRONT).unwrap_or(bytes);
        match self.side(context).next {
            Next::Length(left) => {
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                let body = here.get(..left).unwrap_or(here);
                content::look(body, body.len() == left)
            }
            Next::UntilClose => content::look(here, false),
            Next::Chunks(Chunks::Size) => {
                let line = bytes.get(..CHUNK_LINE).unwrap_or(bytes);
                let Some(end) = memchr::memchr(b'\n', line) else {
                    return if line.len() < CHUNK_LINE { Told::Short } else { Told::Nothing };
                };
                // Of a first chunk that is shorter than it takes nothing is told.
                let size = size(line.get(..end).unwrap_or_default().trim_ascii()).unwrap_or(0);
                let size = usize::try_from(size).unwrap_or(usize::MAX).min(content::FRONT);
                let chunk = bytes.get(end.saturating_add(1)..).unwrap_or_default();
                let chunk = chunk.get(..size).unwrap_or(chunk);
                content::look(chunk, chunk.len() == size)
            }
            _ => Told::Nothing,
        }
    }

    /// A body that is of interest: its front is a message of its own.
    fn content(&mut self, kind: &'static str, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        self.side(context).new_body = false;
        let front = bytes.get(..CHUNK_LINE.saturating_add(content::FRONT)).unwrap_or(bytes);
        let used = match self.pass(front, context, record) {
            Some(Step::Kept { used }) => used,
            Some(other) => return other,
            None => return self.head(bytes, context, record),
        };
        start::CONTENT.tell(record);
        record.class = if context.from_client { Class::Write } else { Class::Read };
        record.set(fields::CONTENT, Value::Name(kind));
        Step::Message { used }
    }

    /// Pass over what lies before the next head; `None`: nothing does.
    fn pass(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Option<Step> {
        let answers_wait = self.waiting.peek().is_some();
        let side = self.side(context);
        let used = match &mut side.next {
            Next::Head => match bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count() {
                // RFC 9112 2.2: empty lines before a message are nothing.
                0 => return None,
                empty => empty,
            },
            Next::Rest => match head(bytes, bytes.len()) {
                Head::Whole { used, .. } => {
                    side.next = Next::Head;
                    used
                }
                _ => bytes.len(),
            },
            Next::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(here as u64);
                if *left == 0 {
                    side.next = Next::Head;
                }
                here
            }
            Next::Chunks(chunks) => match chunks.pass(bytes) {
                Passed::Some { used } => used,
                Passed::End { used } => {
                    side.next = Next::Head;
                    used
                }
                Passed::Short => return Some(Step::Short { need: bytes.len().saturating_add(1) }),
                Passed::Bad => return Some(self.bad(flaw::CHUNK, bytes, context, record)),
            },
            // A server that keeps the connection and tells no length: its next answer ends the body.
            Next::UntilClose if answers_wait && start(bytes) == Start::Sure => {
                side.next = Next::Head;
                return None;
            }
            Next::UntilClose | Next::Tunnel => bytes.len(),
        };
        Some(Step::Kept { used })
    }

    fn head(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if bytes.starts_with(PREFACE) {
            start::HTTP2.tell(record);
            record.role = Role::Unsolicited;
            record.set_text(fields::VERSION, b"2.0");
            self.tunnel();
            return Step::Message { used: PREFACE.len() };
        }
        if start(bytes) == Start::No {
            return self.bad(flaw::START_LINE, bytes, context, record);
        }
        match head(bytes, HTTP_HEAD_BYTES) {
            Head::Whole { first, fields, used } => self.message(first, fields, bytes, used, context, record),
            Head::Short if PREFACE.starts_with(bytes) || bytes.len() < HTTP_HEAD_BYTES => {
                Step::Short { need: bytes.len().saturating_add(1) }
            }
            Head::Short => self.bad(flaw::LONG_HEAD, bytes, context, record),
            Head::Long { first, fields } => {
                record.flaw(flaw::LONG_HEAD);
                let used = bytes.len().min(HTTP_HEAD_BYTES);
                let step = self.message(first, fields, bytes, used, context, record);
                self.side(context).next = Next::Rest;
                step
            }
        }
    }

    fn message(
        &mut self,
        first: &[u8],
        fields: &[u8],
        bytes: &[u8],
        used: usize,
        context: &Context<'_>,
        record: &mut Record,
    ) -> Step {
        if let Some(status) = start::status(first) {
            self.response(&status, fields, context, record);
        } else if let Some(request) = start::request(first) {
            return self.request(&request, fields, bytes, used, context, record);
        } else {
            return self.bad(flaw::START_LINE, bytes, context, record);
        }
        Step::Message { used }
    }

    /// Something stands where a message has to begin: an event, and what follows is looked through for the next.
    fn bad(&mut self, flaw: usize, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        *self.side(context) = Side { searching: true, ..Side::default() };
        self.waiting.lose();
        BAD.tell(record);
        record.flaw(flaw);
        Step::Message { used: next(bytes, |bytes| start(bytes) == Start::Sure) }
    }

    /// Both directions belong to another protocol from here on.
    fn tunnel(&mut self) {
        for side in &mut self.sides {
            side.next = Next::Tunnel;
        }
    }
}
