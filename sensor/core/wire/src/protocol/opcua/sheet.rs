//! What a service reader writes on: the record, lists filled side by side, and a scratch text. Owned by the parser and
//! reused, so that nothing is allocated per message.

use super::fields::{
    flaw, ATTRIBUTE_IDS, ATTRIBUTE_NAMES, CLIENT_HANDLES, NODE_IDS, RESULT_CODES, STATUS_NAMES, SUBSCRIPTION_IDS,
    VALUES,
};
use super::reader::{Read, Trouble};
use super::status::status_name;
use super::text;
use super::types::{Identifier, NodeId};
use super::words;
use crate::limits::LIST_VALUES;
use crate::site::Credentials;
use crate::value::{Lists, Record, Span, Value};

/// The address space of all nodes; the namespace is its index.
pub const NODE: &str = "node";
/// Values that a list keeps room for between messages.
const COLUMN_VALUES: usize = 256;

/// Lists of one message whose lengths were not known before, collected until they go to the record.
#[derive(Debug, Default)]
pub struct Scratch {
    columns: Vec<(usize, Vec<Value>)>,
    used: usize,
    pub text: Vec<u8>,
    /// The string table of the response, for its diagnostics.
    pub strings: Vec<Span>,
}

/// A list that is written straight into the record, because its message says how long it will be.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    span: Span,
    room: u32,
}

/// Lists that may be written straight into the record: those of read, write and publish, which come all day.
const COLUMNS: [usize; 6] = [NODE_IDS, ATTRIBUTE_IDS, VALUES, RESULT_CODES, CLIENT_HANDLES, SUBSCRIPTION_IDS];

#[inline]
fn column(slot: usize) -> Option<usize> {
    COLUMNS.iter().position(|own| *own == slot)
}

pub struct Sheet<'r> {
    pub record: &'r mut Record,
    pub scratch: &'r mut Scratch,
    /// An operation of the response failed.
    pub failed: bool,
    /// The security mode that an opening asks for.
    pub told_mode: Option<u32>,
    /// What passwords in clear are held against.
    pub credentials: Option<&'r Credentials>,
    columns: [Column; COLUMNS.len()],
}

/// Part 4, 7.39: the two highest bits say good, uncertain or bad.
#[inline]
pub fn is_bad(code: u32) -> bool {
    code >> 30 >= 2
}

impl<'r> Sheet<'r> {
    #[inline]
    pub fn new(record: &'r mut Record, scratch: &'r mut Scratch) -> Self {
        scratch.strings.clear();
        Self { record, scratch, failed: false, told_mode: None, credentials: None, columns: Default::default() }
    }

    /// `count` values are to come for `slot`, one of `COLUMNS`: make room for them side by side. What goes beyond it, and
    /// what this was not told of, goes by way of the scratch.
    #[inline]
    pub fn expect(&mut self, slot: usize, count: usize) {
        if let Some(column) = column(slot).and_then(|place| self.columns.get_mut(place)) {
            if column.room == 0 && self.scratch.used == 0 && count <= LIST_VALUES {
                let span = self.record.reserve(count);
                *column = Column { span: Span { len: 0, ..span }, room: span.len };
            }
        }
    }

