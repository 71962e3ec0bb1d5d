//! Signatures: compiled once from JSON, then held against every event.
//!
//! The cost of an event does not grow with the number of rules: [`index`] leads to the few rules that could match by
//! what the event holds, and only these are evaluated. On the way: a condition becomes alternatives of keys ([`terms`],
//! [`keys`]), what they ask of the stations is asked once for a conversation ([`groups`]), a gate stands in front of
//! those that one field leads to ([`gate`]; most messages need a glance at it, [`glance`]), behind it they stand in blocks ([`block`]), a block looks at one field at a
//! time ([`column`]), and a value leads to a row of bits ([`rows`]) through tables ([`pages`]) or an automaton
//! ([`words`]).

mod block;
mod column;
mod compile;
mod exclusion;
mod gate;
mod glance;
mod grams;
mod groups;
mod hull;
mod index;
pub mod ir;
mod keys;
mod matcher;
mod named;
mod pages;
pub mod plan;
mod possible;
mod rare;
mod rows;
mod sets;
mod sieve;
mod terms;
mod test;
mod words;

pub use block::Scratch;
pub use groups::Narrowed;
pub use sets::Network;

use std::sync::Arc;

use crate::event::{Event, FieldId};
use matcher::Expression;

/// What the engine must know of a rule beside whether it matches.
#[derive(Debug)]
pub struct RuleInfo {
    /// The rule's UUID.
    pub id: String,
    /// Inactive where there is no baseline.
    pub needs_baseline: bool,
    /// Hits that agree in these fields fold into one alert.
    pub fold: Vec<FieldId>,
    /// Equal for equal rules, whatever their number: what was counted for a rule lives on while its content does.
    pub content: u64,
    /// What it counts; `None`: each message that matches is a hit.
    pub plan: Option<plan::Plan>,
}

#[derive(Debug)]
struct Rule {
    info: RuleInfo,
    protocol: usize,
    condition: Expression,
    exclusions: Box<[exclusion::Exclusion]>,
}

/// All rules, ready to run: read only, so that threads share them.
#[derive(Debug)]
pub struct Rules {
    rules: Box<[Rule]>,
    index: index::Index,
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Rules>();
};

impl Rules {
    /// Read the document described in [`ir`]. The message of an error names the rule.
    pub fn compile(json: &str) -> Result<Self, String> {
        compile::compile(json)
    }

    /// Put the indices of the rules that match into `out`, in order; what was in it is dropped.
    ///
    /// A rule that needs a baseline never matches an event without one.
    #[inline]
    pub fn matches(&self, event: &Event<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
        self.matches_narrowed(event, self.narrow(event), scratch, out);
    }

    /// What is left possible between the two stations of this event, in its protocol, whichever of them sends: for
    /// whoever keeps it with the conversation.
    pub fn narrow(&self, event: &Event<'_>) -> Narrowed {
        self.index.narrow(event)
    }

    /// The same as `matches`, far cheaper: `narrowed` was made by these rules for these stations.
    #[inline]
    pub fn matches_narrowed(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, out: &mut Vec<u32>) {
        out.clear();
        self.index.visit(event, narrowed, scratch, &mut |found| {
            let holds = if found.holds { self.is_active(found.rule, event) } else { self.holds(found.rule, event) };
            if holds {
                out.push(found.rule);
            }
        });
        if out.len() > 1 {
            // The index may lead to a rule by several of its alternatives.
            out.sort_unstable();
            out.dedup();
        }
    }

    #[inline]
    fn is_active(&self, index: u32, event: &Event<'_>) -> bool {
        self.rules.get(index as usize).is_some_and(|rule| event.link.is_some() || !rule.info.needs_baseline)
    }

    /// Whether one rule matches, by evaluating its condition: what `matches` must agree with.
    pub fn holds(&self, index: u32, event: &Event<'_>) -> bool {
        self.rules.get(index as usize).is_some_and(|rule| {
            let active = event.link.is_some() || !rule.info.needs_baseline;
            active && event.protocol == rule.protocol && rule.condition.holds(event)
        })
    }

    /// The site's filter that takes this message out of a rule's hits, if one does.
    #[inline]
    pub fn excluded(&self, index: u32, event: &Event<'_>) -> Option<&Arc<str>> {
        let rule = self.rules.get(index as usize).filter(|rule| !rule.exclusions.is_empty())?;
        rule.exclusions.iter().find(|exclusion| exclusion.excludes(event)).map(|exclusion| &exclusion.filter)
    }

    /// How many conditions `matches` evaluates for this event: what tests hold the cost against.
    pub fn candidates(&self, event: &Event<'_>, scratch: &mut Scratch) -> usize {
        let mut count = 0usize;
        self.index.visit(event, self.narrow(event), scratch, &mut |_| count = count.saturating_add(1));
        count
    }

    pub fn info(&self, index: u32) -> Option<&RuleInfo> {
        self.rules.get(index as usize).map(|rule| &rule.info)
    }

    pub fn len(&self) -> usize {
        self.rules.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
