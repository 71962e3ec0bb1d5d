//! Rules about many messages: so many of them, so many different values, one after the other, one and then not the
//! other. What a rule counts says its [`Plan`].
//!
//! What counts is defined by the messages alone, so that memory can be bounded without guessing. A message is a hit
//! when, with it, the last `timespan` holds enough: the rule asks for n, so the n latest messages (or the n values that
//! were seen latest) decide, and no more than n are kept for a key. Of a sequence, for each of its steps the latest
//! beginning that led there decides. All times are engine time.
//!
//! Each shard decides for keys that lie in one conversation; what spans conversations is decided behind the merge
//! (`engine/deciding.rs`), from what the shards wrote down ([`Reduced`]).

mod count;
mod distinct;
mod message;
mod reduced;
mod saved;
mod sequence;
mod table;

pub use message::Message;
pub use reduced::{Reduced, Seen};

use std::net::IpAddr;

use crate::engine::Moves;
use crate::event::Endpoint;
use crate::finding::{Param, Params};
use crate::fold::{Cause, FoldKey, Hit, Mark};
use crate::ledger::{add, Ledger};
use crate::rules::plan::{Kind, Plan};
use crate::rules::Rules;
use table::Table;

/// When a message was, by the engine's clock and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub now_ns: u64,
    pub mark: Mark,
}

/// Whose messages are counted together: a fold's key without its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub key: u64,
    pub segment: u16,
    pub client: Option<IpAddr>,
    pub server: Option<IpAddr>,
}

impl Key {
    pub fn of(key: &FoldKey) -> Self {
        Self { key: key.key, segment: key.segment, client: key.client, server: key.server }
    }

    pub fn under(&self, rule: u32) -> FoldKey {
        let Self { key, segment, client, server } = *self;
        FoldKey { cause: Cause::Rule(rule), key, segment, client, server }
    }
}

/// Between whom a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    pub client: Endpoint,
    pub server: Endpoint,
    pub from_client: bool,
    pub protocol: &'static str,
}

impl Ends {
    /// Source and destination.
    pub fn in_direction(&self) -> (&Endpoint, &Endpoint) {
        match self.from_client {
            true => (&self.client, &self.server),
            false => (&self.server, &self.client),
        }
    }
}

/// One message as far as it counts.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    pub at: Moment,
    pub steps: u16,
    pub values: &'a [u64],
    pub ends: &'a Ends,
}

/// What did not come, and was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    pub rule: u32,
    pub key: Key,
    pub first: Moment,
    pub last: Moment,
    pub ends: Ends,
}

impl Overdue {
    /// Told by the messages that did come.
    pub(crate) fn hit(&self, plan: &Plan, now_ns: u64) -> Hit {
        let (first, last) = (self.first.mark, self.last.mark);
        let params = params(plan, self.first, now_ns);
        Hit { first, last, params, ..Hit::between(self.rule, self.key.segment, &self.ends) }
    }
}

/// Counts of one shard, or of all that spans them.
pub struct Correlator {
    /// By rule; of those that count nothing yet, nothing.
    tables: Vec<Option<Box<Table>>>,
    /// Numbers of the rules that have a table, in order.
    used: Vec<u32>,
    bytes: usize,
    budget: usize,
    /// Found by the way, to be taken.
    pub overdue: Vec<Overdue>,
}

impl Correlator {
    /// `budget`: bytes that all keys of all rules may take.
    pub fn new(budget: usize) -> Self {
        Self { tables: Vec::new(), used: Vec::new(), bytes: 0, budget, overdue: Vec::new() }
    }

    /// A message of this key. `Some`: with it there is enough; the message with which it began.
    pub fn see(
        &mut self,
        rule: u32,
        plan: &Plan,
        key: Key,
        observed: &Observed<'_>,
        ledger: &mut Ledger,
    ) -> Option<Moment> {
        if self.tables.get(rule as usize).is_none_or(Option::is_none) {
            self.put(rule, Box::default());
        }
        let table = self.tables.get_mut(rule as usize)?.as_deref_mut()?;
        let before = table.bytes();
        let found = table.see(plan, key, observed);
        let after = table.bytes();
        self.overdue.extend(table.overdue.drain(..).map(|overdue| Overdue { rule, ..overdue }));
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        while self.bytes > self.budget && self.evict(rule, &key) {
            add(&mut ledger.notes.correlations_evicted, 1);
        }
        found
    }

