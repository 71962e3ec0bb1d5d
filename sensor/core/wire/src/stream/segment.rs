//! A segment in its place: next, known already, ahead, late.

use super::{Piece, Place, Resume, Streams, WINDOW};
use crate::flow::Binding;
use crate::ledger::{add, Ledger, Skip};
use crate::reader::{Consumer, Stamp};

impl Streams {
    /// Put a segment in its place: read it, hold it, or know it already.
    pub(super) fn segment<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(flow) = self.table.get(slot) else { return ledger.skip(Skip::NoParser) };
        if matches!(flow.binding, Binding::Nobody) {
            return ledger.skip(Skip::NoParser);
        }
        let Some(half) = flow.halves.get_mut(piece.side) else { return ledger.skip(Skip::NoParser) };
        if !half.started {
            half.start(piece.sequence);
            half.after_gap = true;
        }
        if half.resume.as_ref().is_some_and(|resume| piece.sequence.wrapping_sub(resume.from).cast_signed() >= 0) {
            self.return_from_hole(slot, piece.side, ledger);
        }
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) else { return };
        match half.place(piece.sequence, piece.payload.len()) {
            Place::Old => {
                let comparable = piece.missing == 0 && !piece.excused;
                let contradicts = comparable && half.contradicts(piece.sequence, piece.payload, self.key);
                ledger.skip(Skip::Retransmission);
                if contradicts {
                    self.conflict(slot, piece, stamp, ledger, consumer);
                }
                if let Some(flow) = self.table.at(slot) {
                    consumer.retransmission(&flow.marks);
                }
            }
            Place::Late { fresh } => {
                let resume = Resume { from: half.seen_from, next: half.next, after_gap: half.after_gap };
                let resume = half.resume.take().unwrap_or_else(|| Box::new(resume));
                self.skip_to(slot, piece.side, piece.sequence, ledger);
                if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) {
                    half.resume = Some(resume);
                }
                let fresh = piece.payload.get(..fresh).unwrap_or_default();
                self.take(slot, piece, fresh, stamp, ledger, consumer);
                self.leave_hole(slot, piece.side, ledger);
            }
            Place::Next { skip } => {
                if skip > 0 && !piece.excused && half.contradicts(piece.sequence, piece.payload, self.key) {
                    self.conflict(slot, piece, stamp, ledger, consumer);
                }
                let fresh = piece.payload.get(skip..).unwrap_or_default();
                self.take(slot, piece, fresh, stamp, ledger, consumer);
                let end = piece.sequence.wrapping_add(u32::try_from(piece.payload.len()).unwrap_or(0));
                self.cut(slot, piece.side, end, piece.missing, ledger);
            }
            Place::Far => {
                self.drop_half(slot, piece.side, Skip::Incomplete, ledger);
                self.skip_to(slot, piece.side, piece.sequence, ledger);
                self.take(slot, piece, piece.payload, stamp, ledger, consumer);
                let end = piece.sequence.wrapping_add(u32::try_from(piece.payload.len()).unwrap_or(0));
                self.cut(slot, piece.side, end, piece.missing, ledger);
            }
            Place::Ahead => self.hold(slot, piece, stamp, ledger, consumer),
        }
        self.leave_hole(slot, piece.side, ledger);
        self.drain(slot, piece.side, Some(stamp), stamp, ledger, consumer);
    }

    /// Feed what is new of a segment.
    fn take<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        fresh: &[u8],
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        self.feed(slot, piece.side, fresh, stamp, ledger, consumer);
        if piece.excused {
            self.distrust(slot, piece.side);
        }
    }

    /// Late bytes have filled their hole to its end: go on where reading stood before.
    #[inline]
    pub(super) fn leave_hole(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let Some(resume) = half.resume.as_ref() else { return };
        if half.next.wrapping_sub(resume.from).cast_signed() >= 0 {
            let filled_from = half.seen_from;
            self.return_from_hole(slot, side, ledger);
            if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) {
                half.seen_from = filled_from;
            }
        }
    }

    /// Leave a hole, whether or not all of it came. What is unfinished in it stays unfinished.
    pub(super) fn return_from_hole(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let Some(resume) = half.resume.take() else { return };
        let lost_before = half.lost_before;
        self.drop_front(slot, side, ledger, |ledger, packets| ledger.skip_many(Skip::Incomplete, packets));
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        half.next = resume.next;
        half.forget_last();
        half.seen_from = resume.from;
        half.after_gap = resume.after_gap;
        half.lost_before = lost_before;
    }

    /// `missing` bytes behind `end` were cut off by the capture: go on after them.
    pub(super) fn cut(&mut self, slot: u32, side: usize, end: u32, missing: u32, ledger: &mut Ledger) {
        if missing == 0 {
            return;
        }
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        if half.started && half.next != end {
            return;
        }
        if !half.started {
            half.start(end);
        }
        self.drop_front(slot, side, ledger, |ledger, packets| ledger.skip_many(Skip::Truncated, packets));
        self.skip_to(slot, side, end.wrapping_add(missing), ledger);
    }

    /// Go on at `sequence`: what lies before it will not come. The unfinished message is dropped.
    pub(super) fn skip_to(&mut self, slot: u32, side: usize, sequence: u32, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        // Back into a hole, or off to another connection, is no gap.
        let distance = i64::from(sequence.wrapping_sub(half.next).cast_signed());
        if (1..=WINDOW).contains(&distance) {
            add(&mut ledger.notes.gaps, 1);
            add(&mut ledger.notes.gap_bytes, distance.unsigned_abs());
        }
        half.start(sequence);
        self.drop_front(slot, side, ledger, |ledger, packets| ledger.skip_many(Skip::Incomplete, packets));
        if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) {
            half.after_gap = true;
            half.lost_before = true;
        }
    }
}
