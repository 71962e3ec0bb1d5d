//! One poll at run time: its last intervals, and the verdict on them.

use super::super::band::{median, MISHAPS, WINDOW};
use super::super::watched::Watched;
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
#[derive(Clone, Copy, Debug, Default)]
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
    /// Place of the next interval; all places are taken, not only those before it.
    pub next: u8,
    pub full: bool,
    pub told: Told,
    /// A timer is set; and how many intervals ago something was told.
    pub timed: bool,
    pub since_told: u8,
    /// Watched, all of the last intervals normal, and nothing else told: an interval inside the band changes nothing but
    /// the ring. Follows from the others, see `settle`.
    pub calm: bool,
    /// How far behind this poll, by its number, the one lies that came after it the last time (wrapping).
    pub follows: u16,
}

pub fn nanoseconds(us: u32) -> u64 {
    u64::from(us).saturating_mul(1000)
}

impl State {
    /// What follows from the other fields, after they were changed.
    pub fn settle(&mut self) {
        let normal = self.told == Told::Normal && self.above | self.below == 0;
        self.calm = normal && self.timed && self.last_ns != 0;
    }

    /// A request of a poll that is calm and comes when it should: `false` when that is not so, and nothing was done.
    #[inline(always)]
    pub fn calmly(&mut self, ts_ns: u64, now_ns: u64, low_us: u32, high_us: u32) -> bool {
        let interval_us = ts_ns.wrapping_sub(self.last_ns) / 1000;
        let inside = interval_us.wrapping_sub(low_us.into()) <= u64::from(high_us.wrapping_sub(low_us));
        if !(self.calm && inside) {
            return false;
        }
        (self.last_ns, self.seen_ns) = (ts_ns, now_ns);
        #[allow(clippy::cast_possible_truncation)] // at most `high_us`
        self.keep(interval_us as u32);
        true
    }

    #[inline]
    fn keep(&mut self, interval: u32) {
        if let Some(slot) = self.intervals.get_mut(usize::from(self.next)) {
            *slot = interval;
        }
        let next = self.next.wrapping_add(1);
        self.next = next;
        if u32::from(next) >= WINDOW {
            (self.next, self.full) = (0, true);
        }
    }

    /// How many intervals there are.
    #[allow(clippy::cast_possible_truncation)] // nine
    pub fn count(&self) -> u8 {
        if self.full {
            WINDOW as u8
        } else {
            self.next
        }
    }

    /// The number of the poll that came after this one, `number`, the last time.
    #[inline]
    pub fn next_after(&self, number: u32) -> u32 {
        number.wrapping_add(i32::from(self.follows.cast_signed()).cast_unsigned())
    }

    /// Another one came than `next_after` said. One that lies too far away is not kept.
    pub fn follow(&mut self, number: u32, next: u32) {
        let far = i64::from(next).wrapping_sub(number.into());
        self.follows = i16::try_from(far).unwrap_or(0).cast_unsigned();
    }

    /// The next request ends no interval.
    pub fn begin_again(&mut self) {
        self.last_ns = 0;
        self.settle();
    }

    /// Nothing came for too long.
    pub fn stop(&mut self) {
        (self.told, self.timed) = (Told::Stopped, false);
        self.settle();
    }

    /// One more interval; whether one of the last lay outside the band.
    #[inline]
    pub fn add(&mut self, interval: u32, low_us: u32, high_us: u32) -> bool {
        self.keep(interval);
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
        recent.get_mut(..usize::from(self.count())).map_or(0, median)
    }

    fn newest(&self) -> u32 {
        let (before, from) = self.intervals.split_at_checked(usize::from(self.next)).unwrap_or_default();
        before.last().or(from.last()).copied().unwrap_or(0)
    }

    /// Not later than `stop_ns`, and cheap: there is no stop before it.
    pub fn earliest_stop_ns(&self, poll: &Watched) -> u64 {
        self.seen_ns.saturating_add(nanoseconds(poll.stopped_us))
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
        *self = Self { told: self.told, timed: self.timed, seen_ns, follows: self.follows, ..Self::default() };
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
