//! HTTP/1.x. RFC 9110 (semantics), RFC 9112 (messages); RFC 9113 3.4 (preface of HTTP/2), RFC 6455 (WebSocket).
//!
//! One event per head; bodies are passed over, but for a short form that is looked through for a login. Who asks and
//! who answers is told by the first line, not by the direction. `operation`: place of the method in `start::method`.
//! Answers come in the order of their requests (RFC 9112 9.3.2).

mod fields;
mod form;
mod header;
mod request;
mod response;
mod start;

use super::text::chunks::{Chunks, Passed};
use super::text::head::{head, Head};
use super::text::lines::next;
use super::text::queue::Queue;
use super::text::Operation;
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits::HTTP_HEAD_BYTES;
use crate::value::{Record, Role};
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
    /// Something was lost: looking for the next head.
    searching: bool,
}

#[derive(Default)]
struct Http {
    sides: [Side; 2],
    waiting: Queue<Operation>,
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
        *self.side(context) = Side { next: Next::Head, searching: true };
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