    /// Engine time has come to `now_ns`: what was waited for in vain is overdue, what is too old is forgotten.
    pub fn tick(&mut self, now_ns: u64, rules: &Rules) {
        let mut emptied = false;
        for rule in &self.used {
            let plan = rules.info(*rule).and_then(|info| info.plan.as_ref());
            let Some(table) = self.tables.get_mut(*rule as usize).and_then(Option::as_mut) else { continue };
            let Some(plan) = plan else { continue };
            let before = table.bytes();
            table.tick(now_ns, plan.kept_ns());
            self.bytes = self.bytes.saturating_sub(before).saturating_add(table.bytes());
            self.overdue.extend(table.overdue.drain(..).map(|overdue| Overdue { rule: *rule, ..overdue }));
            emptied |= table.is_empty();
        }
        if emptied {
            self.forget_empty();
        }
    }

    /// Nothing is counted, and nobody need come by at the next tick.
    pub fn is_idle(&self) -> bool {
        self.used.is_empty()
    }

    /// Rules have other numbers; what was counted for those that are gone is forgotten.
    pub fn renumber(&mut self, moves: &Moves) {
        if moves.is_idle() {
            return;
        }
        let before = std::mem::take(&mut self.tables);
        self.used.clear();
        self.bytes = 0;
        for (number, table) in (0u32..).zip(before) {
            if let (Some(number), Some(table)) = (moves.number(number), table) {
                self.put(number, table);
            }
        }
    }

    fn put(&mut self, rule: u32, table: Box<Table>) {
        let place = rule as usize;
        if self.tables.len() <= place {
            self.tables.resize_with(place.saturating_add(1), || None);
        }
        self.bytes = self.bytes.saturating_add(table.bytes());
        if let Some(free) = self.tables.get_mut(place) {
            *free = Some(table);
            self.used.push(rule);
            self.used.sort_unstable();
        }
    }

    /// Forget the oldest key of the rule that takes most: a flood of keys under one rule pushes out its own, and no slow
    /// scan that another one watches. The key being counted stays.
    #[cold]
    fn evict(&mut self, rule: u32, key: &Key) -> bool {
        let tables = &self.tables;
        let bytes = |rule: &u32| tables.get(*rule as usize).and_then(Option::as_ref).map_or(0, |table| table.bytes());
        let Some(most) = self.used.iter().copied().max_by_key(|rule| (bytes(rule), std::cmp::Reverse(*rule))) else {
            return false;
        };
        let Some(table) = self.tables.get_mut(most as usize).and_then(Option::as_mut) else { return false };
        let before = table.bytes();
        let evicted = table.evict((most == rule).then_some(key));
        self.bytes = self.bytes.saturating_sub(before).saturating_add(table.bytes());
        evicted
    }

    #[cold]
    fn forget_empty(&mut self) {
        let tables = &mut self.tables;
        self.used.retain(|rule| {
            let place = tables.get_mut(*rule as usize);
            let kept = place.as_ref().is_some_and(|table| table.as_ref().is_some_and(|table| !table.is_empty()));
            if !kept {
                place.into_iter().for_each(|table| *table = None);
            }
            kept
        });
    }
}

/// What explains a hit of such a rule: `took` is the time from its first to its last message.
pub fn params(plan: &Plan, first: Moment, now_ns: u64) -> Params {
    let took_ns = now_ns.saturating_sub(first.now_ns);
    let mut params = vec![("timespan_ns", Param::Unsigned(plan.timespan_ns)), ("took_ns", Param::Unsigned(took_ns))];
    match &plan.kind {
        Kind::Count { least } | Kind::Distinct { least, .. } => {
            params.push(("at_least", Param::Unsigned(u64::from(*least))));
        }
        Kind::Sequence(_) => {}
    }
    params
}
