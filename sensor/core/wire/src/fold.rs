//! Equal hits leave the core as one: the first at once and whole, then a count per interval. No count is lost, and a
//! storm costs the seam what silence costs it.

mod renumber;
mod saved;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::event::Endpoint;
use crate::finding::Params;
use crate::hash::{Map, SHARDS};
use crate::ledger::{add, Ledger};
use crate::limits;
use crate::pairing::NO_FOLD;
use crate::value::Outcome;

/// What makes hits equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

struct Fold {
    hit: Hit,
    key: FoldKey,
    told: u64,
    /// Engine time of the last equal hit, and of the first one's request while its answer is awaited.
    last_ns: u64,
    asked_ns: Option<u64>,
}

/// A new hit's place among the folds.
pub enum Folded {
    /// An equal one is open: counted.
    Counted(u32),
    /// The first of its kind: describe it with `open`.
    New,
}

/// The folds of one shard.
pub struct Folder {
    shard: u64,
    most: usize,
    /// Place of what is being looked at in the order of everything.
    pub order: u64,
    numbers: Map<FoldKey, u32>,
    folds: Map<u32, Fold>,
    due: VecDeque<(u64, u32)>,
    /// Every open fold once, with the time it was last known to be used: who is idle longest stands in front.
    used: VecDeque<(u64, u32)>,
    last_number: u32,
    /// The run will go on after its end: open folds are not closed then.
    pub keeps_open: bool,
    pub hits: Vec<Hit>,
}

impl Folder {
    pub fn new(shard: usize) -> Self {
        Self {
            shard: shard as u64,
            most: limits::per_shard(limits::FOLDS),
            order: 0,
            numbers: Map::default(),
            folds: Map::default(),
            due: VecDeque::new(),
            used: VecDeque::new(),
            last_number: 0,
            keeps_open: false,
            hits: Vec::new(),
        }
    }

    /// What everybody else calls the fold that this shard calls `local`.
    pub fn number(&self, local: u32) -> u64 {
        u64::from(local).wrapping_mul(SHARDS as u64).wrapping_add(self.shard)
    }

    /// Count a hit under an open fold.
    pub fn count(&mut self, key: &FoldKey, mark: Mark, now_ns: u64) -> Folded {
        let Some(number) = self.numbers.get(key) else { return Folded::New };
        if let Some(fold) = self.folds.get_mut(number) {
            add(&mut fold.hit.count, 1);
            fold.hit.last = mark;
            fold.last_ns = now_ns;
        }
        Folded::Counted(*number)
    }

    /// The first hit of its kind. `hit.fold` and `hit.id` are set here.
    pub fn open(&mut self, key: FoldKey, mut hit: Hit, bytes: &[u8], now_ns: u64, ledger: &mut Ledger) -> u32 {
        if self.folds.len() >= self.most {
            self.evict(ledger);
        }
        self.last_number = self.last_number.checked_add(1).unwrap_or(1);
        let number = self.last_number;
        hit.fold = self.number(number);
        hit.order = self.order;
        hit.id = identity(&hit, &key, bytes);
        let asked_ns = (hit.outcome == PENDING).then_some(now_ns);
        self.hits.push(hit.clone());
        self.numbers.insert(key.clone(), number);
        self.folds.insert(number, Fold { told: hit.count, hit, key, last_ns: now_ns, asked_ns });
        self.due.push_back((now_ns.saturating_add(limits::FOLD_NS), number));
        self.used.push_back((now_ns, number));
        number
    }

    /// What the answer to a fold's request said. Success is worth telling even after a failure: one of them worked.
    pub fn outcome(&mut self, number: u32, outcome: Outcome) {
        if number == NO_FOLD {
            return;
        }
        if let Some(fold) = self.folds.get_mut(&number) {
            fold.asked_ns = None;
            // What is known is not unsaid by an answer that says nothing.
            if told(outcome.name()) > told(fold.hit.outcome) {
                fold.hit.outcome = outcome.name();
                self.hits.push(fold.told_as(HitKind::Outcome, self.order));
            }
        }
    }

    /// Engine time has come to `now_ns`: tell counts that grew, close what is idle.
    pub fn tick(&mut self, now_ns: u64) {
        while let Some((due_ns, number)) = self.due.front().copied().filter(|(due_ns, _)| *due_ns <= now_ns) {
            self.due.pop_front();
            let Some(fold) = self.folds.get_mut(&number) else { continue };
            if fold.asked_ns.is_some_and(|asked_ns| now_ns.saturating_sub(asked_ns) > limits::ANSWER_NS) {
                fold.asked_ns = None;
                fold.hit.outcome = "no_response";
                self.hits.push(fold.told_as(HitKind::Outcome, self.order));
            }
            if fold.hit.count > fold.told {
                self.hits.push(fold.told_as(HitKind::Update, self.order));
            }
            if now_ns.saturating_sub(fold.last_ns) >= limits::FOLD_IDLE_NS {
                self.close(number);
            } else {
                let next = due_ns.saturating_add(limits::FOLD_NS).max(now_ns);
                self.due.push_back((next, number));
            }
        }
    }

    /// Nothing more will come: tell what was not told, close everything, in order of opening.
    pub fn finish(&mut self) {
        if self.keeps_open {
            return self.pause();
        }
        let mut numbers: Vec<u32> = self.folds.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            if let Some(fold) = self.folds.get_mut(&number) {
                if fold.asked_ns.is_some() {
                    // The capture ends before the answer could come: that is not silence.
                    fold.hit.outcome = Outcome::Unknown.name();
                }
            }
            self.close(number);
        }
        self.due.clear();
        self.used.clear();
    }

    fn close(&mut self, number: u32) {
        if let Some(mut fold) = self.folds.remove(&number) {
            self.numbers.remove(&fold.key);
            self.hits.push(fold.told_as(HitKind::Close, self.order));
        }
        // Closed folds leave the queues late; half of them at most are such.
        if self.used.len() > self.folds.len().saturating_mul(2).saturating_add(64) {
            let folds = &self.folds;
            self.used.retain(|(_, number)| folds.contains_key(number));
            self.due.retain(|(_, number)| folds.contains_key(number));
        }
    }

    fn evict(&mut self, ledger: &mut Ledger) {
        // A fold used since it was queued goes to the end again: each such step was paid for by a hit.
        while let Some((used_ns, number)) = self.used.pop_front() {
            match self.folds.get(&number).map(|fold| fold.last_ns) {
                None => {}
                Some(last_ns) if last_ns > used_ns => self.used.push_back((last_ns, number)),
                Some(_) => {
                    add(&mut ledger.notes.folds_evicted, 1);
                    return self.close(number);
                }
            }
        }
    }
}

impl Fold {
    fn told_as(&mut self, kind: HitKind, order: u64) -> Hit {
        self.told = self.hit.count;
        Hit { kind, order, fields: String::new(), params: Params::new(), ..self.hit.clone() }
    }
}

pub const PENDING: &str = "pending";

/// How much an outcome says: only more replaces less.
pub(crate) fn told(outcome: &str) -> u8 {
    match outcome {
        "success" => 4,
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
