//! Live capture: one or several interfaces into one sink, in the order of the kernel's timestamps.

mod ending;
mod merge;
mod offload;
mod port;
#[allow(unsafe_code)]
mod ring;
mod silence;
#[allow(unsafe_code)]
mod socket;
mod statistics;

use crate::{poll, Counters, Error, Progress};
use merge::Turn;
use port::{Port, State};
use silence::TICK_LAG_MS;
use statistics::Statistics;
use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wire::packet::{Lost, Sink};

/// How capture is done; the same for every interface of one [`Live`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveOptions {
    /// Memory for packets that have arrived and not been read yet, per interface.
    pub ring_mib: usize,
    /// Rings that share this memory, per interface (`PACKET_FANOUT`). More than one helps where several processors
    /// receive for one interface (a card with several queues) and would wait for each other at its ring. Reading is one
    /// thread's work all the same, and several rings are merged by time like several interfaces: a packet then waits
    /// for the hold, and reading costs more.
    pub fanout: u16,
    /// How long a packet waits for older ones from the other rings. Only with several interfaces, or several rings.
    pub hold_ms: u32,
    /// Also take frames that are addressed to others: what a mirror port is for.
    pub promiscuous: bool,
    /// An interface that is removed is waited for and captured again when one of its name is back. Without it,
    /// [`Live::read`] ends with an error once every interface has been removed.
    pub wait_for_return: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { ring_mib: 64, fanout: 1, hold_ms: 20, promiscuous: true, wait_for_return: true }
    }
}

/// The longest sleep: ticks and a stop are never later than this.
const LONGEST_WAIT_MS: u16 = 100;
/// How often counters and links are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// AF_PACKET rings on one or several interfaces. Receives only; nothing is ever sent.
///
/// Packets of several interfaces are merged by the kernel's timestamps: one is held back until every other interface
/// has shown a later one or the hold is over. A packet that comes too late even for that, or behind a tick, is told to
/// the sink as [`Lost::Late`], counted in [`Counters::late`], and delivered at once.
///
/// An interface that goes down or away, and its return, are said in a line each; its account goes on where it was.
pub struct Live {
    /// One per ring, those of an interface side by side.
    ports: Vec<Port>,
    /// Packets so far, per interface.
    numbers: Vec<u64>,
    statistics: Statistics,
    stop: Arc<AtomicBool>,
    options: LiveOptions,
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
        for (input, name) in names.iter().enumerate() {
            let leader = Port::open(name.as_ref(), input as u16, &options, &statistics, &mut warnings)?;
            let group = leader.group();
            ports.push(leader);
            while let Some(group) = group {
                if ports.iter().filter(|port| usize::from(port.input) == input).count() >= usize::from(options.fanout) {
                    break;
                }
                ports.push(Port::join(name.as_ref(), input as u16, &options, group)?);
            }
        }
        let hold_ns = u64::from(options.hold_ms) * 1_000_000;
        Ok(Self {
            ports,
            numbers: vec![0; names.len()],
            statistics,
            stop: Arc::new(AtomicBool::new(false)),
            options,
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
    /// When every interface has been removed from the machine, unless they are waited for.
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
            if matches!(turn, Turn::Deliver(..)) {
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

    /// Counters and links, a few times a second; `now` for the last time.
    fn look_around<S: Sink>(&mut self, now: bool, sink: &mut S) {
        if !now && self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        let fresh = self.statistics.refresh().is_ok();
        let mut group = None;
        for port in &mut self.ports {
            let dropped = port.take_dropped();
            if dropped > 0 {
                sink.lost(Lost::Kernel, dropped);
            }
            // First: the table may already show another interface of the same name.
            port.check_link(&mut self.warnings);
            if fresh {
                port.count(&self.statistics);
            }
            if port.state == State::Removed && self.options.wait_for_return && self.draining_since.is_none() {
                let lost = port.find_again(&self.options, &self.statistics, group, &mut self.warnings);
                if lost > 0 {
                    sink.lost(Lost::Kernel, lost);
                }
            }
            if port.is_leader {
                group = port.group().filter(|_| port.state != State::Removed);
            }
        }
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
        let mut all = vec![Counters::default(); self.numbers.len()];
        for port in &self.ports {
            all[usize::from(port.input)].add(&port.counters);
        }
        all
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The interfaces as they were given.
    pub fn names(&self) -> Vec<String> {
        self.leaders().map(|port| port.name.clone()).collect()
    }

    /// One line per interface: what the driver does to frames before we see them.
    pub fn offloads(&self) -> Vec<String> {
        self.leaders().map(Port::offload).collect()
    }

    fn leaders(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| port.is_leader)
    }
}

/// The clock that the kernel stamps packets with.
fn utc_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
