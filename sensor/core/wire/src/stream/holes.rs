//! What waits behind a hole: kept, read when the hole closes, or given up.

use super::{Piece, Place, Segment, Streams, HOLES, PACKET_COST};
use crate::ledger::{add, take, Ledger, Loss, Skip};
use crate::limits;
use crate::reader::{Consumer, Stamp};

impl Streams {
    pub(super) fn hold<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let cost = piece.payload.len().saturating_add(PACKET_COST);
        if self.held_bytes.saturating_add(cost) > limits::per_shard(limits::HELD_BYTES) {
            return ledger.lose(Loss::StreamBudget, 1);
        }
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) else { return };
        let next = half.next;
        let held = half.held.get_or_insert_default();
        if held.behind.is_empty() {
            held.hole_since_ns = stamp.now_ns;
            self.holes.push(slot);
            if self.holes.len() >= self.holes_due {
                // Time need not move between two looks at the timers: the list stays within twice what is open.
                self.holes.sort_unstable();
                self.holes.dedup();
                self.holes_due = self.holes.len().saturating_mul(2).max(HOLES);
            }
        }
        let contradicts = !piece.excused && held.contradicts(piece.sequence, piece.payload, next);
        let segment = Segment {
            sequence: piece.sequence,
            bytes: piece.payload.to_vec(),
            number: stamp.number,
            ts_ns: stamp.ts_ns,
            input: stamp.input,
            vlan: stamp.vlan,
            missing: piece.missing,
            excused: piece.excused,
        };
        let kept = held.keep(segment, next);
        let over_budget = kept && held.over_budget();
        if kept {
            self.held_bytes = self.held_bytes.saturating_add(cost);
            add(&mut ledger.held, 1);
        } else {
            ledger.skip(Skip::Retransmission);
        }
        if contradicts {
            self.conflict(slot, piece, stamp, ledger, consumer);
        }
        if over_budget {
            self.give_up(slot, piece.side, None, stamp, ledger, consumer);
        }
    }

    /// Read segments whose hole is closed. With `closer` they are stamped with the packet that closed it, else (the
    /// hole was given up) with their own.
    pub(super) fn drain<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        closer: Option<&Stamp>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        loop {
            let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
            let next = half.next;
            let Some(segment) = half.held.as_mut().and_then(|held| held.ready(next)) else { break };
            let place = half.place(segment.sequence, segment.bytes.len());
            self.held_bytes = self.held_bytes.saturating_sub(segment.bytes.len().saturating_add(PACKET_COST));
            take(&mut ledger.held, 1);
            let Place::Next { skip } = place else {
                ledger.skip(Skip::Retransmission);
                continue;
            };
            let own = Stamp {
                number: segment.number,
                ts_ns: segment.ts_ns,
                input: segment.input,
                vlan: segment.vlan,
                ..*stamp
            };
            let fresh = segment.bytes.get(skip..).unwrap_or_default();
            self.feed(slot, side, fresh, closer.unwrap_or(&own), ledger, consumer);
            if segment.excused {
                self.distrust(slot, side);
            }
            let end = segment.sequence.wrapping_add(u32::try_from(segment.bytes.len()).unwrap_or(0));
            self.cut(slot, side, end, segment.missing, ledger);
        }
        let half = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side));
        if let Some(half) = half {
            if half.held.as_ref().is_some_and(|held| held.is_empty()) {
                half.held = None;
            }
        }
    }

    /// The other side has acknowledged bytes of `side` that we never saw: nobody will send them again.
    #[inline]
    pub(super) fn acknowledged<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        acknowledgement: u32,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let passed = self.table.get(slot).and_then(|flow| flow.halves.get(side)).is_some_and(|half| {
            let behind = half.held.as_ref().and_then(|held| held.behind.front());
            behind.is_some_and(|first| acknowledgement.wrapping_sub(first.sequence).cast_signed() >= 0)
        });
        if passed {
            self.give_up(slot, side, Some(acknowledgement), stamp, ledger, consumer);
        }
    }

    /// Give up the holes of one direction (those before `limit`, if one is given): read what lies behind each.
    pub(super) fn give_up<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        limit: Option<u32>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        loop {
            let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
            let Some(held) = half.held.as_mut() else { return };
            let Some(sequence) = held.behind.front().map(|segment| segment.sequence) else { return };
            if limit.is_some_and(|limit| limit.wrapping_sub(sequence).cast_signed() < 0) {
                // A hole that opened after this one has waited from now on.
                held.hole_since_ns = stamp.now_ns;
                return;
            }
            let distance = sequence.wrapping_sub(half.next);
            if distance.cast_signed() > 0 {
                if let Some(flow) = self.table.get(slot) {
                    consumer.gap(&mut flow.marks, distance.into());
                }
                self.skip_to(slot, side, sequence, ledger);
            }
            self.drain(slot, side, None, stamp, ledger, consumer);
        }
    }
}
