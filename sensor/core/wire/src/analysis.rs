//! What is made of messages: rules, baseline, periods, windows, learning, and the fold in front of Python.

use std::sync::Arc;

use crate::baseline::{Baseline, Learner, Periods};
use crate::event::{Endpoint, Event};
use crate::evidence::Evidence;
use crate::finding::{Deviation, Params, TimedFinding};
use crate::fold::{Cause, FoldKey, Folded, Folder, Hit, HitKind, Mark, PENDING};
use crate::ledger::{add, Ledger};
use crate::listing;
use crate::marks::Marks;
use crate::news::Newsroom;
use crate::packet::Packet;
use crate::pairing::{FOLDS, NO_FOLD};
use crate::print::{self, Names};
use crate::reader::Consumer;
use crate::rules::{Rules, Scratch};
use crate::value::{Outcome, Role};
use crate::windows::{Closed, Windows};

/// The rooms behind the parsers, each present only when it was asked for.
pub struct Analysis {
    pub rules: Rules,
    pub baseline: Option<Baseline>,
    pub periods: Option<Periods>,
    pub learner: Option<Learner>,
    pub windows: Option<Windows>,
    /// Packets that new alerts are shown with.
    pub evidence: Option<Evidence>,
    pub folder: Folder,
    pub newsroom: Newsroom,
    pub names: Names,
    /// NDJSON of every message, when asked for.
    pub events: Option<Vec<u8>>,
    /// NDJSON of every single hit, when asked for.
    pub listing: Option<Vec<u8>>,
    /// Windows that ended.
    pub closed: Closed,
    /// Hits and notes of this room; the engine adds them to its own.
    pub ledger: Ledger,
    pub now_ns: u64,
    scratch: Scratch,
    /// Folds that this message opened, with their causes.
    opened: Vec<(u32, Arc<str>)>,
    matched: Vec<u32>,
    deviations: Vec<Deviation>,
    timed: Vec<TimedFinding>,
    causes: Vec<Arc<str>>,
    /// Causes that are no rules, once each: a storm of deviations allocates nothing.
    named: Vec<Arc<str>>,
}

impl Analysis {
    pub fn new(rules: Rules, names: Names) -> Self {
        let causes =
            (0..).map_while(|index| rules.info(index)).map(|info| format!("rule:{}", info.id).into()).collect();
        Self {
            rules,
            baseline: None,
            periods: None,
            learner: None,
            windows: None,
            evidence: None,
            folder: Folder::default(),
            newsroom: Newsroom::default(),
            names,
            events: None,
            listing: None,
            closed: Closed::default(),
            ledger: Ledger::default(),
            now_ns: 0,
            scratch: Scratch::default(),
            opened: Vec::new(),
            matched: Vec::new(),
            deviations: Vec::new(),
            timed: Vec::new(),
            causes,
            named: Vec::new(),
        }
    }

