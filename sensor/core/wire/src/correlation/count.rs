//! So many messages in so much time.

use std::collections::VecDeque;

use super::Moment;

/// The latest messages of one key, as many as the rule asks for.
#[derive(Debug, Default)]
pub struct Latest {
    pub(super) moments: VecDeque<Moment>,
}

impl Latest {
    /// With this message there are `least` in the last `timespan_ns`; the first of them.
    pub fn see(&mut self, at: Moment, least: u32, timespan_ns: u64) -> Option<Moment> {
        let since_ns = at.now_ns.saturating_sub(timespan_ns);
        while self.moments.len() >= least as usize || self.moments.front().is_some_and(|first| first.now_ns < since_ns)
        {
            self.moments.pop_front();
        }
        self.moments.push_back(at);
        self.moments.front().copied().filter(|_| self.moments.len() == least as usize)
    }

    pub fn bytes(&self) -> usize {
        self.moments.capacity().saturating_mul(size_of::<Moment>())
    }
}
