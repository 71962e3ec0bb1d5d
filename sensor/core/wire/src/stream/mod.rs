//! Flows and streams of one logical shard: frames in, messages out to a [`Consumer`].

mod attempts;
mod calls;
mod conflict;
mod datagram;
mod ending;
mod feed;
mod half;
mod held;
mod holes;
mod segment;

use std::sync::Arc;

pub use half::{Half, Place, Resume, WINDOW};
pub use held::{Held, Segment, PACKET_COST};

use attempts::Attempts;
use calls::Calls;
use conflict::Key;

use crate::baseline::Trail;
use crate::event::Endpoint;
use crate::flow::{Address, Flow, FlowTable};
use crate::frame::{tcp, Brief, Frame, Layer4};
use crate::ledger::{add, Ledger, Loss, Skip};
use crate::marks::Marks;
use crate::packet::Packet;
use crate::protocol::flow::Reason;
use crate::reader::{Consumer, Reader, Stamp};
use crate::site::Site;

/// Length of the list of holes from which on it is looked through for doubles.
const HOLES: usize = 4096;

/// Everything keyed by a conversation: owned by one shard, so threads share nothing.
pub struct Streams {
    table: FlowTable,
    reader: Reader,
    /// Flows with a hole, to be given up when it stays open too long.
    holes: Vec<u32>,
    /// When `holes` is that long, doubles are taken out.
    holes_due: usize,
    held_bytes: usize,
    attempts: Attempts,
    calls: Calls,
    /// Of the prints of what was read.
    key: Key,
}

/// A MAC address of several stations (IEEE 802 8.2.2).
fn is_group([first, ..]: [u8; 6]) -> bool {
    first & 1 == 1
}

/// A TCP segment on its way into its direction.
struct Piece<'a> {
    side: usize,
    sequence: u32,
    payload: &'a [u8],
    missing: u32,
    /// Its checksum is wrong, and was excused.
    excused: bool,
}

impl Streams {
    pub fn new(flows: usize, site: Arc<Site>) -> Self {
        Self {
            table: FlowTable::new(flows),
            reader: Reader::new(site),
            holes: Vec::new(),
            holes_due: HOLES,
            held_bytes: 0,
            attempts: Attempts::default(),
            calls: Calls::default(),
            key: Key::drawn(),
        }
    }

    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// Where the flow of that hash stands, most likely. Asked for many packets one after the other, the memory of all
    /// these flows is fetched at the same time.
    #[inline]
    pub fn place(&self, hash: u64) -> u32 {
        self.table.place(hash)
    }

    /// Ask for the memory of the flow at that place.
    #[inline]
    pub fn prefetch(&self, place: u32) {
        if let Some(flow) = self.table.at(place) {
            flow.prefetch();
        }
    }

    /// What the rooms behind remember of the flow at that place.
    #[inline]
    pub fn marks(&self, place: u32) -> Option<&Marks> {
        self.table.at(place).map(|flow| &flow.marks)
    }

    pub fn marks_mut(&mut self, slot: u32) -> Option<&mut Marks> {
        self.table.get(slot).map(|flow| &mut flow.marks)
    }

    /// The flow of that address, asked for at that place first, and the sender's place in it.
    #[inline]
    pub fn find(&self, place: u32, address: &Address) -> Option<(u32, usize)> {
        self.table.find_at(place, address)
    }

    /// Whether all that is to be done with this frame is to read its payload, as [`Streams::next`] does.
    #[inline]
    pub fn runs(&self, (slot, side): (u32, usize), frame: &Brief<'_>) -> bool {
        let ordinary = frame.flags & (tcp::SYN | tcp::FIN | tcp::RST) == 0;
        let runs = |flow: &Flow| flow.runs(side, frame.sequence);
        ordinary && !frame.payload.is_empty() && self.table.at(slot).is_some_and(runs)
    }

