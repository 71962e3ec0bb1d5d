//! Live capture: one or several interfaces into one sink, in the order of the kernel's timestamps.

mod port;
mod ring;
mod socket;
mod statistics;

use crate::{poll, Counters, Error, Progress};
use port::{Port, State};
use statistics::Statistics;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wire::packet::{Lost, Sink};

/// How capture is done; the same for every interface of one [`Live`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveOptions {
    /// Memory for packets that have arrived and not been read yet, per interface.
    pub ring_mib: usize,
    /// How long a packet waits for older ones from the other interfaces. Only with several interfaces.
    pub hold_ms: u32,
    /// Also take frames that are addressed to others: what a mirror port is for.
    pub promiscuous: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { ring_mib: 64, hold_ms: 20, promiscuous: true }
    }
}

/// A tick stays this far behind the clock (or the hold, if that is longer): packets that the kernel has stamped may
/// need this long to reach the ring on a busy machine.
const TICK_LAG_MS: u32 = 100;
/// The longest sleep: ticks and a stop are never later than this.
const LONGEST_WAIT_MS: u16 = 100;
/// A clock that is this far behind what it said before was set back.
const CLOCK_STEP_NS: u64 = 1_000_000_000;
/// How often counters and links are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Packets between two looks at the clock and at the stop flag.
const RUN_PACKETS: usize = 16_384;
/// After a stop: open blocks are retired within this time, and waiting for them ends after that one.
const DRAIN_LEAST: Duration = Duration::from_millis(2 * ring::RETIRE_MS as u64);
const DRAIN_MOST: Duration = Duration::from_millis(120);

/// AF_PACKET rings on one or several interfaces. Receives only; nothing is ever sent.
///
/// Packets of several interfaces are merged by the kernel's timestamps: one is held back until every other interface
/// has shown a later one or the hold is over. A packet that comes too late even for that, or behind a tick, is told to
/// the sink as [`Lost::Late`], counted in [`Counters::late`], and delivered at once.
pub struct Live {
    ports: Vec<Port>,
    statistics: Statistics,
    stop: Arc<AtomicBool>,
    hold_ns: u64,
    tick_lag_ns: u64,
    /// The greatest time delivered, and the port it came from.
    front_ns: u64,
    front_port: usize,
    tick_ns: u64,
    /// Since when the earliest packet has been held back.
    held_since: Option<Instant>,
    draining_since: Option<(Instant, u64)>,
    looked: Instant,
    ended: Option<Result<(), Error>>,
    clock_stepped: bool,
    warnings: Vec<String>,
}

/// What to do with the earliest packet in the rings.
enum Turn {
    Deliver(usize),
    Hold,
    Empty,
}

impl Live {
    /// Begin to capture.
    ///
    /// # Errors
    /// For the first interface that does not exist, is not Ethernet, or may not be captured by this user. One that is
    /// down is a warning.
    pub fn open<N: AsRef<str>>(names: &[N], options: LiveOptions) -> Result<Self, Error> {
        if names.is_empty() || names.len() > usize::from(u16::MAX) {
            return Err(Error::new("no interface given; name at least one"));
        }
        for (position, name) in names.iter().enumerate() {
            if names[..position].iter().any(|other| other.as_ref() == name.as_ref()) {
                return Err(Error::about(name.as_ref(), "was given twice; name each interface once"));
            }
        }
        let mut warnings = Vec::new();
        let unreadable = |error| Error::new(format!("/proc/net/dev cannot be read ({error}); is /proc mounted?"));
        let mut statistics = Statistics::open().map_err(unreadable)?;
        statistics.refresh().map_err(unreadable)?;
        let mut ports = Vec::with_capacity(names.len());
        for name in names {
            ports.push(Port::open(name.as_ref(), &options, &statistics, &mut warnings)?);
        }
        let hold_ns = u64::from(options.hold_ms) * 1_000_000;
        Ok(Self {
            ports,
            statistics,
            stop: Arc::new(AtomicBool::new(false)),
            hold_ns,
            tick_lag_ns: hold_ns.max(u64::from(TICK_LAG_MS) * 1_000_000),
            front_ns: 0,
            front_port: 0,
            tick_ns: 0,
            held_since: None,
            draining_since: None,
            looked: Instant::now(),
            ended: None,
            clock_stepped: false,
            warnings,
        })
    }

