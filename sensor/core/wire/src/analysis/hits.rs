//! From what was found to hits: folded, listed, described once.

use std::sync::Arc;

use super::Analysis;
use crate::engine::{in_one_shard, Tables, Way};
use crate::event::{Endpoint, Event, FieldId};
use crate::evidence::Wanted;
use crate::finding::{Params, TimedFinding};
use crate::fold::{Cause, FoldKey, Folded, Hit, HitKind, Mark, PENDING};
use crate::ledger::add;
use crate::listing;
use crate::marks::Marks;
use crate::pairing::{Folds, NO_FOLD};
use crate::print;
use crate::value::Role;
use crate::values::About;

impl Analysis {
    /// Rules and deviations of one message. Returns which alerts want to hear how it was answered.
    #[inline(never)]
    pub(super) fn found(&mut self, event: &Event<'_>, marks: &mut Marks, digest: &[u8]) -> Folds {
        let mut waiting = Waiting::default();
        let mut place = 0;
        while let Some(index) = self.matched.get(place).copied() {
            place = place.saturating_add(1);
            if let Some(filter) = self.tables.rules.excluded(index, event) {
                if let Some(cause) = cause_of_rule(&self.tables, index) {
                    add(self.suppressed.entry((Arc::clone(filter), Arc::clone(cause))).or_default(), 1);
                }
                add(&mut self.ledger.notes.hits_suppressed, 1);
                continue;
            }
            let key = match self.tables.ways.get(index as usize) {
                Some(Way::Stations) => conversation(Cause::Rule(index), 0, event),
                Some(Way::Fields) | None => by_fields(index, fold_fields(&self.tables, index), event),
                Some(Way::Counted | Way::CountedByAll) => {
                    self.counted(index, event, digest, marks);
                    continue;
                }
            };
            waiting.add(match self.count(&key, event, &mut marks.fold) {
                Folded::Counted(fold) => fold,
                Folded::New => self.open_rule(index, key, event, digest, &mut marks.fold),
            });
        }
        let mut place = 0;
        while let Some(deviation) = self.deviations.get(place).copied() {
            place = place.saturating_add(1);
            if let Some(shadow) = self.shadow.as_mut().filter(|shadow| shadow.holds_back(deviation.cause)) {
                let baseline = self.tables.baseline.as_ref();
                let params = || baseline.map(|baseline| baseline.params(&deviation, event)).unwrap_or_default();
                let segment = self.names.segment(event.segment);
                shadow.hold_back((deviation.cause, deviation.key), event, segment, params);
                continue;
            }
            let key = conversation(Cause::Named(deviation.cause), deviation.key, event);
            waiting.add(match self.count(&key, event, &mut marks.fold) {
                Folded::Counted(fold) => fold,
                Folded::New => {
                    let baseline = self.tables.baseline.as_ref();
                    let params = baseline.map(|baseline| baseline.params(&deviation, event)).unwrap_or_default();
                    self.open(&Opening::of(key, key, event), params, event, digest, &mut marks.fold)
                }
            });
        }
        waiting.folds
    }

    /// `latest` is the fold that this conversation hit last.
    #[inline]
    pub(super) fn count(&mut self, key: &FoldKey, event: &Event<'_>, latest: &mut u32) -> Folded {
        add(&mut self.ledger.hits, 1);
        if self.listing.is_some() {
            self.list(key, event);
        }
        self.folder.count(key, mark_of(event), self.now_ns, latest)
    }

    #[cold]
    fn list(&mut self, key: &FoldKey, event: &Event<'_>) {
        if let Some(out) = self.listing.as_mut() {
            let (cause, rule) = match key.cause {
                Cause::Rule(index) => (cause_of_rule(&self.tables, index).map_or("rule:", AsRef::as_ref), Some(index)),
                Cause::Named(name) => (name, None),
            };
            listing::line(&mut out.bytes, cause, rule, event, &self.names);
            out.end(self.order);
        }
    }

    #[cold]
    fn open_rule(&mut self, index: u32, key: FoldKey, event: &Event<'_>, digest: &[u8], latest: &mut u32) -> u32 {
        let fields = fold_fields(&self.tables, index);
        let identified = if fields.is_empty() { key } else { by_fields(index, fields, event) };
        self.open(&Opening::of(key, identified, event), Params::new(), event, digest, latest)
    }

