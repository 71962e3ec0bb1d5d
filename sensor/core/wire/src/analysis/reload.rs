//! Other tables under what a shard is doing.

use std::sync::Arc;

use super::counted::Runs;
use super::Analysis;
use crate::engine::{Moves, Tables};

impl Analysis {
    /// `number`: of the shard. What rules and polls were in the middle of goes on where the tables say the same.
    pub fn reload(&mut self, number: usize, tables: &Arc<Tables>, moves: &Moves) {
        self.folder.renumber(moves);
        self.correlator.renumber(moves);
        // Rules have other numbers: a few texts more than needed.
        self.runs = Runs::default();
        self.periods = match (self.periods.take(), tables.baseline.as_ref()) {
            (Some(periods), Some(baseline)) => Some(periods.reloaded(baseline)),
            _ => tables.periods(number),
        };
        self.tables = Arc::clone(tables);
    }
}
