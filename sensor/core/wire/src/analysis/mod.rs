//! What one shard makes of messages: rules, baseline, periods, windows, learning, and the fold in front of Python.

mod counted;
mod hits;
mod reload;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::baseline::{acquainted, changes, Learner, Mark, Periods, Shadow, Trail};
use crate::correlation::{Correlator, Reduced};
use crate::engine::{Lines, Tables};
use crate::event::{Endpoint, Event};
use crate::evidence::Evidence;
use crate::export::Export;
use crate::finding::{Deviation, TimedFinding};
use crate::fold::Folder;
use crate::ledger::{add, Ledger};
use crate::limits;
use crate::marks::Marks;
use crate::news::Sightings;
use crate::packet::Packet;
use crate::pairing::Folds;
use crate::print::Names;
use crate::protocol::flow::Optional;
use crate::protocol::{self, place_of, scope_of, Scope};
use crate::reader::Consumer;
use crate::rules::Scratch;
use crate::site::Site;
use crate::value::{Outcome, Role};
use crate::values::{self, Declarations, Judge, Unlike};
use crate::windows::{Closed, Windows};

/// The rooms behind the parsers, each present only when it was asked for.
pub struct Analysis {
    pub tables: Arc<Tables>,
    pub names: Arc<Names>,
    pub periods: Option<Periods>,
    pub learner: Option<Learner>,
    /// What is tried: a baseline beside the one that counts, or families of that.
    pub shadow: Option<Box<Shadow>>,
    /// Holds values against what was learned of them.
    pub values: Option<Judge>,
    pub values_learner: Option<values::Learner>,
    /// Holds them against what the site declares.
    pub declared: Option<Declarations>,
    pub site: Arc<Site>,
    pub windows: Option<Windows>,
    /// Packets that new alerts are shown with.
    pub evidence: Option<Evidence>,
    pub folder: Folder,
    /// What rules about many messages count between two stations.
    pub correlator: Correlator,
    /// Hits that filters of the site took out, by filter and rule.
    pub suppressed: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Messages that are counted with those of other shards.
    pub reduced: Reduced,
    runs: counted::Runs,
    pub sightings: Sightings,
    /// Every message, when asked for.
    pub events: Option<Export>,
    /// NDJSON of every single hit, when asked for.
    pub listing: Option<Lines>,
    /// Windows that ended.
    pub closed: Closed,
    /// Hits and notes of this room; the shard adds them to its own.
    pub ledger: Ledger,
    pub now_ns: u64,
    /// Place of what is being looked at in the order of everything.
    order: u64,
    scratch: Scratch,
    /// Folds that this message opened, with their causes.
    opened: Vec<(u64, Arc<str>)>,
    matched: Vec<u32>,
    /// Values of a message that are counted.
    counted: Vec<u64>,
    deviations: Vec<Deviation>,
    unlike: Vec<Unlike>,
    timed: Vec<TimedFinding>,
    /// Causes that are no rules, once each: a storm of deviations allocates nothing.
    named: Vec<Arc<str>>,
}

impl Analysis {
    /// How much waits to be collected, of rows that ended, findings, messages to be counted and half kilobytes of text;
    /// and the rows of columns that wait to be taken.
    #[inline]
    pub fn waiting(&self) -> (usize, usize) {
        let Closed { rows, assets, .. } = &self.closed;
        let found = [rows.len(), assets.len(), self.folder.hits.len(), self.sightings.told.len(), self.reduced.len()];
        let events = self.events.as_ref();
        let lines = events.map(|export| &export.lines).into_iter().chain(&self.listing);
        let text = lines.fold(0usize, |sum, lines| sum.saturating_add(lines.bytes.len())) / 512;
        (found.into_iter().fold(text, usize::saturating_add), events.map_or(0, Export::rows))
    }

