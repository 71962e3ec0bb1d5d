//! How conversations end, and what becomes of what they held.

use super::Streams;
use crate::flow::{Binding, Flow};
use crate::frame::tcp;
use crate::ledger::{add, take, Ledger, Skip};
use crate::limits;
use crate::protocol::flow::{Optional, Reason, Told};
use crate::reader::{Consumer, Stamp};

impl Streams {
    /// A conversation is over: read what lies behind holes, forget the rest.
    pub(super) fn end<C: Consumer>(
        &mut self,
        slot: u32,
        reason: Reason,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        self.give_up(slot, 0, None, stamp, ledger, consumer);
        self.give_up(slot, 1, None, stamp, ledger, consumer);
        self.told_end(slot, reason, stamp, ledger, consumer);
        self.close(slot, Skip::Incomplete, ledger);
    }

    /// Tell of the end to who wants to hear it.
    pub(super) fn told_end<C: Consumer>(
        &mut self,
        slot: u32,
        reason: Reason,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        self.ended_early(slot, reason, stamp, ledger, consumer);
        if consumer.wants_flows(Optional::Ended) {
            if let Some(flow) = self.table.get(slot) {
                self.reader.about(flow, Told::Ended(reason), None, stamp, ledger, consumer);
            }
        }
    }

    /// Drop what a direction holds, as one class.
    pub(super) fn drop_half(&mut self, slot: u32, side: usize, reason: Skip, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let packets = half.packets();
        self.held_bytes = self.held_bytes.saturating_sub(half.cost());
        half.held = None;
        take(&mut ledger.held, packets);
        ledger.skip_many(reason, packets);
    }

    pub(super) fn close(&mut self, slot: u32, reason: Skip, ledger: &mut Ledger) {
        let packets = self.drop_flow(slot, ledger);
        ledger.skip_many(reason, packets);
    }

    /// Forget a flow; returns how many packets it held (the caller says what became of them).
    pub(super) fn drop_flow(&mut self, slot: u32, ledger: &mut Ledger) -> u64 {
        let Some(mut flow) = self.table.remove(slot) else { return 0 };
        add(&mut ledger.notes.requests_unanswered, flow.pairing.clear());
        let mut packets = 0;
        for half in &flow.halves {
            add(&mut packets, half.packets());
            self.held_bytes = self.held_bytes.saturating_sub(half.cost());
        }
        self.held_bytes = self.held_bytes.saturating_sub(flow.kept as usize);
        take(&mut ledger.held, packets);
        packets
    }

    /// Engine time has come to `now_ns`: holes open for too long are given up, silent flows forgotten.
    pub fn tick<C: Consumer>(&mut self, now_ns: u64, stamp: &Stamp, ledger: &mut Ledger, consumer: &mut C) {
        let mut holes = std::mem::take(&mut self.holes);
        holes.sort_unstable();
        holes.dedup();
        for slot in holes {
            let mut open = false;
            for side in 0..2 {
                let since = self
                    .table
                    .get(slot)
                    .and_then(|flow| flow.halves.get(side)?.held.as_ref())
                    .filter(|held| !held.behind.is_empty())
                    .map(|held| held.hole_since_ns);
                match since {
                    Some(since) if now_ns.saturating_sub(since) > limits::GAP_NS => {
                        self.give_up(slot, side, None, stamp, ledger, consumer);
                    }
                    Some(_) => open = true,
                    None => {}
                }
            }
            if open {
                self.holes.push(slot);
            }
        }
        self.judge_attempts(now_ns, limits::FIRST_ANSWER_S, ledger, consumer);
        while let Some(idle) = self.table.expired(now_ns, limits::FLOW_IDLE_NS) {
            add(&mut ledger.notes.flows_expired, 1);
            self.told_end(idle, Reason::Idle, stamp, ledger, consumer);
            self.close(idle, Skip::Incomplete, ledger);
        }
    }

    /// Nothing more will come: read what lies behind holes, account for what is left. Held is 0 afterwards.
    pub fn finish<C: Consumer>(&mut self, stamp: &Stamp, ledger: &mut Ledger, consumer: &mut C) {
        self.judge_attempts(stamp.now_ns, limits::LAST_ANSWER_S, ledger, consumer);
        while let Some(oldest) = self.table.oldest() {
            self.end(oldest, Reason::EndOfInput, stamp, ledger, consumer);
        }
    }
}

/// A reset counts where the stream stands (RFC 5961 3.2), else anybody could make us forget a conversation. Both sides
/// closed counts when everything up to there was seen.
pub(super) fn over(flow: &Flow, side: usize, sequence: u32, flags: u8) -> bool {
    let unread = matches!(flow.binding, Binding::Nobody);
    if flags & tcp::RST != 0 {
        return flow.halves.get(side).is_some_and(|half| unread || !half.started || half.next == sequence);
    }
    flow.halves.iter().all(|half| half.finished() || (unread && half.is_closing()))
}