    /// Take a frame's payload that is next in line. Comes to the same as [`Streams::frame`] where [`Streams::runs`].
    #[inline]
    #[allow(clippy::too_many_arguments)]
    pub fn next<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        brief: &Brief<'_>,
        packet: &Packet<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(flow) = self.table.get(slot) else { return ledger.skip(Skip::NoParser) };
        flow.last_ns = stamp.now_ns;
        consumer.packet(&mut flow.marks, packet);
        let payload = brief.payload;
        if flow.volume.add(side, payload.len()) {
            self.reader.about_volume(flow, stamp, ledger, consumer);
        }
        if flow.ttl.get(side).is_some_and(|ttl| *ttl != brief.ttl) {
            let mac = packet.data.get(6..).and_then(|rest| rest.first_chunk()).copied();
            self.reader.about_path(flow, side, (brief.ttl, mac), stamp, ledger, consumer);
        }
        if let Some(half) = flow.halves.get_mut(side) {
            half.advance(payload.len());
            half.remember(payload, self.key);
        }
        let progress = self.reader.read_here(flow, side, payload, stamp, ledger, consumer);
        self.read_so_far(slot, side, payload, progress, ledger);
    }

    /// Take one frame; `found` is its flow, if it is known. It ends in exactly one class of the ledger, or is held.
    #[allow(clippy::too_many_arguments)]
    pub fn frame<C: Consumer>(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        address: &Address,
        mut found: Option<(u32, usize)>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let flags = match frame.layer4 {
            Layer4::Tcp { flags, .. } => flags,
            Layer4::Udp { .. } | Layer4::Arp { .. } | Layer4::Other { .. } => 0,
        };
        if flags & (tcp::SYN | tcp::ACK) == tcp::SYN {
            if let Some((slot, _)) = found.filter(|(slot, side)| self.reopened(*slot, *side, frame)) {
                self.end(slot, Reason::Closed, stamp, ledger, consumer);
                found = None;
            }
        }
        let begins = found.is_none();
        let (slot, side) = match found {
            Some(found) => found,
            // An acknowledgement of nothing we know opens no conversation.
            None if frame.payload.is_empty() && flags & tcp::SYN == 0 => return ledger.skip(Skip::NoPayload),
            None => (self.open(address, frame, stamp, ledger, consumer), address.side()),
        };
        let Some(flow) = self.table.get(slot) else { return ledger.skip(Skip::NoParser) };
        flow.last_ns = stamp.now_ns;
        if let Some(sender) = flow.sides.get_mut(side).filter(|sender| is_group(sender.mac)) {
            // It was first spoken to by way of everybody.
            sender.mac = frame.source_mac;
            consumer.station(stamp.segment, sender, stamp.vlan, stamp.ts_ns);
        }
        consumer.packet(&mut flow.marks, packet);
        if flow.volume.add(side, frame.payload.len().saturating_add(frame.missing as usize)) {
            self.reader.about_volume(flow, stamp, ledger, consumer);
        }
        // Of new data only: a mirror that shows both sides of a router shows all of it once more with another time to live.
        let begins_new = |half: &Half, sequence| !half.started || half.next == sequence;
        let tells = match frame.layer4 {
            Layer4::Tcp { sequence, .. } if !frame.payload.is_empty() => {
                flow.halves.get(side).is_some_and(|half| begins_new(half, sequence))
            }
            _ => false,
        };
        if tells && flow.ttl.get(side).is_some_and(|ttl| *ttl != frame.ttl) {
            self.reader.about_path(flow, side, (frame.ttl, Some(frame.source_mac)), stamp, ledger, consumer);
        }
        if begins {
            self.began(slot, frame, stamp, ledger, consumer);
        }
        match frame.layer4 {
            Layer4::Tcp { sequence, acknowledgement, .. } => {
                self.tcp(slot, side, frame, (sequence, acknowledgement, flags), stamp, ledger, consumer);
            }
            Layer4::Udp { .. } | Layer4::Arp { .. } | Layer4::Other { .. } => {
                self.datagram(slot, side, frame, stamp, ledger, consumer)
            }
        }
    }

    /// A SYN on a conversation that is already known: the ports are used again, unless it is the same SYN once more.
    fn reopened(&mut self, slot: u32, side: usize, frame: &Frame<'_>) -> bool {
        let Layer4::Tcp { sequence, .. } = frame.layer4 else { return false };
        let half = self.table.get(slot).and_then(|flow| flow.halves.get(side));
        let first = sequence.wrapping_add(1);
        // A SYN that comes after its own data is no other connection.
        let same =
            |half: &Half| half.initial().map_or(half.seen_from == first || half.next == first, |known| known == first);
        half.is_some_and(|half| half.started && !same(half))
    }

    fn open<C: Consumer>(
        &mut self,
        address: &Address,
        frame: &Frame<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) -> u32 {
        let side = address.side();
        if self.table.full() {
            if let Some(oldest) = self.table.oldest() {
                add(&mut ledger.notes.flows_evicted, 1);
                self.told_end(oldest, Reason::Evicted, stamp, ledger, consumer);
                let packets = self.drop_flow(oldest, ledger);
                ledger.lose(Loss::FlowEvicted, packets);
            }
        }
        add(&mut ledger.notes.flows_opened, 1);
        let (source_port, destination_port) = frame.layer4.ports();
        let source = Endpoint { ip: frame.source, port: source_port, mac: frame.source_mac };
        let destination = Endpoint { ip: frame.destination, port: destination_port, mac: frame.destination_mac };
        consumer.station(stamp.segment, &source, stamp.vlan, stamp.ts_ns);
        consumer.station(stamp.segment, &destination, stamp.vlan, stamp.ts_ns);
        let sides = if side == 0 { [source, destination] } else { [destination, source] };
        let flags = match frame.layer4 {
            Layer4::Tcp { flags, .. } => flags,
            Layer4::Udp { .. } | Layer4::Arp { .. } | Layer4::Other { .. } => 0,
        };
        let other = usize::from(side == 0);
        // Without a handshake the lower port is taken for the server's until the protocol tells.
        let client = match flags & (tcp::SYN | tcp::ACK) {
            tcp::SYN => side,
            both if both == tcp::SYN | tcp::ACK => other,
            _ if source_port < destination_port => other,
            _ => side,
        };
        self.table.insert(Flow::new(address, sides, u8::from(client == 1), stamp.now_ns))
    }

    #[allow(clippy::too_many_arguments)]
    fn tcp<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        frame: &Frame<'_>,
        (sequence, acknowledgement, flags): (u32, u32, u8),
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let other = usize::from(side == 0);
        if flags & tcp::ACK != 0 {
            self.acknowledged(slot, other, acknowledgement, stamp, ledger, consumer);
        }
        let mut sequence = sequence;
        let flow = self.table.get(slot).map(|flow| (flow.halves.get_mut(side), &mut flow.marks));
        if let Some((Some(half), marks)) = flow {
            if flags & tcp::SYN != 0 {
                sequence = sequence.wrapping_add(1);
                if !half.started {
                    half.start(sequence);
                    if flags & tcp::ACK == 0 {
                        marks.trail = Trail::begun();
                    }
                }
                half.open(sequence);
            }
            if flags & tcp::FIN != 0 {
                let length = u32::try_from(frame.payload.len()).unwrap_or(0).wrapping_add(frame.missing);
                half.close(sequence.wrapping_add(length));
            }
        }
        if frame.payload.is_empty() {
            ledger.skip(if frame.missing > 0 { Skip::Truncated } else { Skip::NoPayload });
            self.cut(slot, side, sequence, frame.missing, ledger);
        } else {
            let Frame { payload, missing, excused, .. } = *frame;
            let piece = Piece { side, sequence, payload, missing, excused };
            self.segment(slot, &piece, stamp, ledger, consumer);
        }
        if self.table.at(slot).is_some_and(|flow| ending::over(flow, side, sequence, flags)) {
            let reason = if flags & tcp::RST == 0 { Reason::Closed } else { Reason::Reset };
            self.end(slot, reason, stamp, ledger, consumer);
        }
    }
}
