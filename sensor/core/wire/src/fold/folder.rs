//! The folds of one shard: counting hits under them, telling what grew, closing what is idle.

use std::collections::VecDeque;

use super::open::{Fold, Open, Told};
use super::{identity, said, FoldKey, Hit, HitKind, Mark, PENDING, SAYS_MOST};
use crate::hash::{Map, SHARDS};
use crate::ledger::{add, Ledger};
use crate::limits;
use crate::pairing::NO_FOLD;
use crate::value::Outcome;

/// A new hit's place among the folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// An equal one is open: counted. The fold, if it wants to hear how this message is answered; `NO_FOLD` when it
    /// knows the most that an answer can say.
    Counted(u32),
    /// The first of its kind: describe it with `open`.
    New,
}

pub struct Folder {
    pub(super) shard: u64,
    pub(super) most: usize,
    /// Place of what is being looked at in the order of everything.
    pub order: u64,
    pub(super) handles: Map<FoldKey, u32>,
    pub(super) folds: Open,
    pub(super) due: VecDeque<(u64, u32)>,
    /// Every open fold once, with the time it was last known to be used: who is idle longest stands in front.
    pub(super) used: VecDeque<(u64, u32)>,
    pub(super) last_number: u32,
    /// The run will go on after its end: open folds are not closed then.
    pub keeps_open: bool,
    pub hits: Vec<Hit>,
}

impl Folder {
    pub fn new(shard: usize) -> Self {
        Self {
            shard: shard as u64,
            most: limits::per_shard(limits::FOLDS),
            order: 0,
            handles: Map::default(),
            folds: Open::default(),
            due: VecDeque::new(),
            used: VecDeque::new(),
            last_number: 0,
            keeps_open: false,
            hits: Vec::new(),
        }
    }

    /// What everybody else calls the fold of this handle.
    pub fn number(&self, handle: u32) -> u64 {
        self.folds.get(handle).map_or(0, |fold| fold.told.hit.fold)
    }

    /// Count a hit under an open fold. `latest` is the fold that this conversation hit last, or `NO_FOLD`.
    ///
    /// A storm repeats itself: the fold looked for is the one that followed `latest` before, or `latest` again, and only
    /// where it is neither the key is looked up.
    #[inline]
    pub fn count(&mut self, key: &FoldKey, mark: Mark, now_ns: u64, latest: &mut u32) -> Folded {
        let next = self.folds.get(*latest).map_or(NO_FOLD, |fold| fold.next);
        if let Some(fold) = self.folds.get_mut(next).filter(|fold| fold.key.is(key)) {
            *latest = next;
            return fold.count(mark, now_ns);
        }
        self.count_another(key, mark, now_ns, latest)
    }

    #[inline(never)]
    fn count_another(&mut self, key: &FoldKey, mark: Mark, now_ns: u64, latest: &mut u32) -> Folded {
        let again = self.folds.get(*latest).filter(|fold| fold.key.is(key)).map(|fold| fold.handle);
        let Some(handle) = again.or_else(|| self.look_up(key, *latest)) else { return Folded::New };
        *latest = handle;
        self.folds.get_mut(handle).map_or(Folded::New, |fold| fold.count(mark, now_ns))
    }

    #[cold]
    fn look_up(&mut self, key: &FoldKey, latest: u32) -> Option<u32> {
        let handle = self.handles.get(key).copied()?;
        if let Some(latest) = self.folds.get_mut(latest) {
            latest.next = handle;
        }
        Some(handle)
    }

    /// The first hit of its kind. `hit.fold` and `hit.id` are set here; `identified` is what the id is made of.
    pub fn open(
        &mut self,
        key: FoldKey,
        identified: &FoldKey,
        mut hit: Hit,
        bytes: &[u8],
        now_ns: u64,
        ledger: &mut Ledger,
    ) -> u32 {
        if self.folds.len() >= self.most {
            self.evict(ledger);
        }
        self.last_number = self.last_number.checked_add(1).unwrap_or(1);
        hit.fold = u64::from(self.last_number).wrapping_mul(SHARDS as u64).wrapping_add(self.shard);
        hit.order = self.order;
        hit.id = identity(&hit, identified, bytes);
        let asked_ns = (hit.outcome == PENDING).then_some(now_ns);
        // Fields and parameters are told once: what stays here is small.
        let (fields, params) = (std::mem::take(&mut hit.fields), std::mem::take(&mut hit.params));
        let (count, last, said) = (hit.count, hit.last, said(hit.outcome));
        let told = Box::new(Told { hit: hit.clone(), count, asked_ns, idle_ns: limits::FOLD_IDLE_NS });
        self.hits.push(Hit { fields, params, ..hit });
        let handle = self.folds.put(Fold { handle: 0, next: 0, key, count, last, last_ns: now_ns, said, told });
        self.handles.insert(key, handle);
        self.due.push_back((now_ns.saturating_add(limits::FOLD_NS), handle));
        self.used.push_back((now_ns, handle));
        handle
    }

