//! A baseline as it is asked per message.
//!
//! Links and polls are numbered shard by shard, so that each shard's own lie side by side; so do the rows of one link.
//! Links, stations and polls are found by an [`Index`], what a link touches by looking through its few rows.

use std::net::IpAddr;
use std::ops::Range;

use super::index::{blend, Index};
use super::orders::{Orders, Way};
use super::poll::{identity, identity_of_one};
use super::space::Spaces;
use super::touched::{Name, Touched, Touching};
use super::trail::{Short, START};
use super::watched::{only_stretch, place, RequestKey, Shown, Watched};
use crate::event::Event;
use crate::hash::SHARDS;
use crate::value::{Class, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkKey {
    pub segment: u16,
    pub protocol: u16,
    pub client: IpAddr,
    pub server: IpAddr,
}

/// One number for an address: the address itself where it has four bytes.
#[allow(clippy::cast_possible_truncation)] // both halves are taken
fn word(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(four) => u64::from(four.to_bits()),
        IpAddr::V6(six) => blend(6, (six.to_bits() >> 64) as u64, six.to_bits() as u64, 0, 0),
    }
}

impl LinkKey {
    pub fn hash(&self, seed: u64) -> u64 {
        blend(seed, word(self.client), word(self.server), self.segment.into(), self.protocol.into())
    }
}

/// A learned station.
pub type Station = (u16, IpAddr);

pub fn station_hash(station: &Station, seed: u64) -> u64 {
    blend(seed, word(station.1), station.0.into(), 0, 0)
}

/// Where a link's rows begin; they end where the next link's begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    pub operations: u32,
    pub polls: u32,
    pub touched: u32,
    pub ways: u32,
    pub writes: bool,
    /// Some of its polls are told by their identity: requests that touch several objects, none, or a named one.
    pub compound: bool,
    /// Some of its exact polls touch what it has no row for: somebody edited the table.
    pub loose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub code: u32,
    pub class: u8,
}

/// Rows that are looked through; more are searched.
const FEW: usize = 16;

#[derive(Debug, Default)]
pub struct Knowledge {
    pub segments: Vec<String>,
    pub stations: Vec<Station>,
    pub station_index: Index,
    /// Keys of links by number; and where their rows begin, with one more row behind the last.
    pub keys: Vec<LinkKey>,
    pub link_index: Index,
    pub rows: Vec<Row>,
    pub operations: Vec<Operation>,
    pub touched: Vec<Touched>,
    pub stretches: Vec<(u64, u64)>,
    pub names: Vec<Name>,
    /// Names of objects and operations, one behind the other.
    pub text: String,
    pub operation_names: Vec<(u32, u32)>,
    pub spaces: Spaces,
    pub polls: Vec<Watched>,
    pub poll_index: Index,
    /// Of polls that are told by their identity.
    pub shown: Vec<Shown>,
    /// In which order their operations come, of links that change something.
    pub ways: Vec<Way>,
    /// First link of each shard, and one more behind the last.
    pub shards: Vec<u32>,
}

/// The rows of a pool between two places.
#[inline]
fn between<T>(pool: &[T], from: u32, to: u32) -> &[T] {
    pool.get(from as usize..to as usize).unwrap_or_default()
}

impl Knowledge {
    pub fn link(&self, key: &LinkKey) -> Option<u32> {
        let hash = key.hash(self.link_index.seed());
        self.link_index.find(hash, |link| self.keys.get(link as usize) == Some(key))
    }

    pub fn station(&self, segment: u16, ip: IpAddr) -> bool {
        let wanted = (segment, ip);
        let hash = station_hash(&wanted, self.station_index.seed());
        self.station_index.find(hash, |place| self.stations.get(place as usize) == Some(&wanted)).is_some()
    }

    /// A link's own row and the one behind it.
    #[inline]
    pub fn row(&self, link: u32) -> Option<(&Row, &Row)> {
        let link = link as usize;
        match self.rows.get(link..link.saturating_add(2))? {
            [row, next] => Some((row, next)),
            _ => None,
        }
    }

    pub fn operations(&self, link: u32) -> &[Operation] {
        self.row(link).map_or(&[], |(row, next)| between(&self.operations, row.operations, next.operations))
    }

