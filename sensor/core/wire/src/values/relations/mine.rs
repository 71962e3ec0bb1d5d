//! Looking for relations between the tags of one link.
//!
//! **Many are tried, few are chance.** A plant tries [`limits::RELATION_PAIRS`] pairs at most. Each relation that comes out
//! was found in the first half of learning and has to show itself in the second with so much evidence that chance
//! would bring one to a thousand plants that try all of them (Bonferroni): for the tail of a normal distribution,
//! exp(-z²/2) = 0.001 / pairs, which is [`EVIDENCE`].

use super::pieces::Series;
use super::{linear, logic, Relation};
use crate::limits;

/// The square root of 2 ln(pairs / 0.001), for a million pairs.
pub const EVIDENCE: f64 = 6.45;
/// Pieces of time that two tags must both have, in each half of learning.
const FEWEST: usize = 48;
/// Relations kept of one tag: those that leave least unexplained.
pub const MOST_OF_TAG: usize = 3;

/// A tag that may have relations.
pub struct Candidate<'s> {
    pub series: &'s Series,
    /// It measures; or these are the few values it has.
    pub states: Vec<f64>,
}

/// Means of all tags by piece of time; NaN where there is none.
pub struct Grid {
    numbers: Vec<u64>,
    means: Vec<Vec<f64>>,
    steady: Vec<Vec<bool>>,
    /// Tags that have all pieces, as those of one poll do; and all rows, of either half.
    whole: Vec<bool>,
    all: (Vec<usize>, Vec<usize>),
}

