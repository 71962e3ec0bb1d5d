//! Engine time: the running maximum of packet times and ticks.
//!
//! A step beyond `limits::TIME_JUMP_NS`, forward or back, is a clock that was set (or a frame dated 2106): engine time
//! goes on from where it was, and packet times are read against the new offset from then on. So nothing expires and no
//! silence is reported because of it.

use crate::ledger::{add, Notes};
use crate::limits::TIME_JUMP_NS;

#[derive(Debug, Default)]
pub struct Clock {
    now_ns: u64,
    /// What is added to packet time to get engine time (wrapping).
    offset_ns: u64,
    started: bool,
}

impl Clock {
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// A packet of that time came. Returns engine time.
    #[inline]
    pub fn see(&mut self, ts_ns: u64, notes: &mut Notes) -> u64 {
        self.step(ts_ns, true, notes)
    }

    /// No packet before that time. A tick that lies behind is nothing odd.
    pub fn tick(&mut self, ts_ns: u64, notes: &mut Notes) -> u64 {
        self.step(ts_ns, false, notes)
    }

    #[inline]
    fn step(&mut self, ts_ns: u64, packet: bool, notes: &mut Notes) -> u64 {
        if !self.started {
            self.started = true;
            self.now_ns = ts_ns;
            return ts_ns;
        }
        let seen = ts_ns.wrapping_add(self.offset_ns);
        if seen >= self.now_ns {
            if seen.wrapping_sub(self.now_ns) > TIME_JUMP_NS {
                self.rebase(ts_ns, notes);
            } else {
                self.now_ns = seen;
            }
        } else {
            if packet {
                add(&mut notes.time_backwards, 1);
            }
            if self.now_ns.wrapping_sub(seen) > TIME_JUMP_NS {
                self.rebase(ts_ns, notes);
            }
        }
        self.now_ns
    }

    fn rebase(&mut self, ts_ns: u64, notes: &mut Notes) {
        add(&mut notes.time_jumps, 1);
        self.offset_ns = self.now_ns.wrapping_sub(ts_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_dated_2106_moves_nothing() {
        let (mut clock, mut notes) = (Clock::default(), Notes::default());
        let day = 1_750_000_000_000_000_000;
        assert_eq!(clock.see(day, &mut notes), day);
        assert_eq!(clock.see(4_294_967_295_000_000_000, &mut notes), day);
        assert_eq!(clock.see(day + 5, &mut notes), day);
        assert_eq!(clock.see(day + 7, &mut notes), day + 2);
        assert_eq!(notes.time_jumps, 2);
        assert_eq!(clock.see(day + 1, &mut notes), day + 2);
    }
}