    /// In which order a link's operations come.
    pub fn orders(&self, link: u32) -> Orders<'_> {
        Orders(self.row(link).map_or(&[], |(row, next)| between(&self.ways, row.ways, next.ways)))
    }

    /// What an operation of the link is called.
    pub fn called(&self, orders: Orders<'_>, operation: Short) -> &str {
        let name = orders.name(operation).and_then(|name| self.operation_names.get(name as usize));
        match operation {
            START => "connection_opened",
            _ => name.map_or("unknown", |(start, length)| self.text(*start, *length)),
        }
    }

    pub fn writes(&self, link: u32) -> bool {
        self.row(link).is_some_and(|(row, _)| row.writes)
    }

    /// Polls are sorted by operation, class and identity.
    pub fn polls(&self, link: u32) -> Range<usize> {
        self.row(link).map_or(0..0, |(row, next)| row.polls as usize..next.polls as usize)
    }

    pub fn operates(&self, link: u32, code: u32, class: Class) -> bool {
        let (wanted, known) = (Operation { code, class: class as u8 }, self.operations(link));
        if known.len() <= FEW {
            return known.contains(&wanted);
        }
        known.binary_search(&wanted).is_ok()
    }

    /// What a link's operations of one class may touch in one space; `wanted` as [`place`] makes it. The rows are the
    /// link's and the one behind it.
    #[inline]
    pub fn touched(&self, row: &Row, next: &Row, wanted: u64) -> Option<&Touched> {
        let known = between(&self.touched, row.touched, next.touched);
        if known.len() <= FEW {
            return known.iter().find(|touched| touched.place == wanted);
        }
        known.get(known.binary_search_by_key(&wanted, |touched| touched.place).ok()?)
    }

    pub fn touched_of(&self, link: u32, wanted: u64) -> Option<&Touched> {
        let (row, next) = self.row(link)?;
        self.touched(row, next, wanted)
    }

    #[inline]
    pub fn stretches<'k>(&'k self, touched: &'k Touched) -> &'k [(u64, u64)] {
        match touched.kind {
            Touching::OneStretch => std::slice::from_ref(&touched.inside),
            Touching::Several => unpacked(&self.stretches, touched.inside.0),
        }
    }

    pub fn names(&self, touched: &Touched) -> &[Name] {
        match touched.kind {
            Touching::Several => unpacked(&self.names, touched.inside.1),
            Touching::OneStretch => &[],
        }
    }

    pub fn text(&self, start: u32, length: u32) -> &str {
        let start = start as usize;
        self.text.get(start..start.saturating_add(length as usize)).unwrap_or_default()
    }

    /// The number of the learned poll that a message is.
    pub fn polled(&self, link: u32, event: &Event<'_>) -> Option<u32> {
        let record = event.record;
        if record.role != Role::Request {
            return None;
        }
        let exact = only_stretch(record.objects()).and_then(|object| {
            let place = place(record.class, self.spaces.find(object.space)?, object.index);
            self.poll(&RequestKey::exact(link, record.operation, place, (object.start, object.end)))
        });
        exact.or_else(|| self.row(link).filter(|(row, _)| row.compound).and_then(|_| self.by_identity(link, event)))
    }

    /// A poll of a link that has such as are told by their identity.
    pub fn by_identity(&self, link: u32, event: &Event<'_>) -> Option<u32> {
        let record = event.record;
        self.poll(&RequestKey::by_identity(link, record.operation, record.class, identity(record.objects())))
    }

    #[inline]
    pub fn poll(&self, key: &RequestKey) -> Option<u32> {
        let same = |number| self.polls.get(number as usize).is_some_and(|poll| poll.key.is(key));
        self.poll_index.find(key.hash(self.poll_index.seed()), same)
    }

    /// What people are shown of a poll.
    pub fn shown(&self, poll: &Watched) -> Shown {
        let compound = || self.shown.get(poll.shown as usize).copied().unwrap_or(poll.key.shown());
        if poll.key.is_exact() {
            poll.key.shown()
        } else {
            compound()
        }
    }

    /// Which request exactly: what baselines tell polls by.
    pub fn identity(&self, poll: &Watched) -> u64 {
        let Shown { space, index, start, end, .. } = poll.key.shown();
        if poll.key.is_exact() {
            identity_of_one(self.spaces.name(space), index, (start, end))
        } else {
            start
        }
    }

    /// Links of one shard of `of`: all, where the shards are not those that links are numbered by.
    pub fn links_of(&self, number: usize, of: usize) -> Range<usize> {
        let all = 0..self.keys.len();
        if of != SHARDS {
            return all;
        }
        match self.shards.get(number..number.saturating_add(2)) {
            Some([first, next]) => *first as usize..*next as usize,
            _ => 0..0,
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        fn bytes<T>(pool: &Vec<T>) -> usize {
            pool.capacity().saturating_mul(size_of::<T>())
        }
        [
            bytes(&self.stations),
            self.station_index.heap_bytes(),
            bytes(&self.keys),
            self.link_index.heap_bytes(),
            bytes(&self.rows),
            bytes(&self.operations),
            bytes(&self.touched),
            bytes(&self.stretches),
            bytes(&self.names),
            self.text.capacity(),
            bytes(&self.operation_names),
            bytes(&self.polls),
            self.poll_index.heap_bytes(),
            bytes(&self.shown),
            bytes(&self.shards),
            bytes(&self.ways),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

/// First and count of rows in a pool as one word.
pub fn packed(first: u32, count: u32) -> u64 {
    u64::from(first) << 32 | u64::from(count)
}

/// The rows of a pool that a packed word names.
#[inline]
#[allow(clippy::cast_possible_truncation)] // both halves are taken
pub fn unpacked<T>(pool: &[T], word: u64) -> &[T] {
    let (first, count) = ((word >> 32) as u32 as usize, word as u32 as usize);
    pool.get(first..first.saturating_add(count)).unwrap_or_default()
}
