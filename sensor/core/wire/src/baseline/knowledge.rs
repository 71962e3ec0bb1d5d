//! A baseline as it is asked per message: at most two places in memory that depend on each other.
//!
//! Links and polls are numbered shard by shard, so that each shard's own lie side by side. Whatever is asked for by a
//! key lies in an [`Open`] table, whose entries hold the answer themselves where it is small: a single stretch, or
//! everything about a request that is polled as a whole.

use std::net::IpAddr;
use std::ops::Range;

use super::open::{blend, Entry, Open};
use super::poll::identity;
use super::space::Spaces;
use crate::event::Event;
use crate::hash::SHARDS;
use crate::value::{Class, Object, Role};

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
    #[inline]
    pub fn hash(&self, seed: u64) -> u64 {
        blend(seed, word(self.client), word(self.server), self.segment.into(), self.protocol.into())
    }
}

/// A learned link by its key.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub key: LinkKey,
    pub number: u32,
}

const NONE: u32 = u32::MAX;
const NOWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

impl Default for Known {
    fn default() -> Self {
        Self { key: LinkKey { segment: 0, protocol: 0, client: NOWHERE, server: NOWHERE }, number: NONE }
    }
}

impl Entry for Known {
    fn vacant(&self) -> bool {
        self.number == NONE
    }

    fn hash(&self, seed: u64) -> u64 {
        self.key.hash(seed)
    }
}

/// A learned station.
#[derive(Clone, Copy, Debug, Default)]
pub struct Station(pub Option<(u16, IpAddr)>);

impl Entry for Station {
    fn vacant(&self) -> bool {
        self.0.is_none()
    }

    fn hash(&self, seed: u64) -> u64 {
        self.0.map_or(0, |(segment, ip)| blend(seed, word(ip), segment.into(), 0, 0))
    }
}

/// Where a link's rows begin; they end where the next link's begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    pub operations: u32,
    pub polls: u32,
    pub writes: bool,
    /// Some of its polls are told by their identity: requests that touch several objects, none, or a named one.
    pub compound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub code: u32,
    pub class: u8,
}

/// What one class of operations may touch in one address space of a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct Touched {
    pub link: u32,
    pub index: u32,
    pub space: u16,
    pub class: u8,
    pub kind: Touching,
    /// The only stretch; or first and count of the stretches, then of the names.
    pub inside: (u64, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touching {
    #[default]
    Vacant,
    OneStretch,
    Several,
}

/// First and count of rows in a pool as one word.
pub fn packed(first: u32, count: u32) -> u64 {
    u64::from(first) << 32 | u64::from(count)
}

/// The rows of a pool that a packed word names.
#[inline]
#[allow(clippy::cast_possible_truncation)] // both halves are taken
fn unpacked<T>(pool: &[T], word: u64) -> &[T] {
    let (first, count) = ((word >> 32) as u32 as usize, word as u32 as usize);
    pool.get(first..first.saturating_add(count)).unwrap_or_default()
}

#[inline]
fn touched_hash(seed: u64, link: u32, class: u8, space: u16, index: u32) -> u64 {
    blend(seed, u64::from(link) << 32 | u64::from(index), u64::from(space) << 8 | u64::from(class), 0, 0)
}

impl Entry for Touched {
    fn vacant(&self) -> bool {
        self.kind == Touching::Vacant
    }

    fn hash(&self, seed: u64) -> u64 {
        touched_hash(seed, self.link, self.class, self.space, self.index)
    }
}

/// A learned name, found by its hash and then compared: hashes of names can be made to collide.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    pub hash: u64,
    pub start: u32,
    pub length: u32,
}

/// A request that is polled. One that touches a single stretch is told by it exactly, any other by its identity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// The stretch; or the identity, then nothing.
    pub what: (u64, u64),
    pub link: u32,
    pub operation: u32,
    pub index: u32,
    pub poll: u32,
    pub low_us: u32,
    pub high_us: u32,
    pub space: u16,
    pub class: u8,
    pub flags: u8,
}

impl Request {
    pub const TAKEN: u8 = 1;
    /// Told by its one stretch.
    pub const EXACT: u8 = 2;
    /// Operation and stretch were learned: nothing more needs to be asked.
    pub const LEARNED: u8 = 4;
    /// The link's client writes.
    pub const WRITES: u8 = 8;

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[inline]
fn request_hash(seed: u64, link: u32, operation: u32, class: u8, space: u32, index: u32, what: (u64, u64)) -> u64 {
    let place = u64::from(space) << 40 | u64::from(class) << 32 | u64::from(index);
    blend(seed, u64::from(link) << 32 | u64::from(operation), place, what.0, what.1)
}

/// No space has this number: what hashes of requests told by their identity have in its place.
const BY_IDENTITY: u32 = u32::MAX >> 8;

impl Entry for Request {
    fn vacant(&self) -> bool {
        self.flags == 0
    }

