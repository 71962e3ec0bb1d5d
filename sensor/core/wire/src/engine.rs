//! The whole core behind the tap: a [`Sink`] for packets, batches of findings out.

use crate::analysis::Analysis;
use crate::clock::Clock;
use crate::filter::{Fact, Filter};
use crate::frame::{frame, Layer4, Outline};
use crate::ledger::{add, Ledger, Loss, Notes, Skip};
use crate::packet::{Lost, Packet, Sink};
use crate::protocol::PROTOCOLS;
use crate::reader::Stamp;
use crate::shard::Shard;

/// Engine time between two looks at the timers. Silence is seen within it.
const TICK_NS: u64 = 100_000_000;

pub struct Engine {
    clock: Clock,
    ledger: Ledger,
    shard: Shard,
    pub analysis: Analysis,
    filter: Option<Filter>,
    next_tick_ns: u64,
    finished: bool,
}

impl Engine {
    pub fn new(flows: usize, analysis: Analysis, filter: Option<Filter>) -> Self {
        Self {
            clock: Clock::default(),
            ledger: Ledger::default(),
            shard: Shard::new(flows),
            analysis,
            filter,
            next_tick_ns: 0,
            finished: false,
        }
    }

    /// The account of every packet so far.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger.clone();
        ledger.hits = self.analysis.ledger.hits;
        let own: &Notes = &self.analysis.ledger.notes;
        ledger.notes.folds_evicted = own.folds_evicted;
        ledger.notes.assets_unlisted = own.assets_unlisted;
        ledger.notes.windows_refused = own.windows_refused;
        ledger.notes.slices_dropped = self.analysis.evidence.as_ref().map_or(0, |evidence| evidence.dropped);
        ledger
    }

    pub fn flows(&self) -> usize {
        self.shard.flows()
    }

    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// Nothing more will come. What is held is read or accounted for; every fold is closed.
    pub fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            let now_ns = self.clock.now_ns();
            self.analysis.now_ns = now_ns;
            self.shard.finish(&stamp_of(now_ns), &mut self.ledger, &mut self.analysis);
            self.analysis.finish(now_ns);
        }
    }

    #[inline]
    fn advance(&mut self, now_ns: u64) {
        self.analysis.now_ns = now_ns;
        if now_ns >= self.next_tick_ns {
            self.timers(now_ns);
        }
    }

    /// On a fixed grid of engine time, so that batches never change a result.
    fn timers(&mut self, now_ns: u64) {
        self.next_tick_ns = (now_ns / TICK_NS).saturating_add(1).saturating_mul(TICK_NS);
        self.shard.tick(now_ns, &stamp_of(now_ns), &mut self.ledger, &mut self.analysis);
        self.analysis.tick(now_ns);
    }

    /// What the filter may ask; the application is told by the well-known port.
    fn wanted(filter: &Filter, outline: &Outline) -> bool {
        let ports = [outline.source_port, outline.destination_port];
        let application = PROTOCOLS
            .iter()
            .find(|protocol| protocol.ports.iter().any(|port| ports.contains(&Some(*port))))
            .map(|protocol| protocol.name);
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
}

fn stamp_of(now_ns: u64) -> Stamp {
    Stamp { number: 0, ts_ns: now_ns, now_ns, input: 0, vlan: None, segment: 0, transport: 6 }
}

impl Sink for Engine {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) {
        add(&mut self.ledger.received, 1);
        add(&mut self.ledger.bytes, u64::from(packet.wire_len));
        let now_ns = self.clock.see(packet.ts_ns, &mut self.ledger.notes);
        self.advance(now_ns);
        let mut outline = Outline::default();
        let read = frame(packet, &mut outline);
        if let Some(filter) = &self.filter {
            if !Self::wanted(filter, &outline) {
                return self.ledger.skip(Skip::Filter);
            }
        }
        match read {
            Err(reason) => self.ledger.skip(reason),
            Ok(frame) => {
                let stamp = Stamp {
                    number: packet.number,
                    ts_ns: packet.ts_ns,
                    now_ns,
                    input: packet.input,
                    vlan: frame.vlan,
                    segment: 0,
                    transport: if matches!(frame.layer4, Layer4::Tcp { .. }) { 6 } else { 17 },
                };
                self.shard.frame(&frame, packet, &stamp, now_ns, &mut self.ledger, &mut self.analysis);
            }
        }
    }

    fn tick(&mut self, ts_ns: u64) {
        let now_ns = self.clock.tick(ts_ns, &mut self.ledger.notes);
        self.advance(now_ns);
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        let loss = match place {
            Lost::Kernel => Loss::Kernel,
            Lost::FileCut => Loss::FileCut,
            Lost::Late => return add(&mut self.ledger.notes.late, packets),
        };
        add(&mut self.ledger.received, packets);
        self.ledger.lose(loss, packets);
    }
}
