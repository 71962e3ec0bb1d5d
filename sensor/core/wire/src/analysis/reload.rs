//! Other tables under what a shard is doing.

use std::sync::Arc;

use super::counted::Runs;
use super::Analysis;
use crate::engine::{Moves, Tables};
use crate::values::Judge;

impl Analysis {
    /// `number`: of the shard. What rules and polls were in the middle of goes on where the tables say the same.
    pub fn reload(&mut self, number: usize, tables: &Arc<Tables>, moves: &Moves) {
        self.folder.renumber(moves);
        self.correlator.renumber(moves);
        // Rules have other numbers: a few messages more are kept than needed.
        self.runs = Runs::default();
        self.periods = match (self.periods.take(), tables.baseline.as_ref()) {
            (Some(periods), Some(baseline)) => Some(periods.reloaded(baseline)),
            _ => tables.periods(number),
        };
        let judge = self.values.take();
        self.values = tables.values.as_ref().map(|known| match judge {
            Some(judge) if judge.knows(known) => judge,
            Some(judge) => match (self.tables.baseline.as_ref(), tables.baseline.as_ref()) {
                (Some(before), Some(baseline)) => judge.reloaded(before, Arc::clone(known), baseline),
                _ => Judge::new(Arc::clone(known)),
            },
            None => Judge::new(Arc::clone(known)),
        });
        self.tables = Arc::clone(tables);
    }
}
