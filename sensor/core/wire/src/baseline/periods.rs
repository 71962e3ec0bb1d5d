//! The rhythm of learned polls at run time: slower, faster, irregular, stopped, and back again.
//!
//! A poll is watched from the first time it is seen. `band.rs` says what is normal and how many odd intervals decide.
//! A stop is decided by a timer, because nothing comes:
//! - the whole conversation has been silent since the next request was due: after the learned `stopped_us` (one and a
//!   half periods, or longer where such pauses were learned);
//! - the conversation goes on without this request: after two periods and whatever the stream reassembly may hold, so
//!   that a request lost in the capture is no stop.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::band::{median, MISHAPS, WINDOW};
use super::check::Baseline;
use super::load::{Knowledge, LinkKey, Watched};
use super::poll::PollKey;
use super::sketch::interval_us;
use crate::event::Event;
use crate::finding::{Param, Params, TimedFinding};
use crate::hash::{shard_of, Map};
use crate::limits;
use crate::protocol::PROTOCOLS;
use crate::value::Role;

pub const SLOWER: &str = "period:slower";
pub const FASTER: &str = "period:faster";
pub const IRREGULAR: &str = "period:irregular";
pub const STOPPED: &str = "period:stopped";
pub const RESUMED: &str = "period:resumed";

/// A pause of more periods than this says nothing about the pace that follows it.
const PACE: u64 = 8;
const RECENT: u16 = (1 << WINDOW) - 1;

#[derive(Clone, Copy, Debug, Default)]
pub struct PeriodSettings {
    /// Report rhythm only for polls with at least this learned period. Zero: all.
    pub shortest_period_us: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Normal,
    Slower,
    Faster,
    Irregular,
    Stopped,
}

/// One poll at run time.
#[derive(Clone, Debug, Default)]
struct State {
    /// Time of the last request, on the packet and in the engine; zero before the first.
    last_ns: u64,
    seen_ns: u64,
    /// Last intervals, as a ring; and for each, newest lowest, whether it lay above or below the band.
    intervals: [u32; WINDOW as usize],
    count: u32,
    above: u16,
    below: u16,
    told: Told,
    since_told: u32,
    timed: bool,
}

/// Which part of all conversations is watched: those that [`shard_of`] gives the number `number`, modulo `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub number: usize,
    pub of: usize,
}

impl Shard {
    /// Everything: one shard alone.
    pub const ALL: Shard = Shard { number: 0, of: 1 };

    fn owns(self, link: &LinkKey) -> bool {
        shard_of(link.segment, link.client, link.server).checked_rem(self.of.max(1)) == Some(self.number)
    }
}

/// Watches every poll of a baseline.
pub struct Periods {
    known: Arc<Knowledge>,
    numbers: Map<PollKey, u32>,
    states: Vec<State>,
    /// Engine time of the last message of each link, either direction.
    links_ns: Vec<u64>,
    due: BinaryHeap<Reverse<(u64, u32)>>,
    now_ns: u64,
}

fn nanoseconds(us: u32) -> u64 {
    u64::from(us).saturating_mul(1000)
}

impl Periods {
    /// `shard`: whose conversations will be observed here. The polls of others take no room and are never told.
    pub fn new(baseline: &Baseline, settings: PeriodSettings, shard: Shard) -> Self {
        let known = Arc::clone(&baseline.known);
        let kept = |poll: &Watched| {
            let row = known.rows.get(poll.key.link as usize);
            poll.period_us >= settings.shortest_period_us && row.is_some_and(|row| shard.owns(&row.key))
        };
        let polls = known.polls.iter().zip(0u32..).filter(|(poll, _)| kept(poll));
        let numbers: Map<PollKey, u32> = polls.map(|(poll, number)| (poll.key, number)).collect();
        let states = vec![State::default(); known.polls.len()];
        let links_ns = vec![0; if numbers.is_empty() { 0 } else { known.rows.len() }];
        Self { known, numbers, states, links_ns, due: BinaryHeap::new(), now_ns: 0 }
    }

    /// One message of a learned link. Findings are appended to `out`.
    #[inline]
    pub fn observe(&mut self, link: Option<u32>, event: &Event<'_>, now_ns: u64, out: &mut Vec<TimedFinding>) {
        let Some(link) = link else { return };
        let Some(last) = self.links_ns.get_mut(link as usize) else { return };
        *last = now_ns;
        if event.record.role != Role::Request {
            return;
        }
        if let Some(number) = self.numbers.get(&PollKey::of(link, event)).copied() {
            self.request(number, event.ts_ns, now_ns, out);
        }
    }

    fn request(&mut self, number: u32, ts_ns: u64, now_ns: u64, out: &mut Vec<TimedFinding>) {
        let (Some(state), Some(poll)) = (self.states.get_mut(number as usize), self.known.polls.get(number as usize))
        else {
            return;
        };
        let before = state.last_ns;
        state.last_ns = before.max(ts_ns);
        let silent_ns = now_ns.saturating_sub(state.seen_ns);
        state.seen_ns = now_ns;
        if !state.timed {
            state.timed = true;
            self.due.push(Reverse((now_ns.saturating_add(nanoseconds(poll.stopped_us)), number)));
        }
        if before == 0 {
            return;
        }
        let mut found = None;
        if state.told == Told::Stopped {
            state.told = Told::Normal;
            found = Some((RESUMED, vec![("silent_ns", Param::Unsigned(silent_ns))]));
        }
        if let Some(cause) = interval_us(before, ts_ns).and_then(|interval| state.judge(poll, interval)) {
            let period_ns = Param::Unsigned(nanoseconds(state.median()));
            found = Some((cause, vec![("period_ns", period_ns), ("odd_intervals", state.odd())]));
        }
        if let Some((cause, params)) = found {
            out.push(finding(&self.known, poll, cause, ts_ns, params));
        }
    }

