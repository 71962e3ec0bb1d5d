//! Signatures: compiled once from JSON, then held against every event.
//!
//! The cost of an event does not grow with the number of rules: [`index`] leads to the few rules that could match by
//! what the event holds, and only these are evaluated.

mod compile;
mod index;
pub mod ir;
mod keys;
mod matcher;
mod sets;
mod test;

pub use sets::Network;

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
}

#[derive(Debug)]
struct Rule {
    info: RuleInfo,
    /// `Record::protocol_name` of the events this rule is about: `cotp` below S7, mostly none.
    alias: Option<String>,
    condition: Expression,
}

/// All rules, ready to run.
#[derive(Debug)]
pub struct Rules {
    rules: Box<[Rule]>,
    index: index::Index,
}

impl Rules {
    /// Read the document described in [`ir`]. The message of an error names the rule.
    pub fn compile(json: &str) -> Result<Self, String> {
        compile::compile(json)
    }

    /// Put the indices of the rules that match into `out`, in order; what was in it is dropped.
    ///
    /// A rule that needs a baseline never matches an event without one.
    pub fn matches(&self, event: &Event<'_>, out: &mut Vec<u32>) {
        out.clear();
        self.index.visit(event, &mut |number| {
            if let Some(rule) = self.rules.get(number as usize) {
                let active = event.link.is_some() || !rule.info.needs_baseline;
                if active && event.record.protocol_name == rule.alias.as_deref() && rule.condition.holds(event) {
                    out.push(number);
                }
            }
        });
        if out.len() > 1 {
            // The index may lead to a rule by several of its values.
            out.sort_unstable();
            out.dedup();
        }
    }

    /// How many conditions `matches` evaluates for this event: what tests hold the cost against.
    pub fn candidates(&self, event: &Event<'_>) -> usize {
        let mut count = 0usize;
        self.index.visit(event, &mut |_| count = count.saturating_add(1));
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
