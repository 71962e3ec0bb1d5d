//! Learning: messages in, one canonical compiled table out.

mod finish;
mod merge;
mod orders;
mod report;
mod saved;
mod sightings;

pub use report::{Cut, Meter, Seen, SeenLink, SeenObject};
pub use sightings::stretch;

use std::collections::VecDeque;
use std::net::IpAddr;

use super::band::Promise;
use super::poll::PollKey;
use super::sketch::Sketch;
use super::space::Spaces;
use super::stretches;
use super::table::{Learned, CLIENT, SERVER};
use super::trail::Step;
use crate::event::{Endpoint, Event};
use crate::hash::Map;
use crate::limits;
use crate::protocol::{scope_of, Scope};
use crate::value::{Class, Object, Role};
use sightings::Sightings;

#[derive(Clone, Debug, Default)]
pub struct LearnSettings {
    /// Names of the segments by their number in events. A number without a name is `default` (0) or `segment-N`.
    pub segments: Vec<String>,
    pub promise: Promise,
}

#[derive(Clone, Default)]
struct Station {
    macs: Vec<[u8; 6]>,
    roles: u8,
}

impl Station {
    /// The lowest are kept: so it does not matter in which order they came, or where.
    fn add(&mut self, mac: [u8; 6]) {
        if let Err(place) = self.macs.binary_search(&mac) {
            self.macs.insert(place, mac);
            self.macs.truncate(limits::STATION_MACS);
        }
    }
}

