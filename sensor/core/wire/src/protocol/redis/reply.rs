//! Replies: their type and size, and errors.

use super::elements::{element, error_code, Element, Elements};
use super::{bad, Mode, Redis, ANSWER, BYTES, COUNT, ERROR, REPLY};
use crate::protocol::text::put;
use crate::protocol::Step;
use crate::value::{Outcome, Record, Role, Value};

impl Redis {
    pub(super) fn answers(&mut self, bytes: &[u8], record: &mut Record) -> Step {
        let [server, _] = &mut self.sides;
        let found = element(bytes);
        let (kind, used) = match found {
            Element::Line { kind, used, .. } | Element::Aggregate { kind, used, .. } => (kind, used),
            Element::Bulk { kind, header, .. } => (kind, header),
            Element::Short => return Step::Short { need: bytes.len().saturating_add(1) },
            Element::Bad => return bad(server, bytes, record),
        };
        let mut passing = Elements::default();
        let mut failed = kind == b'-';
        match found {
            Element::Line { text, .. } if failed => put(record, ERROR, error_code(text)),
            Element::Bulk { length, .. } => {
                record.set_u(BYTES, length);
                passing.bytes = length.saturating_add(2);
                if kind == b'!' {
                    failed = true;
                    let text = bytes.get(used..).unwrap_or_default();
                    put(record, ERROR, error_code(text.get(..32).unwrap_or(text)));
                }
            }
            Element::Aggregate { count, .. } => {
                record.set_u(COUNT, if kind == b'%' { count >> 1 } else { count });
                // The element that an attribute is about comes behind it, and belongs to it.
                passing.left = count.saturating_add(u64::from(kind == b'|'));
            }
            _ => {}
        }
        let passed = match passing.pass(bytes.get(used..).unwrap_or_default()) {
            Ok(passed) => passed,
            Err(()) => {
                record.flaw(super::flaw::ELEMENT);
                server.searching = true;
                passing = Elements::default();
                0
            }
        };
        server.passing = passing;
        record.set(REPLY, Value::Name(name(kind)));
        if kind == b'>' || self.mode != Mode::Answers && self.waiting.peek().is_none() {
            ANSWER.tell(record);
            record.operation_name = "push";
            record.role = Role::Unsolicited;
        } else {
            let (reference, asked) = self.waiting.answer();
            let asked = asked.unwrap_or(ANSWER);
            asked.tell(record);
            record.role = Role::Response;
            record.reference = reference;
            record.outcome = if failed { Outcome::Failure } else { Outcome::Success };
            if matches!(asked.name, "sync" | "psync") && !failed {
                self.mode = Mode::Replica;
            }
        }
        Step::Message { used: used.saturating_add(passed) }
    }
}

fn name(kind: u8) -> &'static str {
    match kind {
        b'+' => "text",
        b'-' | b'!' => "error",
        b':' => "number",
        b'(' => "big_number",
        b',' => "double",
        b'#' => "boolean",
        b'_' => "null",
        b'$' => "bulk",
        b'=' => "verbatim",
        b'*' => "array",
        b'%' => "map",
        b'~' => "set",
        b'>' => "push",
        _ => "attribute",
    }
}
