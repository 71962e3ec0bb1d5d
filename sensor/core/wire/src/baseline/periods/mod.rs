//! The rhythm of learned polls at run time: slower, faster, irregular, stopped, and back again.
//!
//! A poll is watched from the first time it is seen. `band.rs` says what is normal and how many odd intervals decide.
//! A stop is decided by a timer, because nothing comes:
//! - the whole conversation has been silent since the next request was due: after the learned `stopped_us` (two and a
//!   half periods, or longer where such pauses were learned). That is one story whatever else was polled there: the
//!   finding says `silent_link`, and all of the conversation fold into one. The same where a few messages came behind the
//!   last request and then nothing more: less than the busiest of its other polls would have brought by then;
//! - the conversation goes on without this request: after two periods and whatever the stream reassembly may hold, so
//!   that a request lost in the capture is no stop.

mod message;
mod saved;
mod state;
mod tell;
mod wheel;

use std::ops::Range;
use std::sync::Arc;

use self::state::{nanoseconds, State, Told};
use self::tell::finding;
use self::wheel::Wheel;
use super::again::Hints;
use super::check::{Baseline, Polled};
use super::knowledge::{Knowledge, LinkKey};
use super::sketch::interval_us;
use super::space::Seen;
use super::watched::Watched;
use crate::event::Event;
use crate::finding::{Param, TimedFinding};
use crate::hash::shard_of;
use crate::limits;

pub const SLOWER: &str = "period:slower";
pub const FASTER: &str = "period:faster";
pub const IRREGULAR: &str = "period:irregular";
pub const STOPPED: &str = "period:stopped";
pub const RESUMED: &str = "period:resumed";

/// The key of a finding that is about a whole conversation, whichever of its polls told of it.
const OF_LINK: u64 = 0;

/// States that are made room for together, a kilobyte: those of one link lie side by side.
const PAGE: usize = 16;
/// Timers between asking for a poll's memory and looking at it.
const AHEAD: usize = 8;
type Page = Option<Box<[State; PAGE]>>;

#[derive(Clone, Copy, Debug, Default)]
pub struct PeriodSettings {
    /// Report rhythm only for polls with at least this learned period. Zero: all.
    pub shortest_period_us: u32,
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

/// Watches the polls of one shard's links. Room is taken by what was seen.
pub struct Periods {
    known: Arc<Knowledge>,
    settings: PeriodSettings,
    shard: Shard,
    /// The shard's links and polls among all of the baseline.
    links: Range<usize>,
    polls: Range<usize>,
    /// Engine time of the last message of each link, either direction.
    links_ns: Vec<u64>,
    pages: Vec<Page>,
    hints: Hints,
    seen: Seen,
    wheel: Wheel,
    now_ns: u64,
    /// Restored, and nothing seen since: silence counts from the first thing on.
    resuming: bool,
}

impl Periods {
    /// `shard`: whose conversations will be observed here.
    pub fn new(baseline: &Baseline, settings: PeriodSettings, shard: Shard) -> Self {
        let known = Arc::clone(&baseline.known);
        let links = known.links_of(shard.number, shard.of);
        let first = |link: usize| known.rows.get(link).map_or(0, |row| row.polls as usize);
        let polls = first(links.start)..first(links.end);
        let links_ns = vec![0; if polls.is_empty() { 0 } else { links.len() }];
        let mut pages = Vec::new();
        pages.resize_with(polls.len().div_ceil(PAGE), || None);
        Self {
            known,
            settings,
            shard,
            links,
            polls,
            links_ns,
            pages,
            hints: Hints::default(),
            seen: Seen::default(),
            wheel: Wheel::default(),
            now_ns: 0,
            resuming: false,
        }
    }

    /// Somebody spoke on a learned link.
    #[inline]
    fn heard(&mut self, link: u32, now_ns: u64) {
        if self.resuming {
            self.resume(now_ns);
        }
        if let Some(last) = self.links_ns.get_mut((link as usize).wrapping_sub(self.links.start)) {
            *last = now_ns;
        }
    }

    /// One message of a learned link, with `assess_poll`'s answer about it. Findings are appended to `out`.
    #[inline]
    pub fn observe_polled(
        &mut self,
        link: Option<u32>,
        polled: Option<Polled>,
        event: &Event<'_>,
        now_ns: u64,
        out: &mut Vec<TimedFinding>,
    ) {
        let Some(link) = link else { return };
        self.heard(link, now_ns);
        if let Some(Polled(number)) = polled {
            self.request(number, event.ts_ns, now_ns, out);
        }
    }

