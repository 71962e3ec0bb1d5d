//! From an event to the few rules that could match it.
//!
//! Rules are filed by protocol, then by the message's role and one field that tells operations apart, chosen from what
//! the rules ask: function code, service, … Of what is filed together, only groups that the two stations leave possible
//! are looked at (`groups.rs`), and there stand gates (`gate.rs`) at which most messages of a plant end, in front of
//! blocks (`block.rs`) that look at all other fields.

mod names;
mod root;

use std::collections::BTreeMap;

use super::block::Scratch;
use super::groups::{Groups, Narrowed};
use super::matcher::Expression;
use super::terms::{terms, Term};
use crate::event::Event;
use crate::protocol::PROTOCOLS;
use root::{operation_field, Root};

#[derive(Debug)]
pub struct Index {
    protocols: Box<[Protocol]>,
}

/// The rules on one parser's events.
#[derive(Debug, Default)]
struct Protocol {
    groups: Groups,
    /// Of the parser's own name.
    own: Option<Root>,
    /// Of the names below it.
    below: Vec<(String, Root)>,
}

/// What the index must know of a rule.
pub struct Filed<'r> {
    pub protocol: usize,
    pub alias: Option<&'r str>,
    pub condition: &'r Expression,
}

/// One alternative of a rule's condition.
struct Entry {
    rule: u32,
    group: u8,
    term: Term,
}

impl Index {
    pub fn new<'r>(rules: impl Iterator<Item = Filed<'r>>) -> Self {
        let mut by_protocol: Vec<Vec<(Option<&str>, Entry)>> = PROTOCOLS.iter().map(|_| Vec::new()).collect();
        for (number, rule) in (0u32..).zip(rules) {
            if let Some(list) = by_protocol.get_mut(rule.protocol) {
                let made = terms(rule.condition).into_iter().map(|term| Entry { rule: number, group: 0, term });
                list.extend(made.map(|entry| (rule.alias, entry)));
            }
        }
        let protocols = by_protocol.into_iter().enumerate().map(|(number, entries)| Protocol::new(number, entries));
        Self { protocols: protocols.collect() }
    }

    /// Call `found` with every rule that could match; with some of them more than once.
    #[inline]
    pub fn visit(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        let Some(protocol) = self.protocols.get(event.protocol) else { return };
        match event.record.protocol_name {
            None => {
                if let Some(root) = &protocol.own {
                    root.visit(event, narrowed, scratch, found);
                }
            }
            Some(name) => {
                for (_, root) in protocol.below.iter().filter(|(below, _)| below == name) {
                    root.visit(event, narrowed, scratch, found);
                }
            }
        }
    }

    pub fn narrow(&self, event: &Event<'_>) -> Narrowed {
        self.protocols.get(event.protocol).map(|protocol| protocol.groups.narrow(event)).unwrap_or_default()
    }
}

impl Protocol {
    fn new(protocol: usize, mut entries: Vec<(Option<&str>, Entry)>) -> Self {
        let terms = || entries.iter().map(|(_, entry)| &entry.term);
        let (groups, of_each) = Groups::new(protocol, operation_field(terms()), terms());
        let mut by_name: BTreeMap<Option<&str>, Vec<Entry>> = BTreeMap::new();
        for ((name, mut entry), group) in entries.drain(..).zip(of_each) {
            entry.group = group;
            by_name.entry(name).or_default().push(entry);
        }
        let mut made = Self { groups, ..Self::default() };
        for (name, entries) in by_name {
            let root = Root::new(protocol, &entries);
            match name {
                None => made.own = Some(root),
                Some(name) => made.below.push((name.to_owned(), root)),
            }
        }
        made
    }
}
