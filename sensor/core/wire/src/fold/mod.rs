//! Equal hits leave the core as one: the first at once and whole, then a count per interval. No count is lost, and a
//! storm costs the seam what silence costs it.

mod folder;
mod open;
mod renumber;
mod saved;

pub use folder::{Folded, Folder};

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::correlation::Ends;
use crate::event::Endpoint;
use crate::finding::Params;

/// What makes hits equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FoldKey {
    pub cause: Cause,
    /// What else tells folds of one cause apart: the operation, the address space, a rule's own `fold` fields.
    pub key: u64,
    pub segment: u16,
    pub client: Option<IpAddr>,
    pub server: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Index of a rule.
    Rule(u32),
    /// `baseline:new_link`, `period:stopped`, …
    Named(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HitKind {
    First,
    Update,
    Outcome,
    /// The fold ended: the next equal hit is a new alert.
    Close,
}

impl HitKind {
    pub fn name(self) -> &'static str {
        match self {
            HitKind::First => "first",
            HitKind::Update => "update",
            HitKind::Outcome => "outcome",
            HitKind::Close => "close",
        }
    }
}

/// Where and when a message of a hit was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub ts_ns: u64,
    pub number: u64,
    pub input: u16,
}

/// What crosses into Python. `first` hits carry everything, the others what changed.
#[derive(Clone, Debug)]
pub struct Hit {
    pub kind: HitKind,
    /// Number of the fold, the same in all its hits.
    pub fold: u64,
    /// Place in the order of everything.
    pub order: u64,
    /// Where a rule folds by fields of its own, other shards may hold a part of the same fold: its key.
    pub spanning: Option<Box<FoldKey>>,
    /// Alert identity: hash of cause, fold key, first packet's time and bytes.
    pub id: [u8; 16],
    pub cause: Arc<str>,
    pub rule: Option<u32>,
    pub first: Mark,
    pub last: Mark,
    pub count: u64,
    /// `success`, `failure`, `no_response`, `unknown`; `pending` until known; `not_applicable` where nothing answers.
    pub outcome: &'static str,
    pub segment: u16,
    pub protocol: &'static str,
    pub client: Option<Endpoint>,
    pub server: Option<Endpoint>,
    pub source: Option<Endpoint>,
    pub destination: Option<Endpoint>,
    /// The first message as NDJSON; empty for what was found without a message.
    pub fields: String,
    pub params: Params,
}

impl Hit {
    /// The first hit of a rule about many messages, of which one went between these: times, words and fields are put in
    /// by who makes it.
    pub(crate) fn between(rule: u32, segment: u16, ends: &Ends) -> Self {
        let nowhere = Mark { ts_ns: 0, number: 0, input: 0 };
        let (source, destination) = ends.in_direction();
        Self {
            kind: HitKind::First,
            fold: 0,
            order: 0,
            spanning: None,
            id: [0; 16],
            cause: "rule:".into(),
            rule: Some(rule),
            first: nowhere,
            last: nowhere,
            count: 1,
            outcome: "not_applicable",
            segment,
            protocol: ends.protocol,
            client: Some(ends.client),
            server: Some(ends.server),
            source: Some(*source),
            destination: Some(*destination),
            fields: String::new(),
            params: Params::new(),
        }
    }
}

pub const PENDING: &str = "pending";

/// What no answer can add to.
const SAYS_MOST: u8 = 4;

/// How much an outcome says: only more replaces less.
#[inline]
pub(crate) fn said(outcome: &str) -> u8 {
    match outcome {
        "success" => SAYS_MOST,
        "failure" => 3,
        "unknown" => 2,
        "no_response" => 1,
        _ => 0,
    }
}

fn identity(hit: &Hit, key: &FoldKey, bytes: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(hit.cause.as_bytes());
    hash.update([0]);
    hash.update(key.key.to_be_bytes());
    hash.update(key.segment.to_be_bytes());
    for ip in [key.client, key.server] {
        let text = ip.map(|ip| ip.to_string()).unwrap_or_default();
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.update(hit.first.ts_ns.to_be_bytes());
    hash.update(bytes);
    let full: [u8; 32] = hash.finalize().into();
    full.first_chunk::<16>().copied().unwrap_or_default()
}
