//! One logical shard: its conversations and what is made of them.

use super::block::{Block, Item, Tick};
use crate::analysis::Analysis;
use crate::flow::Address;
use crate::frame::Duplicates;
use crate::ledger::{Ledger, Skip};
use crate::limits;
use crate::packet::Packet;
use crate::reader::Stamp;
use crate::stream::Streams;

pub struct Shard {
    number: usize,
    duplicates: Duplicates,
    streams: Streams,
    pub analysis: Analysis,
    ledger: Ledger,
    /// Of the block's packets: where their flows stand, most likely, and their fingerprints. Empty between blocks.
    found: Vec<(u32, u64)>,
    /// Sum of what was fetched ahead: it is read so that it is there, and means nothing.
    fetched: u64,
}

impl Shard {
    pub fn new(number: usize, flows: usize, analysis: Analysis) -> Self {
        Self {
            number,
            duplicates: Duplicates::new(limits::DUPLICATES),
            streams: Streams::new(flows),
            analysis,
            ledger: Ledger::default(),
            found: Vec::new(),
            fetched: 0,
        }
    }

    pub fn flows(&self) -> usize {
        self.streams.flows()
    }

    /// Packets given to this shard, in classes; with the hits and notes of its rooms.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger.clone();
        ledger.merge(&self.analysis.ledger);
        ledger
    }

    /// Run through this shard's part of a block.
    pub fn run(&mut self, block: &Block) {
        let items = block.of_shard(self.number);
        // All look-ups first: the memory of flows that lie anywhere is fetched side by side, not one after the other.
        self.found.clear();
        for item in items.iter().filter_map(|number| block.item(*number)) {
            let packet = block.packet(item);
            let print = block.frame(item, &packet).map_or(0, |frame| self.duplicates.print(&frame, packet.ts_ns));
            self.fetched ^= self.duplicates.touch(print);
            self.found.push((self.streams.place(item.flow), print));
        }
        let found = std::mem::take(&mut self.found);
        let mut ticks = block.ticks.iter().peekable();
        for (number, (place, print)) in items.iter().zip(&found) {
            while let Some(tick) = ticks.next_if(|tick| tick.before <= *number) {
                self.tick(tick);
            }
            if let Some(item) = block.item(*number) {
                self.packet(block, item, *place, *print);
            }
        }
        for tick in ticks {
            self.tick(tick);
        }
        self.found = found;
    }

    #[inline]
    fn packet(&mut self, block: &Block, item: &Item, place: u32, print: u64) {
        let packet = block.packet(item);
        let Some(frame) = block.frame(item, &packet) else { return self.ledger.skip(Skip::BadFrame) };
        let Packet { number, ts_ns, input, .. } = packet;
        self.analysis.at(item.now_ns, block.order(item));
        if self.duplicates.is_copy_of(print, &frame, input, ts_ns, limits::DUPLICATE_NS) {
            return self.ledger.skip(Skip::Duplicate);
        }
        let (now_ns, vlan, segment, transport) = (item.now_ns, frame.vlan, item.segment, frame.layer4.number());
        let (source_port, destination_port) = frame.layer4.ports();
        let source = (frame.source, source_port);
        let destination = (frame.destination, destination_port);
        let address = Address { hash: item.flow, source, destination, segment, transport };
        let stamp = Stamp { number, ts_ns, now_ns, input, vlan, segment, transport };
        self.streams.frame(&frame, &packet, &address, place, &stamp, &mut self.ledger, &mut self.analysis);
    }

    /// On a fixed grid of engine time, so that blocks never change a result.
    fn tick(&mut self, tick: &Tick) {
        self.analysis.at(tick.now_ns, tick.order);
        self.streams.tick(tick.now_ns, &stamp_of(tick.now_ns), &mut self.ledger, &mut self.analysis);
        self.analysis.tick();
    }

    /// Nothing more will come. What is held is read or accounted for; every fold is closed.
    pub fn finish(&mut self, now_ns: u64, order: u64) {
        self.analysis.at(now_ns, order);
        self.streams.finish(&stamp_of(now_ns), &mut self.ledger, &mut self.analysis);
        self.analysis.finish();
    }
}

fn stamp_of(now_ns: u64) -> Stamp {
    Stamp { number: 0, ts_ns: now_ns, now_ns, input: 0, vlan: None, segment: 0, transport: 6 }
}
