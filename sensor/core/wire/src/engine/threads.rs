//! What the threads of a pool share, and how each of them runs through a block.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::shard::Shard;
use super::work::Work;

pub struct Shared {
    pub shards: Box<[Mutex<Shard>]>,
    /// Runs that each shard is through with: of two blocks that are under way the older one comes first.
    ran: Box<[AtomicU64]>,
    state: Mutex<State>,
    /// A block was given out.
    given: Condvar,
    /// All shards are through with a block.
    pub done: Condvar,
    pub threads: usize,
    /// What was found and waits to be collected, and rows of columns that wait to be taken.
    pub waiting: AtomicUsize,
    pub rows: AtomicUsize,
}

#[derive(Default)]
pub struct State {
    /// The oldest first.
    pub under_way: VecDeque<Arc<Work>>,
    asleep: usize,
    pub reader_waits: bool,
    pub quit: bool,
}

impl State {
    /// The oldest block of which something is left to take, but for the newest ones.
    pub fn next(&self, newest: usize) -> Option<Arc<Work>> {
        let older = self.under_way.len().saturating_sub(newest);
        self.under_way.iter().take(older).find(|work| work.untaken() > 0).cloned()
    }

    /// The oldest block, where all shards are through with it.
    pub fn done(&mut self) -> Option<Arc<Work>> {
        self.under_way.front().is_some_and(|oldest| oldest.is_done()).then(|| self.under_way.pop_front()).flatten()
    }
}

impl Shared {
    pub fn new(shards: Vec<Shard>, threads: usize) -> Self {
        Self {
            ran: shards.iter().map(|_| AtomicU64::new(0)).collect(),
            shards: shards.into_iter().map(Mutex::new).collect(),
            state: Mutex::default(),
            given: Condvar::new(),
            done: Condvar::new(),
            threads,
            waiting: AtomicUsize::new(0),
            rows: AtomicUsize::new(0),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block was given out, or the end has come: wake who sleeps.
    pub fn wake(&self, state: MutexGuard<'_, State>) {
        let asleep = state.asleep > 0;
        drop(state);
        if asleep {
            self.given.notify_all();
        }
    }

    pub fn help(&self, thread: usize) {
        let mut state = self.state();
        while !state.quit {
            match state.next(0) {
                Some(work) => {
                    drop(state);
                    self.run(&work, thread);
                    drop(work);
                    state = self.state();
                }
                None => {
                    state.asleep = state.asleep.saturating_add(1);
                    state = self.given.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.asleep = state.asleep.saturating_sub(1);
                }
            }
        }
    }

    /// Take shards until none is left. Memory is asked for three shards ahead, step by step, so that nobody waits for it;
    /// towards the end of a block fewer are held, so that no other thread waits for them.
    pub fn run(&self, work: &Work, thread: usize) {
        type Taken<'a> = Option<Held<'a>>;
        let (mut asked, mut near, mut next): (Taken<'_>, Taken<'_>, Taken<'_>) = (None, None, None);
        loop {
            let held = [&asked, &near, &next].into_iter().filter(|held| held.is_some()).count();
            let most = work.untaken().checked_div(self.threads).unwrap_or(0);
            let mut taken = (held <= most).then(|| self.shard(work, thread)).flatten();
            if taken.is_none() && held == 0 {
                return;
            }
            if let Some(held) = &mut taken {
                held.shard.look_up(&work.block);
            }
            if let Some(held) = &asked {
                held.shard.prefetch_flows();
            }
            if let Some(held) = &near {
                held.shard.prefetch_rooms();
            }
            if let Some(held) = next.take() {
                held.run();
            }
            (next, near, asked) = (near, asked, taken);
        }
    }

    /// The next shard of this thread, once it is through with the blocks before.
    fn shard<'a>(&'a self, work: &'a Work, thread: usize) -> Option<Held<'a>> {
        let (number, before) = work.take(thread)?;
        let (shard, ran) = (self.shards.get(number)?, self.ran.get(number)?);
        while ran.load(Ordering::Acquire) != before {
            std::thread::yield_now();
        }
        Some(Held { shard: locked(shard), ran, work, shared: self })
    }
}

/// A shard with a block to run through. It is through with it also when a defect of ours ends this thread.
struct Held<'a> {
    shard: MutexGuard<'a, Shard>,
    ran: &'a AtomicU64,
    work: &'a Work,
    shared: &'a Shared,
}

impl Held<'_> {
    fn run(mut self) {
        let (waiting, rows) = self.shard.analysis.waiting();
        self.shard.run(&self.work.block);
        let (waiting_now, rows_now) = self.shard.analysis.waiting();
        // Nearly always nothing: no line of memory goes to and fro between threads.
        for (counter, more) in [
            (&self.shared.waiting, waiting_now.saturating_sub(waiting)),
            (&self.shared.rows, rows_now.saturating_sub(rows)),
        ] {
            if more > 0 {
                counter.fetch_add(more, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.ran.fetch_add(1, Ordering::Release);
        if self.work.is_last() && self.shared.state().reader_waits {
            self.shared.done.notify_all();
        }
    }
}

pub fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
