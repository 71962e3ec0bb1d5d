//! How unusual rows are: trees outside, rows inside, so that a tree is fetched once for many rows.

use super::{Forest, Tree};

/// Rows that are walked side by side: each step waits for memory, and several wait together.
const LANES: usize = 8;
/// Rows that every tree is walked for before the next tree: they stay in the nearest cache beside a tree.
const BATCH: usize = 256;

impl Forest {
    /// A score for each row of `width` values: from 0 to 1, about 0.5 and less is ordinary (Liu, Ting, Zhou 2008,
    /// equation 2: 2 to the power of minus the mean path length over c(n)).
    ///
    /// Values are compared as singles. What is too large for one is infinite; what is no number goes where the tree
    /// sends it. An error says that the values are no whole rows.
    pub fn score(&self, values: &[f64]) -> Result<Vec<f64>, String> {
        let (width, count) = (self.width, values.len());
        if count.checked_rem(width) != Some(0) {
            return Err(format!("{count} values are no rows of {width}"));
        }
        let mut scores = Vec::with_capacity(count.checked_div(width).unwrap_or(0));
        for rows in values.chunks(width.saturating_mul(BATCH)) {
            self.batch(rows, &mut scores);
        }
        Ok(scores)
    }

    #[allow(clippy::cast_possible_truncation)] // singles are what the trees were grown from
    fn batch(&self, rows: &[f64], scores: &mut Vec<f64>) {
        let singles: Vec<f32> = rows.iter().map(|value| *value as f32).collect();
        let known = !singles.iter().any(|value| value.is_nan());
        let mut sums = vec![0.0; singles.len().checked_div(self.width).unwrap_or(0)];
        for tree in &self.trees {
            if known {
                tree.add::<true>(&singles, self.width, &mut sums);
            } else {
                tree.add::<false>(&singles, self.width, &mut sums);
            }
        }
        scores.extend(sums.iter().map(|sum| self.of(*sum)));
    }

    /// A tree that was grown from one row says nothing: every row is as unusual as can be said, 0.5.
    #[allow(clippy::cast_precision_loss)] // there are few trees
    fn of(&self, sum: f64) -> f64 {
        let usual = self.trees.len() as f64 * self.usual;
        let share = if usual == 0.0 { 1.0 } else { sum / usual };
        (-share).exp2()
    }
}

impl Tree {
    /// Add each row's path length to its sum. `KNOWN`: no value is missing.
    fn add<const KNOWN: bool>(&self, rows: &[f32], width: usize, sums: &mut [f64]) {
        let mut groups = rows.chunks_exact(width.saturating_mul(LANES));
        let mut sums = sums.chunks_mut(LANES);
        for (group, sums) in groups.by_ref().zip(sums.by_ref()) {
            let ends = self.walk::<LANES, KNOWN>(group, width);
            for (sum, end) in sums.iter_mut().zip(ends) {
                *sum += self.length(end);
            }
        }
        for (row, sum) in groups.remainder().chunks_exact(width).zip(sums.flatten()) {
            let [end] = self.walk::<1, KNOWN>(row, width);
            *sum += self.length(end);
        }
    }

    fn length(&self, end: u16) -> f64 {
        self.lengths.get(usize::from(end)).copied().unwrap_or(0.0)
    }

    /// The leaves where so many rows end. Every walk takes as many steps as the longest, for a step costs less than a
    /// wrong guess whether it was the last. Places were checked when the tree was read: none is outside.
    #[inline(always)]
    fn walk<const ROWS: usize, const KNOWN: bool>(&self, rows: &[f32], width: usize) -> [u16; ROWS] {
        let nodes = self.nodes.as_slice();
        let mut at = [0_u16; ROWS];
        for _ in 0..self.depth {
            for (row, at) in at.iter_mut().enumerate() {
                let Some(node) = nodes.get(usize::from(*at)) else { return [0; ROWS] };
                let place = row.wrapping_mul(width).wrapping_add(usize::from(node.feature));
                let Some(value) = rows.get(place) else { return [0; ROWS] };
                let mut right = *value > node.threshold;
                if !KNOWN && value.is_nan() {
                    right = !self.unknown_left.get(usize::from(*at)).copied().unwrap_or(true);
                }
                *at = node.left.wrapping_add(u16::from(right));
            }
        }
        at
    }
}
