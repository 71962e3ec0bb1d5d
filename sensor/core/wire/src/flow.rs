//! The flow table: one entry per 5-tuple and segment, both directions. Bounded: beyond `limits::FLOWS` the flow idle
//! longest goes, which is counted.

use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::HashTable;

use crate::event::Endpoint;
use crate::hash::Seeded;
use crate::marks::Marks;
use crate::pairing::Pairing;
use crate::protocol::Parser;
use crate::stream::Half;

/// Equal for both directions: the smaller side first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    low: (u128, u16),
    high: (u128, u16),
    segment: u16,
    transport: u8,
}

#[inline]
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => 0xffff_0000_0000 | u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl FlowKey {
    /// The key, and whether the source is its low side.
    #[inline]
    pub fn new(segment: u16, transport: u8, source: (IpAddr, u16), destination: (IpAddr, u16)) -> (Self, bool) {
        let source = (number(source.0), source.1);
        let destination = (number(destination.0), destination.1);
        let forward = source <= destination;
        let (low, high) = if forward { (source, destination) } else { (destination, source) };
        (Self { low, high, segment, transport }, forward)
    }
}

/// What is known about who speaks on a flow.
pub enum Binding {
    /// Nothing fitted yet; so many payloads were looked at.
    Unknown(u8),
    /// Index into `PROTOCOLS`, and the parser of this conversation.
    Bound(usize, Box<dyn Parser>),
    /// Looked at long enough.
    Nobody,
}

/// One conversation. `low` and `high` name the sides as in the key.
pub struct Flow {
    pub key: FlowKey,
    /// Index 0 is the low side, 1 the high side.
    pub sides: [Endpoint; 2],
    /// Index of the side that is the client; a guess from the ports until a handshake or the protocol tells.
    pub client: usize,
    /// Stream in each direction, by sending side.
    pub halves: [Half; 2],
    pub binding: Binding,
    /// Packets in a row that were nothing of the bound protocol.
    pub misfits: u8,
    /// Bytes that the parser keeps of unfinished messages, as last asked.
    pub kept: usize,
    pub pairing: Pairing,
    pub marks: Marks,
    pub last_ns: u64,
    newer: u32,
    older: u32,
}

impl Flow {
    pub fn new(key: FlowKey, sides: [Endpoint; 2], client: usize) -> Self {
        Self {
            key,
            sides,
            client,
            halves: [Half::default(), Half::default()],
            binding: Binding::Unknown(0),
            misfits: 0,
            kept: 0,
            pairing: Pairing::default(),
            marks: Marks::default(),
            last_ns: 0,
            newer: NONE,
            older: NONE,
        }
    }
}

const NONE: u32 = u32::MAX;

/// Flows in a slab, found by key, strung in order of use.
pub struct FlowTable {
    hasher: Seeded,
    index: HashTable<u32>,
    slots: Vec<Option<Flow>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    most: usize,
}

impl FlowTable {
    pub fn new(most: usize) -> Self {
        Self {
            hasher: Seeded::default(),
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            most: most.max(1),
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    #[inline]
    pub fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, |slot| self.at(*slot).is_some_and(|flow| flow.key == *key)).copied()
    }

    #[inline]
    fn at(&self, slot: u32) -> Option<&Flow> {
        self.slots.get(slot as usize)?.as_ref()
    }

    #[inline]
    pub fn get(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Put a flow in. `full()` must have been dealt with before.
    pub fn insert(&mut self, flow: Flow) -> u32 {
        let hash = self.hasher.hash_one(flow.key);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(NONE)
            }
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(flow);
        }
        let (hasher, slots) = (&self.hasher, &self.slots);
        self.index.insert_unique(hash, slot, |slot| {
            slots.get(*slot as usize).and_then(Option::as_ref).map_or(0, |flow| hasher.hash_one(flow.key))
        });
        self.link_newest(slot);
        slot
    }

    pub fn full(&self) -> bool {
        self.len() >= self.most
    }

    /// The flow idle longest.
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Next in order of age after `slot`, towards the newest.
    pub fn newer(&self, slot: u32) -> Option<u32> {
        self.at(slot).map(|flow| flow.newer).filter(|slot| *slot != NONE)
    }

    pub fn remove(&mut self, slot: u32) -> Option<Flow> {
        self.unlink(slot);
        let flow = self.slots.get_mut(slot as usize)?.take()?;
        let hash = self.hasher.hash_one(flow.key);
        if let Ok(entry) = self.index.find_entry(hash, |found| *found == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(flow)
    }

    /// The flow was used: it is the newest now.
    #[inline]
    pub fn touch(&mut self, slot: u32) {
        if self.newest != slot {
            self.unlink(slot);
            self.link_newest(slot);
        }
    }

    fn link_newest(&mut self, slot: u32) {
        let newest = self.newest;
        if let Some(flow) = self.get(slot) {
            flow.older = newest;
            flow.newer = NONE;
        }
        match self.get(newest) {
            Some(flow) => flow.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some((newer, older)) = self.at(slot).map(|flow| (flow.newer, flow.older)) else { return };
        match self.get(newer) {
            Some(flow) => flow.older = older,
            None => self.newest = older,
        }
        match self.get(older) {
            Some(flow) => flow.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        let ip = IpAddr::from([10, 0, 0, 1]);
        let (key, _) = FlowKey::new(0, 6, (ip, port), (ip, 502));
        let side = Endpoint { ip, port, mac: [0; 6] };
        Flow::new(key, [side, side], 0)
    }

    #[test]
    fn the_flow_idle_longest_is_the_oldest() {
        let mut table = FlowTable::new(3);
        let slots: Vec<u32> = (1..=3).map(|port| table.insert(flow(port))).collect();
        assert!(table.full());
        table.touch(slots[0]);
        assert_eq!(table.oldest(), Some(slots[1]));
        table.remove(slots[1]);
        assert_eq!(table.oldest(), Some(slots[2]));
        assert_eq!(table.newer(slots[2]), Some(slots[0]));
        assert_eq!(table.find(&flow(2).key), None);
        assert_eq!(table.find(&flow(1).key), Some(slots[0]));
        assert_eq!(table.insert(flow(9)), slots[1]);
    }

    #[test]
    fn both_directions_have_one_key() {
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let (there, forward) = FlowKey::new(0, 6, (a, 40000), (b, 502));
        let (back, backward) = FlowKey::new(0, 6, (b, 502), (a, 40000));
        assert_eq!(there, back);
        assert_ne!(forward, backward);
    }
}
