//! One logical shard: its conversations and what is made of them.

use super::block::{Block, Tick};
use crate::analysis::Analysis;
use crate::frame::Duplicates;
use crate::ledger::{Ledger, Skip};
use crate::limits;
use crate::reader::Stamp;
use crate::stream::{Address, Streams};

pub struct Shard {
    number: usize,
    duplicates: Duplicates,
    streams: Streams,
    pub analysis: Analysis,
    ledger: Ledger,
    /// Addresses of the block's packets, and where their flows were found. Empty between blocks.
    found: Vec<(Address, Option<u32>)>,
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
            let address = Address::new(&block.frame(item), &item.stamp, item.pair);
            let slot = self.streams.locate(&address);
            self.found.push((address, slot));
        }
        let found = std::mem::take(&mut self.found);
        let mut ticks = block.ticks.iter().peekable();
        for (number, (address, hint)) in items.iter().zip(&found) {
            while let Some(tick) = ticks.next_if(|tick| tick.before <= *number) {
                self.tick(tick);
            }
            let Some(item) = block.item(*number) else { continue };
            self.analysis.at(item.stamp.now_ns, item.order);
            let frame = block.frame(item);
            let Stamp { input, ts_ns, .. } = item.stamp;
            if self.duplicates.is_copy(&frame, input, ts_ns, limits::DUPLICATE_NS) {
                self.ledger.skip(Skip::Duplicate);
                continue;
            }
            self.streams.frame(
                &frame,
                &block.packet(item),
                address,
                *hint,
                &item.stamp,
                &mut self.ledger,
                &mut self.analysis,
            );
        }
        for tick in ticks {
            self.tick(tick);
        }
        self.found = found;
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
