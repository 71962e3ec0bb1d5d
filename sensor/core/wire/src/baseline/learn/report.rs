//! What was seen while learning, for people: each thing with its first and last time and where it was seen first; and
//! the numbers that say how much was probably not seen yet (`detectors/baseline/completeness.py` makes the estimate).

use std::collections::BTreeMap;

use serde::Serialize;

use super::orders::tells;
use super::sightings::Sightings;
use super::{Learner, LinkKey};
use crate::protocol;

/// First and last time, messages, the packet of the first and the number of its input, occasions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub first_ns: u64,
    pub last_ns: u64,
    pub count: u64,
    pub frame: u64,
    pub input: u16,
    /// Stretches of time in which it was there.
    pub occasions: u32,
}

/// Of things of one kind: how many, how many of them on one occasion only, on two, all occasions together, and how many
/// were new in the last quarter of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meter {
    pub seen: u64,
    pub once: u64,
    pub twice: u64,
    pub occasions: u64,
    pub late: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenObject {
    pub class: &'static str,
    pub space: String,
    pub index: u32,
    pub stretches: Vec<(u64, u64, Seen)>,
    pub names: Vec<(String, Seen)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenLink {
    pub segment: String,
    pub client: String,
    pub server: String,
    pub protocol: &'static str,
    pub seen: Seen,
    /// Code, class and sightings.
    pub operations: Vec<(u32, &'static str, Seen)>,
    pub objects: Vec<SeenObject>,
    /// Operation, class and identity; the latter as text, since it has 64 bits.
    pub polls: Vec<(u32, &'static str, String, Seen)>,
    pub meters: BTreeMap<&'static str, Meter>,
}

/// How times are cut: stretches of 2^`shift` ns, and from when on something is late.
#[derive(Clone, Copy)]
pub struct Cut {
    pub shift: u8,
    pub late_ns: u64,
}

impl Cut {
    fn seen(self, seen: &Sightings) -> Seen {
        let occasions = seen.occasions(self.shift, 0).0;
        let Sightings { first_ns, last_ns, count, frame, input, .. } = *seen;
        Seen { first_ns, last_ns, count, frame, input, occasions }
    }

    fn meter(self, meter: &mut Meter, seen: &Sightings) {
        let occasions = seen.occasions(self.shift, 0).0;
        meter.seen = meter.seen.saturating_add(1);
        meter.occasions = meter.occasions.saturating_add(occasions.into());
        meter.once = meter.once.saturating_add(u64::from(occasions == 1));
        meter.twice = meter.twice.saturating_add(u64::from(occasions == 2));
    }

    fn late(self, seen: &Sightings) -> u64 {
        u64::from(seen.first_ns >= self.late_ns)
    }
}

impl Learner {
    /// When the first message came; `None` before it.
    pub fn from_ns(&self) -> Option<u64> {
        (self.learned.messages > 0).then_some(self.learned.from_ns)
    }

    /// Every conversation with its meters; `whole`: and with everything that was seen on it.
    pub fn report(&self, cut: Cut, whole: bool) -> Vec<SeenLink> {
        let mut links: Vec<(&LinkKey, &u32)> = self.links.iter().collect();
        links.sort_unstable_by_key(|(_, number)| **number);
        let mut rows: Vec<SeenLink> = links
            .into_iter()
            .zip(&self.rows)
            .map(|((key, _), row)| {
                let mut own = Meter::default();
                cut.meter(&mut own, &row.seen);
                own.late = cut.late(&row.seen);
                SeenLink {
                    segment: self.segment(key.segment),
                    client: key.client.to_string(),
                    server: key.server.to_string(),
                    protocol: protocol::at(key.protocol).map_or("unknown", |protocol| protocol.name),
                    seen: cut.seen(&row.seen),
                    operations: Vec::new(),
                    objects: Vec::new(),
                    polls: Vec::new(),
                    meters: BTreeMap::from([("links", own)]),
                }
            })
            .collect();
        for ((link, code, class), (_, seen)) in &self.operations {
            let Some(row) = rows.get_mut(*link as usize) else { continue };
            let meter = row.meters.entry("operations").or_default();
            cut.meter(meter, seen);
            meter.late = meter.late.saturating_add(cut.late(seen));
            if whole {
                row.operations.push((*code, class.name(), cut.seen(seen)));
            }
        }
        for (key, touched) in &self.objects {
            let Some(row) = rows.get_mut(key.link as usize) else { continue };
            let meter = row.meters.entry("objects").or_default();
            touched.seen.iter().chain(touched.names.values()).for_each(|seen| cut.meter(meter, seen));
            // A stretch that grows at its edge is one stretch, and new all the same.
            meter.late = meter.late.saturating_add(touched.grown.occasions(cut.shift, cut.late_ns).1.into());
            if whole {
                let stretches = touched.stretches.iter().zip(&touched.seen);
                let names = touched.names.iter().map(|(name, seen)| (name.to_string(), cut.seen(seen)));
                row.objects.push(SeenObject {
                    class: key.class.name(),
                    space: self.spaces.name(key.space).to_owned(),
                    index: key.index,
                    stretches: stretches.map(|((start, end), seen)| (*start, *end, cut.seen(seen))).collect(),
                    names: names.collect(),
                });
            }
        }
        for ((link, _), seen) in self.orders.iter().filter(|((_, step), _)| tells(*step)) {
            let Some(row) = rows.get_mut(*link as usize) else { continue };
            let meter = row.meters.entry("orders").or_default();
            cut.meter(meter, seen);
            meter.late = meter.late.saturating_add(cut.late(seen));
        }
        for (key, repeated) in self.polls.iter().filter(|_| whole) {
            if let Some(row) = rows.get_mut(key.link as usize).filter(|_| repeated.sketch.count > 0) {
                let identity = key.identity.to_string();
                row.polls.push((key.operation, key.class.name(), identity, cut.seen(&repeated.seen)));
            }
        }
        rows
    }
}
