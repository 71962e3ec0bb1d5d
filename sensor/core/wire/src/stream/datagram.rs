//! Datagrams: a payload is all there is, nothing is put in order and nothing waits.

use super::feed::kept;
use super::Streams;
use crate::frame::{Frame, Layer4};
use crate::ledger::{add, Ledger, Skip};
use crate::reader::{Consumer, Stamp};

impl Streams {
    pub(super) fn datagram<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        frame: &Frame<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        if frame.payload.is_empty() {
            return ledger.skip(if frame.missing > 0 { Skip::Truncated } else { Skip::NoPayload });
        }
        let Some(flow) = self.table.get(slot) else { return ledger.skip(Skip::NoParser) };
        if let Layer4::Arp { claim } = frame.layer4 {
            self.reader.heard(claim);
        }
        let progress = self.reader.read(flow, side, frame.payload, stamp, ledger, consumer);
        if let Some(half) = flow.halves.get_mut(side) {
            // The next one begins with a message, whatever was wrong with this one.
            half.after_gap = false;
        }
        if progress.kept || flow.kept > 0 {
            self.held_bytes = kept(flow, side, self.held_bytes);
        }
        match progress.skip {
            Some(reason) => ledger.skip(reason),
            None if progress.used > 0 => add(&mut ledger.parsed, 1),
            None => ledger.skip(if frame.missing > 0 { Skip::Truncated } else { Skip::NotProtocol }),
        }
    }
}
