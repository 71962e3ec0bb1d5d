//! Learning in which order a conversation's operations come.

use super::super::table::{Order, Place};
use super::super::trail::{changes, class_of, short, Short, Step, START};
use super::sightings::Sightings;
use super::{Learner, LinkKey};
use crate::event::Event;
use crate::hash::Map;
use crate::limits;

/// There was no room for all of them.
const LOST: u16 = u16::MAX;

impl Learner {
    /// A request that was observed, and what came before it.
    pub fn step(&mut self, event: &Event<'_>, step: Step) {
        let (client, server) = (event.client.ip, event.server.ip);
        let key = LinkKey { segment: self.number(event.segment), protocol: event.family, client, server };
        let Some(link) = self.links.get(&key).copied() else { return };
        if let Some(seen) = self.orders.get_mut(&(link, step)) {
            return seen.observe(event.ts_ns, event.number, event.input);
        }
        let full = |row: &super::Link| row.orders >= limits::ORDERS;
        if self.rows.get(link as usize).is_none_or(full) || !self.room() {
            return self.lose(link);
        }
        if let Some(row) = self.rows.get_mut(link as usize) {
            row.orders = row.orders.saturating_add(1);
        }
        self.orders.insert((link, step), Sightings::once(event.ts_ns, event.number, event.input));
    }

    /// Something of a link's order is not known: then nothing of it is judged.
    fn lose(&mut self, link: u32) {
        if let Some(row) = self.rows.get_mut(link as usize).filter(|row| row.orders != LOST) {
            row.orders = LOST;
            self.learned.not_learned = self.learned.not_learned.saturating_add(1);
        }
    }

    /// What another learner knows of a link that is `link` here.
    pub(super) fn add_order(&mut self, link: u32, step: Step, seen: &Sightings) {
        self.orders.entry((link, step)).or_default().add(seen);
    }

    /// The rows of each link whose order is known whole.
    pub(super) fn orders(&self, end_ns: u64) -> Vec<(u32, Order)> {
        let from_ns = self.learned.from_ns;
        let half_ns = from_ns.saturating_add(end_ns.saturating_sub(from_ns) / 2);
        let mut places: Map<(u32, Short), Option<Place>> = Map::default();
        for (link, code, class) in self.operations.keys() {
            // Two that come out alike are none.
            let place = Place::Operation { code: *code, class: *class };
            places.entry((*link, short(*code, *class))).and_modify(|known| *known = None).or_insert(Some(place));
        }
        let place = |link: u32, operation: Short| match operation {
            START => Some(Place::Start),
            operation if class_of(operation).is_some() => places.get(&(link, operation)).copied().flatten(),
            _ => Some(Place::Unknown),
        };
        let row = |link: u32, step: Step, seen: &Sightings| {
            let (before, last, next) = (place(link, step.before)?, place(link, step.last)?, place(link, step.next)?);
            let (occasions, late) = (seen.draws(), seen.first_ns >= half_ns);
            Some(Order { before, last, next, count: seen.count, occasions, late }).filter(Order::holds)
        };
        let known = |link: u32| self.rows.get(link as usize).is_some_and(|row| row.orders != LOST);
        let steps = self.orders.iter().filter(|((link, _), _)| known(*link));
        let rows: Vec<(u32, Option<Order>)> =
            steps.map(|((link, step), seen)| (*link, row(*link, *step, seen))).collect();
        let blurred: std::collections::BTreeSet<u32> =
            rows.iter().filter(|(_, row)| row.is_none()).map(|(link, _)| *link).collect();
        let whole = rows.into_iter().filter(|(link, _)| !blurred.contains(link));
        whole.filter_map(|(link, row)| Some((link, row?))).collect()
    }
}

/// Whether an order says something: one that leads to what changes nothing never becomes an alert.
pub(super) fn tells(step: Step) -> bool {
    class_of(step.next).is_some_and(changes)
}