    /// Engine time has come to `now_ns`.
    pub fn tick(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
        if let Some(periods) = self.periods.as_mut() {
            periods.tick(now_ns, &mut self.timed);
        }
        self.timed_findings(None);
        if let Some(windows) = self.windows.as_mut() {
            windows.tick(now_ns, &mut self.closed);
            add(&mut self.ledger.notes.windows_refused, std::mem::take(&mut self.closed.refused));
        }
        self.folder.tick(now_ns);
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.tick(now_ns);
        }
    }

    pub fn finish(&mut self, now_ns: u64) {
        self.tick(now_ns);
        self.folder.finish();
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.finish(now_ns);
        }
    }

    fn cause(&mut self, name: &'static str) -> Arc<str> {
        if let Some(known) = self.named.iter().find(|known| known.as_ref() == name) {
            return Arc::clone(known);
        }
        let cause: Arc<str> = name.into();
        self.named.push(Arc::clone(&cause));
        cause
    }

    fn rule_hit(&mut self, index: u32, event: &Event<'_>, digest: &[u8]) -> u32 {
        let fold = self.rules.info(index).map_or(&[][..], |info| info.fold.as_slice());
        let key = if fold.is_empty() {
            FoldKey { cause: Cause::Rule(index), key: 0, ..endpoints(event) }
        } else {
            let key = fold.iter().fold(0u64, |key, field| key.rotate_left(7) ^ listing::field_hash(event, *field));
            FoldKey { cause: Cause::Rule(index), key, segment: event.segment, client: None, server: None }
        };
        let cause = self.causes.get(index as usize).cloned().unwrap_or_else(|| "rule:".into());
        self.hit(key, &cause, Some(index), event, digest, |_| Params::new())
    }

    fn hit(
        &mut self,
        key: FoldKey,
        cause: &Arc<str>,
        rule: Option<u32>,
        event: &Event<'_>,
        digest: &[u8],
        params: impl Fn(&Self) -> Params,
    ) -> u32 {
        add(&mut self.ledger.hits, 1);
        if let Some(out) = self.listing.as_mut() {
            listing::line(out, cause, rule, event, &self.names);
        }
        let mark = Mark { ts_ns: event.ts_ns, number: event.number, input: event.input };
        if let Folded::Counted(number) = self.folder.count(&key, mark, self.now_ns) {
            return number;
        }
        let mut fields = Vec::new();
        print::event(&mut fields, event, &self.names);
        // A finding about rhythm is about many messages: the answer to one of them says nothing about it.
        let about_this = !cause.starts_with("period:");
        let awaits_answer = event.record.role == Role::Request && event.record.reference.is_some();
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            id: [0; 16],
            cause: Arc::clone(cause),
            rule,
            first: mark,
            last: mark,
            count: 1,
            outcome: match event.record.role {
                Role::Request if about_this && awaits_answer => PENDING,
                Role::Response if about_this => event.record.outcome.name(),
                _ => "not_applicable",
            },
            segment: event.segment,
            protocol: event.protocol_name(),
            client: Some(*event.client),
            server: Some(*event.server),
            source: Some(*event.source()),
            destination: Some(*event.destination()),
            fields: String::from_utf8(fields).unwrap_or_default(),
            params: params(self),
        };
        let fold = self.folder.open(key, hit, digest, self.now_ns, &mut self.ledger);
        if self.evidence.is_some() {
            self.opened.push((fold, Arc::clone(cause)));
        }
        fold
    }

    /// Findings about time become hits; `event` is the message that showed them, if one did.
    fn timed_findings(&mut self, event: Option<(&Event<'_>, &[u8])>) {
        for finding in std::mem::take(&mut self.timed) {
            let cause = self.cause(finding.cause);
            let key = FoldKey {
                cause: Cause::Named(finding.cause),
                key: finding.key,
                segment: finding.segment,
                client: Some(finding.client_ip),
                server: Some(finding.server_ip),
            };
            match event {
                Some((event, digest)) => {
                    self.hit(key, &cause, None, event, digest, |_| finding.params.clone());
                }
                None => self.silent_hit(key, &cause, &finding),
            }
        }
    }

    fn silent_hit(&mut self, key: FoldKey, cause: &Arc<str>, finding: &TimedFinding) {
        add(&mut self.ledger.hits, 1);
        let mark = Mark { ts_ns: finding.ts_ns, number: 0, input: 0 };
        if let Some(out) = self.listing.as_mut() {
            listing::silent_line(out, cause, finding, &self.names);
        }
        if let Folded::Counted(_) = self.folder.count(&key, mark, self.now_ns) {
            return;
        }
        let side = |ip| Some(Endpoint { ip, port: 0, mac: [0; 6] });
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            id: [0; 16],
            cause: Arc::clone(cause),
            rule: None,
            first: mark,
            last: mark,
            count: 1,
            outcome: "not_applicable",
            segment: finding.segment,
            protocol: finding.protocol,
            client: side(finding.client_ip),
            server: side(finding.server_ip),
            source: side(finding.client_ip),
            destination: side(finding.server_ip),
            fields: String::new(),
            params: finding.params.clone(),
        };
        self.folder.open(key, hit, &[], self.now_ns, &mut self.ledger);
    }
}