    /// Set it from anywhere: `read` then takes no new packet in, delivers what the rings hold, and ends.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Hand up to `max_packets` to the sink; `Idle` when none came within `timeout`.
    ///
    /// # Errors
    /// When every interface has been removed from the machine.
    pub fn read<S: Sink>(&mut self, max_packets: usize, timeout: Duration, sink: &mut S) -> Result<Progress, Error> {
        let deadline = Instant::now().checked_add(timeout);
        let mut left = max_packets;
        loop {
            if let Some(end) = &self.ended {
                return end.clone().map(|()| Progress::End);
            }
            self.begin_to_drain();
            self.look_around(false, sink);
            let now_ns = utc_ns();
            let turn = self.run(now_ns, &mut left, sink);
            if left == 0 {
                return Ok(Progress::More);
            }
            if matches!(turn, Turn::Deliver(_)) {
                continue;
            }
            self.tick(now_ns, sink);
            if matches!(turn, Turn::Empty) && self.is_over() {
                self.finish(sink);
                continue;
            }
            let rest = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if rest.is_zero() {
                return Ok(Progress::Idle);
            }
            if self.wait(rest, matches!(turn, Turn::Hold)) {
                return Ok(Progress::Idle);
            }
        }
    }

    /// Deliver what may go now, at most [`RUN_PACKETS`].
    fn run<S: Sink>(&mut self, now_ns: u64, left: &mut usize, sink: &mut S) -> Turn {
        let settled_ns = self.settled_ns(now_ns);
        let mut turn = Turn::Empty;
        for _ in 0..(*left).min(RUN_PACKETS) {
            turn = self.turn(settled_ns);
            let Turn::Deliver(index) = turn else { return turn };
            self.deliver(index, sink);
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
            return if port.ring.next_ts_ns().is_some() { Turn::Deliver(0) } else { Turn::Empty };
        }
        let mut earliest: Option<(u64, usize)> = None;
        let mut all_show_one = true;
        for (index, port) in self.ports.iter_mut().enumerate() {
            match port.ring.next_ts_ns() {
                Some(ts_ns) if earliest.is_none_or(|(other_ns, _)| ts_ns < other_ns) => earliest = Some((ts_ns, index)),
                Some(_) => {}
                None => all_show_one &= port.state == State::Removed,
            }
        }
        match earliest {
            None => Turn::Empty,
            Some((ts_ns, index)) if all_show_one || ts_ns <= settled_ns => Turn::Deliver(index),
            Some(_) => {
                self.held_since.get_or_insert_with(Instant::now);
                Turn::Hold
            }
        }
    }

    #[inline]
    fn deliver<S: Sink>(&mut self, index: usize, sink: &mut S) {
        self.held_since = None;
        let ts_ns = self.ports[index].ring.next_ts_ns().unwrap_or(0);
        if ts_ns < self.tick_ns || (ts_ns < self.front_ns && self.is_behind_another(ts_ns, index)) {
            self.ports[index].counters.late += 1;
            sink.lost(Lost::Late, 1);
        }
        if ts_ns >= self.front_ns {
            (self.front_ns, self.front_port) = (ts_ns, index);
        }
        self.ports[index].deliver(index as u16, sink);
    }

    /// Several processors may fill one ring slightly out of order: that is its order of arrival. Late is what another
    /// interface has overtaken.
    fn is_behind_another(&self, ts_ns: u64, index: usize) -> bool {
        self.front_port != index
            || self.ports.iter().enumerate().any(|(other, port)| other != index && port.latest_ns > ts_ns)
    }

