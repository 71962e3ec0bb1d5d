//! Messages that are no hit alone: counted here, or written down for where all shards come together.

use super::hits::{by_fields, mark_of, Opening};
use super::Analysis;
use crate::correlation::{self, Ends, Key, Message, Moment, Observed, Seen};
use crate::engine::Way;
use crate::event::Event;
use crate::fold::{Cause, FoldKey, Folded, Hit};
use crate::ledger::add;
use crate::limits;
use crate::listing;
use crate::marks::Marks;
use crate::pairing::NO_FOLD;
use crate::recent::Recent;
use crate::rules::plan::{Kind, Plan};
use crate::value::{name_hash, Role};

/// Keys of this shard whose alerts are open for sure: their messages need not be kept.
///
/// A run is of messages that lie within the rule's timespan. When this shard alone has seen more of them than the rule asks
/// for, the message before this one was a hit already: its alert is open until it was quiet for long, and only an alert that
/// opens carries a message. So of a storm as many messages are kept as the rule asks for, once.
pub struct Runs(Recent<(u32, Key), Run>);

#[derive(Clone, Copy)]
struct Run {
    start_ns: u64,
    seen: u32,
    last_ns: u64,
    /// Engine time up to which the alert is open, also if nothing more comes.
    open_ns: u64,
}

impl Default for Runs {
    fn default() -> Self {
        Self(Recent::new(limits::per_shard(limits::FOLDS)))
    }
}

impl Runs {
    /// Whether the alert about this key was open before this message.
    fn see(&mut self, rule: u32, key: Key, now_ns: u64, least: u32, plan: &Plan) -> bool {
        let next = |run: &mut Run| {
            if now_ns.saturating_sub(run.start_ns) > plan.timespan_ns {
                (run.start_ns, run.seen) = (now_ns, 0);
            }
            if run.seen >= least {
                // The message before was a hit.
                run.open_ns = run.last_ns.saturating_add(limits::FOLD_IDLE_NS.max(plan.kept_ns()));
            }
            run.seen = run.seen.saturating_add(1);
            run.last_ns = now_ns;
            now_ns < run.open_ns
        };
        self.0.change((rule, key), Run { start_ns: now_ns, seen: 0, last_ns: now_ns, open_ns: 0 }, next)
    }
}

impl Analysis {
    /// A message that a rule about many counts.
    #[inline(never)]
    pub(super) fn counted(&mut self, index: u32, event: &Event<'_>, digest: &[u8], marks: &mut Marks) {
        // Borrowed, not cloned: in a scan all threads would write the one counter of the tables.
        let tables = &*self.tables;
        let Some(plan) = tables.plan(index) else { return };
        let mut steps = 0;
        if !plan.counted(event, &mut self.counted, &mut steps) {
            return;
        }
        let fold = by_fields(index, &plan.by, event);
        let key = Key::of(&fold);
        let at = Moment { now_ns: self.now_ns, mark: mark_of(event) };
        let ends = Ends {
            client: *event.client,
            server: *event.server,
            from_client: event.from_client,
            protocol: event.protocol_name(),
        };
        if tables.ways.get(index as usize) == Some(&Way::CountedByAll) {
            let outcome = match event.record.role {
                Role::Response => event.record.outcome.name(),
                _ => "not_applicable",
            };
            let (order, packet, transport) = (self.order, marks.evidence, event.transport);
            let digest = name_hash(digest);
            let seen = Seen { order, rule: index, key, steps, at, ends, outcome, digest, packet, transport };
            let open =
                matches!(plan.kind, Kind::Count { least } if self.runs.see(index, key, self.now_ns, least, plan));
            return self.reduced.push(seen, &self.counted, (!open).then(|| Message::of(event)));
        }
        let observed = Observed { at, steps, values: &self.counted, ends: &ends };
        let found = self.correlator.see(index, plan, key, &observed, &mut self.ledger);
        if !self.correlator.overdue.is_empty() {
            self.overdue();
        }
        let Some(first) = found else { return };
        if self.count(&fold, event, &mut marks.fold) == Folded::New {
            self.open_counted(&fold, first, event, digest, &mut marks.fold);
        }
    }

    #[cold]
    fn open_counted(&mut self, key: &FoldKey, first: Moment, event: &Event<'_>, digest: &[u8], latest: &mut u32) {
        let Cause::Rule(index) = key.cause else { return };
        let Some(plan) = self.tables.plan(index) else { return };
        let (params, lasts_ns) = (correlation::params(plan, first, self.now_ns), plan.kept_ns());
        let opening = Opening { key: *key, identified: *key, first: first.mark, about_one: false };
        let handle = self.open(&opening, params, event, digest, latest);
        self.folder.lasts(handle, lasts_ns);
    }

    /// Engine time has come to where `at` put it.
    pub(super) fn counted_until_now(&mut self) {
        self.correlator.tick(self.now_ns, &self.tables.rules);
        self.overdue();
    }

    /// What was waited for in vain becomes hits.
    #[cold]
    fn overdue(&mut self) {
        for overdue in std::mem::take(&mut self.correlator.overdue) {
            add(&mut self.ledger.hits, 1);
            let Some(cause) = self.tables.causes.get(overdue.rule as usize).cloned() else { continue };
            if let Some(out) = self.listing.as_mut() {
                listing::overdue_line(&mut out.bytes, &cause, &overdue, &self.names);
                out.end(self.order);
            }
            let key = overdue.key.under(overdue.rule);
            if self.folder.count(&key, overdue.last.mark, self.now_ns, &mut { NO_FOLD }) != Folded::New {
                continue;
            }
            let Some(plan) = self.tables.plan(overdue.rule) else { continue };
            let lasts_ns = plan.kept_ns();
            let hit = Hit { cause, ..overdue.hit(plan, self.now_ns) };
            let handle = self.folder.open(key, &key, hit, &[], self.now_ns, &mut self.ledger);
            self.folder.lasts(handle, lasts_ns);
        }
    }
}
