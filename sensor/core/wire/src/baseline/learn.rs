//! Learning: messages in, one canonical compiled table out.

use std::borrow::Cow;
use std::net::IpAddr;

use super::band::{Judge, Promise, Rhythm};
use super::codec;
use super::poll::PollKey;
use super::sketch::Sketch;
use super::space::Spaces;
use super::stretches;
use super::table::{self, Learned, Objects, Operation, Poll, Table, CLIENT, SERVER};
use crate::event::{Endpoint, Event};
use crate::hash::{Map, Set};
use crate::limits;
use crate::protocol::PROTOCOLS;
use crate::value::{Class, Object, Role};

#[derive(Clone, Debug, Default)]
pub struct LearnSettings {
    /// Names of the segments by their number in events. A number without a name is `default` (0) or `segment-N`.
    pub segments: Vec<String>,
    pub promise: Promise,
}

#[derive(Default)]
struct Station {
    macs: Vec<[u8; 6]>,
    roles: u8,
}

struct Link {
    first_ns: u64,
    last_ns: u64,
    messages: u64,
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
    names: Set<Box<str>>,
}

/// The first object of a poll, for people.
#[derive(Clone, Default)]
struct Shown {
    space: &'static str,
    index: u32,
    start: u64,
    end: u64,
    name: Box<str>,
}

