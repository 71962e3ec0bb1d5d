//! From what was found to hits: folded, listed, described once.

use std::sync::Arc;

use super::Analysis;
use crate::engine::Tables;
use crate::event::{Endpoint, Event};
use crate::finding::{Params, TimedFinding};
use crate::fold::{Cause, FoldKey, Folded, Hit, HitKind, Mark, PENDING};
use crate::ledger::add;
use crate::listing;
use crate::marks::Marks;
use crate::pairing::FOLDS;
use crate::print;
use crate::value::Role;

impl Analysis {
    /// Rules and deviations of one message; `folds` learns which alerts want to hear how it was answered.
    #[cold]
    pub(super) fn found(&mut self, tables: &Tables, event: &Event<'_>, digest: &[u8], folds: &mut [u32; FOLDS]) {
        let mut places = folds.iter_mut();
        let mut remember = |number: u32| {
            if let Some(place) = places.next() {
                *place = number;
            }
        };
        let matched = std::mem::take(&mut self.matched);
        for index in &matched {
            remember(self.rule_hit(tables, *index, event, digest));
        }
        self.matched = matched;
        let deviations = std::mem::take(&mut self.deviations);
        for deviation in &deviations {
            let key = FoldKey { cause: Cause::Named(deviation.cause), key: deviation.key, ..endpoints(event) };
            let cause = self.cause(deviation.cause);
            remember(self.hit(key, &cause, None, event, digest, || {
                tables.baseline.as_ref().map(|baseline| baseline.params(deviation, event)).unwrap_or_default()
            }));
        }
        self.deviations = deviations;
    }

    fn cause(&mut self, name: &'static str) -> Arc<str> {
        if let Some(known) = self.named.iter().find(|known| known.as_ref() == name) {
            return Arc::clone(known);
        }
        let cause: Arc<str> = name.into();
        self.named.push(Arc::clone(&cause));
        cause
    }

    fn rule_hit(&mut self, tables: &Tables, index: u32, event: &Event<'_>, digest: &[u8]) -> u32 {
        let fold = tables.rules.info(index).map_or(&[][..], |info| info.fold.as_slice());
        let key = if fold.is_empty() {
            FoldKey { cause: Cause::Rule(index), key: 0, ..endpoints(event) }
        } else {
            let key = fold.iter().fold(0u64, |key, field| key.rotate_left(7) ^ listing::field_hash(event, *field));
            FoldKey { cause: Cause::Rule(index), key, segment: event.segment, client: None, server: None }
        };
        let cause = tables.causes.get(index as usize).cloned().unwrap_or_else(|| "rule:".into());
        self.hit(key, &cause, Some(index), event, digest, Params::new)
    }

    fn hit(
        &mut self,
        key: FoldKey,
        cause: &Arc<str>,
        rule: Option<u32>,
        event: &Event<'_>,
        digest: &[u8],
        params: impl Fn() -> Params,
    ) -> u32 {
        add(&mut self.ledger.hits, 1);
        if let Some(out) = self.listing.as_mut() {
            listing::line(&mut out.bytes, cause, rule, event, &self.names);
            out.end(self.order);
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
            order: 0,
            spanning: key.client.is_none().then(|| Box::new(key.clone())),
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
            params: params(),
        };
        let number = self.folder.open(key, hit, digest, self.now_ns, &mut self.ledger);
        if self.evidence.is_some() {
            self.opened.push((self.folder.number(number), Arc::clone(cause)));
        }
        number
    }

    /// Ask for the packets around this message, for each alert that it opened.
    #[cold]
    pub(super) fn show(&mut self, event: &Event<'_>, marks: &mut Marks) {
        let Some(evidence) = self.evidence.as_mut() else { return self.opened.clear() };
        let mark = Mark { ts_ns: event.ts_ns, number: event.number, input: event.input };
        for (fold, cause) in self.opened.drain(..) {
            evidence.want(&mut marks.evidence, fold, &cause, mark, self.now_ns);
        }
        add(&mut self.ledger.notes.slices_dropped, std::mem::take(&mut evidence.dropped));
    }

    /// Findings about time become hits; `event` is the message that showed them, if one did.
    pub(super) fn timed_findings(&mut self, event: Option<(&Event<'_>, &[u8])>) {
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
                    self.hit(key, &cause, None, event, digest, || finding.params.clone());
                }
                None => self.silent_hit(key, &cause, &finding),
            }
        }
    }

    fn silent_hit(&mut self, key: FoldKey, cause: &Arc<str>, finding: &TimedFinding) {
        add(&mut self.ledger.hits, 1);
        let mark = Mark { ts_ns: finding.ts_ns, number: 0, input: 0 };
        if let Some(out) = self.listing.as_mut() {
            listing::silent_line(&mut out.bytes, cause, finding, &self.names);
            out.end(self.order);
        }
        if let Folded::Counted(_) = self.folder.count(&key, mark, self.now_ns) {
            return;
        }
        let side = |ip| Some(Endpoint { ip, port: 0, mac: [0; 6] });
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            order: 0,
            spanning: None,
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
