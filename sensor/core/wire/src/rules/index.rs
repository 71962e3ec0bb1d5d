//! From an event to the few rules that could match it.
//!
//! Rules are filed by protocol, then by the message's role and one field that tells operations apart, chosen from what
//! the rules ask: function code, service, … Of what is filed together, only groups that the two stations leave possible
//! are looked at (`groups.rs`), and there stand gates (`gate.rs`) at which most messages of a plant end, in front of
//! blocks (`block.rs`) that look at all other fields.

mod names;
mod root;

use super::block::Scratch;
use super::groups::{Groups, Narrowed};
use super::matcher::Expression;
use super::terms::{exact, terms, Term};
use crate::event::Event;
use crate::protocol;
use root::{operation_field, Root};

#[derive(Debug)]
pub struct Index {
    /// By place in `PROTOCOLS`; of those that no rule is about, nothing.
    protocols: Box<[Option<Protocol>]>,
}

/// The rules on one protocol's events.
#[derive(Debug)]
struct Protocol {
    groups: Groups,
    root: Root,
}

/// What the index must know of a rule.
pub struct Filed<'r> {
    pub protocol: usize,
    pub condition: &'r Expression,
}

/// A rule that the index led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    pub rule: u32,
    /// What was looked at on the way is all that its condition asks: it holds.
    pub holds: bool,
}

/// One alternative of a rule's condition.
struct Entry {
    rule: u32,
    group: u8,
    term: Term,
    /// What fits the term fits the condition.
    exact: bool,
}

impl Index {
    pub fn new<'r>(rules: impl Iterator<Item = Filed<'r>>) -> Self {
        let mut by_protocol: Vec<Vec<Entry>> = protocol::all().map(|_| Vec::new()).collect();
        for (number, rule) in (0u32..).zip(rules) {
            if let Some(list) = by_protocol.get_mut(rule.protocol) {
                let exact = exact(rule.condition);
                let entry = |term| Entry { rule: number, group: 0, term, exact };
                list.extend(terms(rule.condition).into_iter().map(entry));
            }
        }
        let protocols = by_protocol.into_iter().enumerate().map(|(number, entries)| Protocol::new(number, entries));
        Self { protocols: protocols.collect() }
    }

    /// Call `found` with every rule that could match; with some of them more than once.
    #[inline]
    pub fn visit(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
        if let Some(Some(protocol)) = self.protocols.get(event.protocol) {
            // What a conversation remembers is about its own protocol's rules.
            let narrowed = if event.protocol == event.family { narrowed } else { Narrowed::default() };
            protocol.root.visit(event, narrowed, scratch, found);
        }
    }

    pub fn narrow(&self, event: &Event<'_>) -> Narrowed {
        let protocol = self.protocols.get(event.family).and_then(Option::as_ref);
        protocol.map(|protocol| protocol.groups.narrow(event)).unwrap_or_default()
    }
}

impl Protocol {
    fn new(number: usize, mut entries: Vec<Entry>) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let terms = || entries.iter().map(|entry| &entry.term);
        let (groups, of_each) = Groups::new(number, operation_field(terms()), terms());
        for (entry, group) in entries.iter_mut().zip(of_each) {
            entry.group = group;
        }
        Some(Self { groups, root: Root::new(number, &entries) })
    }
}