    /// An analysis with rules and baseline only; the other rooms are put in by who makes it.
    pub fn new(shard: usize, tables: Arc<Tables>, names: Arc<Names>) -> Self {
        Self {
            tables,
            names,
            periods: None,
            learner: None,
            shadow: None,
            values: None,
            values_learner: None,
            declared: None,
            site: Site::shared(),
            windows: None,
            evidence: None,
            folder: Folder::new(shard),
            correlator: Correlator::new(limits::per_shard(limits::CORRELATION_BYTES)),
            suppressed: BTreeMap::new(),
            reduced: Reduced::default(),
            runs: counted::Runs::default(),
            sightings: Sightings::default(),
            events: None,
            listing: None,
            ledger: Ledger::default(),
            now_ns: 0,
            order: 0,
            scratch: Scratch::default(),
            opened: Vec::new(),
            matched: Vec::new(),
            counted: Vec::new(),
            deviations: Vec::new(),
            unlike: Vec::new(),
            timed: Vec::new(),
            closed: Closed::default(),
            named: Vec::new(),
        }
    }

    /// What follows happens at this engine time and stands there in the order of everything.
    #[inline]
    pub fn at(&mut self, now_ns: u64, order: u64) {
        self.now_ns = now_ns;
        self.order = order;
        self.folder.order = order;
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.order = order;
        }
    }

    /// Ask for the memory that a message of that conversation will need.
    #[inline]
    pub fn prefetch(&self, marks: &Marks) {
        if let Some(periods) = self.periods.as_ref() {
            periods.prefetch(&marks.known);
        }
        if let Some(windows) = self.windows.as_ref() {
            windows.prefetch(marks.window);
        }
    }

    /// Engine time has come to where `at` put it.
    pub fn tick(&mut self) {
        if let Some(periods) = self.periods.as_mut() {
            periods.tick(self.now_ns, &mut self.timed);
        }
        if !self.timed.is_empty() {
            self.timed_findings(None);
        }
        if let Some(shadow) = self.shadow.as_mut() {
            shadow.tick(self.now_ns, |segment| self.names.segment(segment));
        }
        if !self.correlator.is_idle() {
            self.counted_until_now();
        }
        if let Some(windows) = self.windows.as_mut() {
            windows.tick(self.now_ns, &mut self.closed);
            add(&mut self.ledger.notes.windows_refused, std::mem::take(&mut self.closed.refused));
        }
        self.folder.tick(self.now_ns);
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.tick(self.now_ns);
        }
    }

    pub fn finish(&mut self) {
        self.tick();
        self.folder.finish();
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.finish(self.now_ns);
            add(&mut self.ledger.notes.slices_dropped, std::mem::take(&mut evidence.dropped));
        }
    }

    /// A conversation's first message, or its first after a reload: what it is to remember of the baseline.
    #[cold]
    fn meet(&mut self, event: &Event<'_>, marks: &mut Marks) {
        let (protocol, scope) =
            protocol::at(event.family).map_or(("unknown", Scope::Network), |entry| (entry.name, entry.scope));
        // After a reload only the tables are asked again: the link itself was told.
        if !marks.known.is_asked() && scope != Scope::Network {
            self.sightings.link(self.order, event.segment, event.client, event.server, protocol, event.ts_ns);
        }
        let (segment, client, server) = (event.segment, event.client.ip, event.server.ip);
        let baseline = self.tables.baseline.as_ref();
        marks.known = baseline.map_or(Mark::NOBODY, |baseline| baseline.mark(segment, client, server, protocol));
        marks.rules = self.tables.rules.narrow(event);
        marks.generation = self.tables.generation;
    }
}