    /// The first hit of its kind, whole.
    #[cold]
    pub(super) fn open(
        &mut self,
        opening: &Opening,
        params: Params,
        event: &Event<'_>,
        digest: &[u8],
        latest: &mut u32,
    ) -> u32 {
        let Opening { key, identified, first, about_one } = *opening;
        let (cause, rule) = match key.cause {
            Cause::Rule(index) => {
                (cause_of_rule(&self.tables, index).cloned().unwrap_or_else(|| "rule:".into()), Some(index))
            }
            Cause::Named(name) => (self.cause(name), None),
        };
        let spans = key.client.is_none() && rule.is_some_and(|index| !in_one_shard(fold_fields(&self.tables, index)));
        let mut fields = Vec::new();
        print::event(&mut fields, event, &self.names);
        // A finding about rhythm is about many messages: the answer to one of them says nothing about it.
        let about_this = about_one && !cause.starts_with("period:") && !cause.starts_with("value:");
        let awaits_answer = event.record.role == Role::Request && event.record.reference.is_some();
        let mark = mark_of(event);
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            order: 0,
            spanning: spans.then(|| Box::new(key)),
            id: [0; 16],
            cause: Arc::clone(&cause),
            rule,
            first,
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
            params,
        };
        let fold = self.folder.open(key, &identified, hit, digest, self.now_ns, &mut self.ledger);
        *latest = fold;
        if self.evidence.is_some() {
            self.opened.push((self.folder.number(fold), cause));
        }
        fold
    }

    fn cause(&mut self, name: &'static str) -> Arc<str> {
        if let Some(known) = self.named.iter().find(|known| known.as_ref() == name) {
            return Arc::clone(known);
        }
        let cause: Arc<str> = name.into();
        self.named.push(Arc::clone(&cause));
        cause
    }

    /// Ask for the packets around this message, for each alert that it opened.
    #[cold]
    pub(super) fn show(&mut self, event: &Event<'_>, marks: &mut Marks) {
        let Some(evidence) = self.evidence.as_mut() else { return self.opened.clear() };
        let mark = mark_of(event);
        for (fold, cause) in self.opened.drain(..) {
            evidence.want(&mut marks.evidence, fold, &cause, mark, self.now_ns);
        }
        add(&mut self.ledger.notes.slices_dropped, std::mem::take(&mut evidence.dropped));
    }

    /// The same for an alert that was decided behind the merge. `last`: the conversation's latest packet, if it is still known.
    #[cold]
    pub fn show_later(&mut self, last: Option<&mut u64>, wanted: &Wanted) {
        let Some(evidence) = self.evidence.as_mut() else { return };
        evidence.want_later(last, wanted, self.now_ns);
        add(&mut self.ledger.notes.slices_dropped, std::mem::take(&mut evidence.dropped));
    }

    /// Findings about time become hits; `event` is the message that showed them, if one did.
    pub(super) fn timed_findings(&mut self, event: Option<(&Event<'_>, &[u8])>) {
        for finding in std::mem::take(&mut self.timed) {
            if let Some(shadow) = self.shadow.as_mut().filter(|shadow| shadow.holds_back(finding.cause)) {
                let segment = self.names.segment(finding.segment);
                shadow.hold_back_timed(finding, event.map(|(event, _)| event), segment);
                continue;
            }
            let key = FoldKey {
                cause: Cause::Named(finding.cause),
                key: finding.key,
                segment: finding.segment,
                client: Some(finding.client_ip),
                server: Some(finding.server_ip),
            };
            // They are far between: no conversation remembers their folds.
            let mut latest = NO_FOLD;
            match event {
                Some((event, digest)) => {
                    if self.count(&key, event, &mut latest) == Folded::New {
                        self.open(&Opening::of(key, key, event), finding.params, event, digest, &mut latest);
                    }
                }
                None => self.silent_hit(key, finding),
            }
        }
    }

    /// Values of this message that are not as they were.
    #[cold]
    pub(super) fn unlike(&mut self, event: &Event<'_>, digest: &[u8]) {
        let mut place = 0;
        while let Some(unlike) = self.unlike.get(place).copied() {
            place = place.saturating_add(1);
            // What the site declares is no part of a baseline.
            let learned = !matches!(unlike.about, About::Point(_));
            if let Some(shadow) = self.shadow.as_mut().filter(|shadow| learned && shadow.holds_back(unlike.cause)) {
                let values = self.values.as_ref();
                let params =
                    || values.map(|values| values.params(&unlike, event, &self.site.points)).unwrap_or_default();
                shadow.hold_back((unlike.cause, unlike.key), event, self.names.segment(event.segment), params);
                continue;
            }
            let key = conversation(Cause::Named(unlike.cause), unlike.key, event);
            let mut latest = NO_FOLD;
            if self.count(&key, event, &mut latest) == Folded::New {
                let params = match unlike.about {
                    About::Point(point) => self.declared.as_ref().map(|declared| declared.params(point, &unlike)),
                    _ => self.values.as_ref().map(|values| values.params(&unlike, event, &self.site.points)),
                };
                let params = params.unwrap_or_default();
                self.open(&Opening::of(key, key, event), params, event, digest, &mut latest);
            }
        }
        self.unlike.clear();
    }

    fn silent_hit(&mut self, key: FoldKey, finding: TimedFinding) {
        add(&mut self.ledger.hits, 1);
        let mark = Mark { ts_ns: finding.ts_ns, number: 0, input: 0 };
        if let Some(out) = self.listing.as_mut() {
            listing::silent_line(&mut out.bytes, finding.cause, &finding, &self.names);
            out.end(self.order);
        }
        if self.folder.count(&key, mark, self.now_ns, &mut { NO_FOLD }) != Folded::New {
            return;
        }
        let side = |ip| Some(Endpoint { ip, port: 0, mac: [0; 6] });
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            order: 0,
            spanning: None,
            id: [0; 16],
            cause: self.cause(finding.cause),
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
            params: finding.params,
        };
        self.folder.open(key, &key, hit, &[], self.now_ns, &mut self.ledger);
    }
}