    /// The lists of two slots, both of `COLUMNS`, at once: `count` values each, as `fill` writes them. `false` where it
    /// could not, or where the lists were begun: nothing was done.
    #[inline]
    pub fn side_by_side(&mut self, slots: [usize; 2], count: usize, fill: impl FnOnce(Lists<'_>) -> bool) -> bool {
        let [Some(one), Some(other)] = slots.map(column) else { return false };
        let is_new = |place: usize| self.columns.get(place).is_some_and(|column| column.room == 0);
        if count > LIST_VALUES || self.scratch.used != 0 || !is_new(one) || !is_new(other) {
            return false;
        }
        let Some((first, second)) = self.record.two_lists(count, fill) else { return false };
        for (place, span) in [(one, first), (other, second)] {
            if let Some(column) = self.columns.get_mut(place) {
                *column = Column { span, room: span.len };
            }
        }
        true
    }

    /// Append to the list in `slot`. `false` when the list is full.
    #[inline(always)] // `slot` is a constant: which column it is is known here
    pub fn add(&mut self, slot: usize, value: Value) -> bool {
        if let Some(column) = column(slot).and_then(|place| self.columns.get_mut(place)) {
            if column.span.len < column.room {
                self.record.put(column.span, value);
                column.span.len = column.span.len.wrapping_add(1);
                return true;
            }
        }
        self.add_more(slot, value)
    }

    /// A list of which it is not known how long it will be.
    fn add_more(&mut self, slot: usize, value: Value) -> bool {
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
                if let Some(begun) = self::column(slot).and_then(|place| self.columns.get(place)) {
                    column.extend_from_slice(self.record.list(begun.span));
                }
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
        if code != 0 {
            self.name_status(code);
        }
    }

    /// The name of a code that is not plainly good.
    #[cold]
    pub fn name_status(&mut self, code: u32) {
        self.add(STATUS_NAMES, Value::Name(status_name(code)));
    }

    /// The names of the results listed so far that are not plainly good.
    #[cold]
    pub fn name_results(&mut self) {
        self.each(RESULT_CODES, |sheet, code| {
            if code != 0 {
                sheet.name_status(code);
            }
        });
    }

    /// The names of the attributes listed so far.
    #[cold]
    pub fn name_attributes(&mut self) {
        self.each(ATTRIBUTE_IDS, |sheet, attribute| {
            sheet.add(ATTRIBUTE_NAMES, Value::Name(words::attribute(attribute).unwrap_or("unknown")));
        });
    }

    fn each(&mut self, slot: usize, mut with: impl FnMut(&mut Self, u32)) {
        let Some(span) = column(slot).and_then(|place| self.columns.get(place)).map(|column| column.span) else {
            return;
        };
        for place in 0..span.len as usize {
            if let Some(Value::Unsigned(number)) = self.record.list(span).get(place).copied() {
                with(self, u32::try_from(number).unwrap_or(u32::MAX));
            }
        }
    }

    /// The attribute of item `index`, where it is not the value.
    #[cold]
    pub fn name_attribute(&mut self, index: usize, attribute: u32) {
        let name = words::attribute(attribute).unwrap_or("unknown");
        self.add_at(ATTRIBUTE_NAMES, index, Value::Name("value"), Value::Name(name));
    }

    /// What only some items have: so many of `none` before it that it stands in the place of item `index`.
    pub fn add_at(&mut self, slot: usize, index: usize, none: Value, value: Value) {
        let open = self.scratch.columns.get(..self.scratch.used).unwrap_or_default();
        let length = open.iter().find(|(own, _)| *own == slot).map_or(0, |(_, column)| column.len());
        for _ in length..index {
            if !self.add(slot, none) {
                return;
            }
        }
        self.add(slot, value);
    }

    /// A name, or `unknown` with a flaw where the number has none.
    pub fn add_name(&mut self, slot: usize, name: Option<&'static str>) {
        if name.is_none() {
            self.record.flaw(flaw::BAD_VALUE);
        }
        self.add(slot, Value::Name(name.unwrap_or("unknown")));
    }

    /// A node that is listed and not touched.
    pub fn mention(&mut self, slot: usize, node: &NodeId<'_>) {
        let text = self.node_text(node);
        self.add(slot, Value::Text(text));
    }

    pub fn add_time(&mut self, slot: usize, ticks: i64) {
        let span = self.written(|out| text::time(out, ticks));
        self.add(slot, Value::Text(span));
    }

    /// Whether what lies inside a structure could be read. What is around it goes on all the same.
    pub fn inside(&mut self, read: Read<()>) {
        match read {
            Ok(()) => {}
            Err(Trouble::Short) => self.record.flaw(flaw::SHORT_BODY),
            Err(Trouble::Encoding) => self.record.flaw(flaw::BAD_ENCODING),
            Err(Trouble::Nesting) => self.record.flaw(flaw::NESTING),
        }
    }

    /// Text as `write` builds it.
    #[inline]
    pub fn written(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        self.record.write_text(write)
    }

    #[inline]
    pub fn node_text(&mut self, node: &NodeId<'_>) -> Span {
        self.written(|out| text::node(out, node))
    }

    /// A node named by a string that the message touches: listed in `slot`, and an object for the baseline.
    #[inline(always)] // as `add`
    pub fn named_node(&mut self, slot: usize, namespace: u16, name: &[u8]) {
        let span = self.written(|out| text::named(out, namespace, name));
        if self.add(slot, Value::Text(span)) {
            self.record.push_named(NODE, namespace.into(), span);
        }
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
                self.record.push_stretch(NODE, node.namespace.into(), id.into(), id.into());
            }
            _ => self.record.push_named(NODE, node.namespace.into(), span),
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
    #[inline]
    pub fn finish(&mut self) {
        for (slot, column) in COLUMNS.into_iter().zip(&self.columns) {
            if column.span.len > 0 {
                self.record.set(slot, Value::List(column.span));
            }
        }
        if self.scratch.used > 0 {
            self.finish_more();
        }
    }

    fn finish_more(&mut self) {
        for (slot, column) in self.scratch.columns.iter_mut().take(self.scratch.used) {
            self.record.set_list(*slot, column);
            if column.capacity() > COLUMN_VALUES {
                *column = Vec::new();
            }
        }
        self.scratch.used = 0;
    }
}
