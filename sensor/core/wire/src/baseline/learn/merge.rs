//! What several learners saw, as if one had seen it all.

use super::{Learner, LinkKey, ObjectKey, Repeated};
use crate::hash::Map;

impl Learner {
    /// One learner that knows what all of them know. When each conversation was seen by one of them alone (shards), it
    /// writes the same table as one learner would that had seen every message; as long as no budget was reached, which
    /// each of them has for itself.
    pub fn merge(learners: Vec<Learner>) -> Learner {
        let mut all = learners.into_iter();
        let Some(mut merged) = all.next() else { return Learner::new(Default::default()) };
        all.for_each(|learner| merged.add(learner));
        merged
    }

    fn add(&mut self, other: Learner) {
        if other.learned.messages > 0 {
            let from_ns = other.learned.from_ns;
            self.learned.from_ns = if self.learned.messages == 0 { from_ns } else { self.learned.from_ns.min(from_ns) };
        }
        let (own, its) = (&mut self.learned, &other.learned);
        own.messages = own.messages.saturating_add(its.messages);
        own.not_learned = own.not_learned.saturating_add(its.not_learned);
        own.gaps_closed = own.gaps_closed.saturating_add(its.gaps_closed);
        self.forgotten = self.forgotten.saturating_add(other.forgotten);
        self.tuples = self.tuples.saturating_add(other.tuples);
        for (key, station) in other.assets {
            let known = self.assets.entry(key).or_default();
            known.roles |= station.roles;
            station.macs.into_iter().for_each(|mac| known.add(mac));
        }
        let links = self.add_links(&other.links, &other.rows);
        let link = |number: u32| links.get(&number).copied();
        for ((number, code, class), (word, seen)) in other.operations {
            let Some(link) = link(number) else { continue };
            let word = self.word(other.words.get(word as usize).map_or("", String::as_str));
            let known = self.operations.entry((link, code, class)).or_insert((word, Default::default()));
            known.1.add(&seen);
        }
        for (key, touched) in other.objects {
            let (Some(link), Some(space)) = (link(key.link), self.spaces.intern(other.spaces.name(key.space))) else {
                self.learned.not_learned = self.learned.not_learned.saturating_add(1);
                continue;
            };
            let known = self.objects.entry(ObjectKey { link, space, ..key }).or_default();
            known.grown.add(&touched.grown);
            for (name, seen) in touched.names {
                known.names.entry(name).or_default().add(&seen);
            }
            for ((start, end), seen) in touched.stretches.into_iter().zip(touched.seen) {
                let closed = known.insert(start, end, &seen);
                self.learned.gaps_closed = self.learned.gaps_closed.saturating_add(closed as u64);
            }
        }
        for ((number, step), seen) in other.orders {
            if let Some(link) = link(number) {
                self.add_order(link, step, &seen);
            }
        }
        // In the order in which they came: what is forgotten first stays first.
        let mut its = other.polls;
        let once = other.once.into_iter().filter_map(|key| Some((key, its.remove(&key)?))).collect::<Vec<_>>();
        for (mut key, mut repeated) in once.into_iter().chain(its) {
            let Some(number) = link(key.link) else { continue };
            key.link = number;
            let space = repeated.shown.space.map(|space| other.spaces.name(space));
            repeated.shown.space = space.and_then(|space| self.spaces.intern(space));
            self.add_request(key, repeated);
        }
    }

    /// The numbers that its links have here.
    fn add_links(&mut self, its: &Map<LinkKey, u32>, rows: &[super::Link]) -> Map<u32, u32> {
        let mut ordered: Vec<(u32, LinkKey)> = its.iter().map(|(key, number)| (*number, *key)).collect();
        ordered.sort_unstable_by_key(|(number, _)| *number);
        let mut numbers = Map::default();
        for (its_number, key) in ordered {
            let Some(row) = rows.get(its_number as usize).copied() else { continue };
            let Ok(next) = u32::try_from(self.rows.len()) else { continue };
            let number = *self.links.entry(key).or_insert(next);
            match self.rows.get_mut(number as usize) {
                Some(known) => {
                    known.first_ns = known.first_ns.min(row.first_ns);
                    known.last_ns = known.last_ns.max(row.last_ns);
                    known.messages = known.messages.saturating_add(row.messages);
                    known.seen.add(&row.seen);
                    known.orders = known.orders.max(row.orders);
                }
                None => self.rows.push(row),
            }
            numbers.insert(its_number, number);
        }
        numbers
    }

    /// Two rhythms of one request cannot be made one: the one that was seen longer is kept.
    fn add_request(&mut self, key: super::PollKey, repeated: Repeated) {
        let once = repeated.sketch.count == 0;
        match self.polls.get_mut(&key) {
            Some(known) if known.sketch.count >= repeated.sketch.count => {}
            Some(known) => *known = repeated,
            None => {
                self.polls.insert(key, repeated);
                if once {
                    self.once.push_back(key);
                }
            }
        }
    }
}
