//! Which flows have been idle longest, without a write per packet.
//!
//! A flow stands under the second of engine time at which it was last *known* to be used. A packet only sets the flow's
//! own time; who looks for idle flows finds out then that one was used since, and moves it. So a packet of one flow
//! touches no other, and each move was paid for by a packet.

use std::collections::{BTreeMap, VecDeque};

const SECOND_NS: u64 = 1_000_000_000;

/// Seconds of engine time; beyond 136 years they stand still.
pub fn second(ns: u64) -> u32 {
    u32::try_from(ns / SECOND_NS).unwrap_or(u32::MAX)
}

#[derive(Debug, Default)]
pub struct Wheel {
    seconds: BTreeMap<u32, VecDeque<u32>>,
    /// Entries, stale ones among them.
    entries: usize,
}

impl Wheel {
    pub fn put(&mut self, second: u32, slot: u32) {
        self.seconds.entry(second).or_default().push_back(slot);
        self.entries = self.entries.saturating_add(1);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// The entry that has stood longest, if it stands under a second before `limit`.
    pub fn take(&mut self, limit: u64) -> Option<(u32, u32)> {
        let mut first = self.seconds.first_entry().filter(|first| u64::from(*first.key()) < limit)?;
        let second = *first.key();
        let slot = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        self.entries = self.entries.saturating_sub(1);
        slot.map(|slot| (second, slot))
    }

    /// Put back what `take` gave, in front.
    pub fn give_back(&mut self, second: u32, slot: u32) {
        self.seconds.entry(second).or_default().push_front(slot);
        self.entries = self.entries.saturating_add(1);
    }

    /// Flows that ended leave their entries behind: when these outnumber the living, throw them out.
    pub fn tidy(&mut self, alive: usize, lives: impl Fn(u32, u32) -> bool) {
        if self.entries <= alive.saturating_mul(2).saturating_add(1024) {
            return;
        }
        self.seconds.retain(|second, slots| {
            slots.retain(|slot| lives(*second, *slot));
            !slots.is_empty()
        });
        self.entries = self.seconds.values().map(VecDeque::len).sum();
    }
}
