//! What outlives a restart, and another baseline: the states of polls that are the same there, with the same band. A
//! poll is told by its link and identity, never by a number.
//!
//! ```text
//! links u32, then each: segment, client, server, protocol, last message u64,
//!   polls u32, then each: operation u32, class u8, identity u64, band, state
//! ```

use std::sync::Arc;

use super::super::band::WINDOW;
use super::super::knowledge::{Knowledge, LinkKey};
use super::super::saved::{Reader, Writer};
use super::super::watched::Watched;
use super::state::{State, Told, RECENT};
use super::{Baseline, PeriodSettings, Periods, Shard};
use crate::protocol;

const KIND: &[u8; 8] = b"OTUSPERI";

/// What tells a poll from others of its link, and what it is held against.
type Identity = (u32, u8, u64);
type Limits = [u32; 6];

fn identity(known: &Knowledge, poll: &Watched) -> Identity {
    (poll.key.operation(), poll.key.class() as u8, known.identity(poll))
}

fn limits(poll: &Watched) -> Limits {
    let counts = [poll.changed_from.into(), poll.irregular_from.into()];
    [poll.period_us, poll.low_us, poll.high_us, poll.stopped_us, counts[0], counts[1]]
}

impl Periods {
    /// What is known about the rhythm of every poll that was seen, for [`Periods::restore`]. The same states give the
    /// same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::new(KIND);
        // Polls of one link follow each other.
        let mut links: Vec<(u32, Vec<(&Watched, &State)>)> = Vec::new();
        for (number, state) in self.states().filter(|(_, state)| state.seen_ns != 0) {
            let Some(poll) = self.known.polls.get(number) else { continue };
            match links.last_mut().filter(|(link, _)| *link == poll.key.link()) {
                Some((_, polls)) => polls.push((poll, state)),
                None => links.push((poll.key.link(), vec![(poll, state)])),
            }
        }
        links.retain(|(link, _)| self.known.keys.get(*link as usize).is_some());
        out.count(links.len());
        for (link, polls) in &links {
            let Some(key) = self.known.keys.get(*link as usize) else { continue };
            out.text(self.known.segments.get(usize::from(key.segment)).map_or("", String::as_str));
            out.ip(key.client);
            out.ip(key.server);
            out.text(protocol::at(usize::from(key.protocol)).map_or("", |protocol| protocol.name));
            out.u64(self.links_ns.get((*link as usize).wrapping_sub(self.links.start)).copied().unwrap_or(0));
            out.count(polls.len());
            for (poll, state) in polls {
                let (operation, class, identity) = identity(&self.known, poll);
                out.u32(operation);
                out.u8(class);
                out.u64(identity);
                limits(poll).into_iter().for_each(|limit| out.u32(limit));
                write(&mut out, state);
            }
        }
        out.seal()
    }

    /// Go on where [`Periods::snapshot`] left off, in this process or another. Takes what belongs to `shard` and is the
    /// same in the baseline. While nothing was watched nothing was silent: a poll that does not come back has stopped
    /// from the first packet or tick on, and one that was told as stopped is not told again.
    pub fn restore(baseline: &Baseline, settings: PeriodSettings, shard: Shard, bytes: &[u8]) -> Result<Self, String> {
        let mut periods = Self::new(baseline, settings, shard);
        Reader::open(bytes, KIND)?.all(|reader| periods.take_over(reader))?;
        periods.resuming = true;
        Ok(periods)
    }

    /// The same conversations against another baseline, from one message to the next: polls that are the same there go
    /// on, what else was known is forgotten.
    pub fn reloaded(self, baseline: &Baseline) -> Self {
        if Arc::ptr_eq(&self.known, &baseline.known) {
            return self;
        }
        let mut periods = Self::new(baseline, self.settings, self.shard);
        // Our own bytes are in order.
        let _ = Reader::open(&self.snapshot(), KIND).and_then(|reader| reader.all(|rows| periods.take_over(rows)));
        (periods.now_ns, periods.resuming) = (self.now_ns, self.resuming);
        if !periods.resuming {
            periods.set_timers(self.now_ns);
        }
        periods
    }

    fn take_over(&mut self, rows: &mut Reader<'_>) -> Option<()> {
        for _ in 0..rows.count()? {
            let segment = rows.text()?;
            let (client, server) = (rows.ip()?, rows.ip()?);
            let protocol = rows.protocol()?.and_then(|number| u16::try_from(number).ok());
            let segment = self.known.segments.iter().position(|name| name == segment);
            let segment = segment.and_then(|number| u16::try_from(number).ok());
            let key = segment.zip(protocol).map(|(segment, protocol)| LinkKey { segment, protocol, client, server });
            let link = key.filter(|key| self.shard.owns(key)).and_then(|key| self.known.link(&key));
            let last_ns = rows.u64()?;
            if let Some(link) = link {
                if let Some(known) = self.links_ns.get_mut((link as usize).wrapping_sub(self.links.start)) {
                    *known = last_ns;
                }
            }
            for _ in 0..rows.count()? {
                let identity = (rows.u32()?, rows.u8()?, rows.u64()?);
                let mut limits = Limits::default();
                for limit in &mut limits {
                    *limit = rows.u32()?;
                }
                let state = read(rows)?;
                if let Some(number) = link.and_then(|link| self.same(link, identity, limits)) {
                    *Self::state(&mut self.pages, &self.polls, number)? = state;
                }
            }
        }
        Some(())
    }

    /// The number of the poll with that identity and those limits.
    fn same(&self, link: u32, wanted: Identity, limits_wanted: Limits) -> Option<u32> {
        let range = self.known.polls(link);
        let polls = self.known.polls.get(range.clone())?;
        let place = polls.binary_search_by_key(&wanted, |poll| identity(&self.known, poll)).ok()?;
        polls.get(place).filter(|poll| limits(poll) == limits_wanted)?;
        u32::try_from(range.start.checked_add(place)?).ok()
    }

    /// Look at every watched poll when time goes on.
    fn set_timers(&mut self, now_ns: u64) {
        let watched: Vec<u32> = self
            .states()
            .filter(|(_, state)| state.timed)
            .filter_map(|(number, _)| u32::try_from(number).ok())
            .collect();
        for number in watched {
            self.wheel.put(number, now_ns, now_ns);
        }
    }

    /// The first thing after a restart: silence counts from now on, and the pause is no interval.
    #[cold]
    pub(super) fn resume(&mut self, now_ns: u64) {
        self.resuming = false;
        self.links_ns.fill(0);
        for state in self.states_mut() {
            state.begin_again();
            if state.timed {
                state.seen_ns = now_ns;
            }
        }
        self.set_timers(now_ns);
    }
}

fn write(out: &mut Writer, state: &State) {
    out.u64(state.last_ns);
    out.u64(state.seen_ns);
    state.intervals.into_iter().for_each(|interval| out.u32(interval));
    out.u16(state.above);
    out.u16(state.below);
    out.raw(&[state.next, state.count(), state.told as u8, u8::from(state.timed), state.since_told]);
}

/// `None` for what no state can be.
fn read(rows: &mut Reader<'_>) -> Option<State> {
    let mut state = State { last_ns: rows.u64()?, seen_ns: rows.u64()?, ..State::default() };
    for interval in &mut state.intervals {
        *interval = rows.u32()?;
    }
    (state.above, state.below) = (rows.u16()?, rows.u16()?);
    let count = (rows.u8()?, rows.u8()?);
    (state.next, state.full) = (count.0, u32::from(count.1) == WINDOW);
    state.told = Told::ALL.get(usize::from(rows.u8()?)).copied()?;
    state.timed = match rows.u8()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    state.since_told = rows.u8()?;
    let window = u32::from(state.next) < WINDOW && count.1 == state.count();
    state.settle();
    (window && state.above <= RECENT && state.below <= RECENT && state.seen_ns != 0).then_some(state)
}
