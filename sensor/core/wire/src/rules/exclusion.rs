//! What a site takes out of its rules' hits, without changing the rules.

use std::sync::Arc;

use super::matcher::Expression;
use crate::event::Event;

/// A site's filter as it stands at one rule.
#[derive(Debug)]
pub struct Exclusion {
    pub filter: Arc<str>,
    /// Packet time from which on it excludes nothing.
    pub until_ns: u64,
    pub condition: Expression,
}

impl Exclusion {
    pub fn excludes(&self, event: &Event<'_>) -> bool {
        event.ts_ns < self.until_ns && self.condition.holds(event)
    }
}
