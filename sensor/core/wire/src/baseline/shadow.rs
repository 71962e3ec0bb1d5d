//! A baseline that is tried beside the one that counts: what it would have raised is counted, and nothing is raised.
//!
//! It looks its conversation up for each message instead of remembering it, so nothing of it stands in a flow; who runs
//! without a shadow pays one comparison a message. Rhythms are not tried: they need a state of their own per poll.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use super::assess::acquainted;
use super::check::Baseline;
use super::knowledge::LinkKey;
use super::mark::Mark;
use crate::event::Event;
use crate::finding::{Deviation, Param};
use crate::limits;
use crate::protocol::{self, Scope};

/// What a fold is: cause, segment, client, server, protocol, what folds inside them.
type Key = (&'static str, u16, IpAddr, IpAddr, usize, u64);

/// One thing that the shadow would have told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shadowed {
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
    /// The first message's packet, and the number of its input.
    pub frame: u64,
    pub input: u16,
    pub params: BTreeMap<&'static str, serde_json::Value>,
}

pub struct Shadow {
    baseline: Baseline,
    found: BTreeMap<Key, Shadowed>,
    /// Messages that were held against it, and deviations that found no room in the list.
    pub messages: u64,
    pub uncounted: u64,
    deviations: Vec<Deviation>,
}

impl Shadow {
    pub fn new(baseline: Baseline) -> Self {
        Self { baseline, found: BTreeMap::new(), messages: 0, uncounted: 0, deviations: Vec::new() }
    }

    pub fn found(&self) -> impl Iterator<Item = &Shadowed> {
        self.found.values()
    }

    /// Hold a message against it. `segment` names where it was seen.
    pub fn message(&mut self, event: &Event<'_>, scope: Scope, segment: &str) {
        if scope == Scope::Network {
            return; // nobody's conversation
        }
        let known = &self.baseline.known;
        let (client, server) = (event.client.ip, event.server.ip);
        let Ok(family) = u16::try_from(event.family) else { return };
        let link = known.link(&LinkKey { segment: event.segment, protocol: family, client, server });
        self.messages = self.messages.saturating_add(1);
        self.deviations.clear();
        if scope == Scope::Plant {
            self.baseline.assess(link, event, &mut self.deviations);
        } else {
            let strangers = || [client, server].into_iter().any(|ip| !known.station(event.segment, ip));
            let mark = link.map_or_else(|| Mark::new_link(strangers()), Mark::learned);
            acquainted(mark, event, &mut self.deviations);
        }
        for deviation in std::mem::take(&mut self.deviations) {
            self.count(&deviation, event, segment);
        }
    }

    fn count(&mut self, deviation: &Deviation, event: &Event<'_>, segment: &str) {
        let (client, server) = (event.client.ip, event.server.ip);
        let key = (deviation.cause, event.segment, client, server, event.family, deviation.key);
        if let Some(known) = self.found.get_mut(&key) {
            if event.ts_ns.saturating_sub(known.last_ns) >= limits::FOLD_IDLE_NS {
                known.alerts = known.alerts.saturating_add(1);
            }
            known.messages = known.messages.saturating_add(1);
            known.last_ns = known.last_ns.max(event.ts_ns);
            return;
        }
        if self.found.len() >= limits::per_shard(limits::SHADOWED) {
            self.uncounted = self.uncounted.saturating_add(1);
            return;
        }
        let params = self.baseline.params(deviation, event).into_iter().map(|(name, value)| (name, json(value)));
        let shadowed = Shadowed {
            cause: deviation.cause,
            segment: segment.to_owned(),
            client: client.to_string(),
            server: server.to_string(),
            protocol: protocol::at(event.family).map_or("unknown", |protocol| protocol.name),
            alerts: 1,
            messages: 1,
            first_ns: event.ts_ns,
            last_ns: event.ts_ns,
            frame: event.number,
            input: event.input,
            params: params.collect(),
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
