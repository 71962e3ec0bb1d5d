//! From what was gathered to the table.

use std::borrow::Cow;

use super::super::band::{Judge, Rhythm};
use super::super::codec;
use super::super::pace::Pace;
use super::super::table::{self, Objects, Operation, Poll, Table};
use super::super::trail::changes;
use super::{Learner, LinkKey, Repeated};
use crate::limits;
use crate::protocol;

impl Learner {
    /// End learning and compile. The same messages give the same bytes.
    pub fn finish(&mut self, end_ns: u64) -> Vec<u8> {
        let mut table = self.table(end_ns);
        fit(&mut table);
        // Keys were unique in the maps, so the only error left is none; an empty table is still a valid answer.
        codec::encode(&table.canonical().unwrap_or_default())
    }

    fn table(&mut self, end_ns: u64) -> Table<'static> {
        let judge = Judge::new(self.settings.promise);
        let mut table = Table { learned: self.learned.clone(), assets: Vec::new(), links: Vec::new() };
        table.learned.to_ns = end_ns.max(self.learned.from_ns);
        for ((segment, ip), station) in &self.assets {
            let (macs, roles) = (station.macs.clone(), station.roles);
            table.assets.push(table::Asset { segment: self.segment(*segment).into(), ip: *ip, macs, roles });
        }
        let mut links: Vec<(LinkKey, u32)> = self.links.iter().map(|(key, number)| (*key, *number)).collect();
        links.sort_unstable_by_key(|(_, number)| *number);
        for ((key, _), row) in links.into_iter().zip(&self.rows) {
            table.links.push(table::Link {
                segment: self.segment(key.segment).into(),
                client: key.client,
                server: key.server,
                protocol: protocol::at(key.protocol).map_or("unknown", |protocol| protocol.name).into(),
                first_ns: row.first_ns,
                last_ns: row.last_ns,
                messages: row.messages,
                operations: Vec::new(),
                objects: Vec::new(),
                polls: Vec::new(),
                orders: Vec::new(),
            });
        }
        for ((link, code, class), (word, seen)) in &self.operations {
            if let Some(row) = table.links.get_mut(*link as usize) {
                let (code, class, count) = (*code, *class, seen.count);
                let name = self.words.get(*word as usize).cloned().unwrap_or_default().into();
                row.operations.push(Operation { code, name, class, count });
            }
        }
        for (key, touched) in &self.objects {
            if let Some(row) = table.links.get_mut(key.link as usize) {
                row.objects.push(Objects {
                    class: key.class,
                    space: self.spaces.name(key.space).to_owned().into(),
                    index: key.index,
                    stretches: touched.stretches.clone(),
                    names: touched.names.keys().map(|name| Cow::Owned(name.to_string())).collect(),
                });
            }
        }
        let mut pace = Pace::default();
        self.polls.values().for_each(|repeated| pace.add(&repeated.sketch.paces));
        for (key, Repeated { shown, sketch, seen }) in &mut self.polls {
            let band = match judge.rhythm(sketch, seen.draws(), &pace) {
                Rhythm::TooFew => continue,
                Rhythm::NoPeriod => {
                    let without = &mut table.learned.polls_without_period;
                    *without = without.saturating_add(1);
                    continue;
                }
                Rhythm::Period(band) => band,
            };
            if let Some(row) = table.links.get_mut(key.link as usize) {
                row.polls.push(Poll {
                    operation: key.operation,
                    class: key.class,
                    identity: key.identity,
                    space: shown.space.map_or("", |space| self.spaces.name(space)).to_owned().into(),
                    index: shown.index,
                    start: shown.start,
                    end: shown.end,
                    name: Cow::Owned(shown.name.to_string()),
                    samples: sketch.count,
                    period_us: band.period_us,
                    spread_us: band.spread_us,
                    low_us: band.low_us,
                    high_us: band.high_us,
                    stopped_us: band.stopped_us,
                    changed_from: band.changed_from,
                    irregular_from: band.irregular_from,
                });
            }
        }
        for (link, order) in self.orders(table.learned.to_ns) {
            if let Some(row) = table.links.get_mut(link as usize) {
                row.orders.push(order);
            }
        }
        for link in &mut table.links {
            // Of who changes nothing no order is ever told.
            if !link.operations.iter().any(|operation| changes(operation.class)) {
                link.orders.clear();
            }
        }
        table
    }
}

/// Several learners together may know more than fits: links beyond it are left out, last in canonical order first, and
/// counted.
fn fit(table: &mut Table<'_>) {
    let mut tuples = table.tuples();
    if tuples <= limits::BASELINE_TUPLES {
        return;
    }
    table.links.sort_by(|a, b| {
        (&a.segment, a.client, a.server, &a.protocol).cmp(&(&b.segment, b.client, b.server, &b.protocol))
    });
    table.assets.sort_by(|a, b| (&a.segment, a.ip).cmp(&(&b.segment, b.ip)));
    table.assets.truncate(limits::BASELINE_TUPLES);
    while tuples > limits::BASELINE_TUPLES && table.links.pop().is_some() {
        let fewer = table.tuples();
        let left_out = u64::try_from(tuples.saturating_sub(fewer)).unwrap_or(u64::MAX);
        table.learned.not_learned = table.learned.not_learned.saturating_add(left_out);
        tuples = fewer;
    }
}
