//! The compiled table as plain rows, and its one canonical order: equal knowledge is equal bytes.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::band::{MAJORITY, WINDOW};
use super::stretches;
use crate::limits;
use crate::value::Class;

/// How the table was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// UTC nanoseconds of the first message and of the end of learning.
    pub from_ns: u64,
    pub to_ns: u64,
    pub messages: u64,
    /// Messages that told something new when the table was full.
    pub not_learned: u64,
    /// Gaps between address stretches that were closed because an address space had too many stretches.
    pub gaps_closed: u64,
    /// Repeated requests that were seen often enough and have no period.
    pub polls_without_period: u64,
}

/// A station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset<'a> {
    pub segment: Cow<'a, str>,
    pub ip: IpAddr,
    #[serde(with = "super::document::macs")]
    pub macs: Vec<[u8; 6]>,
    #[serde(with = "super::document::roles")]
    pub roles: u8,
}

pub const CLIENT: u8 = 1;
pub const SERVER: u8 = 2;

/// A conversation, with everything learned about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link<'a> {
    pub segment: Cow<'a, str>,
    pub client: IpAddr,
    pub server: IpAddr,
    pub protocol: Cow<'a, str>,
    pub first_ns: u64,
    pub last_ns: u64,
    pub messages: u64,
    #[serde(default)]
    pub operations: Vec<Operation<'a>>,
    #[serde(default)]
    pub objects: Vec<Objects<'a>>,
    #[serde(default)]
    pub polls: Vec<Poll<'a>>,
    #[serde(default)]
    pub orders: Vec<Order>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation<'a> {
    pub code: u32,
    pub name: Cow<'a, str>,
    #[serde(with = "super::document::class")]
    pub class: Class,
    pub count: u64,
}

/// What one class of operations touched in one address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objects<'a> {
    #[serde(with = "super::document::class")]
    pub class: Class,
    pub space: Cow<'a, str>,
    /// Unit id, data block number, namespace index.
    pub index: u32,
    /// Inclusive, apart, in order.
    #[serde(default)]
    pub stretches: Vec<(u64, u64)>,
    #[serde(default)]
    pub names: Vec<Cow<'a, str>>,
}

/// What stands in an order of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The capture began in the middle, or lost something.
    Unknown,
    /// The connection was opened.
    Start,
    Operation {
        code: u32,
        class: Class,
    },
}

/// One operation after another, and what came before both; runs of equal operations count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    #[serde(with = "super::document::place")]
    pub before: Place,
    #[serde(with = "super::document::place")]
    pub last: Place,
    #[serde(with = "super::document::place")]
    pub next: Place,
    pub count: u64,
    /// Stretches of the time learned from in which it was seen.
    pub occasions: u32,
    /// It was seen for the first time in the second half of that time.
    pub late: bool,
}

/// A request that is repeated with a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll<'a> {
    pub operation: u32,
    #[serde(with = "super::document::class")]
    pub class: Class,
    /// Which request exactly: a hash of all its objects (`poll.rs`).
    pub identity: u64,
    /// The first of its objects, for people; all empty where the request names none.
    pub space: Cow<'a, str>,
    pub index: u32,
    pub start: u64,
    pub end: u64,
    pub name: Cow<'a, str>,
    pub samples: u64,
    /// Median interval and its median absolute deviation, in microseconds.
    pub period_us: u32,
    pub spread_us: u32,
    /// Intervals inside are normal.
    pub low_us: u32,
    pub high_us: u32,
    /// Silence longer than this is a stop.
    pub stopped_us: u32,
    /// So many of the last `band::WINDOW` intervals on one side of the band are another pace; so many outside on either
    /// side an irregular one.
    pub changed_from: u8,
    pub irregular_from: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table<'a> {
    pub learned: Learned,
    pub assets: Vec<Asset<'a>>,
    pub links: Vec<Link<'a>>,
}

impl Link<'_> {
    fn label(&self) -> String {
        format!("link {} -> {} ({}, segment {})", self.client, self.server, self.protocol, self.segment)
    }
}

