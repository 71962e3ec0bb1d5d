//! What all shards had, before it is put together: that may be done by another thread than theirs.

use std::sync::Arc;

use super::interleave::{interleave, tell, Told};
use super::{Batch, Part};
use crate::limits::COLUMN_ROWS;
use crate::print::Names;

#[derive(Debug, Default)]
pub struct Parts {
    parts: Vec<Part>,
    told: Told,
    names: Arc<Names>,
}

impl Parts {
    /// `told`: of all parts of the whole so far, and from now on of these.
    pub fn new(parts: Vec<Part>, told: &mut Told, names: Arc<Names>) -> Self {
        let (full, empty): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.rows > 0);
        // The columns of a capture without a message are worth knowing, too.
        let parts = if full.is_empty() { empty.into_iter().take(1).collect() } else { full };
        tell(&parts, told);
        Self { parts, told: told.clone(), names }
    }

    pub fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.rows).fold(0, usize::saturating_add)
    }

    /// Values that did not fit their column and are missing.
    pub fn mistyped(&self) -> u64 {
        self.parts.iter().map(|part| part.mistyped).fold(0, u64::saturating_add)
    }

    /// How many rows each batch will have.
    pub fn sizes(&self) -> Vec<usize> {
        let rows = self.rows();
        if rows == 0 {
            return vec![0; self.parts.len()];
        }
        (0..rows).step_by(COLUMN_ROWS).map(|start| rows.saturating_sub(start).min(COLUMN_ROWS)).collect()
    }

    /// All rows, in order of arrival.
    pub fn whole(mut self) -> Vec<Batch> {
        interleave(&self.parts, &mut self.told, &self.names)
    }
}
