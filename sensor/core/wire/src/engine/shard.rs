//! One logical shard: its conversations and what is made of them.

use std::net::IpAddr;
use std::sync::Arc;

use super::block::{Block, Item, Tick};
use crate::analysis::Analysis;
use crate::evidence::Wanted;
use crate::flow::Address;
use crate::frame::{Duplicates, Print};
use crate::ledger::{Ledger, Skip};
use crate::limits;
use crate::packet::Packet;
use crate::reader::Stamp;
use crate::site::Site;
use crate::stream::Streams;

/// As the IP header calls it.
const TCP: u8 = 6;

pub struct Shard {
    number: usize,
    duplicates: Duplicates,
    duplicate_ns: u64,
    streams: Streams,
    pub analysis: Analysis,
    ledger: Ledger,
    /// Where the flows of the block's packets stand, most likely. Empty between blocks.
    found: Vec<u32>,
}

impl Shard {
    pub fn new(number: usize, flows: usize, duplicate_ns: u64, site: Arc<Site>, analysis: Analysis) -> Self {
        Self {
            number,
            duplicates: Duplicates::new(limits::DUPLICATES),
            duplicate_ns,
            streams: Streams::new(flows, site),
            analysis,
            ledger: Ledger::default(),
            found: Vec::new(),
        }
    }

    pub fn number(&self) -> usize {
        self.number
    }

    /// Packets of a conversation for an alert that was decided behind the merge.
    pub fn show(&mut self, address: &Address, wanted: &Wanted) {
        let place = self.streams.place(address.hash);
        let found = self.streams.find(place, address);
        let marks = found.and_then(|(slot, _)| self.streams.marks_mut(slot));
        self.analysis.show_later(marks.map(|marks| &mut marks.evidence), wanted);
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

    /// Look up this shard's part of a block, and ask for the memory of the flows.
    pub fn look_up(&mut self, block: &Block) {
        self.found.clear();
        for item in block.of_shard(self.number).iter().filter_map(|number| block.item(*number)) {
            block.prefetch(item);
            self.duplicates.prefetch(item.print);
            self.found.push(self.streams.place(item.flow));
        }
    }

    /// Ask for the rest of the flows' memory.
    pub fn prefetch_flows(&self) {
        self.found.iter().for_each(|place| self.streams.prefetch(*place));
    }

    /// Ask for what the flows point to.
    pub fn prefetch_rooms(&self) {
        self.found
            .iter()
            .filter_map(|place| self.streams.marks(*place))
            .for_each(|marks| self.analysis.prefetch(marks));
    }

    /// Run through this shard's part of a block, which was looked up.
    pub fn run(&mut self, block: &Block) {
        let items = block.of_shard(self.number);
        let found = std::mem::take(&mut self.found);
        let mut ticks = block.ticks.iter();
        let mut next = ticks.next();
        let mut passed = 0u64;
        for (number, place) in items.iter().zip(&found) {
            while let Some(tick) = next.filter(|tick| tick.before <= *number) {
                self.tick(tick);
                passed = passed.saturating_add(1);
                next = ticks.next();
            }
            if let Some(item) = block.item(*number) {
                self.analysis.at(item.now_ns, block.order(*number, passed));
                self.packet(block, item, *place);
            }
        }
        next.into_iter().chain(ticks).for_each(|tick| self.tick(tick));
        self.found = found;
    }

    /// `place`: where its flow stands, most likely.
    #[inline]
    fn packet(&mut self, block: &Block, item: &Item, place: u32) {
        let Some((packet, brief)) = block.brief(item) else { return self.whole(block, item, place, false) };
        let Packet { number, ts_ns, input, .. } = packet;
        if self.is_copy(block.print(item), brief.source.0, input, ts_ns) {
            return self.ledger.skip(Skip::Duplicate);
        }
        let Item { now_ns, segment, flow: hash, .. } = *item;
        let (source, destination, transport) = (brief.source, brief.destination, TCP);
        let found = self.streams.find(place, &Address { hash, source, destination, segment, transport });
        let Some((slot, side)) = found.filter(|found| self.streams.runs(*found, &brief)) else {
            return self.whole(block, item, place, true);
        };
        // Nearly every packet of a plant: next in line, nothing waits.
        let stamp = Stamp { number, ts_ns, now_ns, input, vlan: None, segment, transport };
        self.streams.next(slot, side, &brief, &packet, &stamp, &mut self.ledger, &mut self.analysis);
    }

    #[inline(always)]
    fn is_copy(&mut self, print: Print, source: IpAddr, input: u16, ts_ns: u64) -> bool {
        self.duplicate_ns > 0 && self.duplicates.is_copy(print, source, input, ts_ns, self.duplicate_ns)
    }

    /// The long way. `no_copy`: that was looked at.
    #[inline(never)]
    fn whole(&mut self, block: &Block, item: &Item, place: u32, no_copy: bool) {
        let Some((packet, frame)) = block.whole(item) else { return self.ledger.skip(Skip::BadFrame) };
        let Packet { number, ts_ns, input, .. } = packet;
        let print = block.print(item);
        if !no_copy && self.is_copy(print, frame.source, input, ts_ns) {
            return self.ledger.skip(Skip::Duplicate);
        }
        let Item { now_ns, segment, flow: hash, .. } = *item;
        let (vlan, transport) = (frame.vlan, frame.layer4.number());
        let (source_port, destination_port) = frame.layer4.ports();
        let (source, destination) = ((frame.source, source_port), (frame.destination, destination_port));
        let address = Address { hash, source, destination, segment, transport };
        let stamp = Stamp { number, ts_ns, now_ns, input, vlan, segment, transport };
        let found = self.streams.find(place, &address);
        self.streams.frame(&frame, &packet, &address, found, &stamp, &mut self.ledger, &mut self.analysis);
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
    Stamp { number: 0, ts_ns: now_ns, now_ns, input: 0, vlan: None, segment: 0, transport: TCP }
}
