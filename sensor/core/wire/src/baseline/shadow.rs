//! What is tried and not told: what it would have raised is counted, and nothing is raised. Tried is a candidate beside
//! the baseline that counts, or families of the one that counts (`family.rs`).
//!
//! A candidate looks its conversation up for each message instead of remembering it, so nothing of it stands in a flow;
//! who runs without a shadow pays one comparison a message.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use super::assess::acquainted;
use super::check::Baseline;
use super::family::Families;
use super::knowledge::LinkKey;
use super::mark::Mark;
use super::periods::{PeriodSettings, Periods, Shard};
use super::trail::{changes, Step};
use crate::event::Event;
use crate::finding::{Deviation, Param, Params, TimedFinding};
use crate::limits;
use crate::protocol::{self, Scope};
use crate::site::points::Points;
use crate::values::{Judge, Known, Unlike};

/// What a fold is: whose, cause, segment, client, server, protocol, what folds inside them.
type Key = (Tried, &'static str, u16, IpAddr, IpAddr, &'static str, u64);

/// What would have told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    Candidate,
    /// A family of the baseline that counts.
    Family,
}

/// One thing that the shadow would have told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shadowed {
    pub tried: Tried,
    pub cause: &'static str,
    pub segment: String,
    pub client: String,
    pub server: String,
    pub protocol: &'static str,
    /// Alerts: after ten quiet minutes the next message is another one.
    pub alerts: u64,
    pub messages: u64,
    pub first_ns: u64,
    pub last_ns: u64,
    /// The first message's packet, and the number of its input; packet 0: no message showed it, but silence.
    pub frame: u64,
    pub input: u16,
    pub params: BTreeMap<&'static str, serde_json::Value>,
}

/// Another baseline, whole: with the rhythm of its polls, and what its values are like where that was learned.
struct Candidate {
    baseline: Baseline,
    periods: Periods,
    values: Option<Judge>,
}

/// One shard's.
pub struct Shadow {
    candidate: Option<Candidate>,
    families: Families,
    found: BTreeMap<Key, Shadowed>,
    /// Messages that were held against it, and deviations that found no room in the list.
    pub messages: u64,
    pub uncounted: u64,
    deviations: Vec<Deviation>,
    timed: Vec<TimedFinding>,
    unlike: Vec<Unlike>,
}

impl Shadow {
    /// `candidate` with what its values are like; `families` of the baseline that counts. `shard`: whose conversations.
    pub fn new(candidate: Option<(Baseline, Option<Arc<Known>>)>, families: Families, shard: Shard) -> Self {
        let candidate = candidate.map(|(baseline, values)| Candidate {
            periods: Periods::new(&baseline, PeriodSettings::default(), shard),
            values: values.map(Judge::new),
            baseline,
        });
        Self {
            candidate,
            families,
            found: BTreeMap::new(),
            messages: 0,
            uncounted: 0,
            deviations: Vec::new(),
            timed: Vec::new(),
            unlike: Vec::new(),
        }
    }

    /// Whether another baseline is tried, and which families of the one that counts are.
    pub fn tries(&self) -> (bool, Families) {
        (self.candidate.is_some(), self.families)
    }

    pub fn found(&self) -> impl Iterator<Item = &Shadowed> {
        self.found.values()
    }

    /// Hold a message against what is tried. `step`: in the order of its conversation's operations. `segment` names where
    /// it was seen, `points` what values are called.
    pub fn message(
        &mut self,
        event: &Event<'_>,
        (scope, step): (Scope, Option<Step>),
        now_ns: u64,
        segment: &str,
        points: &Points,
    ) {
        if scope == Scope::Network {
            return; // nobody's conversation
        }
        self.messages = self.messages.saturating_add(1);
        let Some(candidate) = self.candidate.as_mut() else { return };
        let known = &candidate.baseline.known;
        let (client, server) = (event.client.ip, event.server.ip);
        let Ok(family) = u16::try_from(event.family) else { return };
        let link = known.link(&LinkKey { segment: event.segment, protocol: family, client, server });
        self.deviations.clear();
        if scope == Scope::Plant {
            let (_, polled) = candidate.baseline.assess_poll(link, event, &mut self.deviations);
            candidate.periods.observe_polled(link, polled, event, now_ns, &mut self.timed);
            // What is new by itself is told as that.
            let step = step.filter(|_| changes(event.record.class) && self.deviations.is_empty());
            if let (Some(link), Some(step)) = (link, step) {
                candidate.baseline.order(link, step, &mut self.deviations);
            }
            if let Some(values) = candidate.values.as_mut() {
                values.message(link, event, &mut self.unlike);
            }
        } else {
            let strangers = || [client, server].into_iter().any(|ip| !known.station(event.segment, ip));
            let mark = link.map_or_else(|| Mark::new_link(strangers()), Mark::learned);
            acquainted(mark, event, &mut self.deviations);
        }
        if !(self.deviations.is_empty() && self.timed.is_empty() && self.unlike.is_empty()) {
            self.candidate_tells(event, segment, points);
        }
    }