fn endpoints(event: &Event<'_>) -> FoldKey {
    FoldKey {
        cause: Cause::Rule(0),
        key: 0,
        segment: event.segment,
        client: Some(event.client.ip),
        server: Some(event.server.ip),
    }
}

impl Consumer for Analysis {
    #[inline]
    fn packet(&mut self, marks: &mut Marks, packet: &Packet<'_>, now_ns: u64) {
        if let Some(evidence) = self.evidence.as_mut() {
            evidence.packet(&mut marks.evidence, packet, now_ns);
        }
    }

    fn station(&mut self, segment: u16, endpoint: &Endpoint, vlan: Option<u16>, ts_ns: u64) {
        self.newsroom.station(segment, endpoint, vlan, ts_ns, &mut self.ledger);
    }

    fn message(&mut self, event: &mut Event<'_>, marks: &mut Marks, digest: &[u8]) -> [u32; FOLDS] {
        let known = match marks.link {
            Some(known) => known,
            None => {
                let protocol = crate::protocol::PROTOCOLS.get(event.protocol).map_or("unknown", |entry| entry.name);
                self.newsroom.link(event.segment, event.client, event.server, protocol, event.ts_ns, &mut self.ledger);
                let found = self
                    .baseline
                    .as_ref()
                    .and_then(|baseline| baseline.link(event.segment, event.client.ip, event.server.ip, protocol));
                marks.link = Some(found);
                found
            }
        };
        let mut folds = [NO_FOLD; FOLDS];
        let mut used = 0usize;
        let mut remember = |number: u32| {
            if let Some(place) = folds.get_mut(used) {
                *place = number;
                used = used.saturating_add(1);
            }
        };
        self.matched.clear();
        self.deviations.clear();
        let mut polled = None;
        if let Some(baseline) = self.baseline.as_ref() {
            let (facts, poll) = baseline.assess_poll(known, event, &mut self.deviations);
            (event.link, polled) = (Some(facts), poll);
        }
        self.rules.matches(event, &mut self.scratch, &mut self.matched);
        if let Some(out) = self.events.as_mut() {
            print::event(out, event, &self.names);
            out.push(b'\n');
        }
        let matched = std::mem::take(&mut self.matched);
        for index in &matched {
            remember(self.rule_hit(*index, event, digest));
        }
        self.matched = matched;
        let deviations = std::mem::take(&mut self.deviations);
        for deviation in &deviations {
            let key = FoldKey { cause: Cause::Named(deviation.cause), key: deviation.key, ..endpoints(event) };
            let cause = self.cause(deviation.cause);
            remember(self.hit(key, &cause, None, event, digest, |room| {
                room.baseline.as_ref().map(|baseline| baseline.params(deviation, event)).unwrap_or_default()
            }));
        }
        self.deviations = deviations;
        if let Some(periods) = self.periods.as_mut() {
            periods.observe_polled(known, polled, event, self.now_ns, &mut self.timed);
            if !self.timed.is_empty() {
                self.timed_findings(Some((event, digest)));
            }
        }
        if let Some(windows) = self.windows.as_mut() {
            windows.observe(event, self.now_ns, &mut marks.window);
        }
        if let Some(learner) = self.learner.as_mut() {
            learner.observe(event, self.now_ns);
        }
        if let Some(evidence) = self.evidence.as_mut() {
            let mark = Mark { ts_ns: event.ts_ns, number: event.number, input: event.input };
            for (fold, cause) in self.opened.drain(..) {
                evidence.want(&mut marks.evidence, fold, &cause, mark, self.now_ns);
            }
        }
        folds
    }

    fn outcome(&mut self, folds: &[u32; FOLDS], outcome: Outcome, _event: &Event<'_>) {
        for number in folds {
            self.folder.outcome(*number, outcome);
        }
    }
}
