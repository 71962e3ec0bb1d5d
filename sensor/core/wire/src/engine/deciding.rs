//! Rules about many messages whose keys span conversations: distinct targets of a scanner, counts by source. Decided
//! behind the merge, over what the shards wrote down, in the order of everything.

mod saved;

use std::sync::Arc;

use super::block::Tick;
use super::lines::Lines;
use super::reload::Moves;
use super::tables::Tables;
use crate::correlation::{self, Correlator, Message, Observed, Reduced, Seen};
use crate::evidence::Wanted;
use crate::flow::Address;
use crate::fold::{Folded, Folder, Hit};
use crate::hash::{flow_hash, pair_hash, SHARDS};
use crate::ledger::{add, Ledger};
use crate::limits;
use crate::listing;
use crate::pairing::NO_FOLD;
use crate::print::{self, Names};

/// In the place of a shard's number in those of folds: no shard has it, and no number of a shard's fold comes near.
const NUMBER: usize = SHARDS << 34;

pub struct Deciding {
    correlator: Correlator,
    pub folder: Folder,
    /// Every single hit, when asked for.
    pub listing: Option<Lines>,
    /// The fold that was hit last.
    latest: u32,
    /// Alerts that packets of a shard are to be shown with.
    pub wanted: Vec<(Address, Wanted)>,
}

/// What it is done with.
#[derive(Clone, Copy)]
pub struct With<'a> {
    pub tables: &'a Tables,
    pub names: &'a Names,
    /// Looks at the timers since the last time.
    pub ticks: &'a [Tick],
}

impl Default for Deciding {
    fn default() -> Self {
        Self::new(limits::CORRELATION_BYTES)
    }
}

/// Whose packets are wanted.
fn conversation(seen: &Seen) -> Address {
    let (client, server, segment) = (&seen.ends.client, &seen.ends.server, seen.key.segment);
    let pair = pair_hash(segment, client.ip, server.ip);
    Address {
        hash: flow_hash(pair, (client.port, server.port), seen.transport),
        source: (client.ip, client.port),
        destination: (server.ip, server.port),
        segment,
        transport: seen.transport,
    }
}

impl Deciding {
    /// `budget`: bytes for what is counted.
    pub fn new(budget: usize) -> Self {
        Self {
            correlator: Correlator::new(budget),
            folder: Folder::new(NUMBER),
            listing: None,
            latest: NO_FOLD,
            wanted: Vec::new(),
        }
    }

    /// What the shards wrote down since the last time; hits wait in the folder.
    pub fn run(&mut self, parts: &[Reduced], with: With<'_>, ledger: &mut Ledger) {
        let mut places: Vec<(u64, usize, usize)> = Vec::new();
        for (part, reduced) in parts.iter().enumerate() {
            places.extend(reduced.orders().enumerate().map(|(place, order)| (order, part, place)));
        }
        // Each part is in order: a stable sort finds that and merges.
        places.sort_by_key(|(order, ..)| *order);
        let mut ticks = with.ticks.iter().peekable();
        for (order, part, place) in places {
            while let Some(tick) = ticks.next_if(|tick| tick.order < order) {
                self.tick(tick.now_ns, tick.order, with, ledger);
            }
            if let Some((seen, values, message)) = parts.get(part).and_then(|part| part.get(place)) {
                self.see(seen, values, message, with, ledger);
            }
        }
        for tick in ticks {
            self.tick(tick.now_ns, tick.order, with, ledger);
        }
    }

    fn see(&mut self, seen: &Seen, values: &[u64], message: Option<&Message>, with: With<'_>, ledger: &mut Ledger) {
        let Seen { order, rule, key, steps, at, ref ends, outcome, digest, .. } = *seen;
        self.folder.order = order;
        let Some(plan) = with.tables.plan(rule) else { return };
        let found = self.correlator.see(rule, plan, key, &Observed { at, steps, values, ends }, ledger);
        if !self.correlator.overdue.is_empty() {
            self.overdue(at.now_ns, with, ledger);
        }
        let Some(first) = found else { return };
        add(&mut ledger.hits, 1);
        let fold = key.under(rule);
        let Some(cause) = with.tables.causes.get(rule as usize) else { return };
        if let Some(out) = self.listing.as_mut() {
            listing::seen_line(&mut out.bytes, cause, rule, at.mark, key.segment, ends, with.names);
            out.end(order);
        }
        if self.folder.count(&fold, at.mark, at.now_ns, &mut self.latest) == Folded::New {
            let mut fields = Vec::new();
            message.into_iter().for_each(|message| print::event(&mut fields, &message.event(), with.names));
            let hit = Hit {
                cause: Arc::clone(cause),
                first: first.mark,
                last: at.mark,
                outcome,
                fields: String::from_utf8(fields).unwrap_or_default(),
                params: correlation::params(plan, first, at.now_ns),
                ..Hit::between(rule, key.segment, ends)
            };
            self.latest = self.folder.open(fold, &fold, hit, &digest.to_be_bytes(), at.now_ns, ledger);
            self.folder.lasts(self.latest, plan.kept_ns());
            if seen.packet != 0 {
                let (fold, cause) = (self.folder.number(self.latest), Arc::clone(cause));
                let wanted = Wanted { fold, cause, mark: at.mark, packet: seen.packet, now_ns: at.now_ns };
                self.wanted.push((conversation(seen), wanted));
            }
        }
    }

    fn tick(&mut self, now_ns: u64, order: u64, with: With<'_>, ledger: &mut Ledger) {
        self.folder.order = order;
        if !self.correlator.is_idle() {
            self.correlator.tick(now_ns, &with.tables.rules);
            self.overdue(now_ns, with, ledger);
        }
        self.folder.tick(now_ns);
    }

    fn overdue(&mut self, now_ns: u64, with: With<'_>, ledger: &mut Ledger) {
        for overdue in std::mem::take(&mut self.correlator.overdue) {
            let found = (with.tables.causes.get(overdue.rule as usize), with.tables.plan(overdue.rule));
            let (Some(cause), Some(plan)) = found else { continue };
            add(&mut ledger.hits, 1);
            if let Some(out) = self.listing.as_mut() {
                listing::overdue_line(&mut out.bytes, cause, &overdue, with.names);
                out.end(self.folder.order);
            }
            let key = overdue.key.under(overdue.rule);
            if self.folder.count(&key, overdue.last.mark, now_ns, &mut self.latest) == Folded::New {
                let hit = Hit { cause: Arc::clone(cause), ..overdue.hit(plan, now_ns) };
                self.latest = self.folder.open(key, &key, hit, &[], now_ns, ledger);
                self.folder.lasts(self.latest, plan.kept_ns());
            }
        }
    }

    /// Nothing more will come.
    pub fn finish(&mut self, now_ns: u64, order: u64, with: With<'_>, ledger: &mut Ledger) {
        self.tick(now_ns, order, with, ledger);
        self.folder.finish();
    }

    /// Rules have other numbers, from this place in the order of everything on.
    pub fn renumber(&mut self, moves: &Moves, order: u64) {
        self.folder.order = order;
        self.folder.renumber(moves);
        self.correlator.renumber(moves);
    }
}
