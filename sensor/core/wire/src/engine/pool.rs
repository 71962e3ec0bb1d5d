//! Threads that run through blocks, shard by shard, each its share. The thread that reads packets fills the next block
//! meanwhile, and helps with those before it; the others have the next one by then, so nobody waits for anybody.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::block::Block;
use super::shard::Shard;
use super::threads::{locked, Shared};
use super::work::{Runs, Work};
use crate::hash::SHARDS;
use crate::print::Names;

/// Number of the thread that reads packets.
const READER: usize = 0;
/// Blocks that threads run through while another one is filled: of the first the last shards, and the next.
const UNDER_WAY: usize = 2;

pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    runs: Runs,
    /// Shards that had something to do since they were last collected.
    touched: [bool; SHARDS],
    /// To be filled again.
    spare: Vec<Block>,
}

impl Pool {
    /// `threads` counts the caller's own.
    pub fn new(shards: Vec<Shard>, threads: usize) -> Self {
        let shared = Arc::new(Shared::new(shards, threads));
        let threads = (1..threads)
            .filter_map(|number| {
                let shared = Arc::clone(&shared);
                let named = std::thread::Builder::new().name(format!("otus-shards-{number}"));
                // Without another thread (the system's limit) this one does the work.
                named.spawn(move || shared.help(number)).ok()
            })
            .collect();
        Self { shared, threads, runs: [0; SHARDS], touched: [false; SHARDS], spare: Vec::new() }
    }

    /// Threads that work beside the caller's.
    pub fn helpers(&self) -> usize {
        self.threads.len()
    }

    /// A block to be filled; what is in it is over.
    pub fn spare(&mut self) -> Block {
        self.spare.pop().unwrap_or_default()
    }

    /// Give a block to all threads, and help with those before it until nothing is left to take.
    pub fn start(&mut self, block: Block) {
        let work = Work::new(block, &mut self.runs, self.shared.threads);
        for shard in work.shards() {
            if let Some(touched) = self.touched.get_mut(shard) {
                *touched = true;
            }
        }
        let mut state = self.shared.state();
        state.under_way.push_back(Arc::new(work));
        self.shared.wake(state);
        let most = if self.threads.is_empty() { 0 } else { UNDER_WAY };
        self.go_on(most.min(1), most);
    }

    /// Help until all blocks are done: the shards that had something to do since the last time, in the order of their
    /// numbers.
    pub fn finish(&mut self) -> Vec<MutexGuard<'_, Shard>> {
        self.go_on(0, 0);
        self.shared.waiting.store(0, Ordering::Relaxed);
        let touched = std::mem::replace(&mut self.touched, [false; SHARDS]);
        let shards = self.shared.shards.iter().zip(touched).filter(|(_, touched)| *touched);
        shards.map(|(shard, _)| locked(shard)).collect()
    }

    /// Help with all but the newest blocks; wait until no more than `most` are under way.
    fn go_on(&mut self, newest: usize, most: usize) {
        let mut state = self.shared.state();
        loop {
            let work = state.next(newest);
            if let Some(work) = work {
                drop(state);
                self.shared.run(&work, READER);
                state = self.shared.state();
            } else if state.under_way.len() <= most {
                return;
            } else if let Some(done) = state.done() {
                drop(state);
                self.spare.push(block_of(done));
                state = self.shared.state();
            } else {
                state.reader_waits = true;
                state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.reader_waits = false;
            }
        }
    }

    /// What was found and waits to be collected, as [`crate::analysis::Analysis::waiting`] counts it; of all blocks that
    /// shards are through with.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Rows of columns that wait to be taken.
    pub fn rows(&self) -> usize {
        self.shared.rows.load(Ordering::Relaxed)
    }

    /// Rows of columns were taken. No block may be under way.
    pub fn rows_taken(&self) {
        self.shared.rows.store(0, Ordering::Relaxed);
    }

    /// Each shard in turn. No block may be under way.
    pub fn each(&self, mut what: impl FnMut(&mut Shard)) {
        for shard in &self.shared.shards {
            what(&mut locked(shard));
        }
    }

    /// What inputs and segments are called.
    pub fn names(&self) -> Arc<Names> {
        self.shared.shards.first().map(|shard| Arc::clone(&locked(shard).analysis.names)).unwrap_or_default()
    }

    /// All shards at once. No block may be under way.
    pub fn all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.shared.shards.iter().map(locked).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.quit = true;
        self.shared.wake(state);
        for thread in self.threads.drain(..) {
            // A thread that ended in a panic has said so on standard error.
            drop(thread.join());
        }
    }
}

/// The block of a work that is done. Who ran its last shard may hold it for a moment yet.
fn block_of(mut work: Arc<Work>) -> Block {
    loop {
        match Arc::try_unwrap(work) {
            Ok(work) => return work.block,
            Err(held) => work = held,
        }
        std::thread::yield_now();
    }
}
