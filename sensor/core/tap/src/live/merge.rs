//! The order of several interfaces: by the kernel's timestamps, with a bounded hold.

use super::ending::DRAIN_MOST;
use super::port::State;
use super::Live;
use std::time::{Duration, Instant};
use wire::packet::{Lost, Sink};

/// Packets between two looks at the clock and at the stop flag.
const RUN_PACKETS: usize = 16_384;

/// What to do with the earliest packet in the rings.
pub(super) enum Turn {
    /// From this port, captured at this time.
    Deliver(usize, u64),
    Hold,
    Empty,
}

impl Live {
    /// Deliver what may go now, at most [`RUN_PACKETS`].
    pub(super) fn run<S: Sink>(&mut self, now_ns: u64, left: &mut usize, sink: &mut S) -> Turn {
        let settled_ns = self.settled_ns(now_ns);
        let mut turn = Turn::Empty;
        for _ in 0..(*left).min(RUN_PACKETS) {
            turn = self.turn(settled_ns);
            let Turn::Deliver(index, ts_ns) = turn else { return turn };
            self.deliver(index, ts_ns, sink);
            *left -= 1;
        }
        turn
    }

    /// No port will show an older packet than this, as far as the hold can tell.
    fn settled_ns(&self, now_ns: u64) -> u64 {
        let hold = Duration::from_nanos(self.hold_ns);
        let drained = self.draining_since.is_some_and(|(since, _)| since.elapsed() >= DRAIN_MOST.min(hold));
        // A packet dated ahead of the clock (the clock was set back) would wait for the clock: it waits for the hold.
        let waited = self.held_since.is_some_and(|since| since.elapsed() >= hold);
        if drained || waited {
            u64::MAX
        } else {
            now_ns.saturating_sub(self.hold_ns)
        }
    }

    #[inline]
    fn turn(&mut self, settled_ns: u64) -> Turn {
        if let [port] = &mut self.ports[..] {
            return port.ring.next_ts_ns().map_or(Turn::Empty, |ts_ns| Turn::Deliver(0, ts_ns));
        }
        let mut earliest: Option<(u64, usize)> = None;
        let mut all_show_one = true;
        // A port whose open block holds frames will show an older one perhaps: on a busy machine the kernel retires
        // that block later than the hold lasts. Waited for, but not for ever.
        let mut one_is_coming = false;
        for (index, port) in self.ports.iter_mut().enumerate() {
            match port.ring.next_ts_ns() {
                Some(ts_ns) if earliest.is_none_or(|(other_ns, _)| ts_ns < other_ns) => earliest = Some((ts_ns, index)),
                Some(_) => {}
                None => {
                    all_show_one &= port.state == State::Removed;
                    one_is_coming |= port.ring.frames_to_come() > 0;
                }
            }
        }
        let waits = one_is_coming && self.held_since.is_none_or(|since| since.elapsed() < DRAIN_MOST);
        match earliest {
            None => Turn::Empty,
            Some((ts_ns, index)) if all_show_one || (ts_ns <= settled_ns && !waits) => Turn::Deliver(index, ts_ns),
            Some(_) => {
                self.held_since.get_or_insert_with(Instant::now);
                Turn::Hold
            }
        }
    }

    #[inline]
    fn deliver<S: Sink>(&mut self, index: usize, ts_ns: u64, sink: &mut S) {
        self.held_since = None;
        if ts_ns < self.tick_ns || (ts_ns < self.front_ns && self.is_behind_another(ts_ns, index)) {
            self.ports[index].counters.late += 1;
            sink.lost(Lost::Late, 1);
        }
        if ts_ns >= self.front_ns {
            (self.front_ns, self.front_port) = (ts_ns, index);
        }
        let port = &mut self.ports[index];
        port.deliver(&mut self.numbers[usize::from(port.input)], sink);
    }

    /// Several processors may fill one ring slightly out of order: that is its order of arrival. Late is what another
    /// interface has overtaken.
    fn is_behind_another(&self, ts_ns: u64, index: usize) -> bool {
        self.front_port != index
            || self.ports.iter().enumerate().any(|(other, port)| other != index && port.latest_ns > ts_ns)
    }
}
