//! One message after the other, and one without the other.
//!
//! For each step the latest beginning that led there is kept: an earlier one ends no later, so it never decides. A
//! message is looked at from the last step to the first, so that it counts once.

use super::{Ends, Moment};
use crate::rules::plan::Sequence;

/// How far one key has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// For each step that must come, but the last: the latest beginning that led there.
    pub(super) begun: Vec<Option<Moment>>,
    /// Engine time at which that which must not have come before came last.
    pub(super) before_ns: Option<u64>,
    pub(super) waits: Option<Box<Waits>>,
}

/// All has come; what must not follow is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Engine time, and the wait's number among those of its rule. What comes at that very time is still in time.
    pub until: (u64, u64),
    pub first: Moment,
    pub last: Moment,
    pub ends: Ends,
}

/// What a message did.
#[derive(Debug, Default)]
pub struct Step {
    /// The sequence is complete; its first message.
    pub complete: Option<Moment>,
    /// What was waited for before this message is overdue.
    pub overdue: Option<Box<Waits>>,
}

/// One message as a sequence sees it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub at: Moment,
    pub steps: u16,
    pub ends: &'a Ends,
    /// The number of the wait that begins with it, if one does.
    pub number: u64,
}

impl Progress {
    pub fn see(&mut self, sequence: &Sequence, timespan_ns: u64, message: Message<'_>) -> Step {
        let Message { at, steps, ends, number } = message;
        let mut step = Step { overdue: self.overdue(at.now_ns), ..Step::default() };
        // What must not come is looked at first: a message that is both ends what was, and begins anew.
        if sequence.before.is_some_and(|(bits, _)| steps & bits != 0) {
            self.before_ns = Some(at.now_ns);
        }
        if sequence.after.is_some_and(|(bits, _)| steps & bits != 0) {
            self.waits = None;
        }
        self.begun.resize(sequence.between.len(), None);
        for (begun, bits) in self.begun.iter_mut().zip(&sequence.between) {
            if steps & bits != 0 {
                *begun = None;
            }
        }
        let mut complete = None;
        for (place, _) in sequence.come.iter().enumerate().rev().filter(|(_, bit)| steps & **bit != 0) {
            let first = match place.checked_sub(1) {
                None => Some(at).filter(|_| self.may_begin(sequence, at.now_ns)),
                Some(before) => self.begun.get(before).copied().flatten(),
            };
            let Some(first) = first.filter(|first| at.now_ns.saturating_sub(first.now_ns) <= timespan_ns) else {
                continue;
            };
            match self.begun.get_mut(place) {
                Some(begun) => *begun = Some(first),
                None => complete = Some(first),
            }
        }
        match (complete, sequence.after) {
            (Some(first), Some((_, within_ns))) if self.waits.is_none() => {
                let until = (at.now_ns.saturating_add(within_ns), number);
                self.waits = Some(Box::new(Waits { until, first, last: at, ends: *ends }));
            }
            (_, Some(_)) => {}
            (complete, None) => step.complete = complete,
        }
        step
    }

    /// What was waited for, when the time for it is over.
    pub fn overdue(&mut self, now_ns: u64) -> Option<Box<Waits>> {
        self.waits.take_if(|waits| waits.until.0 < now_ns)
    }

    pub fn waits_until(&self) -> Option<(u64, u64)> {
        self.waits.as_ref().map(|waits| waits.until)
    }

    fn may_begin(&self, sequence: &Sequence, now_ns: u64) -> bool {
        match (sequence.before, self.before_ns) {
            (Some((_, within_ns)), Some(before_ns)) => now_ns.saturating_sub(before_ns) > within_ns,
            _ => true,
        }
    }

    pub fn bytes(&self) -> usize {
        let waits = self.waits.as_ref().map_or(0, |_| size_of::<Waits>());
        self.begun.capacity().saturating_mul(size_of::<Option<Moment>>()).saturating_add(waits)
    }
}
