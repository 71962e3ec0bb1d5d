//! Ticks: time that passes on a silent wire.

use super::{utc_ns, Live};
use wire::packet::Sink;

/// A tick stays this far behind the clock (or the hold, if that is longer): packets that the kernel has stamped may
/// need this long to reach the ring on a busy machine.
pub(super) const TICK_LAG_MS: u32 = 100;
/// A clock that is this far behind what it said before was set back.
const CLOCK_STEP_NS: u64 = 1_000_000_000;

impl Live {
    /// "No packet before": only when no ring holds anything that could contradict it.
    pub(super) fn tick<S: Sink>(&mut self, now_ns: u64, sink: &mut S) {
        let ts_ns = now_ns.saturating_sub(self.tick_lag_ns);
        let latest_ns = self.tick_ns.max(self.front_ns);
        if ts_ns <= latest_ns {
            self.check_clock(latest_ns);
            return;
        }
        self.clock_stepped = false;
        if self.ports.iter_mut().all(|port| port.ring.next_ts_ns().is_some() || port.ring.frames_to_come() == 0) {
            let held_ns = self.ports.iter_mut().filter_map(|port| port.ring.next_ts_ns()).min();
            let ts_ns = held_ns.map_or(ts_ns, |held_ns| held_ns.min(ts_ns));
            if ts_ns > latest_ns {
                self.tick_ns = ts_ns;
                sink.tick(ts_ns);
            }
        }
    }

    /// Engine time never goes back, so while the clock is behind it, silence cannot be seen. Said once.
    fn check_clock(&mut self, latest_ns: u64) {
        let back_ns = latest_ns.saturating_sub(utc_ns());
        let stepped = back_ns > CLOCK_STEP_NS;
        if stepped && !self.clock_stepped {
            let back_s = back_ns / 1_000_000_000;
            let what = "silence on the wire is not noticed until the clock has caught up";
            self.warnings.push(format!("the clock of this machine was set back by {back_s} s or more; {what}"));
        }
        self.clock_stepped = stepped;
    }
}
