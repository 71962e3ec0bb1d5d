//! A block on its way through the shards, and who is through with which.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::block::Block;
use super::shares::Shares;
use crate::hash::SHARDS;

/// How often each shard was given something to do.
pub type Runs = [u64; SHARDS];

pub struct Work {
    pub block: Block,
    /// Shards with something to do, in the order of their numbers, with the runs that come before.
    order: Vec<(usize, u64)>,
    /// Who takes which place in `order`.
    shares: Shares,
    /// Shards that are not through with it.
    left: AtomicUsize,
}

impl Work {
    pub fn new(block: Block, runs: &mut Runs, threads: usize) -> Self {
        let ticks = !block.ticks.is_empty();
        let mut order = Vec::with_capacity(SHARDS);
        for (shard, before) in runs.iter_mut().enumerate() {
            if ticks || !block.of_shard(shard).is_empty() {
                order.push((shard, *before));
                *before = before.wrapping_add(1);
            }
        }
        let (shares, left) = (Shares::new(threads, order.len()), AtomicUsize::new(order.len()));
        Self { block, order, shares, left }
    }

    pub fn shards(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().map(|(shard, _)| *shard)
    }

    /// A shard for this thread, with the runs that come before this one.
    pub fn take(&self, thread: usize) -> Option<(usize, u64)> {
        self.order.get(self.shares.take(thread)?).copied()
    }

    /// Shards that nobody has taken.
    pub fn untaken(&self) -> usize {
        self.shares.left()
    }

    /// A shard is through with it. Was it the last one?
    pub fn is_last(&self) -> bool {
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub fn is_done(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }
}
