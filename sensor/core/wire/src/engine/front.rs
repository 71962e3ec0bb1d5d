//! In front of the shards, in order of arrival: engine time, headers and tunnels, fragments, the user's filter,
//! checksums, which shard.

use super::block::{Block, Routed};
use crate::clock::Clock;
use crate::filter::{Fact, Filter};
use crate::frame::{
    decode, decode_datagram, plain, Checksums, Decoded, Fragments, Frame, Joined, Layer4, Outline, Path, Prints,
    Verdict,
};
use crate::hash::{flow_hash, pair_hash, shard_of_pair};
use crate::ledger::{add, Ledger, Loss, Skip};
use crate::limits;
use crate::neighbours::Neighbours;
use crate::packet::{Lost, Packet};
use crate::protocol::{self, Protocol};
use crate::segments::{Doubles, Segments};

/// Engine time between two looks at the timers. Silence is seen within it.
const TICK_NS: u64 = 100_000_000;

/// EtherType of IPv4.
const IPV4: u16 = 0x0800;

pub struct Front {
    clock: Clock,
    /// Packets that never come to a shard, and what was received.
    pub ledger: Ledger,
    filter: Option<Filter>,
    next_tick_ns: u64,
    /// What lay around the frame that is being looked at.
    path: Path,
    fragments: Fragments,
    checksums: Option<Checksums>,
    prints: Prints,
    pub segments: Segments,
    doubles: Doubles,
    neighbours: Neighbours,
}

impl Front {
    /// `checksums`: whether segments with a wrong one are kept back.
    pub fn new(filter: Option<Filter>, checksums: bool) -> Self {
        Self {
            clock: Clock::default(),
            ledger: Ledger::default(),
            filter,
            next_tick_ns: 0,
            path: Path::default(),
            fragments: Fragments::new(limits::FRAGMENT_BYTES),
            checksums: checksums.then(Checksums::default),
            prints: Prints::default(),
            segments: Segments::default(),
            doubles: Doubles::default(),
            neighbours: Neighbours::default(),
        }
    }

    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, block: &mut Block) {
        add(&mut self.ledger.received, 1);
        add(&mut self.ledger.bytes, u64::from(packet.wire_len));
        let now_ns = self.clock.see(packet.ts_ns, &mut self.ledger.notes);
        self.advance(now_ns, block);
        match plain(packet) {
            Some(frame) if frame.is_in_its_bytes(packet) => {
                if self.filter.as_ref().is_some_and(|filter| !plain_wanted(filter, packet)) {
                    return self.ledger.skip(Skip::Filter);
                }
                self.path.clear();
                match self.route(packet, &frame, now_ns) {
                    // The long way, so that the short one need not ask.
                    Some(routed) if routed.excused => block.push_excused(packet, &routed),
                    Some(routed) => block.push(packet, &frame, &routed),
                    None => {}
                }
            }
            _ => self.odd(packet, now_ns, block),
        }
    }

    /// A frame with tags, tunnels or a trailer, a fragment, another link type, …
    #[cold]
    fn odd(&mut self, packet: &Packet<'_>, now_ns: u64, block: &mut Block) {
        let (mut outline, mut whole) = (Outline::default(), None);
        let mut decoded = decode(packet, &mut outline, &mut self.path);
        if self.filter.as_ref().is_some_and(|filter| !wanted(filter, &outline)) {
            return self.ledger.skip(Skip::Filter);
        }
        while let Decoded::Piece(piece) = decoded {
            let segment = self.segments.of(packet.input, piece.vlan, &self.path);
            match self.fragments.add(&piece, &self.path, segment, packet.number, now_ns, &mut self.ledger) {
                Joined::Whole(joined) => {
                    decoded = decode_datagram(whole.insert(joined), &mut outline, &mut self.path);
                }
                Joined::Waiting | Joined::Dropped => return,
            }
        }
        let mut frame = match decoded {
            Decoded::Frame(frame) => frame,
            Decoded::Skip(reason) => return self.ledger.skip(reason),
            Decoded::Piece(_) => return,
        };
        if let Layer4::Arp { claim } = &mut frame.layer4 {
            let segment = self.segments.of(packet.input, frame.vlan, &self.path);
            *claim = self.neighbours.see(segment, frame.vlan, frame.payload, now_ns);
        }
        if let Some(routed) = self.route(packet, &frame, now_ns) {
            block.push_odd(packet, &frame, &routed);
        }
    }

    /// Where a frame belongs, by itself and by the path it came; nowhere when no receiver takes it.
    #[inline(always)]
    fn route(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, now_ns: u64) -> Option<Routed> {
        let digest = self.prints.digest(frame, packet.ts_ns);
        let ledger = &mut self.ledger;
        let judged = self.checksums.as_mut().map(|sums| sums.judge(frame, digest, packet.input, ledger));
        if judged == Some(Verdict::Refused) {
            self.ledger.skip(Skip::BadChecksum);
            return None;
        }
        let excused = judged == Some(Verdict::Excused);
        let segment = self.segments.of(packet.input, frame.vlan, &self.path);
        self.doubles.see(segment, frame, &mut self.ledger);
        let pair = pair_hash(segment, frame.source, frame.destination);
        let flow = flow_hash(pair, frame.layer4.ports(), frame.layer4.number());
        let print = self.prints.of(frame, digest);
        Some(Routed { now_ns, segment, flow, print, excused, shard: shard_of_pair(pair) })
    }

    pub fn tick(&mut self, ts_ns: u64, block: &mut Block) {
        let now_ns = self.clock.tick(ts_ns, &mut self.ledger.notes);
        self.advance(now_ns, block);
    }

    pub fn lost(&mut self, place: Lost, packets: u64) {
        let loss = match place {
            Lost::Kernel => Loss::Kernel,
            Lost::FileCut => Loss::FileCut,
            Lost::Late => return add(&mut self.ledger.notes.late, packets),
        };
        add(&mut self.ledger.received, packets);
        self.ledger.lose(loss, packets);
    }

    /// Nothing more will come: pieces that wait are accounted for.
    pub fn finish(&mut self) {
        self.fragments.finish(&mut self.ledger);
    }

    /// Ticks lie on a fixed grid of engine time.
    #[inline]
    fn advance(&mut self, now_ns: u64, block: &mut Block) {
        if now_ns >= self.next_tick_ns {
            self.next_tick_ns = (now_ns / TICK_NS).saturating_add(1).saturating_mul(TICK_NS);
            self.fragments.tick(now_ns, &mut self.ledger);
            block.tick(now_ns);
        }
    }
}

/// [`wanted`] of a plain frame, whose headers are read once more: handed over they would have to stand in memory for every
/// packet, filter or not.
#[inline(never)]
fn plain_wanted(filter: &Filter, packet: &Packet<'_>) -> bool {
    plain(packet).is_none_or(|frame| wanted(filter, &Outline::of(&frame, IPV4)))
}

/// What the filter may ask; the application is told by the well-known port.
fn wanted(filter: &Filter, outline: &Outline) -> bool {
    let ports = [outline.source_port, outline.destination_port];
    let of_port = |protocol: &&Protocol| protocol.ports().iter().any(|port| ports.contains(&Some(*port)));
    let application = protocol::all().find(of_port).map(|protocol| protocol.name);
    filter.keeps(&Fact {
        source: outline.source,
        destination: outline.destination,
        source_port: outline.source_port,
        destination_port: outline.destination_port,
        vlan: outline.vlan,
        transport: outline.transport,
        ethertype: outline.ethertype,
        application,
    })
}
