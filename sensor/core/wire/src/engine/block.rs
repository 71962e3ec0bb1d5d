//! A block of packets between the tap and the shards: bytes copied once, sorted by shard.
//!
//! The shards run through a block one after the other (or on several threads at once), so what one shard keeps stays in
//! the cache for all its packets of the block. A block never changes a result: it only groups.
//!
//! What is kept of a packet is little more than one cache line. Its headers are read again in the shard, which costs less than
//! carrying them there; only what came the long way (tunnels, fragments, other link types) is carried.

use prefetch_index::prefetch_index;

use crate::frame::{brief, plain, Brief, Frame, Print};
use crate::hash::SHARDS;
use crate::packet::{LinkType, Packet, Tag};

/// One packet that is on its way to its shard.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    ts_ns: u64,
    /// Engine time.
    pub now_ns: u64,
    number: u64,
    offset: u64,
    /// `hash::flow_hash` of its conversation.
    pub flow: u64,
    /// `Print::by_id` and `Print::place`.
    pub print: u64,
    place: u32,
    packet_at: Place,
    /// Index into `odd`; [`PLAIN`]: there is nothing, but these two say where its payload lies in the packet.
    odd: u32,
    payload_at: u16,
    payload_len: u16,
    input: u16,
    pub segment: u16,
}

const PLAIN: u32 = u32::MAX;

/// What is known of a packet in front of the shards, beside its headers.
#[derive(Clone, Copy, Debug)]
pub struct Routed {
    pub now_ns: u64,
    pub segment: u16,
    /// `hash::flow_hash` of its conversation.
    pub flow: u64,
    pub print: Print,
    /// See [`Frame::excused`].
    pub excused: bool,
    pub shard: usize,
}

/// What is carried of a frame whose headers are not read again.
#[derive(Debug)]
struct Odd {
    frame: Frame<'static>,
    print: Print,
    wire_len: u32,
    link: LinkType,
    vlan: Option<Tag>,
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
    odd: Vec<Odd>,
    pub ticks: Vec<Tick>,
    by_shard: Box<[Vec<u32>]>,
    /// Place of the first packet or tick in the order of everything, and of the next.
    first_order: u64,
    next_order: u64,
}