/// Aggregates messages; nothing is kept per message. Beyond `limits::BASELINE_TUPLES` rows new ones are counted only.
pub struct Learner {
    settings: LearnSettings,
    learned: Learned,
    tuples: usize,
    assets: Map<(u16, IpAddr), Station>,
    links: Map<LinkKey, u32>,
    rows: Vec<Link>,
    operations: Map<(u32, u32, Class), (&'static str, u64)>,
    spaces: Spaces,
    objects: Map<ObjectKey, Touched>,
    polls: Map<PollKey, u32>,
    sketches: Vec<(Shown, Sketch)>,
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
            spaces: Spaces::default(),
            objects: Map::default(),
            polls: Map::default(),
            sketches: Vec::new(),
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
            protocol: event.protocol,
            client: event.client.ip,
            server: event.server.ip,
        };
        if let Some(number) = self.links.get(&key).copied() {
            let row = self.rows.get_mut(number as usize)?;
            row.last_ns = row.last_ns.max(event.ts_ns);
            row.messages = row.messages.saturating_add(1);
            return Some(number);
        }
        self.station(key.segment, event.client, CLIENT);
        self.station(key.segment, event.server, SERVER);
        if !self.room() {
            return None;
        }
        let number = u32::try_from(self.rows.len()).ok()?;
        self.rows.push(Link { first_ns: event.ts_ns, last_ns: event.ts_ns, messages: 1 });
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
        if station.macs.len() < limits::STATION_MACS && !station.macs.contains(&endpoint.mac) {
            station.macs.push(endpoint.mac);
        }
    }

    fn operation(&mut self, link: u32, event: &Event<'_>) {
        let record = event.record;
        let key = (link, record.operation, record.class);
        if let Some((_, count)) = self.operations.get_mut(&key) {
            *count = count.saturating_add(1);
        } else if self.room() {
            self.operations.insert(key, (record.operation_name, 1));
        }
    }

    fn object(&mut self, link: u32, event: &Event<'_>, object: &Object) {
        let Some(space) = self.spaces.intern(object.space) else {
            self.learned.not_learned = self.learned.not_learned.saturating_add(1);
            return;
        };
        let key = ObjectKey { link, index: object.index, space, class: event.record.class };
        let name = object.text.map(|span| event.record.text(span));
        if let Some(touched) = self.objects.get(&key) {
            let known = match name {
                Some(name) => touched.names.contains(name),
                None => stretches::contains(&touched.stretches, object.start, object.end),
            };
            if known {
                return;
            }
        }
        if !self.room() {
            return;
        }
        let touched = self.objects.entry(key).or_default();
        if let Some(name) = name {
            touched.names.insert(name.into());
            return;
        }
        let before = touched.stretches.len();
        let closed = stretches::insert(&mut touched.stretches, object.start, object.end);
        self.learned.gaps_closed = self.learned.gaps_closed.saturating_add(closed as u64);
        // The room taken above was for one stretch; joining gives room back.
        let joined = before.saturating_add(1).saturating_sub(touched.stretches.len());
        self.tuples = self.tuples.saturating_sub(joined);
    }

    fn poll(&mut self, link: u32, event: &Event<'_>) {
        let key = PollKey::of(link, event);
        let number = match self.polls.get(&key) {
            Some(number) => *number,
            None => {
                let Ok(number) = u32::try_from(self.sketches.len()) else { return };
                if !self.room() {
                    return;
                }
                let shown = event.record.objects().first().map(|object| Shown {
                    space: object.space,
                    index: object.index,
                    start: object.start,
                    end: object.end,
                    name: object.text.map(|span| event.record.text(span).into()).unwrap_or_default(),
                });
                self.sketches.push((shown.unwrap_or_default(), Sketch::default()));
                self.polls.insert(key, number);
                number
            }
        };
        if let Some((_, sketch)) = self.sketches.get_mut(number as usize) {
            sketch.observe(event.ts_ns, key.identity);
        }
    }

    /// End learning and compile. The same messages give the same bytes.
    pub fn finish(&mut self, end_ns: u64) -> Vec<u8> {
        let table = self.table(end_ns);
        // Keys were unique in the maps, so the only error left is none; an empty table is still a valid answer.
        codec::encode(&table.canonical().unwrap_or_default())
    }

    /// End learning of the parts of one network, each of which saw other conversations, and compile what they know.
    pub fn finish_all(parts: Vec<Learner>, end_ns: u64) -> Vec<u8> {
        let mut whole = Table::default();
        let mut stations: Map<(Cow<'static, str>, IpAddr), Station> = Map::default();
        for mut part in parts.into_iter().filter(|part| part.learned.messages > 0) {
            let Table { learned, assets, links } = part.table(end_ns);
            let sum = &mut whole.learned;
            sum.from_ns = if sum.messages == 0 { learned.from_ns } else { sum.from_ns.min(learned.from_ns) };
            for (count, more) in [
                (&mut sum.messages, learned.messages),
                (&mut sum.not_learned, learned.not_learned),
                (&mut sum.gaps_closed, learned.gaps_closed),
                (&mut sum.polls_without_period, learned.polls_without_period),
            ] {
                *count = count.saturating_add(more);
            }
            whole.links.extend(links);
            for asset in assets {
                let station = stations.entry((asset.segment, asset.ip)).or_default();
                station.roles |= asset.roles;
                station.macs.extend(asset.macs);
            }
        }
        whole.learned.to_ns = end_ns.max(whole.learned.from_ns);
        whole.assets = stations
            .into_iter()
            .map(|((segment, ip), Station { mut macs, roles })| {
                macs.sort_unstable();
                macs.dedup();
                macs.truncate(limits::STATION_MACS);
                table::Asset { segment, ip, macs, roles }
            })
            .collect();
        codec::encode(&whole.canonical().unwrap_or_default())
    }

    fn segment(&self, number: u16) -> Cow<'static, str> {
        match self.settings.segments.get(usize::from(number)) {
            Some(name) => Cow::Owned(name.clone()),
            None if number == 0 => Cow::Borrowed("default"),
            None => Cow::Owned(format!("segment-{number}")),
        }
    }

    fn table(&mut self, end_ns: u64) -> Table<'static> {
        let judge = Judge::new(self.settings.promise);
        let mut table = Table { learned: self.learned.clone(), assets: Vec::new(), links: Vec::new() };
        table.learned.to_ns = end_ns.max(self.learned.from_ns);
        for ((segment, ip), station) in &self.assets {
            let (macs, roles) = (station.macs.clone(), station.roles);
            table.assets.push(table::Asset { segment: self.segment(*segment), ip: *ip, macs, roles });
        }
        let mut links: Vec<(LinkKey, u32)> = self.links.iter().map(|(key, number)| (*key, *number)).collect();
        links.sort_unstable_by_key(|(_, number)| *number);
        for ((key, _), row) in links.into_iter().zip(&self.rows) {
            table.links.push(table::Link {
                segment: self.segment(key.segment),
                client: key.client,
                server: key.server,
                protocol: PROTOCOLS.get(key.protocol).map_or("unknown", |protocol| protocol.name).into(),
                first_ns: row.first_ns,
                last_ns: row.last_ns,
                messages: row.messages,
                operations: Vec::new(),
                objects: Vec::new(),
                polls: Vec::new(),
            });
        }
        for ((link, code, class), (name, count)) in &self.operations {
            if let Some(row) = table.links.get_mut(*link as usize) {
                let (code, class, count) = (*code, *class, *count);
                row.operations.push(Operation { code, name: Cow::Borrowed(name), class, count });
            }
        }
        for (key, touched) in &self.objects {
            if let Some(row) = table.links.get_mut(key.link as usize) {
                row.objects.push(Objects {
                    class: key.class,
                    space: self.spaces.name(key.space).to_owned().into(),
                    index: key.index,
                    stretches: touched.stretches.clone(),
                    names: touched.names.iter().map(|name| Cow::Owned(name.to_string())).collect(),
                });
            }
        }
        for (key, number) in &self.polls {
            let Some((shown, sketch)) = self.sketches.get_mut(*number as usize) else { continue };
            let band = match judge.rhythm(sketch) {
                Rhythm::TooFew => continue,
                Rhythm::NoPeriod => {
                    let without = &mut table.learned.polls_without_period;
                    *without = without.saturating_add(1);
                    continue;
                }
                Rhythm::Period(band) => band,
            };
            if let Some(row) = table.links.get_mut(key.link as usize) {
                row.polls.push(Poll {
                    operation: key.operation,
                    class: key.class,
                    identity: key.identity,
                    space: shown.space.into(),
                    index: shown.index,
                    start: shown.start,
                    end: shown.end,
                    name: Cow::Owned(shown.name.to_string()),
                    samples: sketch.count,
                    period_us: band.period_us,
                    spread_us: band.spread_us,
                    low_us: band.low_us,
                    high_us: band.high_us,
                    stopped_us: band.stopped_us,
                    changed_from: band.changed_from,
                    irregular_from: band.irregular_from,
                });
            }
        }
        table
    }
}