    #[cold]
    fn candidate_tells(&mut self, event: &Event<'_>, segment: &str, points: &Points) {
        let Some(candidate) = self.candidate.take() else { return };
        for deviation in std::mem::take(&mut self.deviations) {
            let params = || candidate.baseline.params(&deviation, event);
            self.count(Tried::Candidate, (deviation.cause, deviation.key), event, segment, params);
        }
        for unlike in std::mem::take(&mut self.unlike) {
            let params = || candidate.values.as_ref().map(|values| values.params(&unlike, event, points));
            self.count(Tried::Candidate, (unlike.cause, unlike.key), event, segment, || params().unwrap_or_default());
        }
        self.candidate = Some(candidate);
        for finding in std::mem::take(&mut self.timed) {
            self.count_timed(Tried::Candidate, finding, Some(event), segment);
        }
    }

    /// Engine time has come to `now_ns`: polls of the candidate that came no more. `named` says what segments are called.
    pub fn tick<'n>(&mut self, now_ns: u64, named: impl Fn(u16) -> &'n str) {
        let Some(candidate) = self.candidate.as_mut() else { return };
        candidate.periods.tick(now_ns, &mut self.timed);
        for finding in std::mem::take(&mut self.timed) {
            let segment = named(finding.segment);
            self.count_timed(Tried::Candidate, finding, None, segment);
        }
    }

    /// Whether what the baseline that counts tells with this cause is counted here instead.
    #[inline]
    pub fn holds_back(&self, cause: &str) -> bool {
        self.families.tell(cause)
    }

    /// A message that the baseline that counts would be told for.
    pub fn hold_back(
        &mut self,
        found: (&'static str, u64),
        event: &Event<'_>,
        segment: &str,
        params: impl FnOnce() -> Params,
    ) {
        self.count(Tried::Family, found, event, segment, params);
    }

    /// The same of a finding about time; `event` is the message that showed it, if one did.
    pub fn hold_back_timed(&mut self, finding: TimedFinding, event: Option<&Event<'_>>, segment: &str) {
        self.count_timed(Tried::Family, finding, event, segment);
    }

    fn count(
        &mut self,
        tried: Tried,
        (cause, key): (&'static str, u64),
        event: &Event<'_>,
        segment: &str,
        params: impl FnOnce() -> Params,
    ) {
        let protocol = protocol::at(event.family).map_or("unknown", |protocol| protocol.name);
        let key = (tried, cause, event.segment, event.client.ip, event.server.ip, protocol, key);
        self.add(key, (event.ts_ns, event.number, event.input), segment, params);
    }

    fn count_timed(&mut self, tried: Tried, finding: TimedFinding, event: Option<&Event<'_>>, segment: &str) {
        let TimedFinding { cause, key, segment: number, client_ip, server_ip, protocol, ts_ns, params } = finding;
        let key = (tried, cause, number, client_ip, server_ip, protocol, key);
        let (frame, input) = event.map_or((0, 0), |event| (event.number, event.input));
        self.add(key, (ts_ns, frame, input), segment, || params);
    }

    fn add(
        &mut self,
        key: Key,
        (ts_ns, frame, input): (u64, u64, u16),
        segment: &str,
        params: impl FnOnce() -> Params,
    ) {
        if let Some(known) = self.found.get_mut(&key) {
            if ts_ns.saturating_sub(known.last_ns) >= limits::FOLD_IDLE_NS {
                known.alerts = known.alerts.saturating_add(1);
            }
            known.messages = known.messages.saturating_add(1);
            known.last_ns = known.last_ns.max(ts_ns);
            return;
        }
        if self.found.len() >= limits::per_shard(limits::SHADOWED) {
            self.uncounted = self.uncounted.saturating_add(1);
            return;
        }
        let (tried, cause, _, client, server, protocol, _) = key;
        let shadowed = Shadowed {
            tried,
            cause,
            segment: segment.to_owned(),
            client: client.to_string(),
            server: server.to_string(),
            protocol,
            alerts: 1,
            messages: 1,
            first_ns: ts_ns,
            last_ns: ts_ns,
            frame,
            input,
            params: params().into_iter().map(|(name, value)| (name, json(value))).collect(),
        };
        self.found.insert(key, shadowed);
    }
}

fn json(value: Param) -> serde_json::Value {
    match value {
        Param::Unsigned(number) => number.into(),
        Param::Signed(number) => number.into(),
        Param::Float(number) => number.into(),
        Param::Text(text) => text.into(),
        Param::Ranges(ranges) => ranges.into_iter().map(|(start, end)| vec![start, end]).collect(),
    }
}