/// What begins with a hit.
pub(super) struct Opening {
    pub key: FoldKey,
    /// What the alert's id is made of.
    pub identified: FoldKey,
    /// Its first message.
    pub first: Mark,
    /// It is about one message, so that the answer to it says something about the alert.
    pub about_one: bool,
}

impl Opening {
    fn of(key: FoldKey, identified: FoldKey, event: &Event<'_>) -> Self {
        Self { key, identified, first: mark_of(event), about_one: true }
    }
}

/// Which alerts hear of a message's answer: of the first few that it raised, those that could still learn from it.
#[derive(Default)]
struct Waiting {
    folds: Folds,
    raised: usize,
}

impl Waiting {
    #[inline]
    fn add(&mut self, fold: u32) {
        if fold != NO_FOLD && self.raised < Folds::MOST {
            self.folds.add(fold);
        }
        self.raised = self.raised.saturating_add(1);
    }
}

#[inline]
pub(super) fn mark_of(event: &Event<'_>) -> Mark {
    Mark { ts_ns: event.ts_ns, number: event.number, input: event.input }
}

#[inline]
pub(super) fn conversation(cause: Cause, key: u64, event: &Event<'_>) -> FoldKey {
    FoldKey { cause, key, segment: event.segment, client: Some(event.client.ip), server: Some(event.server.ip) }
}

pub(super) fn fold_fields(tables: &Tables, index: u32) -> &[FieldId] {
    tables.rules.info(index).map_or(&[][..], |info| info.fold.as_slice())
}

pub(super) fn cause_of_rule(tables: &Tables, index: u32) -> Option<&Arc<str>> {
    tables.causes.get(index as usize)
}

pub(super) fn by_fields(index: u32, fields: &[FieldId], event: &Event<'_>) -> FoldKey {
    let key = fields.iter().fold(0u64, |key, field| key.rotate_left(7) ^ listing::field_hash(event, *field));
    FoldKey { cause: Cause::Rule(index), key, segment: event.segment, client: None, server: None }
}