    /// A rule that counts over a longer time is quiet for longer before it is over.
    pub fn lasts(&mut self, handle: u32, timespan_ns: u64) {
        if let Some(fold) = self.folds.get_mut(handle) {
            fold.told.idle_ns = limits::FOLD_IDLE_NS.max(timespan_ns);
        }
    }

    /// What the answer to a fold's request said. Success is worth telling even after a failure: one of them worked.
    #[inline]
    pub fn outcome(&mut self, handle: u32, outcome: Outcome) {
        if let Some(fold) = self.folds.get_mut(handle) {
            // What is known is not unsaid by an answer that says nothing.
            if said(outcome.name()) > fold.said || fold.told.asked_ns.is_some() {
                self.hits.extend(fold.learn(outcome, self.order));
            }
        }
    }

    /// Engine time has come to `now_ns`: tell counts that grew, close what is idle.
    pub fn tick(&mut self, now_ns: u64) {
        while let Some((due_ns, handle)) = self.due.front().copied().filter(|(due_ns, _)| *due_ns <= now_ns) {
            self.due.pop_front();
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            if fold.told.asked_ns.is_some_and(|asked_ns| now_ns.saturating_sub(asked_ns) > limits::ANSWER_NS) {
                fold.told.asked_ns = None;
                fold.say("no_response");
                self.hits.push(fold.told_as(HitKind::Outcome, self.order));
            }
            if fold.count > fold.told.count {
                self.hits.push(fold.told_as(HitKind::Update, self.order));
            }
            if now_ns.saturating_sub(fold.last_ns) >= fold.told.idle_ns {
                self.close(handle);
            } else {
                let next = due_ns.saturating_add(limits::FOLD_NS).max(now_ns);
                self.due.push_back((next, handle));
            }
        }
    }

    /// Nothing more will come: tell what was not told, close everything, in order of opening.
    pub fn finish(&mut self) {
        if self.keeps_open {
            return self.pause();
        }
        for handle in self.in_order() {
            if let Some(fold) = self.folds.get_mut(handle).filter(|fold| fold.told.asked_ns.is_some()) {
                // The capture ends before the answer could come: that is not silence.
                fold.say(Outcome::Unknown.name());
            }
            self.close(handle);
        }
        self.due.clear();
        self.used.clear();
    }

    /// Open folds in order of opening.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let mut handles: Vec<u32> = self.folds.handles().collect();
        handles.sort_unstable_by_key(|handle| self.number(*handle));
        handles
    }

    pub(super) fn close(&mut self, handle: u32) {
        if let Some(mut fold) = self.folds.take(handle) {
            self.handles.remove(&fold.key);
            self.hits.push(fold.told_as(HitKind::Close, self.order));
        }
        // Closed folds leave the queues late; half of them at most are such.
        if self.used.len() > self.folds.len().saturating_mul(2).saturating_add(64) {
            let folds = &self.folds;
            self.used.retain(|(_, handle)| folds.get(*handle).is_some());
            self.due.retain(|(_, handle)| folds.get(*handle).is_some());
        }
    }

    fn evict(&mut self, ledger: &mut Ledger) {
        // A fold used since it was queued goes to the end again: each such step was paid for by a hit.
        while let Some((used_ns, handle)) = self.used.pop_front() {
            match self.folds.get(handle).map(|fold| fold.last_ns) {
                None => {}
                Some(last_ns) if last_ns > used_ns => self.used.push_back((last_ns, handle)),
                Some(_) => {
                    add(&mut ledger.notes.folds_evicted, 1);
                    return self.close(handle);
                }
            }
        }
    }
}

impl FoldKey {
    /// Whether the keys are surely equal, at the cost of a few words: causes that are no rules are compared by where
    /// their names stand.
    #[inline]
    fn is(&self, other: &FoldKey) -> bool {
        use super::Cause::{Named, Rule};
        let cause = match (self.cause, other.cause) {
            (Rule(one), Rule(other)) => one == other,
            (Named(one), Named(other)) => std::ptr::eq(one, other),
            _ => false,
        };
        cause
            && (self.key, self.segment) == (other.key, other.segment)
            && (self.client, self.server) == (other.client, other.server)
    }
}

impl Fold {
    #[inline]
    fn count(&mut self, mark: Mark, now_ns: u64) -> Folded {
        add(&mut self.count, 1);
        self.last = mark;
        self.last_ns = now_ns;
        Folded::Counted(if self.said < SAYS_MOST { self.handle } else { NO_FOLD })
    }

    #[cold]
    fn learn(&mut self, outcome: Outcome, order: u64) -> Option<Hit> {
        self.told.asked_ns = None;
        (said(outcome.name()) > self.said).then(|| {
            self.say(outcome.name());
            self.told_as(HitKind::Outcome, order)
        })
    }

    pub(super) fn say(&mut self, outcome: &'static str) {
        self.told.hit.outcome = outcome;
        self.said = said(outcome);
    }

    pub(super) fn told_as(&mut self, kind: HitKind, order: u64) -> Hit {
        self.told.count = self.count;
        Hit { kind, order, count: self.count, last: self.last, ..self.told.hit.clone() }
    }
}
