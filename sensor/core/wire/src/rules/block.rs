//! Up to some hundred conditions whose keys are held against an event all at once, field by field.
//!
//! Each condition is one bit. A field's value leads to a row of bits; where the rows of all fields have a bit in
//! common, that condition is worth evaluating.

use std::collections::BTreeMap;

use super::column::{Column, Joined};
use super::index::Found;
use super::rows::{each, set};
use super::terms::Term;
use crate::event::{Event, FieldId};

/// Conditions in a block: a row is then one cache line, and the rows of a field together stay below 1 MiB.
pub const TERMS: usize = 512;
/// What matching needs to write on; one per thread.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) joined: Joined,
}

#[derive(Debug)]
pub struct Block {
    /// The rule of each condition.
    rules: Box<[u32]>,
    all: Box<[u64]>,
    /// The one that led here first, then cheap ones, and of equal ones that which most conditions ask for.
    columns: Box<[Column]>,
}

impl Block {
    /// Fields in `decided` have been looked at before: every event that comes here fits them. The field that led here
    /// is looked at first.
    pub fn new(protocol: usize, terms: &[(u32, &Term)], decided: &[FieldId], leading: Option<FieldId>) -> Self {
        let mut fields: BTreeMap<FieldId, Vec<_>> = BTreeMap::new();
        // Widths of which the compiler makes straight code.
        let words = terms.len().div_ceil(64).next_power_of_two();
        let mut all = vec![0u64; words];
        for (at, (_, term)) in terms.iter().enumerate() {
            set(&mut all, at);
            for (field, key) in term.iter().filter(|(field, _)| !decided.contains(field)) {
                fields.entry(*field).or_default().push((at, key));
            }
        }
        let made = fields.iter().map(|(field, keys)| {
            let column = Column::new(*field, protocol, keys, words);
            ((leading != Some(*field), column.cost(), usize::MAX.saturating_sub(keys.len())), column)
        });
        let mut made: Vec<((bool, u32, usize), Column)> = made.collect();
        made.sort_by_key(|(order, _)| *order);
        Self {
            rules: terms.iter().map(|(rule, _)| *rule).collect(),
            all: all.into_boxed_slice(),
            columns: made.into_iter().map(|(_, column)| column).collect(),
        }
    }

    /// Call `found` with every rule that could match; with some of them more than once.
    #[inline]
    pub fn visit(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
        match self.all.len() {
            1 => self.run::<1>(event, scratch, found),
            2 => self.run::<2>(event, scratch, found),
            4 => self.run::<4>(event, scratch, found),
            _ => self.run::<8>(event, scratch, found),
        }
    }

    #[inline]
    fn run<const WORDS: usize>(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
        let Some(mut possible) = self.all.first_chunk::<WORDS>().copied() else { return };
        for column in &self.columns {
            if column.asked(&possible) && !column.narrow(event, &mut possible, &mut scratch.joined) {
                return;
            }
        }
        each(&possible, |at| {
            if let Some(rule) = self.rules.get(at) {
                found(Found { rule: *rule, holds: false });
            }
        });
    }
}
