//! Threads that run through blocks, shard by shard, each its share. The thread that reads packets fills the next block
//! meanwhile, then helps.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::block::Block;
use super::shard::Shard;
use super::shares::Shares;
use crate::hash::SHARDS;
use crate::print::Names;

/// Number of the thread that reads packets.
const READER: usize = 0;

pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    shards: Box<[Mutex<Shard>]>,
    state: Mutex<State>,
    changed: Condvar,
    /// Who takes which place in `Work::order`.
    shares: Shares,
}

#[derive(Default)]
struct State {
    work: Option<Arc<Work>>,
    /// Counts blocks, so that a thread knows a new one from the one it has run through.
    turn: u64,
    busy: usize,
    quit: bool,
}

struct Work {
    block: Block,
    /// Shards with something to do, in the order of their numbers.
    order: Vec<u8>,
}

impl Pool {
    /// `threads` counts the caller's own.
    pub fn new(shards: Vec<Shard>, threads: usize) -> Self {
        let shared = Arc::new(Shared {
            shards: shards.into_iter().map(Mutex::new).collect(),
            state: Mutex::default(),
            changed: Condvar::new(),
            shares: Shares::new(threads),
        });
        let threads = (1..threads)
            .filter_map(|number| {
                let shared = Arc::clone(&shared);
                let named = std::thread::Builder::new().name(format!("otus-shards-{number}"));
                // Without another thread (the system's limit) this one does the work.
                named.spawn(move || shared.help(number)).ok()
            })
            .collect();
        Self { shared, threads }
    }

    /// Threads that work beside the caller's.
    pub fn helpers(&self) -> usize {
        self.threads.len()
    }

    /// Give a block to all threads. `finish` must have been called for the last one.
    pub fn start(&mut self, block: Block) {
        let packets = |shard: &u8| block.of_shard(usize::from(*shard)).len();
        let ticks = !block.ticks.is_empty();
        let order: Vec<u8> = (0..u8::MAX).take(SHARDS).filter(|shard| ticks || packets(shard) > 0).collect();
        let mut state = self.shared.state();
        self.shared.shares.deal(order.len());
        state.work = Some(Arc::new(Work { block, order }));
        state.turn = state.turn.wrapping_add(1);
        state.busy = self.threads.len();
        drop(state);
        if !self.threads.is_empty() {
            self.shared.changed.notify_all();
        }
    }

    /// Help until the block is done; gives it back, to be filled again, with the shards that had something to do.
    /// `None` when none was under way.
    pub fn finish(&mut self) -> Option<(Block, Vec<MutexGuard<'_, Shard>>)> {
        let work = self.shared.state().work.clone()?;
        self.shared.run(&work, READER);
        let mut state = self.shared.state();
        while state.busy > 0 {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.work = None;
        drop(state);
        let Work { block, order } = Arc::try_unwrap(work).ok()?;
        let shards = order.iter().filter_map(|number| self.shared.shards.get(usize::from(*number)));
        let shards = shards.map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        Some((block, shards))
    }

    /// Each shard in turn. No block may be under way.
    pub fn each(&self, mut what: impl FnMut(&mut Shard)) {
        for shard in &self.shared.shards {
            what(&mut shard.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What inputs and segments are called.
    pub fn names(&self) -> Arc<Names> {
        let first = self.shared.shards.first();
        first
            .map(|shard| Arc::clone(&shard.lock().unwrap_or_else(PoisonError::into_inner).analysis.names))
            .unwrap_or_default()
    }

    /// All shards at once. No block may be under way.
    pub fn all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.shared.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take shards until none is left. Memory is asked for three shards ahead, step by step, so that nobody waits for it;
    /// towards the end of a block fewer are held, so that no other thread waits for them.
    fn run(&self, work: &Work, thread: usize) {
        type Held<'a> = Option<MutexGuard<'a, Shard>>;
        let (mut asked, mut near, mut next): (Held<'_>, Held<'_>, Held<'_>) = (None, None, None);
        loop {
            let held = [&asked, &near, &next].into_iter().filter(|shard| shard.is_some()).count();
            let most = self.shares.left().checked_div(self.shares.threads()).unwrap_or(0);
            let mut taken = (held <= most).then(|| self.shard(work, thread)).flatten();
            if taken.is_none() && held == 0 {
                return;
            }
            if let Some(shard) = &mut taken {
                shard.look_up(&work.block);
            }
            if let Some(shard) = &asked {
                shard.prefetch_flows();
            }
            if let Some(shard) = &near {
                shard.prefetch_rooms();
            }
            if let Some(shard) = &mut next {
                shard.run(&work.block);
            }
            (next, near, asked) = (near, asked, taken);
        }
    }

    /// The next shard of this thread.
    fn shard(&self, work: &Work, thread: usize) -> Option<MutexGuard<'_, Shard>> {
        let place = self.shares.take(thread)?;
        let shard = self.shards.get(usize::from(*work.order.get(place)?))?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn help(&self, thread: usize) {
        let mut seen = 0;
        loop {
            let mut state = self.state();
            while state.turn == seen && !state.quit {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.quit {
                return;
            }
            seen = state.turn;
            let work = state.work.clone();
            drop(state);
            // Says "done" also when a defect of ours ends this thread.
            let done = Done(self);
            if let Some(work) = work {
                self.run(&work, thread);
            }
            drop(done);
        }
    }
}

struct Done<'a>(&'a Shared);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy = state.busy.saturating_sub(1);
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().quit = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that ended in a panic has said so on standard error.
            drop(thread.join());
        }
    }
}