#[derive(Clone, Copy)]
struct Link {
    first_ns: u64,
    last_ns: u64,
    messages: u64,
    seen: Sightings,
    /// Rows that the order of its operations takes; more than [`limits::ORDERS`]: there was no room, and nothing can be
    /// said about what was not seen.
    orders: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LinkKey {
    segment: u16,
    protocol: usize,
    client: IpAddr,
    server: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ObjectKey {
    link: u32,
    index: u32,
    space: u16,
    class: Class,
}

#[derive(Default)]
struct Touched {
    stretches: Vec<(u64, u64)>,
    /// Of each stretch.
    seen: Vec<Sightings>,
    names: Map<Box<str>, Sightings>,
    /// When something was new here, at the edge of a stretch, too.
    grown: Sightings,
}

impl Touched {
    /// The sightings of the stretch that holds all of `start..=end`.
    fn stretch(&mut self, start: u64, end: u64) -> Option<&mut Sightings> {
        let after = self.stretches.partition_point(|stretch| stretch.0 <= start);
        let at = after.checked_sub(1)?;
        self.stretches.get(at).filter(|stretch| end <= stretch.1)?;
        self.seen.get_mut(at)
    }

    /// Add a stretch; returns how many gaps were closed to make room.
    fn insert(&mut self, start: u64, end: u64, seen: &Sightings) -> usize {
        let (start, end) = (start.min(end), start.max(end));
        let joining = stretches::joining(&self.stretches, start, end);
        let mut joined = *seen;
        self.seen.get(joining.clone()).unwrap_or_default().iter().for_each(|known| joined.add(known));
        // Room may have to be made: then what stood where before is needed, to see what was joined.
        let full = (self.stretches.len() >= limits::RANGES).then(|| {
            let mut starts: Vec<u64> = self.stretches.iter().map(|stretch| stretch.0).collect();
            let first = starts.get(joining.start).copied().filter(|_| !joining.is_empty());
            starts.splice(joining.clone(), [first.map_or(start, |first| first.min(start))]);
            starts
        });
        self.seen.splice(joining, [joined]);
        let closed = stretches::insert(&mut self.stretches, start, end);
        if let Some(starts) = full.filter(|_| closed > 0) {
            let fresh = vec![Sightings::default(); self.stretches.len()];
            for (start, seen) in starts.into_iter().zip(std::mem::replace(&mut self.seen, fresh)) {
                if let Some(known) = self.stretch(start, start) {
                    known.add(&seen);
                }
            }
        }
        closed
    }
}

/// The first object of a poll, for people.
#[derive(Clone, Default)]
struct Shown {
    space: Option<u16>,
    index: u32,
    start: u64,
    end: u64,
    name: Box<str>,
}

/// A request and its rhythm. What came once has none: most of those never come again.
struct Repeated {
    shown: Shown,
    sketch: Sketch,
    seen: Sightings,
}

/// Aggregates messages; nothing is kept per message. Beyond `limits::BASELINE_TUPLES` rows new ones are counted only.
///
/// One learner may see all messages, or one each the messages of some conversations: [`Learner::merge`] makes one of
/// them that knows the same.
pub struct Learner {
    settings: LearnSettings,
    learned: Learned,
    tuples: usize,
    assets: Map<(u16, IpAddr), Station>,
    links: Map<LinkKey, u32>,
    rows: Vec<Link>,
    operations: Map<(u32, u32, Class), (u32, Sightings)>,
    /// Names of operations by number.
    words: Vec<String>,
    spaces: Spaces,
    objects: Map<ObjectKey, Touched>,
    polls: Map<PollKey, Repeated>,
    /// By link, what came after what.
    orders: Map<(u32, Step), Sightings>,
    /// Requests in the order in which they came for the first time, among them all that came once only.
    once: VecDeque<PollKey>,
    forgotten: u64,
}

impl Learner {
    pub fn new(settings: LearnSettings) -> Self {
        Self {
            settings,
            learned: Learned::default(),
            tuples: 0,
            assets: Map::default(),
            links: Map::default(),
            rows: Vec::new(),
            operations: Map::default(),
            words: Vec::new(),
            spaces: Spaces::default(),
            objects: Map::default(),
            polls: Map::default(),
            orders: Map::default(),
            once: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// Two numbers of one name are one segment.
    #[inline]
    fn number(&self, segment: u16) -> u16 {
        let segments = &self.settings.segments;
        let name = segments.get(usize::from(segment));
        let first = name.and_then(|name| segments.iter().position(|other| other == name));
        first.and_then(|first| u16::try_from(first).ok()).unwrap_or(segment)
    }

    /// Learn from one message. Answers count as messages; what is done is in requests and unsolicited messages.
    pub fn observe(&mut self, event: &Event<'_>, _now_ns: u64) {
        if self.learned.messages == 0 {
            self.learned.from_ns = event.ts_ns;
        }
        self.learned.from_ns = self.learned.from_ns.min(event.ts_ns);
        self.learned.messages = self.learned.messages.saturating_add(1);
        let Some(link) = self.link(event) else { return };
        if !matches!(event.record.role, Role::Request | Role::Unsolicited) {
            return;
        }
        self.operation(link, event);
        if scope_of(event.family) != Scope::Plant {
            return;
        }
        for object in event.record.objects() {
            self.object(link, event, object);
        }
        if event.record.role == Role::Request {
            self.poll(link, event);
        }
    }

    /// Room for one more row; where there is none, that is counted.
    fn room(&mut self) -> bool {
        if self.tuples >= limits::BASELINE_TUPLES {
            self.learned.not_learned = self.learned.not_learned.saturating_add(1);
            return false;
        }
        self.tuples = self.tuples.saturating_add(1);
        true
    }

    fn link(&mut self, event: &Event<'_>) -> Option<u32> {
        let key = LinkKey {
            segment: self.number(event.segment),
            protocol: event.family,
            client: event.client.ip,
            server: event.server.ip,
        };
        if let Some(number) = self.links.get(&key).copied() {
            let row = self.rows.get_mut(number as usize)?;
            row.last_ns = row.last_ns.max(event.ts_ns);
            row.messages = row.messages.saturating_add(1);
            row.seen.observe(event.ts_ns, event.number, event.input);
            return Some(number);
        }
        self.station(key.segment, event.client, CLIENT);
        self.station(key.segment, event.server, SERVER);
        if !self.room() {
            return None;
        }
        let number = u32::try_from(self.rows.len()).ok()?;
        let seen = Sightings::once(event.ts_ns, event.number, event.input);
        self.rows.push(Link { first_ns: event.ts_ns, last_ns: event.ts_ns, messages: 1, seen, orders: 0 });
        self.links.insert(key, number);
        Some(number)
    }

    fn station(&mut self, segment: u16, endpoint: &Endpoint, role: u8) {
        let key = (segment, endpoint.ip);
        if !self.assets.contains_key(&key) && !self.room() {
            return;
        }
        let station = self.assets.entry(key).or_default();
        station.roles |= role;
        station.add(endpoint.mac);
    }

    fn operation(&mut self, link: u32, event: &Event<'_>) {
        let record = event.record;
        let key = (link, record.operation, record.class);
        if let Some((_, seen)) = self.operations.get_mut(&key) {
            seen.observe(event.ts_ns, event.number, event.input);
        } else if self.room() {
            let word = self.word(record.operation_name);
            self.operations.insert(key, (word, Sightings::once(event.ts_ns, event.number, event.input)));
        }
    }

    /// The number of an operation's name: parsers know a few hundred.
    fn word(&mut self, name: &str) -> u32 {
        let known = self.words.iter().position(|word| word == name).unwrap_or_else(|| {
            self.words.push(name.to_owned());
            self.words.len().saturating_sub(1)
        });
        u32::try_from(known).unwrap_or(u32::MAX)
    }

    fn object(&mut self, link: u32, event: &Event<'_>, object: &Object) {
        let Some(space) = self.spaces.intern(object.space) else {
            self.learned.not_learned = self.learned.not_learned.saturating_add(1);
            return;
        };
        let key = ObjectKey { link, index: object.index, space, class: event.record.class };
        let name = object.text.map(|span| event.record.text(span));
        if let Some(touched) = self.objects.get_mut(&key) {
            let known = match name {
                Some(name) => touched.names.get_mut(name),
                None => touched.stretch(object.start, object.end),
            };
            if let Some(seen) = known {
                seen.observe(event.ts_ns, event.number, event.input);
                return;
            }
        }
        if !self.room() {
            return;
        }
        let touched = self.objects.entry(key).or_default();
        let seen = Sightings::once(event.ts_ns, event.number, event.input);
        touched.grown.add(&seen);
        if let Some(name) = name {
            touched.names.insert(name.into(), seen);
            return;
        }
        let before = touched.stretches.len();
        let closed = touched.insert(object.start, object.end, &seen);
        self.learned.gaps_closed = self.learned.gaps_closed.saturating_add(closed as u64);
        // The room taken above was for one stretch; joining gives room back.
        let joined = before.saturating_add(1).saturating_sub(touched.stretches.len());
        self.tuples = self.tuples.saturating_sub(joined);
    }

    fn poll(&mut self, link: u32, event: &Event<'_>) {
        let key = PollKey::of(link, event);
        if let Some(repeated) = self.polls.get_mut(&key) {
            repeated.seen.observe(event.ts_ns, event.number, event.input);
            return repeated.sketch.observe(event.ts_ns, key.identity);
        }
        self.make_room();
        if !self.room() {
            return;
        }
        let first = event.record.objects().first();
        let shown = first.map(|object| Shown {
            space: self.spaces.intern(object.space),
            index: object.index,
            start: object.start,
            end: object.end,
            name: object.text.map(|span| event.record.text(span).into()).unwrap_or_default(),
        });
        let seen = Sightings::once(event.ts_ns, event.number, event.input);
        let mut repeated = Repeated { shown: shown.unwrap_or_default(), sketch: Sketch::default(), seen };
        repeated.sketch.observe(event.ts_ns, key.identity);
        self.polls.insert(key, repeated);
        self.once.push_back(key);
    }

    /// Of requests that came once, the oldest goes: a storm of requests that are all different takes no more room than
    /// a few seconds of it, and a poll comes again before its first request went.
    fn make_room(&mut self) {
        while self.once.len() >= limits::REQUESTS_ONCE {
            let Some(oldest) = self.once.pop_front() else { return };
            if self.polls.get(&oldest).is_some_and(|repeated| repeated.sketch.count == 0) {
                self.polls.remove(&oldest);
                self.tuples = self.tuples.saturating_sub(1);
                self.forgotten = self.forgotten.saturating_add(1);
            }
        }
    }

    /// Requests that came once and were forgotten to make room for others: had they come again they would have been
    /// taken for new.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Rows and requests that are kept: what memory grows with.
    pub fn tuples(&self) -> usize {
        self.tuples
    }

    fn segment(&self, number: u16) -> String {
        match self.settings.segments.get(usize::from(number)) {
            Some(name) => name.clone(),
            None if number == 0 => "default".to_owned(),
            None => format!("segment-{number}"),
        }
    }
}