    fn hash(&self, seed: u64) -> u64 {
        let space = if self.has(Self::EXACT) { self.space.into() } else { BY_IDENTITY };
        request_hash(seed, self.link, self.operation, self.class, space, self.index, self.what)
    }
}

/// A learned poll: what is needed when something about it is to be told.
#[derive(Clone, Debug)]
pub struct Watched {
    pub identity: u64,
    pub link: u32,
    pub operation: u32,
    pub operation_name: u32,
    pub index: u32,
    pub period_us: u32,
    pub low_us: u32,
    pub high_us: u32,
    pub stopped_us: u32,
    pub start: u64,
    pub end: u64,
    /// The object's name in `Knowledge::text`, empty where it is a stretch.
    pub name: (u32, u32),
    pub space: u16,
    pub class: Class,
    pub changed_from: u8,
    pub irregular_from: u8,
}

#[derive(Debug, Default)]
pub struct Knowledge {
    pub segments: Vec<String>,
    pub assets: Open<Station>,
    pub links: Open<Known>,
    /// Keys of links by number; and where their rows begin, with one more row behind the last.
    pub keys: Vec<LinkKey>,
    pub rows: Vec<Row>,
    pub operations: Vec<Operation>,
    pub touched: Open<Touched>,
    pub stretches: Vec<(u64, u64)>,
    pub names: Vec<Name>,
    /// Names of objects and operations, one behind the other.
    pub text: String,
    pub operation_names: Vec<(u32, u32)>,
    pub spaces: Spaces,
    pub requests: Open<Request>,
    pub polls: Vec<Watched>,
    /// First link of each shard, and one more behind the last.
    pub shards: Vec<u32>,
}

impl Knowledge {
    #[inline]
    pub fn link(&self, key: &LinkKey) -> Option<u32> {
        let place = self.links.find(key.hash(self.links.seed()), |known| !known.vacant() && known.key == *key)?;
        self.links.at(place).map(|known| known.number)
    }

    pub fn station(&self, segment: u16, ip: IpAddr) -> bool {
        let wanted = Station(Some((segment, ip)));
        self.assets.find(wanted.hash(self.assets.seed()), |known| known.0 == wanted.0).is_some()
    }

    /// A link's own row and the one behind it.
    #[inline]
    fn row(&self, link: u32) -> Option<(&Row, &Row)> {
        let link = link as usize;
        match self.rows.get(link..link.saturating_add(2))? {
            [row, next] => Some((row, next)),
            _ => None,
        }
    }

    pub fn operations(&self, link: u32) -> &[Operation] {
        let Some((row, next)) = self.row(link) else { return &[] };
        self.operations.get(row.operations as usize..next.operations as usize).unwrap_or_default()
    }

    pub fn writes(&self, link: u32) -> bool {
        self.row(link).is_some_and(|(row, _)| row.writes)
    }

    /// Polls are sorted by operation, class and identity.
    pub fn polls(&self, link: u32) -> Range<usize> {
        self.row(link).map_or(0..0, |(row, next)| row.polls as usize..next.polls as usize)
    }

    #[inline]
    pub fn operates(&self, link: u32, code: u32, class: Class) -> bool {
        let (wanted, known) = (Operation { code, class: class as u8 }, self.operations(link));
        if known.len() <= 16 {
            return known.contains(&wanted);
        }
        known.binary_search(&wanted).is_ok()
    }

    #[inline]
    pub fn touched(&self, link: u32, class: Class, space: u16, index: u32) -> Option<&Touched> {
        let class = class as u8;
        let hash = touched_hash(self.touched.seed(), link, class, space, index);
        let same = |known: &Touched| {
            (known.link, known.index, known.space, known.class) == (link, index, space, class) && !known.vacant()
        };
        self.touched.at(self.touched.find(hash, same)?)
    }

    #[inline]
    pub fn stretches<'k>(&'k self, touched: &'k Touched) -> &'k [(u64, u64)] {
        match touched.kind {
            Touching::Vacant => &[],
            Touching::OneStretch => std::slice::from_ref(&touched.inside),
            Touching::Several => unpacked(&self.stretches, touched.inside.0),
        }
    }

    pub fn names(&self, touched: &Touched) -> &[Name] {
        match touched.kind {
            Touching::Several => unpacked(&self.names, touched.inside.1),
            _ => &[],
        }
    }

    pub fn text(&self, start: u32, length: u32) -> &str {
        let start = start as usize;
        self.text.get(start..start.saturating_add(length as usize)).unwrap_or_default()
    }

    /// The place in `requests` of the learned poll that a message is.
    #[inline]
    pub fn polled(&self, link: u32, event: &Event<'_>) -> Option<usize> {
        let record = event.record;
        if record.role != Role::Request {
            return None;
        }
        let exact = match record.objects() {
            [object] if object.text.is_none() => self.exact(link, record.operation, record.class, object),
            _ => None,
        };
        exact.or_else(|| self.by_identity(link, event))
    }

    /// A poll that touches one stretch.
    #[inline]
    fn exact(&self, link: u32, operation: u32, class: Class, object: &Object) -> Option<usize> {
        let (space, class, index) = (self.spaces.find(object.space)?, class as u8, object.index);
        let what = (object.start, object.end);
        let hash = request_hash(self.requests.seed(), link, operation, class, space.into(), index, what);
        self.requests.find(hash, |known| {
            known.what == what
                && (known.link, known.operation, known.index) == (link, operation, index)
                && (known.space, known.class) == (space, class)
                && known.has(Request::EXACT)
        })
    }

    /// Any other poll.
    fn by_identity(&self, link: u32, event: &Event<'_>) -> Option<usize> {
        let (_, _) = self.row(link).filter(|(row, _)| row.compound)?;
        let record = event.record;
        let (operation, class, what) = (record.operation, record.class as u8, (identity(record.objects()), 0));
        let hash = request_hash(self.requests.seed(), link, operation, class, BY_IDENTITY, 0, what);
        self.requests.find(hash, |known| {
            known.what == what
                && (known.link, known.operation, known.class) == (link, operation, class)
                && known.has(Request::TAKEN)
                && !known.has(Request::EXACT)
        })
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
            self.assets.heap_bytes(),
            self.links.heap_bytes(),
            bytes(&self.keys),
            bytes(&self.rows),
            bytes(&self.operations),
            self.touched.heap_bytes(),
            bytes(&self.stretches),
            bytes(&self.names),
            self.text.capacity(),
            bytes(&self.operation_names),
            self.requests.heap_bytes(),
            bytes(&self.polls),
            bytes(&self.shards),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