    /// The same, where nobody has looked yet which poll it is.
    pub fn observe(&mut self, link: Option<u32>, event: &Event<'_>, now_ns: u64, out: &mut Vec<TimedFinding>) {
        let polled = link.and_then(|link| self.known.polled(link, event)).map(Polled);
        self.observe_polled(link, polled, event, now_ns, out);
    }

    /// A poll's place among those of the shard.
    #[inline]
    fn place(&self, number: u32) -> usize {
        (number as usize).wrapping_sub(self.polls.start)
    }

    /// The state of a poll that was seen.
    #[inline]
    fn seen_state<'p>(pages: &'p mut [Page], polls: &Range<usize>, number: u32) -> Option<&'p mut State> {
        let place = (number as usize).wrapping_sub(polls.start);
        pages.get_mut(place / PAGE)?.as_mut()?.get_mut(place % PAGE)
    }

    /// The state of a poll by its number, made room for when it is the first of its page.
    #[inline]
    fn state<'p>(pages: &'p mut [Page], polls: &Range<usize>, number: u32) -> Option<&'p mut State> {
        let place = (number as usize).checked_sub(polls.start)?;
        let page = pages.get_mut(place / PAGE)?;
        page.get_or_insert_with(|| Box::new([State::default(); PAGE])).get_mut(place % PAGE)
    }

    /// A request of a poll.
    fn request(&mut self, number: u32, ts_ns: u64, now_ns: u64, out: &mut Vec<TimedFinding>) {
        let Some(poll) = self.known.polls.get(number as usize) else { return };
        let Some(state) = Self::state(&mut self.pages, &self.polls, number) else { return };
        if state.calmly(ts_ns, now_ns, poll.low_us, poll.high_us) {
            return;
        }
        let before_ns = state.last_ns;
        if !state.timed || state.told == Told::Stopped || before_ns == 0 {
            self.begin(number, ts_ns, now_ns, out);
        } else {
            // Packets may come late, but so late only after a clock that was set back.
            let late = before_ns.saturating_sub(ts_ns);
            state.last_ns = if late > limits::TIME_JUMP_NS { ts_ns } else { before_ns.max(ts_ns) };
            state.seen_ns = now_ns;
            match interval_us(before_ns, ts_ns).map(|interval| state.add(interval, poll.low_us, poll.high_us)) {
                Some(true) => self.odd(number, ts_ns, out),
                Some(false) => state.told = Told::Normal,
                None => {}
            }
        }
        if let Some(state) = Self::state(&mut self.pages, &self.polls, number) {
            state.settle();
        }
    }

    /// A poll that is seen for the first time, or again.
    #[cold]
    fn begin(&mut self, number: u32, ts_ns: u64, now_ns: u64, out: &mut Vec<TimedFinding>) {
        let Some(poll) = self.known.polls.get(number as usize) else { return };
        if poll.period_us < self.settings.shortest_period_us {
            return;
        }
        let Some(state) = Self::state(&mut self.pages, &self.polls, number) else { return };
        let (before_ns, silent_ns) = (state.last_ns, now_ns.saturating_sub(state.seen_ns));
        (state.last_ns, state.seen_ns) = (before_ns.max(ts_ns), now_ns);
        if !state.timed {
            state.timed = true;
            self.wheel.put(number, now_ns.saturating_add(nanoseconds(poll.stopped_us)), now_ns);
        }
        let resumed = state.told == Told::Stopped;
        if resumed {
            state.told = Told::Normal;
            let params = vec![("silent_ns", Param::Unsigned(silent_ns))];
            out.push(TimedFinding { key: OF_LINK, ..finding(&self.known, poll, RESUMED, ts_ns, params) });
        }
        // The pause is an interval, too; when it makes a finding, that is the one to tell.
        let Some(interval) = interval_us(before_ns, ts_ns).filter(|_| before_ns != 0) else { return };
        if state.add(interval, poll.low_us, poll.high_us) {
            let told = out.len();
            self.odd(number, ts_ns, out);
            if resumed && out.len() > told {
                out.remove(told.saturating_sub(1));
            }
        }
    }

    #[cold]
    fn odd(&mut self, number: u32, ts_ns: u64, out: &mut Vec<TimedFinding>) {
        let Some(poll) = self.known.polls.get(number as usize) else { return };
        let Some(state) = Self::state(&mut self.pages, &self.polls, number) else { return };
        if let Some(cause) = state.judge(poll) {
            let period_ns = Param::Unsigned(nanoseconds(state.median()));
            let params = vec![("period_ns", period_ns), ("odd_intervals", Param::Unsigned(state.odd().into()))];
            out.push(finding(&self.known, poll, cause, ts_ns, params));
        }
    }

    /// Engine time has come to `now_ns`: what is silent too long has stopped, told in the order in which it did.
    pub fn tick(&mut self, now_ns: u64, out: &mut Vec<TimedFinding>) {
        if self.resuming {
            self.resume(now_ns);
        }
        // Timers look around once a minute at least: a longer step was a clock.
        if !self.wheel.is_empty() && now_ns > self.now_ns.saturating_add(limits::TIME_JUMP_NS) && self.now_ns != 0 {
            self.forget_time();
        }
        self.now_ns = self.now_ns.max(now_ns);
        let mut stopped: Vec<(u64, u32)> = Vec::new();
        while let Some(numbers) = self.wheel.take(now_ns) {
            for (place, number) in numbers.iter().enumerate() {
                if let Some(later) = numbers.get(place.saturating_add(AHEAD)) {
                    self.prefetch_poll(*later);
                }
                self.look(*number, now_ns, &mut stopped);
            }
            self.wheel.give_back(numbers);
        }
        stopped.sort_unstable();
        for (stop_ns, number) in stopped {
            let Some(poll) = self.known.polls.get(number as usize) else { continue };
            let seen_ns = Self::state(&mut self.pages, &self.polls, number).map_or(0, |state| state.seen_ns);
            let place = (poll.key.link() as usize).wrapping_sub(self.links.start);
            let heard_ns = self.links_ns.get(place).copied().unwrap_or(0);
            let silent_link = heard_ns < seen_ns.saturating_add(nanoseconds(poll.low_us))
                || self
                    .busiest_beside(number, poll)
                    .is_some_and(|high_us| stop_ns.saturating_sub(heard_ns) > nanoseconds(high_us));
            let silent_ns = Param::Unsigned(stop_ns.saturating_sub(seen_ns));
            let params = vec![("silent_ns", silent_ns), ("silent_link", Param::Unsigned(silent_link.into()))];
            let mut told = finding(&self.known, poll, STOPPED, stop_ns, params);
            if silent_link {
                told.key = OF_LINK;
            }
            out.push(told);
        }
    }

    /// The longest that the busiest other poll of the conversation takes from one request to the next.
    fn busiest_beside(&self, number: u32, poll: &Watched) -> Option<u32> {
        let others = self.known.polls(poll.key.link()).filter(|place| *place != number as usize);
        others.filter_map(|place| self.known.polls.get(place)).map(|other| other.high_us).min()
    }

    /// Whether a poll has stopped, or when to look again.
    fn look(&mut self, number: u32, now_ns: u64, stopped: &mut Vec<(u64, u32)>) {
        let Some(poll) = self.known.polls.get(number as usize) else { return };
        let Some(state) = Self::state(&mut self.pages, &self.polls, number) else { return };
        if state.seen_ns == 0 {
            state.timed = false;
            return;
        }
        // Most have been seen since their timer was set.
        let earliest_ns = state.earliest_stop_ns(poll);
        if earliest_ns > now_ns {
            return self.wheel.put(number, earliest_ns, now_ns);
        }
        let place = (poll.key.link() as usize).wrapping_sub(self.links.start);
        let stop_ns = state.stop_ns(poll, self.links_ns.get(place).copied().unwrap_or(0));
        if stop_ns > now_ns {
            return self.wheel.put(number, stop_ns, now_ns);
        }
        state.stop();
        stopped.push((stop_ns, number));
    }

    /// An engine time not later than the first at which [`Periods::tick`] has something to do.
    pub fn next_due_ns(&self) -> Option<u64> {
        // After a restart silence counts from the first tick on, whenever that is.
        if self.resuming {
            return Some(0);
        }
        self.wheel.next_due_ns()
    }

    /// Time went on without a capture (a clock was set, another recording begins): no silence is inferred across it.
    pub fn forget_time(&mut self) {
        self.states_mut().for_each(State::forget_time);
    }

    /// States that are made room for, with the numbers of their polls.
    fn states(&self) -> impl Iterator<Item = (usize, &State)> {
        let first = self.polls.start;
        let pages = self.pages.iter().enumerate().filter_map(|(place, page)| Some((place, page.as_ref()?)));
        pages.flat_map(move |(place, page)| {
            let begin = first.saturating_add(place.saturating_mul(PAGE));
            page.iter().enumerate().map(move |(inside, state)| (begin.saturating_add(inside), state))
        })
    }

    fn states_mut(&mut self) -> impl Iterator<Item = &mut State> {
        self.pages.iter_mut().flatten().flat_map(|page| page.iter_mut())
    }

    /// Bytes on the heap, the baseline apart.
    pub fn heap_bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count().saturating_mul(size_of::<[State; PAGE]>());
        let places = self.pages.capacity().saturating_mul(size_of::<Page>());
        let links = self.links_ns.capacity().saturating_mul(size_of::<u64>());
        [pages, places, links, self.hints.heap_bytes(), self.wheel.heap_bytes()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}
