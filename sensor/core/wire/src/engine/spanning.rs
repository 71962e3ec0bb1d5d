//! Folds of rules that fold by fields of their own: their parts lie in several shards and are one alert.

mod saved;

use super::reload::Moves;
use crate::fold::{said, FoldKey, Hit, HitKind};
use crate::hash::Map;

#[derive(Default)]
pub struct Spanning {
    /// Number of the fold that stands for a key.
    numbers: Map<FoldKey, u64>,
    folds: Map<u64, Whole>,
    /// Each part: the fold it belongs to, and how much of it was counted.
    parts: Map<u64, (u64, u64)>,
}

struct Whole {
    hit: Hit,
    key: FoldKey,
    open_parts: u64,
}

impl Spanning {
    /// What is told of a part's hit; `None` when it says nothing new of the whole.
    pub fn tell(&mut self, mut hit: Hit) -> Option<Hit> {
        let Some(key) = hit.spanning.take() else { return Some(hit) };
        if hit.kind == HitKind::First {
            return self.begin(*key, hit);
        }
        let (number, counted) = self.parts.get_mut(&hit.fold)?;
        let more = hit.count.saturating_sub(*counted);
        *counted = hit.count;
        let (part, number) = (hit.fold, *number);
        let whole = self.folds.get_mut(&number)?;
        whole.add(more, &hit);
        let mut kind = hit.kind;
        if said(hit.outcome) > said(whole.hit.outcome) {
            whole.hit.outcome = hit.outcome;
            kind = HitKind::Outcome;
        } else if kind == HitKind::Outcome {
            kind = HitKind::Update;
        }
        if hit.kind == HitKind::Close {
            self.parts.remove(&part);
            whole.open_parts = whole.open_parts.saturating_sub(1);
            if whole.open_parts == 0 {
                let whole = self.folds.remove(&number)?;
                self.numbers.remove(&whole.key);
                return Some(Hit { kind: HitKind::Close, order: hit.order, ..whole.hit });
            }
            kind = if kind == HitKind::Outcome { kind } else { HitKind::Update };
        }
        if kind == HitKind::Update && more == 0 {
            return None;
        }
        Some(Hit { kind, order: hit.order, ..whole.hit.clone() })
    }

    fn begin(&mut self, key: FoldKey, hit: Hit) -> Option<Hit> {
        let number = self.numbers.get(&key).copied();
        if let Some((number, whole)) = number.and_then(|number| Some((number, self.folds.get_mut(&number)?))) {
            whole.open_parts = whole.open_parts.saturating_add(1);
            whole.add(hit.count, &hit);
            self.parts.insert(hit.fold, (number, hit.count));
            return Some(Hit { kind: HitKind::Update, order: hit.order, ..whole.hit.clone() });
        }
        self.numbers.insert(key, hit.fold);
        self.parts.insert(hit.fold, (hit.fold, hit.count));
        let rest = Hit { fields: String::new(), params: Vec::new(), ..hit.clone() };
        self.folds.insert(hit.fold, Whole { hit: rest, key, open_parts: 1 });
        Some(hit)
    }
}

impl Spanning {
    /// Rules have other numbers. Those that are gone had their parts closed before.
    pub fn renumber(&mut self, moves: &Moves) {
        self.numbers.clear();
        self.folds.retain(|number, whole| {
            let kept = whole.hit.renumber(&mut whole.key, moves);
            if kept {
                self.numbers.insert(whole.key, *number);
            }
            kept
        });
    }
}

impl Whole {
    fn add(&mut self, more: u64, hit: &Hit) {
        self.hit.count = self.hit.count.saturating_add(more);
        if hit.last.ts_ns >= self.hit.last.ts_ns {
            self.hit.last = hit.last;
        }
    }
}