impl Consumer for Analysis {
    #[inline(always)]
    fn packet(&mut self, marks: &mut Marks, packet: &Packet<'_>) {
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.packet(&mut marks.evidence, packet, self.now_ns);
        }
    }

    fn retransmission(&mut self, marks: &Marks) {
        if let Some(windows) = self.windows.as_mut() {
            windows.retransmission(marks.window);
        }
    }

    fn gap(&mut self, marks: &mut Marks, bytes: u64) {
        // What was lost may have been an operation.
        marks.trail = Trail::default();
        if let Some(windows) = self.windows.as_mut() {
            windows.gap(marks.window, bytes);
        }
    }

    fn station(&mut self, segment: u16, endpoint: &Endpoint, vlan: Option<u16>, ts_ns: u64) {
        self.sightings.station(self.order, segment, endpoint, vlan, ts_ns);
    }

    fn message(&mut self, event: &mut Event<'_>, marks: &mut Marks, digest: &[u8]) -> Folds {
        if !marks.known.is_asked() || marks.generation != self.tables.generation {
            self.meet(event, marks);
        }
        // Borrowed, not cloned: all threads would write the one counter of the tables, for every message.
        let tables = &*self.tables;
        self.matched.clear();
        self.deviations.clear();
        let scope = scope_of(event.family);
        match (scope, self.periods.as_mut(), tables.baseline.as_ref()) {
            (Scope::Plant, Some(periods), _) => {
                let (new, timed) = (&mut self.deviations, &mut self.timed);
                periods.message(&mut marks.known, event, self.now_ns, new, timed);
            }
            (Scope::Plant, None, Some(baseline)) => {
                event.link = Some(baseline.assess(marks.known.link(), event, &mut self.deviations));
            }
            (Scope::Office, _, Some(_)) => event.link = Some(acquainted(marks.known, event, &mut self.deviations)),
            _ => {}
        }
        let asks = scope == Scope::Plant && event.record.role == Role::Request;
        let step = if asks { marks.trail.step(event.record) } else { None };
        // What is new by itself is told as that.
        if let Some(step) = step.filter(|_| changes(event.record.class) && self.deviations.is_empty()) {
            if let (Some(link), Some(baseline)) = (marks.known.link(), tables.baseline.as_ref()) {
                baseline.order(link, step, &mut self.deviations);
            }
        }
        tables.rules.matches_narrowed(event, marks.rules, &mut self.scratch, &mut self.matched);
        if let Some(out) = self.events.as_mut() {
            out.push(event, &self.names, self.order);
        }
        let mut folds = Folds::default();
        if !(self.matched.is_empty() && self.deviations.is_empty()) {
            folds = self.found(event, marks, digest);
        }
        // Behind what the message itself is told for.
        if !self.timed.is_empty() {
            self.timed_findings(Some((event, digest)));
        }
        if let Some(values) = self.values.as_mut().filter(|_| scope == Scope::Plant) {
            values.message(marks.known.link(), event, &mut self.unlike);
        }
        if let Some(declared) = self.declared.as_mut() {
            declared.message(event, &mut self.unlike);
        }
        if !self.unlike.is_empty() {
            self.unlike(event, digest);
        }
        if let Some(windows) = self.windows.as_mut().filter(|_| scope == Scope::Plant) {
            windows.observe(event, self.now_ns, &mut marks.window);
        }
        if let Some(learner) = self.learner.as_mut().filter(|_| scope != Scope::Network) {
            learner.observe(event, self.now_ns);
            if let Some(step) = step {
                learner.step(event, step);
            }
        }
        if let Some(shadow) = self.shadow.as_mut() {
            let (segment, points) = (self.names.segment(event.segment), &self.site.points);
            shadow.message(event, (scope, step), self.now_ns, segment, points);
        }
        if let Some(learner) = self.values_learner.as_mut().filter(|_| scope == Scope::Plant) {
            learner.observe(event);
        }
        if !self.opened.is_empty() {
            self.show(event, marks);
        }
        folds
    }

    #[inline]
    fn wants_flows(&self, what: Optional) -> bool {
        const FLOW: usize = place_of("flow") as usize;
        self.tables.asks_for(what) || self.events.as_ref().is_some_and(|events| events.names(FLOW))
    }

    fn outcome(&mut self, folds: Folds, outcome: Outcome, _event: &Event<'_>) {
        for number in folds.iter() {
            self.folder.outcome(number, outcome);
        }
    }
}
