//! What an engine learned: taken out of it in a moment, and worked out where nobody on the wire waits for it (relations
//! between values take seconds).

use super::Engine;
use crate::{baseline, values};

/// What conversations were like, of all shards.
pub struct Learned {
    learners: Vec<baseline::Learner>,
    now_ns: u64,
}

impl Learned {
    /// The compiled table.
    pub fn table(self) -> Vec<u8> {
        baseline::Learner::merge(self.learners).finish(self.now_ns)
    }
}

/// What values were like, of all shards.
pub struct LearnedValues(Vec<values::Learner>);

impl LearnedValues {
    pub fn table(self) -> values::Table {
        values::Learner::finish(self.0)
    }
}

impl Engine {
    /// What was learned so far. Once: the learners leave the engine.
    pub fn learned(&mut self) -> Option<Learned> {
        self.flush();
        let mut learners = Vec::new();
        self.pool.each(|shard| learners.extend(shard.analysis.learner.take()));
        (!learners.is_empty()).then(|| Learned { learners, now_ns: self.now_ns() })
    }

    /// What values were like so far. Once, as [`Engine::learned`].
    pub fn learned_values(&mut self) -> Option<LearnedValues> {
        self.flush();
        let mut learners = Vec::new();
        self.pool.each(|shard| learners.extend(shard.analysis.values_learner.take()));
        (!learners.is_empty()).then_some(LearnedValues(learners))
    }
}