impl Block {
    pub fn new() -> Self {
        let by_shard = (0..SHARDS).map(|_| Vec::new()).collect();
        let (bytes, items, odd, ticks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { bytes, items, odd, ticks, by_shard, first_order: 1, next_order: 1 }
    }

    /// Empty it for what comes after `next_order`; allocations stay.
    pub fn clear(&mut self, next_order: u64) {
        self.bytes.clear();
        self.items.clear();
        self.odd.clear();
        self.ticks.clear();
        self.by_shard.iter_mut().for_each(Vec::clear);
        (self.first_order, self.next_order) = (next_order, next_order);
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

    pub fn tick(&mut self, now_ns: u64) {
        let before = narrow(self.items.len());
        let order = self.next_order;
        self.next_order = order.saturating_add(1);
        self.ticks.push(Tick { before, now_ns, order });
    }

    /// Take a packet whose headers are read again from its bytes (`Frame::is_in_its_bytes`).
    #[inline]
    pub fn push(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, routed: &Routed) {
        let packet_at = self.keep(packet.data);
        let inside = frame.payload.as_ptr().addr().wrapping_sub(packet.data.as_ptr().addr());
        let short = |length: usize| u16::try_from(length).unwrap_or(0);
        self.put(packet, packet_at, routed, PLAIN, (short(inside), short(frame.payload.len())));
    }

    /// Take a packet whose headers are read again from its bytes, although its checksum is wrong.
    #[cold]
    pub fn push_excused(&mut self, packet: &Packet<'_>, routed: &Routed) {
        if let Some(frame) = plain(packet) {
            self.push_odd(packet, &frame, routed);
        }
    }

    /// Take a packet with what its headers said.
    #[cold]
    pub fn push_odd(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, routed: &Routed) {
        let packet_at = self.keep(packet.data);
        // The segment is a part of the packet: how far into it says the distance of their addresses.
        let inside = frame.segment.as_ptr().addr().wrapping_sub(packet.data.as_ptr().addr());
        let segment_at = if inside.saturating_add(frame.segment.len()) <= packet.data.len() {
            Place { start: packet_at.start.saturating_add(narrow(inside)), len: narrow(frame.segment.len()) }
        } else {
            self.keep(frame.segment)
        };
        let payload_len = narrow(frame.payload.len());
        let frame = Frame { excused: routed.excused, ..frame.without_bytes() };
        let Packet { wire_len, link, vlan, .. } = *packet;
        let print = routed.print;
        self.odd.push(Odd { frame, print, wire_len, link, vlan, segment_at, payload_len });
        self.put(packet, packet_at, routed, narrow(self.odd.len().saturating_sub(1)), (0, 0));
    }

    #[inline]
    fn put(&mut self, packet: &Packet<'_>, packet_at: Place, routed: &Routed, odd: u32, payload: (u16, u16)) {
        let place = narrow(self.items.len());
        let Packet { ts_ns, number, input, offset, .. } = *packet;
        let Routed { now_ns, segment, flow, print, shard, .. } = *routed;
        let (payload_at, payload_len) = payload;
        self.items.push(Item {
            ts_ns,
            now_ns,
            number,
            offset,
            flow,
            print: print.by_id,
            place: print.place,
            packet_at,
            odd,
            payload_at,
            payload_len,
            input,
            segment,
        });
        self.next_order = self.next_order.saturating_add(1);
        if let Some(list) = self.by_shard.get_mut(shard) {
            list.push(place);
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

    /// Ask for the memory of a packet's bytes.
    #[inline]
    pub fn prefetch(&self, item: &Item) {
        prefetch_index(&self.bytes, item.packet_at.start as usize);
    }

    /// Place of an item in the order of everything, behind so many of the block's ticks.
    #[inline]
    pub fn order(&self, number: u32, ticks: u64) -> u64 {
        self.first_order.saturating_add(number.into()).saturating_add(ticks)
    }

    /// A plain packet, and what is needed of its headers.
    #[inline(always)]
    pub fn brief<'a>(&'a self, item: &Item) -> Option<(Packet<'a>, Brief<'a>)> {
        if item.odd != PLAIN {
            return None;
        }
        let packet = self.plain_packet(item);
        let start = usize::from(item.payload_at);
        let end = start.wrapping_add(usize::from(item.payload_len));
        Some((packet, brief(packet.data, start..end)?))
    }

    #[inline(always)]
    fn plain_packet<'a>(&'a self, item: &Item) -> Packet<'a> {
        let Item { ts_ns, number, offset, input, packet_at, .. } = *item;
        let data = self.bytes(packet_at);
        Packet { ts_ns, number, input, link: LinkType::Ethernet, wire_len: packet_at.len, data, vlan: None, offset }
    }

    /// Any packet, with its headers.
    #[cold]
    pub fn whole<'a>(&'a self, item: &Item) -> Option<(Packet<'a>, Frame<'a>)> {
        let Some(odd) = self.odd.get(item.odd as usize) else {
            let packet = self.plain_packet(item);
            return Some((packet, plain(&packet)?));
        };
        let Item { ts_ns, number, offset, input, packet_at, .. } = *item;
        let Odd { wire_len, link, vlan, .. } = *odd;
        let packet = Packet { ts_ns, number, input, link, wire_len, data: self.bytes(packet_at), vlan, offset };
        Some((packet, odd.frame.over(self.bytes(odd.segment_at), odd.payload_len as usize)))
    }

    /// Fingerprints of a packet's frame.
    #[inline]
    pub fn print(&self, item: &Item) -> Print {
        match self.odd.get(item.odd as usize) {
            None => Print { by_id: item.print, by_sequence: 0, place: item.place, lan: 0 },
            Some(odd) => odd.print,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_little_more_than_one_cache_line() {
        assert!(size_of::<Item>() <= 72, "{}", size_of::<Item>());
    }
}