    /// "No packet before": only when no ring holds anything that could contradict it.
    fn tick<S: Sink>(&mut self, now_ns: u64, sink: &mut S) {
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

    fn begin_to_drain(&mut self) {
        if self.draining_since.is_none() && self.stop.load(Ordering::Relaxed) {
            for port in &self.ports {
                if let Err(error) = port.close_intake() {
                    self.warnings.push(format!("{}: goes on taking packets while it stops ({error})", port.name));
                }
            }
            self.draining_since = Some((Instant::now(), utc_ns()));
        }
    }

    /// Counters and links, a few times a second; `now` for the last time.
    fn look_around<S: Sink>(&mut self, now: bool, sink: &mut S) {
        if !now && self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        let fresh = self.statistics.refresh().is_ok();
        for port in &mut self.ports {
            let dropped = port.take_dropped();
            if dropped > 0 {
                sink.lost(Lost::Kernel, dropped);
            }
            if fresh {
                port.count(&self.statistics);
            }
            port.check_link(&mut self.warnings);
        }
    }

    /// Nothing will come any more: stopped and drained, or every interface gone and drained.
    fn is_over(&mut self) -> bool {
        let removed = self.ports.iter().all(|port| port.state == State::Removed);
        let empty = self.ports.iter_mut().all(Port::is_empty);
        match self.draining_since {
            Some((since, _)) => since.elapsed() >= DRAIN_MOST || (empty && since.elapsed() >= DRAIN_LEAST),
            None => removed && empty,
        }
    }

    fn finish<S: Sink>(&mut self, sink: &mut S) {
        self.look_around(true, sink);
        for port in &mut self.ports {
            // The kernel did not hand its last block over in time.
            let stranded = u64::from(port.ring.frames_to_come());
            if stranded > 0 {
                port.counters.dropped_kernel += stranded;
                sink.lost(Lost::Kernel, stranded);
            }
        }
        let end_ns = self.draining_since.map_or(0, |(_, stopped_ns)| stopped_ns);
        if end_ns.max(self.front_ns) > self.tick_ns {
            self.tick_ns = end_ns.max(self.front_ns);
            sink.tick(self.tick_ns);
        }
        self.ended = Some(if self.draining_since.is_some() {
            Ok(())
        } else {
            let names = self.names().join(", ");
            Err(Error::about(&names, "no interface is left to capture from; start again when it is back"))
        });
    }

    /// Sleep until something comes, or there is something to do. `true` when a signal came in between.
    fn wait(&mut self, rest: Duration, holding: bool) -> bool {
        let mut wait_ms = rest.as_millis().saturating_add(1).min(u128::from(LONGEST_WAIT_MS)) as u16;
        if holding {
            wait_ms = wait_ms.min((self.hold_ns / 4_000_000) as u16).max(1);
        }
        if self.draining_since.is_some() {
            wait_ms = wait_ms.min(ring::RETIRE_MS as u16);
        }
        // A port that already shows a packet would end the wait at once.
        let silent: Vec<usize> =
            (0..self.ports.len()).filter(|index| self.ports[*index].ring.next_ts_ns().is_none()).collect();
        let descriptors: Vec<BorrowedFd<'_>> =
            silent.iter().filter_map(|index| self.ports[*index].waits_on()).collect();
        match poll::wait(&descriptors, wait_ms) {
            Ok(ready) => {
                if ready.contains(&poll::Ready::Trouble) {
                    // An interface went down or away: look at once, and not again before something changes.
                    for port in &mut self.ports {
                        port.check_link(&mut self.warnings);
                    }
                }
                false
            }
            Err(error) => error.kind() == std::io::ErrorKind::Interrupted,
        }
    }

    /// One entry per interface. What the kernel and the interface count is at most a quarter of a second old.
    pub fn counters(&self) -> Vec<Counters> {
        self.ports.iter().map(|port| port.counters).collect()
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The interfaces as they were given.
    pub fn names(&self) -> Vec<String> {
        self.ports.iter().map(|port| port.name.clone()).collect()
    }

    /// One line per interface: what the driver does to frames before we see them.
    pub fn offloads(&self) -> Vec<String> {
        self.ports.iter().map(Port::offloads).collect()
    }
}

/// The clock that the kernel stamps packets with.
fn utc_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
