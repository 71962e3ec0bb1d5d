//! The whole core behind the tap: a [`Sink`] for packets, findings out in order of arrival.
//!
//! The thread that calls reads packets: clock, headers, which shard. Blocks of them go through 64 logical shards on one
//! thread or several; what they put out is merged. Nothing that comes out depends on threads or blocks.

mod block;
mod collector;
mod deciding;
mod front;
mod learned;
mod learning;
mod lines;
mod pool;
mod reload;
mod saved;
mod settings;
mod shard;
mod shares;
mod spanning;
mod tables;
mod threads;
mod work;

pub use collector::Output;
pub use learned::{Learned, LearnedValues};
pub use learning::{Report, Trial};
pub use lines::Lines;
pub use reload::{Moves, Reload};
pub use saved::Before;
pub use settings::Settings;
pub use tables::{in_one_shard, Tables, Way};

use block::{Block, Tick};
use collector::Collector;
use deciding::{Deciding, With};
use front::Front;
use pool::Pool;

use crate::columns::{Parts, Told};
use crate::evidence::{Evidence, Keeps, Reach};
use crate::export::{Export, Wanted};
use crate::ledger::{add, Ledger};
use crate::limits;
use crate::packet::{Lost, Packet, Sink};
use crate::print::Names;
use crate::segments::Segments;
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct Engine {
    front: Front,
    /// Being filled.
    block: Block,
    pool: Pool,
    /// Looks at the timers, and blocks, since the shards were last collected.
    ticks: Vec<Tick>,
    blocks: usize,
    tables: Arc<Tables>,
    collector: Collector,
    names: Arc<Names>,
    /// Whose line of names has not been given yet.
    header: Option<Wanted>,
    told: Told,
    block_packets: usize,
    block_bytes: usize,
    finished: bool,
}

/// Packets of a block on one thread: their bytes and headers stay in a second-level cache.
const ALONE: usize = 1024;
/// On several threads: handing over a block costs microseconds, running through it half a millisecond. Larger ones leave
/// the second-level cache: 16,384 are slower than 4,096 by a fifth.
const TOGETHER: usize = 4096;
/// Blocks after which shards are collected in any case: it costs a moment in which all threads wait for the last one.
const BLOCKS: usize = 16;
/// What was found since then after which they are: bounds what waits, and what one batch may be too large by.
const ENOUGH: usize = 2048;
/// Payload that a block may hold per packet before it is full early: large packets are few.
const BLOCK_BYTES_PER_PACKET: usize = 256;

impl Engine {
    pub fn new(settings: Settings, tables: impl Into<Arc<Tables>>) -> Self {
        let tables = tables.into();
        let shards = settings.shards(&tables);
        let mut deciding = Deciding::new(settings.correlation_bytes);
        deciding.folder.keeps_open = settings.keeps_open;
        deciding.listing = settings.listing.then(Lines::default);
        let names = Arc::new(settings.names.clone());
        let pool = Pool::new(shards, settings.threads.max(1));
        let block_packets = settings.block_packets.unwrap_or(if pool.helpers() == 0 { ALONE } else { TOGETHER }).max(1);
        Self {
            front: Front::new(settings.filter, settings.checksums),
            block: Block::new(),
            pool,
            ticks: Vec::new(),
            blocks: 0,
            tables,
            collector: Collector::new(deciding),
            names,
            header: settings.events,
            told: Told::default(),
            block_packets,
            block_bytes: block_packets.saturating_mul(BLOCK_BYTES_PER_PACKET).max(1 << 16),
            finished: false,
        }
    }

    /// The account of every packet so far.
    pub fn ledger(&mut self) -> Ledger {
        self.flush();
        let mut ledger = self.front.ledger.clone();
        ledger.merge(&self.collector.ledger);
        self.pool.each(|shard| ledger.merge(&shard.ledger()));
        ledger
    }

    /// Hits that filters of the site took out so far, with their numbers, in the order of filter and cause.
    pub fn suppressed(&mut self) -> BTreeMap<(Arc<str>, Arc<str>), u64> {
        self.flush();
        let mut all = BTreeMap::new();
        self.pool.each(|shard| {
            for (key, count) in &shard.analysis.suppressed {
                add(all.entry(key.clone()).or_default(), *count);
            }
        });
        all
    }

    pub fn flows(&mut self) -> usize {
        self.flush();
        let mut flows = 0usize;
        self.pool.each(|shard| flows = flows.saturating_add(shard.flows()));
        flows
    }

