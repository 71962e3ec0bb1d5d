//! So many different values in so much time.

use super::Moment;
use crate::hash::Map;

/// Values up to which looking through all is faster than a table.
const FEW: usize = 16;
const NONE: u32 = u32::MAX;

/// The values of one key that were seen latest, as many as the rule asks for, each with its latest message.
#[derive(Debug)]
pub struct Values {
    nodes: Vec<Node>,
    /// Where a value stands; empty while they are few.
    places: Map<u64, u32>,
    oldest: u32,
    newest: u32,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    value: u64,
    at: Moment,
    older: u32,
    newer: u32,
}

impl Default for Values {
    fn default() -> Self {
        Self { nodes: Vec::new(), places: Map::default(), oldest: NONE, newest: NONE }
    }
}

impl Values {
    /// With this value there are `least` different ones in the last `timespan_ns`; the message of the one seen longest ago.
    pub fn see(&mut self, value: u64, at: Moment, least: u32, timespan_ns: u64) -> Option<Moment> {
        match self.place(value) {
            Some(place) => {
                self.take_out(place);
                self.put_in(place, value, at);
            }
            None if self.nodes.len() >= least as usize => {
                // One more than the rule asks for: the one seen longest ago decides nothing any more.
                let place = self.oldest;
                if let Some(old) = self.nodes.get(place as usize).map(|node| node.value) {
                    self.places.remove(&old);
                }
                self.take_out(place);
                self.put_in(place, value, at);
            }
            None => {
                let place = u32::try_from(self.nodes.len()).unwrap_or(NONE);
                self.nodes.push(Node { value, at, older: NONE, newer: NONE });
                self.put_in(place, value, at);
            }
        }
        if self.nodes.len() < least as usize {
            return None;
        }
        let oldest = self.nodes.get(self.oldest as usize)?.at;
        (at.now_ns.saturating_sub(oldest.now_ns) <= timespan_ns).then_some(oldest)
    }

    pub fn bytes(&self) -> usize {
        // A slot of the table: key, place, and its share of control bytes and room.
        let table = self.places.capacity().saturating_mul(18);
        self.nodes.capacity().saturating_mul(size_of::<Node>()).saturating_add(table)
    }

    /// From the one seen longest ago on.
    pub fn in_order(&self) -> Vec<(u64, Moment)> {
        let mut found = Vec::with_capacity(self.nodes.len());
        let mut place = self.oldest;
        while let Some(node) = self.nodes.get(place as usize).filter(|_| found.len() < self.nodes.len()) {
            found.push((node.value, node.at));
            place = node.newer;
        }
        found
    }

    fn place(&self, value: u64) -> Option<u32> {
        if self.places.is_empty() {
            let place = self.nodes.iter().position(|node| node.value == value)?;
            return u32::try_from(place).ok();
        }
        self.places.get(&value).copied()
    }

    fn take_out(&mut self, place: u32) {
        let Some(Node { older, newer, .. }) = self.nodes.get(place as usize).copied() else { return };
        match self.nodes.get_mut(older as usize) {
            Some(node) => node.newer = newer,
            None => self.oldest = newer,
        }
        match self.nodes.get_mut(newer as usize) {
            Some(node) => node.older = older,
            None => self.newest = older,
        }
    }

    /// As the one seen last.
    fn put_in(&mut self, place: u32, value: u64, at: Moment) {
        let older = self.newest;
        if let Some(node) = self.nodes.get_mut(place as usize) {
            *node = Node { value, at, older, newer: NONE };
        }
        match self.nodes.get_mut(older as usize) {
            Some(node) => node.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
        if self.places.is_empty() {
            if self.nodes.len() > FEW {
                self.places = (0u32..).zip(&self.nodes).map(|(place, node)| (node.value, place)).collect();
            }
        } else {
            self.places.insert(value, place);
        }
    }
}
