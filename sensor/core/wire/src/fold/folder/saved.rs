//! The open folds of a shard, after a restart.
//!
//! ```text
//! last number u32
//! folds: count u32, then each: number u64, told u64, last u64, asked u8 [u64], hit (../saved.rs)
//! due, used: count u32, then each: time u64, number u64
//! ```

use std::collections::VecDeque;

use super::super::open::{Fold, Open, Told};
use super::super::saved::{maybe, read_maybe};
use super::super::{said, Hit, HitKind};
use super::Folder;
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::hash::Map;
use crate::value::Outcome;

impl Folder {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u32(self.last_number);
        let folds: Vec<&Fold> = self.in_order().into_iter().filter_map(|handle| self.folds.get(handle)).collect();
        out.rows(&folds, |out, fold| {
            out.u64(fold.told.hit.fold);
            out.u64(fold.told.count);
            out.u64(fold.last_ns);
            maybe(out, fold.told.asked_ns, Writer::u64);
            Hit { count: fold.count, last: fold.last, ..fold.told.hit.clone() }.write(&fold.key, out);
        });
        for queue in [&self.due, &self.used] {
            let open =
                queue.iter().filter_map(|(at_ns, handle)| Some((*at_ns, self.folds.get(*handle)?.told.hit.fold)));
            out.rows(&open.collect::<Vec<_>>(), |out, (at_ns, number)| {
                out.u64(*at_ns);
                out.u64(*number);
            });
        }
    }

    /// The folds of a shard as they were written. What is gone is closed; whose answer was awaited, will not hear it.
    pub(crate) fn read(shard: usize, keeps_open: bool, rows: &mut Reader<'_>, before: &Before) -> Option<Self> {
        let mut folder = Self { keeps_open, last_number: rows.u32()?, ..Self::new(shard) };
        let mut handles: Map<u64, u32> = Map::default();
        for _ in 0..rows.count()? {
            let (number, count) = (rows.u64()?, rows.u64()?);
            let (last_ns, asked_ns) = (rows.u64()?, read_maybe(rows, Reader::u64)?);
            let (mut hit, key) = Hit::read(rows, before)?;
            hit.fold = number;
            (folder.folds.len() < folder.most).then_some(())?;
            let (all, last, said) = (hit.count, hit.last, said(hit.outcome));
            let told = Box::new(Told { hit, count, asked_ns });
            let handle = folder.folds.put(Fold { handle: 0, next: 0, key, count: all, last, last_ns, said, told });
            if !key.is_gone() {
                folder.handles.insert(key, handle);
            }
            handles.insert(number, handle).is_none().then_some(())?;
        }
        folder.due = queue(rows, &handles)?;
        folder.used = queue(rows, &handles)?;
        folder.resume();
        Some(folder)
    }

    fn resume(&mut self) {
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            let gone = fold.key.is_gone();
            if fold.told.asked_ns.take().is_some() {
                // It may have been answered while nobody looked: that is not silence.
                fold.say(Outcome::Unknown.name());
                if !gone {
                    self.hits.push(fold.told_as(HitKind::Outcome, self.order));
                }
            }
            if gone {
                self.close(handle);
            }
        }
    }

    /// The run ends and will go on: what was not told yet is, and nothing is closed.
    pub(super) fn pause(&mut self) {
        for handle in self.in_order() {
            let Some(fold) = self.folds.get_mut(handle) else { continue };
            if fold.told.asked_ns.take().is_some() {
                fold.say(Outcome::Unknown.name());
                self.hits.push(fold.told_as(HitKind::Outcome, self.order));
            } else if fold.count > fold.told.count {
                self.hits.push(fold.told_as(HitKind::Update, self.order));
            }
        }
    }

    /// What everybody else calls the folds that are open; parts of spanning ones are nobody else's business.
    pub fn open_numbers(&self) -> impl Iterator<Item = u64> + '_ {
        whole(&self.folds).map(|fold| fold.told.hit.fold)
    }
}

fn whole(folds: &Open) -> impl Iterator<Item = &Fold> {
    folds.handles().filter_map(|handle| folds.get(handle)).filter(|fold| fold.told.hit.spanning.is_none())
}

/// Each open fold stands in it once.
fn queue(rows: &mut Reader<'_>, handles: &Map<u64, u32>) -> Option<VecDeque<(u64, u32)>> {
    let mut waiting = handles.clone();
    let mut queue = VecDeque::with_capacity(waiting.len());
    for _ in 0..rows.count()? {
        let (at_ns, number) = (rows.u64()?, rows.u64()?);
        queue.push_back((at_ns, waiting.remove(&number)?));
    }
    waiting.is_empty().then_some(queue)
}