    /// Engine time has come to `now_ns`: what is silent too long has stopped.
    pub fn tick(&mut self, now_ns: u64, out: &mut Vec<TimedFinding>) {
        if self.now_ns != 0 && now_ns > self.now_ns.saturating_add(limits::TIME_JUMP_NS) {
            self.forget_time();
        }
        self.now_ns = self.now_ns.max(now_ns);
        while let Some(Reverse((due_ns, number))) = self.due.peek().copied() {
            if due_ns > now_ns {
                return;
            }
            self.due.pop();
            let (Some(state), Some(poll)) =
                (self.states.get_mut(number as usize), self.known.polls.get(number as usize))
            else {
                continue;
            };
            if state.last_ns == 0 {
                state.timed = false;
                continue;
            }
            let link_ns = self.links_ns.get(poll.key.link as usize).copied().unwrap_or(0);
            let stop_ns = state.stop_ns(poll, link_ns);
            if stop_ns > now_ns {
                self.due.push(Reverse((stop_ns, number)));
                continue;
            }
            state.told = Told::Stopped;
            state.timed = false;
            let params = vec![("silent_ns", Param::Unsigned(stop_ns.saturating_sub(state.seen_ns)))];
            out.push(finding(&self.known, poll, STOPPED, stop_ns, params));
        }
    }

    /// The earliest engine time at which [`Periods::tick`] has something to do.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((due_ns, _))| *due_ns)
    }

    /// Time went on without a capture (a clock was set, another recording begins): no silence is inferred across it.
    pub fn forget_time(&mut self) {
        for state in &mut self.states {
            *state = State { told: state.told, timed: state.timed, ..State::default() };
        }
    }
}

impl State {
    /// One more interval; the cause when it makes a finding.
    fn judge(&mut self, poll: &Watched, interval: u32) -> Option<&'static str> {
        let place = self.count.checked_rem(WINDOW).unwrap_or(0) as usize;
        if let Some(slot) = self.intervals.get_mut(place) {
            *slot = interval;
        }
        self.count = self.count.saturating_add(1);
        self.above = (self.above << 1 | u16::from(interval > poll.high_us)) & RECENT;
        self.below = (self.below << 1 | u16::from(interval < poll.low_us)) & RECENT;
        if self.above | self.below == 0 {
            self.told = Told::Normal;
            return None;
        }
        let (told, cause) = self.verdict(poll)?;
        // Irregular is what a poll looks like on its way back to normal, too: that is no news of its own.
        let returning = told == Told::Irregular && matches!(self.told, Told::Slower | Told::Faster);
        self.since_told = self.since_told.saturating_add(1);
        if returning || (told == self.told && self.since_told < WINDOW) {
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
        let odd = above.saturating_add(below);
        (!turning && odd >= u32::from(poll.irregular_from)).then_some((Told::Irregular, IRREGULAR))
    }

    fn odd(&self) -> Param {
        Param::Unsigned((self.above | self.below).count_ones().into())
    }

    fn recent(&self) -> &[u32] {
        self.intervals.get(..self.count.min(WINDOW) as usize).unwrap_or_default()
    }

    /// Median of the last intervals.
    fn median(&self) -> u32 {
        let mut recent = self.intervals;
        let count = self.recent().len();
        recent.get_mut(..count).map_or(0, median)
    }

    /// When silence since the last request becomes a stop. A poll that has slowed down is given its new pace.
    fn stop_ns(&self, poll: &Watched, link_ns: u64) -> u64 {
        let period = u64::from(poll.period_us.max(1));
        let newest = self.count.wrapping_sub(1).checked_rem(WINDOW).unwrap_or(0) as usize;
        let last = if self.count == 0 { 0 } else { self.intervals.get(newest).copied().unwrap_or(0) };
        let pace = [u64::from(last), u64::from(self.median())]
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
}

fn finding(known: &Knowledge, poll: &Watched, cause: &'static str, ts_ns: u64, observed: Params) -> TimedFinding {
    let row = known.rows.get(poll.key.link as usize).map(|row| row.key);
    let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let (start, length) = known.operation_names.get(poll.operation_name as usize).copied().unwrap_or_default();
    let mut params: Params = vec![
        ("operation", Param::Text(known.text(start, length).to_owned())),
        ("operation_code", Param::Unsigned(poll.key.operation.into())),
        ("operation_class", Param::Text(poll.key.class.name().to_owned())),
    ];
    let space = known.spaces.name(poll.space);
    if !space.is_empty() {
        params.push(("space", Param::Text(space.to_owned())));
        params.push(("index", Param::Unsigned(poll.index.into())));
        if poll.name.1 == 0 {
            params.push(("start", Param::Unsigned(poll.start)));
            params.push(("end", Param::Unsigned(poll.end)));
        } else {
            params.push(("object", Param::Text(known.text(poll.name.0, poll.name.1).to_owned())));
        }
    }
    params.push(("learned_period_ns", Param::Unsigned(nanoseconds(poll.period_us))));
    params.push(("learned_low_ns", Param::Unsigned(nanoseconds(poll.low_us))));
    params.push(("learned_high_ns", Param::Unsigned(nanoseconds(poll.high_us))));
    params.extend(observed);
    TimedFinding {
        cause,
        key: poll.key.fold(),
        segment: row.map_or(0, |key| key.segment),
        client_ip: row.map_or(unknown, |key| key.client),
        server_ip: row.map_or(unknown, |key| key.server),
        protocol: row.and_then(|key| PROTOCOLS.get(usize::from(key.protocol))).map_or("unknown", |entry| entry.name),
        ts_ns,
        params,
    }
}
