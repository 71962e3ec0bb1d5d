//! A block of packets between the tap and the shards: bytes copied once, headers read once, sorted by shard.
//!
//! The shards run through a block one after the other (or on several threads at once), so what one shard keeps stays in
//! the cache for all its packets of the block. A block never changes a result: it only groups.

use crate::frame::Frame;
use crate::hash::SHARDS;
use crate::packet::Packet;
use crate::reader::Stamp;

/// One packet that is on its way to its shard.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Everything but the bytes.
    frame: Frame<'static>,
    pub stamp: Stamp,
    /// As it was captured; its bytes stand in the block.
    packet: Packet<'static>,
    /// Hash of the conversation (`hash::pair_hash`).
    pub pair: u64,
    /// Place in the order of everything.
    pub order: u64,
    packet_at: Place,
    /// The layer-4 segment: a part of the packet, unless it was put together from several.
    segment_at: Place,
    payload_len: u32,
}

/// Where bytes stand in a block.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    len: u32,
}

/// Engine time came to `now_ns` before the packet at `before` (an index into the block's items).
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    pub before: u32,
    pub now_ns: u64,
    /// Place in the order of everything: no packet and no other tick has it.
    pub order: u64,
}

#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    items: Vec<Item>,
    pub ticks: Vec<Tick>,
    by_shard: Box<[Vec<u32>]>,
    /// Place of what comes next in the order of everything.
    next_order: u64,
}

impl Block {
    pub fn new() -> Self {
        let by_shard = (0..SHARDS).map(|_| Vec::new()).collect();
        Self { bytes: Vec::new(), items: Vec::new(), ticks: Vec::new(), by_shard, next_order: 1 }
    }

    /// Empty it for what comes after `next_order`; allocations stay.
    pub fn clear(&mut self, next_order: u64) {
        self.bytes.clear();
        self.items.clear();
        self.ticks.clear();
        self.by_shard.iter_mut().for_each(Vec::clear);
        self.next_order = next_order;
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.ticks.is_empty()
    }

    pub fn next_order(&self) -> u64 {
        self.next_order
    }

    #[inline]
    fn order(&mut self) -> u64 {
        let order = self.next_order;
        self.next_order = order.saturating_add(1);
        order
    }

    pub fn tick(&mut self, now_ns: u64) {
        let before = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let order = self.order();
        self.ticks.push(Tick { before, now_ns, order });
    }

    #[inline]
    pub fn push(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, stamp: Stamp, pair: u64, shard: usize) {
        let packet_at = self.keep(packet.data);
        // The segment is a part of the packet: how far into it says the distance of their addresses.
        let inside = frame.segment.as_ptr().addr().wrapping_sub(packet.data.as_ptr().addr());
        let len = narrow(frame.segment.len());
        let segment_at = if inside.saturating_add(frame.segment.len()) <= packet.data.len() {
            Place { start: packet_at.start.saturating_add(narrow(inside)), len }
        } else {
            self.keep(frame.segment)
        };
        let payload_len = narrow(frame.payload.len());
        let packet = Packet { data: &[], ..*packet };
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let order = self.order();
        let frame = frame.without_bytes();
        self.items.push(Item { frame, stamp, packet, pair, order, packet_at, segment_at, payload_len });
        if let Some(list) = self.by_shard.get_mut(shard) {
            list.push(number);
        }
    }

    /// Items of one shard, in order of arrival.
    #[inline]
    pub fn of_shard(&self, shard: usize) -> &[u32] {
        self.by_shard.get(shard).map_or(&[], Vec::as_slice)
    }

    #[inline]
    pub fn item(&self, number: u32) -> Option<&Item> {
        self.items.get(number as usize)
    }

    #[inline]
    pub fn frame<'a>(&'a self, item: &Item) -> Frame<'a> {
        item.frame.over(self.bytes(item.segment_at), item.payload_len as usize)
    }

    #[inline]
    pub fn packet<'a>(&'a self, item: &Item) -> Packet<'a> {
        Packet { data: self.bytes(item.packet_at), ..item.packet }
    }

    #[inline]
    fn keep(&mut self, bytes: &[u8]) -> Place {
        let start = narrow(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        Place { start, len: narrow(bytes.len()) }
    }

    #[inline]
    fn bytes(&self, place: Place) -> &[u8] {
        let start = place.start as usize;
        self.bytes.get(start..start.saturating_add(place.len as usize)).unwrap_or_default()
    }
}

/// Lengths within a block, which ends long before 4 GiB.
#[inline]
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(0)
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}
