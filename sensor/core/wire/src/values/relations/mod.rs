//! Relations between tags of one link: what they have in common while learning, and when they have it no more.
//!
//! ```text
//! pieces.rs   samples → means of pieces of time, which tags are compared by
//! mine.rs     pieces → relations, tried on time that they were not found in
//! linear.rs   sums, differences, ratios; logic.rs: what holds while something is in a state
//! watch.rs    relations → the pieces that break them; told.rs: a relation as a formula
//! ```

mod linear;
mod logic;
mod mine;
mod pieces;
mod told;
mod watch;

use serde::{Deserialize, Serialize};

use super::day::Day;
use crate::value::name_hash;

pub use mine::{mine, Candidate, MOST_OF_TAG};
pub use pieces::{Running, Series};
pub use told::Term;
pub use watch::{Broken, Watch};

/// What the time of day may add to each limit; empty: nothing, a whole day was learned.
pub type Days = Vec<Option<Day>>;

/// Tags by their place among those of the link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Relation {
    /// `of` is the sum of the terms (tag, factor) and the offset, give or take the limit.
    Linear {
        of: u32,
        terms: Vec<(u32, f64)>,
        offset: f64,
        limit: f64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        days: Days,
    },
    /// While `state` is `is`, `of` lies between `low` and `high`. `days`: of `high`, then of `low`.
    While {
        state: u32,
        is: f64,
        of: u32,
        low: f64,
        high: f64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        days: Days,
    },
}

impl Relation {
    pub fn tags(&self) -> impl Iterator<Item = u32> + '_ {
        let (one, other, terms) = match self {
            Self::Linear { of, terms, .. } => (*of, None, terms.as_slice()),
            Self::While { state, of, .. } => (*of, Some(*state), &[][..]),
        };
        std::iter::once(one).chain(other).chain(terms.iter().map(|(tag, _)| *tag))
    }

    /// The same of tags that have other numbers.
    pub fn renumbered(self, number: impl Fn(u32) -> u32) -> Self {
        match self {
            Self::Linear { of, terms, offset, limit, days } => {
                let terms = terms.into_iter().map(|(tag, factor)| (number(tag), factor)).collect();
                Self::Linear { of: number(of), terms, offset, limit, days }
            }
            Self::While { state, is, of, low, high, days } => {
                Self::While { state: number(state), is, of: number(of), low, high, days }
            }
        }
    }

    /// A number for it: the same while it says the same of tags of the same numbers.
    pub fn content(&self) -> u64 {
        name_hash(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether it is one that could have been learned of so many tags.
    pub fn holds(&self, tags: usize) -> bool {
        let numbers = match self {
            Self::Linear { terms, offset, limit, .. } => {
                let whole = !terms.is_empty() && terms.iter().all(|(_, factor)| factor.is_finite());
                whole && offset.is_finite() && limit.is_finite() && *limit >= 0.0
            }
            Self::While { is, low, high, .. } => is.is_finite() && low.is_finite() && high.is_finite() && low <= high,
        };
        numbers && self.tags().all(|tag| (tag as usize) < tags)
    }
}