    pub fn now_ns(&self) -> u64 {
        self.front.now_ns()
    }

    /// What came out since it was last taken, all packets so far included.
    pub fn take(&mut self) -> Output {
        self.flush();
        let mut output = std::mem::take(&mut self.collector.output);
        // The next are likely to be as many: they are not moved as they grow.
        self.collector.output.events.reserve(output.events.len());
        if let Some(wanted) = self.header.take_if(|_| self.finished || !output.events.is_empty()) {
            let names = self.pool.names();
            output.events.splice(..0, wanted.header(&names));
        }
        output
    }

    /// The same, with the messages that shards keep as columns.
    pub fn take_all(&mut self) -> Output {
        let mut output = self.take();
        let mut parts = Vec::new();
        self.pool.each(|shard| {
            let analysis = &mut shard.analysis;
            if let Some(export) = analysis.events.as_mut() {
                parts.extend(export.parts(&analysis.names));
            }
        });
        self.pool.rows_taken();
        output.columns = Parts::new(parts, &mut self.told, self.pool.names());
        output
    }

    /// Rows of columns that wait to be taken.
    pub fn column_rows(&self) -> usize {
        self.pool.rows()
    }

    /// What waits to be taken, of the blocks that are done: for bounding one batch.
    pub fn waiting(&self) -> &Output {
        &self.collector.output
    }

    /// Run everything that was given so far through the shards.
    pub fn flush(&mut self) {
        if !self.block.is_empty() {
            self.turn();
        }
        self.settle();
    }

    /// Nothing more will come. What is held is read or accounted for; every fold is closed.
    pub fn finish(&mut self) {
        self.flush();
        if !self.finished {
            self.finished = true;
            self.front.finish();
            let now_ns = self.front.now_ns();
            let with = With { tables: &self.tables, names: &self.names, ticks: &[] };
            for mut shard in self.pool.all() {
                shard.finish(now_ns, u64::MAX);
                // One by one: what they tell at the end stands in memory once.
                self.collector.collect(&mut [shard], with);
            }
            self.collector.deciding.finish(now_ns, u64::MAX, with, &mut self.collector.ledger);
            self.collector.gather(&mut []);
        }
    }

    /// Which part of the plant a frame belongs to, from now on; names are set apart. To be called before the first packet.
    pub fn set_segments(&mut self, segments: Segments) {
        self.front.segments = segments;
    }

    /// What inputs and segments are called from now on (inputs are known when they are open).
    pub fn set_names(&mut self, names: Names) {
        self.flush();
        let names = Arc::new(names);
        self.pool.each(|shard| {
            shard.analysis.names = Arc::clone(&names);
            shard.analysis.events.iter_mut().for_each(Export::renamed);
        });
        self.names = names;
    }

    /// Keep packets to show alerts with: `bytes` for all shards. To be called before the first packet.
    pub fn keep_evidence(&mut self, bytes: usize, keeps: Keeps, reach: Reach) {
        self.pool.each(|shard| shard.analysis.evidence = Some(Evidence::new(limits::per_shard(bytes), keeps, reach)));
    }

    /// Hand the full block over and go on with an empty one.
    #[inline(never)]
    fn turn(&mut self) {
        let mut fresh = self.pool.spare();
        fresh.clear(self.block.next_order());
        let full = std::mem::replace(&mut self.block, fresh);
        self.ticks.extend_from_slice(&full.ticks);
        self.pool.start(full);
        self.blocks = self.blocks.saturating_add(1);
        if self.blocks >= BLOCKS || self.pool.waiting() >= ENOUGH {
            self.settle();
        }
    }

    /// Wait for the blocks that are under way, and collect what all brought since the last time.
    fn settle(&mut self) {
        let mut shards = self.pool.finish();
        if self.blocks > 0 {
            let with = With { tables: &self.tables, names: &self.names, ticks: &self.ticks };
            self.collector.collect(&mut shards, with);
            self.ticks.clear();
            self.blocks = 0;
        }
    }
}

impl Sink for Engine {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) {
        self.front.packet(packet, &mut self.block);
        if self.block.len() >= self.block_packets || self.block.bytes_len() >= self.block_bytes {
            self.turn();
        }
    }

    fn tick(&mut self, ts_ns: u64) {
        self.front.tick(ts_ns, &mut self.block);
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        self.front.lost(place, packets);
    }
}
