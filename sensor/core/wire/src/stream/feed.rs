//! Bytes in order to the reader; what is unfinished is kept.

use super::{Held, Streams, PACKET_COST};
use crate::flow::{Binding, Flow};
use crate::ledger::{add, take, Ledger, Loss};
use crate::limits;
use crate::protocol::{self, Protocol};
use crate::reader::{Consumer, Progress, Stamp};

impl Streams {
    /// Bytes that are next in line: read what is whole, keep the rest. The packet they came in is accounted for here.
    pub(super) fn feed<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        bytes: &[u8],
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(flow) = self.table.get(slot) else { return };
        let Some(half) = flow.halves.get_mut(side) else { return };
        half.advance(bytes.len());
        half.remember(bytes, self.key);
        let waiting = half.held.as_mut().filter(|held| !held.front.is_empty());
        let Some(held) = waiting else {
            let progress = self.reader.read(flow, side, bytes, stamp, ledger, consumer);
            return self.read_so_far(slot, side, bytes, progress, ledger);
        };
        if over(self.held_bytes, bytes) {
            ledger.lose(Loss::StreamBudget, 1);
            return self.drop_front(slot, side, ledger, |ledger, packets| ledger.lose(Loss::StreamBudget, packets));
        }
        held.front.extend_from_slice(bytes);
        held.ends.push_back(held.front.len());
        self.held_bytes = self.held_bytes.saturating_add(bytes.len()).saturating_add(PACKET_COST);
        add(&mut ledger.held, 1);
        if held.front.len() < held.need {
            return self.bound_front(slot, side, ledger);
        }
        let mut front = std::mem::take(&mut held.front);
        let progress = self.reader.read(flow, side, &front, stamp, ledger, consumer);
        front.drain(..progress.used.min(front.len()));
        self.held_bytes = self.held_bytes.saturating_sub(progress.used);
        if progress.kept || flow.kept > 0 {
            self.held_bytes = kept(flow, side, self.held_bytes);
        }
        let Some(held) = flow.halves.get_mut(side).and_then(|half| half.held.as_mut()) else { return };
        held.front = front;
        held.doubtful &= !held.front.is_empty();
        held.need = progress.need;
        while held.ends.front().is_some_and(|end| *end <= progress.used) {
            held.ends.pop_front();
            self.held_bytes = self.held_bytes.saturating_sub(PACKET_COST);
            take(&mut ledger.held, 1);
            match progress.skip {
                None => add(&mut ledger.parsed, 1),
                Some(reason) => ledger.skip(reason),
            }
        }
        for end in &mut held.ends {
            *end = end.saturating_sub(progress.used);
        }
        self.bound_front(slot, side, ledger);
    }

    /// Account for bytes of which nothing before them waits, and keep what is unfinished.
    #[inline]
    pub(super) fn read_so_far(
        &mut self,
        slot: u32,
        side: usize,
        bytes: &[u8],
        progress: Progress,
        ledger: &mut Ledger,
    ) {
        let Some(flow) = self.table.get(slot) else { return };
        // As it was before the parser came to keep some of these bytes itself.
        let full = over(self.held_bytes, bytes);
        if progress.kept || flow.kept > 0 {
            self.held_bytes = kept(flow, side, self.held_bytes);
        }
        if progress.used >= bytes.len() {
            return match progress.skip {
                None => add(&mut ledger.parsed, 1),
                Some(reason) => ledger.skip(reason),
            };
        }
        self.keep_rest(slot, side, bytes, progress, full, ledger);
    }

    #[inline(never)]
    fn keep_rest(&mut self, slot: u32, side: usize, bytes: &[u8], progress: Progress, full: bool, ledger: &mut Ledger) {
        let rest = bytes.get(progress.used..).unwrap_or_default();
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        if full {
            half.after_gap = true;
            half.lost_before = true;
            return ledger.lose(Loss::StreamBudget, 1);
        }
        let held = half.held.get_or_insert_default();
        held.front.extend_from_slice(rest);
        held.need = progress.need;
        held.ends.push_back(rest.len());
        self.held_bytes = self.held_bytes.saturating_add(rest.len()).saturating_add(PACKET_COST);
        add(&mut ledger.held, 1);
        self.bound_front(slot, side, ledger);
    }

    /// What was fed last had a wrong checksum that was excused.
    pub(super) fn distrust(&mut self, slot: u32, side: usize) {
        if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) {
            half.distrust();
        }
    }

    /// An unfinished message larger than the budget is given up.
    pub(super) fn bound_front(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let over = |held: &Held| held.front.len() > limits::STREAM_BYTES || held.ends.len() > limits::STREAM_PACKETS;
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let bytes = half.held.as_ref().filter(|held| over(held)).map_or(0, |held| held.front.len());
        if bytes > 0 {
            add(&mut ledger.notes.gap_bytes, bytes as u64);
            self.drop_front(slot, side, ledger, |ledger, packets| ledger.lose(Loss::StreamBudget, packets));
        }
    }

    /// Drop the unfinished message of one direction; `class` says what becomes of its packets.
    pub(super) fn drop_front(&mut self, slot: u32, side: usize, ledger: &mut Ledger, class: fn(&mut Ledger, u64)) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        half.after_gap = true;
        half.lost_before = true;
        if let Some(held) = half.held.as_mut() {
            let packets = held.ends.len();
            let cost = held.front.len().saturating_add(packets.saturating_mul(PACKET_COST));
            self.held_bytes = self.held_bytes.saturating_sub(cost);
            held.ends.clear();
            held.front.clear();
            held.doubtful = false;
            held.need = 0;
            take(&mut ledger.held, packets as u64);
            class(ledger, packets as u64);
        }
    }
}

/// Whether keeping these bytes would go beyond the budget.
#[inline]
fn over(held_bytes: usize, bytes: &[u8]) -> bool {
    held_bytes.saturating_add(bytes.len()).saturating_add(PACKET_COST) > limits::per_shard(limits::HELD_BYTES)
}

/// What the parser keeps belongs to the budget of what waits; beyond it the parser forgets. Returns the new sum.
pub(super) fn kept(flow: &mut Flow, side: usize, held_bytes: usize) -> usize {
    let others = held_bytes.saturating_sub(flow.kept as usize);
    let Binding::Bound(index, parser) = &mut flow.binding else {
        flow.kept = 0;
        return others;
    };
    flow.kept = u32::try_from(parser.kept_bytes()).unwrap_or(u32::MAX);
    if others.saturating_add(flow.kept as usize) > limits::per_shard(limits::HELD_BYTES) {
        if let Some(anew) = protocol::at(usize::from(*index)).and_then(Protocol::parser) {
            *parser = anew;
        }
        flow.kept = 0;
        if let Some(half) = flow.halves.get_mut(side) {
            half.after_gap = true;
            half.lost_before = true;
        }
    }
    others.saturating_add(flow.kept as usize)
}
