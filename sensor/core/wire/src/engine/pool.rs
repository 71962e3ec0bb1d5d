//! Threads that run through blocks, shard by shard: whoever is free takes the next shard. The thread that reads packets
//! fills the next block meanwhile, then helps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::block::Block;
use super::shard::Shard;
use crate::hash::SHARDS;
use crate::print::Names;

/// Shards between looking one up and running through it.
const AHEAD: usize = 3;

pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    shards: Box<[Mutex<Shard>]>,
    state: Mutex<State>,
    changed: Condvar,
    /// Place in `State::turn` of the next shard that nobody has taken.
    next: AtomicUsize,
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
    /// Shards with something to do, those with most packets first.
    order: Vec<u8>,
}

impl Pool {
    /// `threads` counts the caller's own.
    pub fn new(shards: Vec<Shard>, threads: usize) -> Self {
        let shared = Arc::new(Shared {
            shards: shards.into_iter().map(Mutex::new).collect(),
            state: Mutex::default(),
            changed: Condvar::new(),
            next: AtomicUsize::new(SHARDS),
        });
        let threads = (1..threads)
            .filter_map(|number| {
                let shared = Arc::clone(&shared);
                let named = std::thread::Builder::new().name(format!("otus-shards-{number}"));
                // Without another thread (the system's limit) this one does the work.
                named.spawn(move || shared.help()).ok()
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
        let shards = (0..u8::MAX).take(SHARDS).filter(|shard| ticks || packets(shard) > 0);
        let mut order: Vec<u8> = shards.collect();
        if !self.threads.is_empty() {
            order.sort_by_key(|shard| std::cmp::Reverse(packets(shard)));
        }
        let mut state = self.shared.state();
        self.shared.next.store(0, Ordering::Release);
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
        if self.threads.is_empty() {
            self.shared.run_alone(&work);
        } else {
            self.shared.run(&work);
        }
        let mut state = self.shared.state();
        while state.busy > 0 {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.work = None;
        drop(state);
        let Work { block, mut order } = Arc::try_unwrap(work).ok()?;
        order.sort_unstable();
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

    /// Take shards until none is left.
    fn run(&self, work: &Work) {
        loop {
            let place = self.next.fetch_add(1, Ordering::AcqRel);
            let Some(mut shard) = self.shard(work, place) else { return };
            shard.look_up(&work.block);
            shard.prefetch_flows();
            shard.prefetch_rooms();
            shard.run(&work.block);
        }
    }

    /// All shards on one thread: memory is asked for three shards ahead, step by step, so that nobody waits for it.
    fn run_alone(&self, work: &Work) {
        let last = work.order.len().saturating_add(AHEAD);
        for step in 0..last {
            if let Some(mut shard) = self.shard(work, step) {
                shard.look_up(&work.block);
            }
            if let Some(shard) = self.shard(work, step.wrapping_sub(1)) {
                shard.prefetch_flows();
            }
            if let Some(shard) = self.shard(work, step.wrapping_sub(2)) {
                shard.prefetch_rooms();
            }
            if let Some(mut shard) = self.shard(work, step.wrapping_sub(AHEAD)) {
                shard.run(&work.block);
            }
        }
    }

    /// The shard that has this place in the order of work.
    fn shard(&self, work: &Work, place: usize) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(usize::from(*work.order.get(place)?))?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn help(&self) {
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
                self.run(&work);
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
