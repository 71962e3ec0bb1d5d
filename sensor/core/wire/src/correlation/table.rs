//! The keys of one rule, the one that was silent longest in front.

use std::collections::BTreeMap;

use super::count::Latest;
use super::distinct::Values;
use super::sequence::{Message, Progress, Waits};
use super::{Key, Moment, Observed, Overdue};
use crate::hash::Map;
use crate::rules::plan::{Kind, Plan};

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub enum State {
    Count(Latest),
    Distinct(Values),
    Sequence(Progress),
}

#[derive(Debug)]
pub struct Entry {
    pub key: Key,
    /// Engine time of the last message.
    pub last_ns: u64,
    pub state: State,
    older: u32,
    newer: u32,
}

/// What a key costs beside what its state points to: its entry and its slot in the table of places.
const EACH: usize = size_of::<Entry>() + size_of::<Key>() + 8;

#[derive(Debug)]
pub struct Table {
    places: Map<Key, u32>,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    bytes: usize,
    /// Whose waiting ends when, and the number of the next wait.
    waiting: BTreeMap<(u64, u64), Key>,
    next: u64,
    pub overdue: Vec<Overdue>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            places: Map::default(),
            entries: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            bytes: 0,
            waiting: BTreeMap::new(),
            next: 0,
            overdue: Vec::new(),
        }
    }
}

impl Table {
    pub fn see(&mut self, plan: &Plan, key: Key, observed: &Observed<'_>) -> Option<Moment> {
        let at = observed.at;
        let place = match self.places.get(&key).copied() {
            Some(place) => {
                self.touch(place, at.now_ns);
                place
            }
            None => self.add(key, at.now_ns, fresh(plan)),
        };
        let entry = self.entries.get_mut(place as usize)?.as_mut()?;
        let before = entry.state.bytes();
        let found = match (&mut entry.state, &plan.kind) {
            (State::Count(latest), Kind::Count { least }) => latest.see(at, *least, plan.timespan_ns),
            (State::Distinct(values), Kind::Distinct { least, .. }) => {
                let each = observed.values.iter();
                each.fold(None, |found, value| values.see(*value, at, *least, plan.timespan_ns).or(found))
            }
            (State::Sequence(progress), Kind::Sequence(sequence)) => {
                let waited = progress.waits_until();
                let message = Message { at, steps: observed.steps, ends: observed.ends, number: self.next };
                let step = progress.see(sequence, plan.timespan_ns, message);
                self.overdue.extend(step.overdue.map(|waits| told(key, &waits)));
                let waits = progress.waits_until();
                if waits != waited {
                    waited.map(|until| self.waiting.remove(&until));
                    waits.map(|until| self.waiting.insert(until, key));
                    self.next = self.next.saturating_add(1);
                }
                step.complete
            }
            _ => None,
        };
        self.bytes = self.bytes.saturating_sub(before).saturating_add(entry.state.bytes());
        found
    }

    pub fn tick(&mut self, now_ns: u64, kept_ns: u64) {
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 < now_ns) {
            let key = first.remove();
            let entry = self.places.get(&key).and_then(|place| self.entries.get_mut(*place as usize)?.as_mut());
            if let Some(Entry { state: State::Sequence(progress), .. }) = entry {
                let before = progress.bytes();
                self.overdue.extend(progress.overdue(now_ns).map(|waits| told(key, &waits)));
                self.bytes = self.bytes.saturating_sub(before).saturating_add(progress.bytes());
            }
        }
        while self.at(self.oldest).is_some_and(|entry| entry.last_ns.saturating_add(kept_ns) < now_ns) {
            self.remove(self.oldest);
        }
    }

    /// Forget the key that was silent longest, unless it is `spared`.
    pub fn evict(&mut self, spared: Option<&Key>) -> bool {
        let oldest = self.at(self.oldest).filter(|entry| Some(&entry.key) != spared).map(|_| self.oldest);
        oldest.inspect(|place| self.remove(*place)).is_some()
    }

    pub fn bytes(&self) -> usize {
        let waiting = self.waiting.len().saturating_mul(size_of::<((u64, u64), Key)>());
        self.bytes.saturating_add(self.places.len().saturating_mul(EACH)).saturating_add(waiting)
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// From the one that was silent longest on.
    pub fn in_order(&self) -> Vec<&Entry> {
        let mut found = Vec::with_capacity(self.places.len());
        let mut place = self.oldest;
        while let Some(entry) = self.at(place).filter(|_| found.len() < self.places.len()) {
            found.push(entry);
            place = entry.newer;
        }
        found
    }

    /// Put a key at the end; false: it is there already.
    pub fn restore(&mut self, key: Key, last_ns: u64, state: State) -> bool {
        if self.places.contains_key(&key) {
            return false;
        }
        let bytes = state.bytes();
        if let State::Sequence(progress) = &state {
            if let Some(until) = progress.waits_until() {
                self.waiting.insert(until, key);
                self.next = self.next.max(until.1.saturating_add(1));
            }
        }
        self.add(key, last_ns, state);
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }

    fn at(&self, place: u32) -> Option<&Entry> {
        self.entries.get(place as usize)?.as_ref()
    }

    fn at_mut(&mut self, place: u32) -> Option<&mut Entry> {
        self.entries.get_mut(place as usize)?.as_mut()
    }

    fn add(&mut self, key: Key, last_ns: u64, state: State) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len().saturating_sub(1)).unwrap_or(NONE)
        });
        if let Some(free) = self.entries.get_mut(place as usize) {
            *free = Some(Entry { key, last_ns, state, older: NONE, newer: NONE });
        }
        self.places.insert(key, place);
        self.append(place);
        place
    }

    fn touch(&mut self, place: u32, now_ns: u64) {
        if self.newest != place {
            self.take_out(place);
            self.append(place);
        }
        if let Some(entry) = self.at_mut(place) {
            entry.last_ns = now_ns;
        }
    }

    fn append(&mut self, place: u32) {
        let older = self.newest;
        if let Some(entry) = self.at_mut(place) {
            (entry.older, entry.newer) = (older, NONE);
        }
        match self.at_mut(older) {
            Some(entry) => entry.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
    }

    fn take_out(&mut self, place: u32) {
        let Some((older, newer)) = self.at(place).map(|entry| (entry.older, entry.newer)) else { return };
        match self.at_mut(older) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.at_mut(newer) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }

    fn remove(&mut self, place: u32) {
        self.take_out(place);
        if let Some(entry) = self.entries.get_mut(place as usize).and_then(Option::take) {
            self.places.remove(&entry.key);
            self.bytes = self.bytes.saturating_sub(entry.state.bytes());
            if let State::Sequence(progress) = &entry.state {
                progress.waits_until().map(|until| self.waiting.remove(&until));
            }
            self.free.push(place);
        }
    }
}

impl State {
    pub fn bytes(&self) -> usize {
        match self {
            State::Count(latest) => latest.bytes(),
            State::Distinct(values) => values.bytes(),
            State::Sequence(progress) => progress.bytes(),
        }
    }
}

pub fn fresh(plan: &Plan) -> State {
    match plan.kind {
        Kind::Count { .. } => State::Count(Latest::default()),
        Kind::Distinct { .. } => State::Distinct(Values::default()),
        Kind::Sequence(_) => State::Sequence(Progress::default()),
    }
}

/// The rule's number is put in by who knows it.
fn told(key: Key, waits: &Waits) -> Overdue {
    let Waits { first, last, ends, .. } = *waits;
    Overdue { rule: 0, key, first, last, ends }
}