impl Grid {
    fn new(candidates: &[Candidate<'_>]) -> Self {
        let mut numbers: Vec<u64> =
            candidates.iter().flat_map(|one| one.series.pieces()).map(|piece| piece.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let blank = vec![f64::NAN; numbers.len()];
        let (mut means, mut steady) = (Vec::new(), Vec::new());
        for one in candidates {
            let (mut own, mut still) = (blank.clone(), vec![false; numbers.len()]);
            for piece in one.series.pieces() {
                let Ok(row) = numbers.binary_search(&piece.number) else { continue };
                if let (Some(mean), Some(steady)) = (own.get_mut(row), still.get_mut(row)) {
                    (*mean, *steady) = (piece.mean, piece.steady);
                }
            }
            means.push(own);
            steady.push(still);
        }
        let whole = means.iter().map(|own| !own.iter().any(|mean| mean.is_nan())).collect();
        let mut grid = Self { numbers, means, steady, whole, all: (Vec::new(), Vec::new()) };
        grid.all = grid.parted(0..grid.numbers.len());
        grid
    }

    fn parted(&self, rows: impl Iterator<Item = usize>) -> (Vec<usize>, Vec<usize>) {
        let first = self.numbers.first().copied().unwrap_or(0);
        let middle = first.midpoint(self.numbers.last().copied().unwrap_or(0));
        rows.partition(|row| self.number(*row) < middle)
    }

    pub fn at(&self, tag: usize, row: usize) -> f64 {
        self.means.get(tag).and_then(|own| own.get(row)).copied().unwrap_or(f64::NAN)
    }

    pub fn steady(&self, tag: usize, row: usize) -> bool {
        self.steady.get(tag).and_then(|own| own.get(row)).copied().unwrap_or(false)
    }

    pub fn number(&self, row: usize) -> u64 {
        self.numbers.get(row).copied().unwrap_or(0)
    }

    /// The rows that all of these have, of the first half of the time and of the second. `None`: they are too few.
    pub fn halves(&self, tags: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let (first, second) = if tags.iter().all(|tag| self.whole.get(*tag) == Some(&true)) {
            self.all.clone()
        } else {
            let has = |row: &usize| tags.iter().all(|tag| !self.at(*tag, *row).is_nan());
            self.parted((0..self.numbers.len()).filter(has))
        };
        (first.len() >= FEWEST && second.len() >= FEWEST).then_some((first, second))
    }
}

/// The relations between tags of one link, in the order of these. `pairs`: how many may still be tried, and what is left.
/// `None`: they are too many.
pub fn mine(candidates: &[Candidate<'_>], pairs: &mut usize) -> Option<Vec<Relation>> {
    let wanted = candidates.len().saturating_mul(candidates.len());
    if candidates.len() > limits::RELATION_TAGS || wanted > *pairs {
        return None;
    }
    *pairs = pairs.saturating_sub(wanted);
    let grid = Grid::new(candidates);
    let measures = |tag: &usize| candidates.get(*tag).is_some_and(|one| one.states.is_empty());
    let measured: Vec<usize> = (0..candidates.len()).filter(measures).collect();
    let mut found: Vec<(f64, Relation)> =
        measured.iter().flat_map(|of| linear::relations_of(&grid, *of, &measured)).collect();
    for (state, one) in candidates.iter().enumerate().filter(|(_, one)| !one.states.is_empty()) {
        for of in &measured {
            // Behind all sums: they say more.
            found.extend(logic::relations_of(&grid, state, &one.states, *of).into_iter().map(|one| (1.0, one)));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut kept: Vec<Relation> = Vec::new();
    for (_, relation) in found {
        let mut tags: Vec<u32> = relation.tags().collect();
        tags.sort_unstable();
        let same = |other: &Relation| {
            let mut others: Vec<u32> = other.tags().collect();
            others.sort_unstable();
            matches!(relation, Relation::Linear { .. }) && others == tags
        };
        let many = |tag: u32| kept.iter().filter(|other| other.tags().any(|its| its == tag)).count() >= MOST_OF_TAG;
        if !kept.iter().any(same) && !tags.iter().any(|tag| many(*tag)) {
            kept.push(relation);
        }
    }
    Some(kept)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::cast_precision_loss)] // test data
mod tests {
    use super::super::pieces::Piece;
    use super::*;

    /// Noise in [-1, 1) that every machine draws alike.
    fn noise(number: u64, which: u64) -> f64 {
        (crate::hash::mixed(number * 64 + which) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// A walk that comes back: smooth, and no two alike.
    fn walks(which: u64) -> Vec<f64> {
        let mut at = 0.0;
        (0..480u64)
            .map(|number| {
                at = 0.9 * at + noise(number, which);
                at
            })
            .collect()
    }

    fn series(values: &[f64]) -> Series {
        let mut series = Series::default();
        for (number, mean) in (50_000_000u64..).zip(values) {
            series.add(Piece { number, mean: *mean, steady: mean.fract() == 0.0 });
        }
        series
    }

    fn mined(tags: &[(Vec<f64>, Vec<f64>)]) -> Vec<Relation> {
        let all: Vec<Series> = tags.iter().map(|(values, _)| series(values)).collect();
        let candidates: Vec<Candidate<'_>> =
            all.iter().zip(tags).map(|(series, (_, states))| Candidate { series, states: states.clone() }).collect();
        mine(&candidates, &mut { limits::RELATION_PAIRS }).unwrap()
    }

    fn measured(values: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        (values, Vec::new())
    }

    #[test]
    fn a_ratio_and_a_balance_are_found_with_their_numbers() {
        let (one, two) = (walks(1), walks(2));
        let ratio: Vec<f64> =
            (0u64..).zip(&one).map(|(number, value)| 20.0 + 2.5 * value + 0.1 * noise(number, 8)).collect();
        let found = mined(&[measured(one.clone()), measured(ratio)]);
        let [Relation::Linear { of: 0, terms, limit, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert!((terms[0].1 - 0.4).abs() < 0.01 && *limit < 0.3, "{found:?}");
        let sum: Vec<f64> =
            (0u64..).zip(one.iter().zip(&two)).map(|(number, (a, b))| a - 2.0 * b + 0.1 * noise(number, 9)).collect();
        let found = mined(&[measured(one), measured(two), measured(sum)]);
        let [Relation::Linear { of, terms, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(terms.len(), 2, "{of}");
    }

    #[test]
    fn what_rises_together_or_goes_alike_by_chance_is_none() {
        let rises = |which| (0..480u64).map(|number| number as f64 + 3.0 * noise(number, which)).collect();
        assert_eq!(mined(&[measured(rises(1)), measured(rises(2))]), []);
        let many: Vec<_> = (10..50).map(|which| measured(walks(which))).collect();
        assert_eq!(mined(&many), []);
    }

    #[test]
    fn what_ends_half_way_is_none() {
        let one = walks(1);
        let breaks: Vec<f64> =
            (0..).zip(&one).map(|(number, value)| if number < 300 { *value } else { -value }).collect();
        assert_eq!(mined(&[measured(one), measured(breaks)]), []);
    }

    #[test]
    fn what_holds_in_a_state_is_found() {
        let state: Vec<f64> = (0..480u64).map(|number| f64::from(u8::from(number / 5 % 2 == 0))).collect();
        let flow: Vec<f64> =
            (0u64..).zip(&state).map(|(number, on)| 2.0 + 40.0 * on + (1.0 + 4.0 * on) * noise(number, 3)).collect();
        let found = mined(&[(state.clone(), vec![0.0, 1.0]), measured(flow)]);
        assert_eq!(found.len(), 2, "{found:?}");
        for relation in &found {
            let Relation::While { state: 0, is, of: 1, low, high, .. } = relation else { panic!("{found:?}") };
            let middle = 2.0 + 40.0 * is;
            // No wider than half of all that it ever was.
            assert!(*low < middle && middle < *high && high - low < 23.5, "{found:?}");
        }
        assert_eq!(mined(&[(state, vec![0.0, 1.0]), measured(walks(4))]), []);
    }
}