impl Table<'_> {
    /// Rows that count against `limits::BASELINE_TUPLES`.
    pub fn tuples(&self) -> usize {
        let inside = |link: &Link<'_>| {
            let objects =
                link.objects.iter().map(|objects| objects.stretches.len().saturating_add(objects.names.len()));
            let rows = link.operations.len().saturating_add(link.polls.len()).saturating_add(link.orders.len());
            let rows = rows.saturating_add(1);
            objects.fold(rows, usize::saturating_add)
        };
        self.links.iter().map(inside).fold(self.assets.len(), usize::saturating_add)
    }

    /// Put everything into its one order. What contradicts itself is an error that names the row.
    pub fn canonical(mut self) -> Result<Self, String> {
        for asset in &mut self.assets {
            asset.macs.sort_unstable();
            asset.macs.dedup();
        }
        self.assets.sort_by(|a, b| (&a.segment, a.ip).cmp(&(&b.segment, b.ip)));
        twice(&self.assets, |asset| (&asset.segment, asset.ip), |asset| format!("asset {}", asset.ip))?;
        for link in &mut self.links {
            link.canonical().map_err(|error| format!("{}: {error}", link.label()))?;
        }
        self.links.sort_by(|a, b| key(a).cmp(&key(b)));
        twice(&self.links, key, Link::label)?;
        if self.tuples() > limits::BASELINE_TUPLES {
            return Err(format!("{} rows are more than {} that fit", self.tuples(), limits::BASELINE_TUPLES));
        }
        Ok(self)
    }
}

fn key<'b>(link: &'b Link<'_>) -> (&'b str, IpAddr, IpAddr, &'b str) {
    (&link.segment, link.client, link.server, &link.protocol)
}

impl Link<'_> {
    fn canonical(&mut self) -> Result<(), String> {
        self.operations.sort_by_key(|operation| (operation.code, operation.class as u8));
        twice(&self.operations, |row| (row.code, row.class as u8), |row| format!("operation {}", row.code))?;
        for objects in &mut self.objects {
            if objects.stretches.iter().any(|(start, end)| start > end) {
                return Err(format!("{} {}: a stretch ends before it starts", objects.space, objects.index));
            }
            stretches::normalise(&mut objects.stretches);
            objects.names.sort_unstable();
            objects.names.dedup();
        }
        self.objects.sort_by(|a, b| (a.class as u8, &a.space, a.index).cmp(&(b.class as u8, &b.space, b.index)));
        twice(
            &self.objects,
            |row| (row.class as u8, &row.space, row.index),
            |row| format!("{} of {} {}", row.class.name(), row.space, row.index),
        )?;
        if let Some(poll) = self.polls.iter().find(|poll| !poll.holds()) {
            return Err(format!(
                "poll {} every {} us: needs 0 < low_us <= period_us <= high_us < stopped_us, changed_from {MAJORITY} to {}, \
                 irregular_from 1 to {}",
                poll.operation,
                poll.period_us,
                WINDOW,
                WINDOW.saturating_add(1)
            ));
        }
        self.polls.sort_by_key(|poll| (poll.operation, poll.class as u8, poll.identity));
        twice(
            &self.polls,
            |row| (row.operation, row.class as u8, row.identity),
            |row| format!("poll {}", row.identity),
        )?;
        if let Some(order) = self.orders.iter().find(|order| !order.holds()) {
            return Err(format!(
                "order {} to {}: from a known place to another operation, seen once at least",
                super::document::place::text(order.last),
                super::document::place::text(order.next)
            ));
        }
        self.orders.sort_by_key(Order::key);
        twice(&self.orders, Order::key, |row| format!("order to {}", super::document::place::text(row.next)))
    }
}

impl Order {
    pub fn key(&self) -> (Place, Place, Place) {
        (self.before, self.last, self.next)
    }

    pub fn holds(&self) -> bool {
        let to_another = matches!(self.next, Place::Operation { .. }) && self.last != self.next;
        to_another && self.last != Place::Unknown && self.count > 0 && self.occasions > 0
    }
}

impl Poll<'_> {
    pub fn holds(&self) -> bool {
        0 < self.low_us
            && self.low_us <= self.period_us
            && self.period_us <= self.high_us
            && self.high_us < self.stopped_us
            && (MAJORITY..=WINDOW).contains(&u32::from(self.changed_from))
            && (1..=WINDOW.saturating_add(1)).contains(&u32::from(self.irregular_from))
    }
}

/// Sorted rows may not repeat their key.
fn twice<'b, T, K: PartialEq, D: Display>(
    rows: &'b [T],
    key: impl Fn(&'b T) -> K,
    label: impl Fn(&'b T) -> D,
) -> Result<(), String> {
    let repeated = rows.iter().zip(rows.iter().skip(1)).find(|(a, b)| key(a) == key(b));
    repeated.map_or(Ok(()), |(row, _)| Err(format!("{} stands there twice", label(row))))
}
