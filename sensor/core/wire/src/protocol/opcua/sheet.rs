//! What a service reader writes on: the record, lists filled side by side, and a scratch text. Owned by the parser and
//! reused, so that nothing is allocated per message.

use super::fields::{flaw, NODE_IDS, RESULT_CODES};
use super::text;
use super::types::{Identifier, NodeId};
use crate::limits::LIST_VALUES;
use crate::value::{Record, Span, Value};

/// Values that a list keeps room for between messages.
const COLUMN_VALUES: usize = 256;

/// The lists of one message, collected before they go to the record.
#[derive(Debug, Default)]
pub struct Scratch {
    columns: Vec<(usize, Vec<Value>)>,
    used: usize,
    pub text: Vec<u8>,
}

pub struct Sheet<'r> {
    pub record: &'r mut Record,
    pub scratch: &'r mut Scratch,
    /// An operation of the response failed.
    pub failed: bool,
}

/// Part 4, 7.39: the two highest bits say good, uncertain or bad.
#[inline]
pub fn is_bad(code: u32) -> bool {
    code >> 30 >= 2
}

impl Sheet<'_> {
    /// Append to the list in `slot`. `false` when the list is full.
    #[inline]
    pub fn add(&mut self, slot: usize, value: Value) -> bool {
        let open = self.scratch.columns.get_mut(..self.scratch.used).unwrap_or_default();
        let column = match open.iter_mut().find(|(own, _)| *own == slot) {
            Some((_, column)) => column,
            None => {
                if self.scratch.used == self.scratch.columns.len() {
                    self.scratch.columns.push((slot, Vec::new()));
                }
                let Some((own, column)) = self.scratch.columns.get_mut(self.scratch.used) else { return false };
                self.scratch.used = self.scratch.used.saturating_add(1);
                *own = slot;
                column.clear();
                column
            }
        };
        if column.len() >= LIST_VALUES {
            self.record.flaw(flaw::LIST_CUT);
            return false;
        }
        column.push(value);
        true
    }

    #[inline]
    pub fn add_u(&mut self, slot: usize, value: u32) {
        self.add(slot, Value::Unsigned(value.into()));
    }

    pub fn add_text(&mut self, slot: usize, bytes: &[u8]) {
        let span = self.record.push_text(text::cut(bytes));
        self.add(slot, Value::Text(span));
    }

    /// One operation's status code.
    #[inline]
    pub fn result(&mut self, code: u32) {
        self.failed |= is_bad(code);
        self.add_u(RESULT_CODES, code);
    }

    /// Text built in the scratch by `write`.
    #[inline]
    pub fn written(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        self.scratch.text.clear();
        write(&mut self.scratch.text);
        self.record.push_text(&self.scratch.text)
    }

    pub fn node_text(&mut self, node: &NodeId<'_>) -> Span {
        self.written(|out| text::node(out, node))
    }

    /// A node that the message touches: listed in `slot`, and an object for the baseline.
    #[inline]
    pub fn node_in(&mut self, slot: usize, node: &NodeId<'_>) {
        let span = self.node_text(node);
        if !self.add(slot, Value::Text(span)) {
            return;
        }
        match (node.identifier, node.uri) {
            (Identifier::Numeric(id), None) => {
                self.record.push_stretch("node", node.namespace.into(), id.into(), id.into());
            }
            _ => self.record.push_named("node", node.namespace.into(), span),
        }
    }

    #[inline]
    pub fn node(&mut self, node: &NodeId<'_>) {
        self.node_in(NODE_IDS, node);
    }

    pub fn set_text(&mut self, slot: usize, bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes {
            self.record.set_text(slot, text::cut(bytes));
        }
    }

    /// Hand the lists to the record. What a rare long list took is given back: there may be many conversations.
    pub fn finish(&mut self) {
        for (slot, column) in self.scratch.columns.iter_mut().take(self.scratch.used) {
            self.record.set_list(*slot, column);
            if column.capacity() > COLUMN_VALUES {
                *column = Vec::new();
            }
        }
        self.scratch.used = 0;
    }
}
