//! The flow table: flows in a slab, found by key, forgotten by age.

use hashbrown::HashTable;
use prefetch_index::prefetch_index;

use super::wheel::{second, Wheel};
use super::{Address, Flow};

/// No flow.
pub const NONE: u32 = u32::MAX;

pub struct FlowTable {
    index: HashTable<u32>,
    slots: Vec<Option<Flow>>,
    free: Vec<u32>,
    wheel: Wheel,
    most: usize,
}

impl FlowTable {
    /// `most`: flows kept; `full()` is to be dealt with before another is put in.
    pub fn new(most: usize) -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            wheel: Wheel::default(),
            most: most.max(1),
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub fn full(&self) -> bool {
        self.len() >= self.most
    }

    /// The flow of that address, and the sender's place in it.
    #[inline]
    pub fn find(&self, address: &Address) -> Option<(u32, usize)> {
        let sender = |slot: &u32| self.at(*slot).and_then(|flow| flow.sender(address));
        let slot = *self.index.find(address.hash, |slot| sender(slot).is_some())?;
        Some((slot, sender(&slot)?))
    }

    /// The same, for who has asked `place` before.
    #[inline]
    pub fn find_at(&self, place: u32, address: &Address) -> Option<(u32, usize)> {
        match self.at(place).and_then(|flow| flow.sender(address)) {
            Some(side) => Some((place, side)),
            None => self.find(address),
        }
    }

    /// Where a flow of that hash most likely stands, or [`NONE`]. No flow is looked at: its memory is asked for.
    #[inline]
    pub fn place(&self, hash: u64) -> u32 {
        let slot = self.index.find(hash, |_| true).copied().unwrap_or(NONE);
        prefetch_index(&self.slots, slot as usize);
        slot
    }

    #[inline]
    pub fn at(&self, slot: u32) -> Option<&Flow> {
        self.slots.get(slot as usize)?.as_ref()
    }

    #[inline]
    pub fn get(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    pub fn insert(&mut self, mut flow: Flow) -> u32 {
        let hash = flow.hash;
        let slot = self.free.pop().unwrap_or_else(|| {
            if self.slots.len() == self.slots.capacity() {
                // A sixteenth more, not twice as much: a large table would be half empty.
                self.slots.reserve_exact((self.slots.len() / 16).max(64));
            }
            self.slots.push(None);
            u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(NONE)
        });
        flow.queued_s = second(flow.last_ns);
        self.wheel.put(flow.queued_s, slot);
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(flow);
        }
        let slots = &self.slots;
        self.index.insert_unique(hash, slot, |slot| {
            slots.get(*slot as usize).and_then(Option::as_ref).map_or(0, |flow| flow.hash)
        });
        slot
    }

    pub fn remove(&mut self, slot: u32) -> Option<Flow> {
        let flow = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(entry) = self.index.find_entry(flow.hash, |found| *found == slot) {
            entry.remove();
        }
        self.free.push(slot);
        let slots = &self.slots;
        self.wheel.tidy(self.index.len(), |second, slot| {
            slots.get(slot as usize).and_then(Option::as_ref).is_some_and(|flow| flow.queued_s == second)
        });
        Some(flow)
    }

    /// The flow idle longest (to the second), if it was last used in a second of engine time before `limit_s`.
    fn idlest(&mut self, limit_s: u64) -> Option<u32> {
        while let Some((queued_s, slot)) = self.wheel.take(limit_s) {
            let Some(flow) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { continue };
            if flow.queued_s != queued_s {
                continue;
            }
            let used_s = second(flow.last_ns);
            if used_s > queued_s {
                flow.queued_s = used_s;
                self.wheel.put(used_s, slot);
                continue;
            }
            self.wheel.give_back(queued_s, slot);
            return Some(slot);
        }
        None
    }

    /// The flow to make room with.
    pub fn oldest(&mut self) -> Option<u32> {
        self.idlest(u64::MAX)
    }

    /// The flow idle longest, if it has been so for longer than `idle_ns`.
    pub fn expired(&mut self, now_ns: u64, idle_ns: u64) -> Option<u32> {
        self.idlest(second(now_ns.saturating_sub(idle_ns)).into())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;
    use crate::event::Endpoint;
    use crate::hash::{flow_hash, pair_hash};
    use std::net::IpAddr;

    fn address(port: u16) -> Address {
        let ip = IpAddr::from([10, 0, 0, 1]);
        let hash = flow_hash(pair_hash(0, ip, ip), (port, 502), 6);
        Address { hash, source: (ip, port), destination: (ip, 502), segment: 0, transport: 6 }
    }

    fn put(table: &mut FlowTable, port: u16, at_s: u64) -> u32 {
        let address = address(port);
        let side = |(ip, port)| Endpoint { ip, port, mac: [0; 6] };
        let sides = [side(address.source), side(address.destination)];
        table.insert(Flow::new(&address, sides, 0, at_s * 1_000_000_000))
    }

    #[test]
    fn the_flow_idle_longest_goes_first() {
        let mut table = FlowTable::new(3);
        let slots: Vec<u32> = (1..=3).map(|port| put(&mut table, port, port.into())).collect();
        assert!(table.full());
        table.get(slots[0]).unwrap().last_ns = 9_000_000_000;
        assert_eq!(table.oldest(), Some(slots[1]));
        assert_eq!(table.oldest(), Some(slots[1]), "looking changes nothing");
        table.remove(slots[1]);
        assert_eq!(table.oldest(), Some(slots[2]));
        assert_eq!(table.expired(9_000_000_000, 5_000_000_000), Some(slots[2]));
        assert_eq!(table.find(&address(2)), None);
        assert_eq!(table.find(&address(1)), Some((slots[0], 0)));
        assert_eq!(put(&mut table, 9, 9), slots[1], "slots are used again");
        table.remove(slots[2]);
        assert_eq!(table.expired(9_999_999_999, 1_000_000_000), None);
    }

    #[test]
    fn flows_that_come_and_go_leave_nothing_behind() {
        let mut table = FlowTable::new(10);
        for turn in 0..100_000u32 {
            let slot = put(&mut table, 1 + (turn % 1000) as u16, u64::from(turn));
            table.remove(slot);
        }
        assert!(table.is_empty() && table.slots.len() == 1 && table.wheel.len() <= 1100);
    }

    #[test]
    fn both_directions_are_one_flow() {
        let mut table = FlowTable::new(3);
        let slot = put(&mut table, 1, 1);
        let there = address(1);
        let back = Address { source: there.destination, destination: there.source, ..there };
        assert_eq!(table.find(&there), Some((slot, 0)));
        assert_eq!(table.find(&back), Some((slot, 1)));
        assert_eq!(table.find_at(NONE, &back), Some((slot, 1)));
        assert_eq!(table.place(there.hash), slot);
        // One address in all, and another with the same number.
        assert_eq!(table.find(&Address { segment: 1, ..there }), None);
        assert_eq!(table.find(&Address { source: (there.source.0, 2), ..there }), None);
        assert_eq!((there.side(), back.side()), (0, 1));
    }
}
