//! One poll at run time: its last intervals, and the verdict on them.

use super::super::band::{median, MISHAPS, WINDOW};
use super::super::knowledge::Watched;
use super::{FASTER, IRREGULAR, SLOWER};
use crate::limits;

/// A pause of more periods than this says nothing about the pace that follows it.
const PACE: u64 = 8;
pub const RECENT: u16 = (1 << WINDOW) - 1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Told {
    #[default]
    Normal,
    Slower,
    Faster,
    Irregular,
    Stopped,
}

impl Told {
    pub const ALL: [Told; 5] = [Told::Normal, Told::Slower, Told::Faster, Told::Irregular, Told::Stopped];
}

/// One cache line: this is what a poll's request costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub struct State {
    /// Time of the last request on the packet; zero: the next one ends no interval.
    pub last_ns: u64,
    /// The same in engine time; zero: not watched.
    pub seen_ns: u64,
    /// Last intervals, as a ring; and for each, newest lowest, whether it lay above or below the band.
    pub intervals: [u32; WINDOW as usize],
    pub above: u16,
    pub below: u16,
    /// Place of the next interval, and how many there are.
    pub next: u8,
    pub count: u8,
    pub told: Told,
    /// A timer is set; and how many intervals ago something was told.
    pub timed: bool,
    pub since_told: u8,
}

pub fn nanoseconds(us: u32) -> u64 {
    u64::from(us).saturating_mul(1000)
}

impl State {
    /// One more interval; whether one of the last lay outside the band.
    #[inline]
    pub fn add(&mut self, interval: u32, low_us: u32, high_us: u32) -> bool {
        if let Some(slot) = self.intervals.get_mut(usize::from(self.next)) {
            *slot = interval;
        }
        let next = self.next.saturating_add(1);
        self.next = if u32::from(next) < WINDOW { next } else { 0 };
        self.count = self.count.saturating_add(u8::from(u32::from(self.count) < WINDOW));
        self.above = (self.above << 1 | u16::from(interval > high_us)) & RECENT;
        self.below = (self.below << 1 | u16::from(interval < low_us)) & RECENT;
        self.above | self.below != 0
    }

    /// The cause when the intervals make a finding.
    pub fn judge(&mut self, poll: &Watched) -> Option<&'static str> {
        let (told, cause) = self.verdict(poll)?;
        // Irregular is what a poll looks like on its way back to normal, too: that is no news of its own.
        let returning = told == Told::Irregular && matches!(self.told, Told::Slower | Told::Faster);
        self.since_told = self.since_told.saturating_add(1);
        if returning || (told == self.told && u32::from(self.since_told) < WINDOW) {
            return None;
        }
        (self.told, self.since_told) = (told, 0);
        Some(cause)
    }

    fn verdict(&self, poll: &Watched) -> Option<(Told, &'static str)> {
        let (above, below) = (self.above.count_ones(), self.below.count_ones());
        // Another pace lies on one side: a few on the other are mishaps, more of them are no pace at all.
        if above >= u32::from(poll.changed_from) && below < MISHAPS {
            return Some((Told::Slower, SLOWER));
        }
        if below >= u32::from(poll.changed_from) && above < MISHAPS {
            return Some((Told::Faster, FASTER));
        }
        // Two odd ones on the same side in a row may be the start of another pace: wait for the majority.
        let turning = self.above & 3 == 3 || self.below & 3 == 3;
        (!turning && self.odd() >= u32::from(poll.irregular_from)).then_some((Told::Irregular, IRREGULAR))
    }

    /// How many of the last intervals lay outside the band.
    pub fn odd(&self) -> u32 {
        (self.above | self.below).count_ones()
    }

    /// Median of the last intervals.
    pub fn median(&self) -> u32 {
        let mut recent = self.intervals;
        recent.get_mut(..usize::from(self.count)).map_or(0, median)
    }

    fn newest(&self) -> u32 {
        let (before, from) = self.intervals.split_at_checked(usize::from(self.next)).unwrap_or_default();
        before.last().or(from.last()).copied().unwrap_or(0)
    }

    /// When silence since the last request becomes a stop. A poll that has slowed down is given its new pace.
    pub fn stop_ns(&self, poll: &Watched, link_ns: u64) -> u64 {
        let period = u64::from(poll.period_us.max(1));
        let pace = [u64::from(self.newest()), u64::from(self.median())]
            .into_iter()
            .filter(|pace| *pace <= period.saturating_mul(PACE))
            .fold(period, u64::max);
        let paced = |us: u64| us.saturating_mul(pace).checked_div(period).unwrap_or(us).saturating_mul(1000);
        let silent_ns = self.seen_ns.saturating_add(paced(poll.stopped_us.into()));
        let due_ns = self.seen_ns.saturating_add(nanoseconds(poll.low_us));
        if link_ns < due_ns {
            return silent_ns;
        }
        let twice = paced(period.saturating_add(poll.high_us.into()));
        let held = limits::GAP_NS.saturating_add(nanoseconds(poll.high_us));
        silent_ns.max(self.seen_ns.saturating_add(twice.max(held)))
    }

    /// No silence is inferred across what happens now, and no interval: a clock was set, another recording begins.
    pub fn forget_time(&mut self) {
        let seen_ns = if self.told == Told::Stopped { self.seen_ns } else { 0 };
        *self = Self { told: self.told, timed: self.timed, seen_ns, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_cache_line() {
        assert_eq!(size_of::<State>(), 64);
    }
}
