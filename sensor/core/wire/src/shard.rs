//! Flows and streams of one logical shard: frames in, messages out to a [`Consumer`].
//!
//! A shard owns everything keyed by a conversation and nothing else, so that threads can own shards later. Today's
//! engine has one.

use crate::event::Endpoint;
use crate::flow::{Binding, Flow, FlowKey, FlowTable};
use crate::frame::{tcp, Frame, Layer4};
use crate::ledger::{add, take, Ledger, Loss, Skip};
use crate::limits;
use crate::packet::Packet;
use crate::protocol::PROTOCOLS;
use crate::reader::{Consumer, Reader, Stamp};
use crate::stream::{Half, Held, Place, Resume, Segment, PACKET_COST, WINDOW};

/// Length of the list of holes from which on it is looked through for doubles.
const HOLES: usize = 4096;

pub struct Shard {
    table: FlowTable,
    reader: Reader,
    /// Flows with a hole, to be given up when it stays open too long.
    holes: Vec<u32>,
    /// When `holes` is that long, doubles are taken out.
    holes_due: usize,
    held_bytes: usize,
}

/// A TCP segment on its way into its direction.
struct Piece<'a> {
    side: usize,
    sequence: u32,
    payload: &'a [u8],
    missing: u32,
}

impl Shard {
    pub fn new(flows: usize) -> Self {
        Self {
            table: FlowTable::new(flows),
            reader: Reader::default(),
            holes: Vec::new(),
            holes_due: HOLES,
            held_bytes: 0,
        }
    }

    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// Take one frame. It ends in exactly one class of the ledger, or is held.
    #[inline]
    #[allow(clippy::too_many_arguments)]
    pub fn frame<C: Consumer>(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        stamp: &Stamp,
        now_ns: u64,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let (source_port, destination_port) = frame.layer4.ports();
        let transport = stamp.transport;
        let (key, forward) =
            FlowKey::new(stamp.segment, transport, (frame.source, source_port), (frame.destination, destination_port));
        let side = usize::from(!forward);
        let flags = match frame.layer4 {
            Layer4::Tcp { flags, .. } => flags,
            Layer4::Udp { .. } => 0,
        };
        let mut found = self.table.find(&key);
        if let Some(slot) = found {
            self.table.touch(slot);
            if flags & (tcp::SYN | tcp::ACK) == tcp::SYN && self.reopened(slot, side, frame) {
                self.end(slot, stamp, ledger, consumer);
                found = None;
            }
        }
        let slot = match found {
            Some(slot) => slot,
            // An acknowledgement of nothing we know opens no conversation.
            None if frame.payload.is_empty() && flags & tcp::SYN == 0 => return ledger.skip(Skip::NoPayload),
            None => self.open(key, side, frame, stamp, ledger, consumer),
        };
        let Some(flow) = self.table.get(slot) else { return ledger.skip(Skip::NoParser) };
        flow.last_ns = now_ns;
        consumer.packet(&mut flow.marks, packet, now_ns);
        match frame.layer4 {
            Layer4::Tcp { sequence, acknowledgement, .. } => {
                self.tcp(slot, side, frame, (sequence, acknowledgement, flags), stamp, now_ns, ledger, consumer);
            }
            // No protocol of today's list speaks UDP: the conversation is known, its content is not read.
            Layer4::Udp { .. } if frame.payload.is_empty() => ledger.skip(Skip::NoPayload),
            Layer4::Udp { .. } => ledger.skip(Skip::NoParser),
        }
    }

    /// A SYN on a conversation that is already known: the ports are used again, unless it is the same SYN once more.
    fn reopened(&mut self, slot: u32, side: usize, frame: &Frame<'_>) -> bool {
        let Layer4::Tcp { sequence, .. } = frame.layer4 else { return false };
        let half = self.table.get(slot).and_then(|flow| flow.halves.get(side));
        let first = sequence.wrapping_add(1);
        // A SYN that comes after its own data is no other connection.
        let same =
            |half: &Half| half.initial.map_or(half.seen_from == first || half.next == first, |known| known == first);
        half.is_some_and(|half| half.started && !same(half))
    }

    fn open<C: Consumer>(
        &mut self,
        key: FlowKey,
        side: usize,
        frame: &Frame<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) -> u32 {
        if self.table.full() {
            if let Some(oldest) = self.table.oldest() {
                add(&mut ledger.notes.flows_evicted, 1);
                let packets = self.drop_flow(oldest, ledger);
                ledger.lose(Loss::FlowEvicted, packets);
            }
        }
        add(&mut ledger.notes.flows_opened, 1);
        let (source_port, destination_port) = frame.layer4.ports();
        let source = Endpoint { ip: frame.source, port: source_port, mac: frame.source_mac };
        let destination = Endpoint { ip: frame.destination, port: destination_port, mac: frame.destination_mac };
        consumer.station(stamp.segment, &source, stamp.vlan, stamp.ts_ns);
        consumer.station(stamp.segment, &destination, stamp.vlan, stamp.ts_ns);
        let sides = if side == 0 { [source, destination] } else { [destination, source] };
        let flags = match frame.layer4 {
            Layer4::Tcp { flags, .. } => flags,
            Layer4::Udp { .. } => 0,
        };
        let other = usize::from(side == 0);
        // Without a handshake the lower port is taken for the server's until the protocol tells.
        let client = match flags & (tcp::SYN | tcp::ACK) {
            tcp::SYN => side,
            both if both == tcp::SYN | tcp::ACK => other,
            _ if source_port < destination_port => other,
            _ => side,
        };
        self.table.insert(Flow::new(key, sides, client))
    }

    #[allow(clippy::too_many_arguments)]
    fn tcp<C: Consumer>(
        &mut self,
        slot: u32,
        side: usize,
        frame: &Frame<'_>,
        (sequence, acknowledgement, flags): (u32, u32, u8),
        stamp: &Stamp,
        now_ns: u64,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let other = usize::from(side == 0);
        if flags & tcp::ACK != 0 {
            self.acknowledged(slot, other, acknowledgement, stamp, ledger, consumer);
        }
        let mut sequence = sequence;
        if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) {
            if flags & tcp::SYN != 0 {
                sequence = sequence.wrapping_add(1);
                if !half.started {
                    half.start(sequence);
                }
                half.initial = Some(sequence);
            }
            if flags & tcp::FIN != 0 {
                let length = u32::try_from(frame.payload.len()).unwrap_or(0).wrapping_add(frame.missing);
                half.end = Some(sequence.wrapping_add(length));
            }
        }
        if frame.payload.is_empty() {
            ledger.skip(if frame.missing > 0 { Skip::Truncated } else { Skip::NoPayload });
            self.cut(slot, side, sequence, frame.missing, ledger);
        } else {
            let piece = Piece { side, sequence, payload: frame.payload, missing: frame.missing };
            self.segment(slot, &piece, stamp, now_ns, ledger, consumer);
        }
        if self.table.get(slot).is_some_and(|flow| over(flow, side, sequence, flags)) {
            self.end(slot, stamp, ledger, consumer);
        }
    }

    /// A conversation is over: read what lies behind holes, forget the rest.
    fn end<C: Consumer>(&mut self, slot: u32, stamp: &Stamp, ledger: &mut Ledger, consumer: &mut C) {
        self.give_up(slot, 0, None, stamp, ledger, consumer);
        self.give_up(slot, 1, None, stamp, ledger, consumer);
        self.close(slot, Skip::Incomplete, ledger);
    }

    /// The other side has acknowledged bytes of `side` that we never saw: nobody will send them again.
    #[inline]
    fn acknowledged<C: Consumer>(
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

    /// Put a segment in its place: read it, hold it, or know it already.
    fn segment<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        stamp: &Stamp,
        now_ns: u64,
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
        if half.resume.is_some_and(|resume| piece.sequence.wrapping_sub(resume.from).cast_signed() >= 0) {
            self.return_from_hole(slot, piece.side, ledger);
        }
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) else { return };
        match half.place(piece.sequence, piece.payload.len()) {
            Place::Old => ledger.skip(Skip::Retransmission),
            Place::Late { fresh } => {
                let resume = Resume { from: half.seen_from, next: half.next, after_gap: half.after_gap };
                let resume = half.resume.unwrap_or(resume);
                self.skip_to(slot, piece.side, piece.sequence, ledger);
                if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) {
                    half.resume = Some(resume);
                }
                let fresh = piece.payload.get(..fresh).unwrap_or_default();
                self.feed(slot, piece.side, fresh, stamp, ledger, consumer);
                self.leave_hole(slot, piece.side, ledger);
            }
            Place::Next { skip } => {
                let fresh = piece.payload.get(skip..).unwrap_or_default();
                self.feed(slot, piece.side, fresh, stamp, ledger, consumer);
                let end = piece.sequence.wrapping_add(u32::try_from(piece.payload.len()).unwrap_or(0));
                self.cut(slot, piece.side, end, piece.missing, ledger);
            }
            Place::Far => {
                self.drop_half(slot, piece.side, Skip::Incomplete, ledger);
                self.skip_to(slot, piece.side, piece.sequence, ledger);
                self.feed(slot, piece.side, piece.payload, stamp, ledger, consumer);
                let end = piece.sequence.wrapping_add(u32::try_from(piece.payload.len()).unwrap_or(0));
                self.cut(slot, piece.side, end, piece.missing, ledger);
            }
            Place::Ahead => self.hold(slot, piece, stamp, now_ns, ledger, consumer),
        }
        self.leave_hole(slot, piece.side, ledger);
        self.drain(slot, piece.side, Some(stamp), stamp, ledger, consumer);
    }

    /// Late bytes have filled their hole to its end: go on where reading stood before.
    #[inline]
    fn leave_hole(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let Some(resume) = half.resume else { return };
        if half.next.wrapping_sub(resume.from).cast_signed() >= 0 {
            let filled_from = half.seen_from;
            self.return_from_hole(slot, side, ledger);
            if let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) {
                half.seen_from = filled_from;
            }
        }
    }

    /// Leave a hole, whether or not all of it came. What is unfinished in it stays unfinished.
    fn return_from_hole(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let Some(resume) = half.resume.take() else { return };
        let lost_before = half.lost_before;
        self.drop_front(slot, side, ledger, |ledger, packets| ledger.skip_many(Skip::Incomplete, packets));
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        half.next = resume.next;
        half.seen_from = resume.from;
        half.after_gap = resume.after_gap;
        half.lost_before = lost_before;
    }

    fn hold<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        stamp: &Stamp,
        now_ns: u64,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let cost = piece.payload.len().saturating_add(PACKET_COST);
        if self.held_bytes.saturating_add(cost) > limits::HELD_BYTES {
            return ledger.lose(Loss::StreamBudget, 1);
        }
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(piece.side)) else { return };
        let next = half.next;
        let held = half.held.get_or_insert_default();
        if held.behind.is_empty() {
            held.hole_since_ns = now_ns;
            self.holes.push(slot);
            if self.holes.len() >= self.holes_due {
                // Time need not move between two looks at the timers: the list stays within twice what is open.
                self.holes.sort_unstable();
                self.holes.dedup();
                self.holes_due = self.holes.len().saturating_mul(2).max(HOLES);
            }
        }
        let segment = Segment {
            sequence: piece.sequence,
            bytes: piece.payload.to_vec(),
            number: stamp.number,
            ts_ns: stamp.ts_ns,
            input: stamp.input,
            vlan: stamp.vlan,
            missing: piece.missing,
        };
        if !held.keep(segment, next) {
            return ledger.skip(Skip::Retransmission);
        }
        self.held_bytes = self.held_bytes.saturating_add(cost);
        add(&mut ledger.held, 1);
        if held.over_budget() {
            self.give_up(slot, piece.side, None, stamp, ledger, consumer);
        }
    }

    /// Read segments whose hole is closed. With `closer` they are stamped with the packet that closed it, else (the
    /// hole was given up) with their own.
    fn drain<C: Consumer>(
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

    /// Bytes that are next in line: read what is whole, keep the rest. The packet they came in is accounted for here.
    #[inline]
    fn feed<C: Consumer>(
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
        let waiting = half.held.as_mut().filter(|held| !held.front.is_empty());
        let cost = bytes.len().saturating_add(PACKET_COST);
        let full = self.held_bytes.saturating_add(cost) > limits::HELD_BYTES;
        let Some(held) = waiting else {
            let progress = self.reader.read(flow, side, bytes, stamp, ledger, consumer);
            if progress.kept || flow.kept > 0 {
                self.held_bytes = kept(flow, side, self.held_bytes);
            }
            let rest = bytes.get(progress.used..).unwrap_or_default();
            if rest.is_empty() {
                match progress.skip {
                    None => add(&mut ledger.parsed, 1),
                    Some(reason) => ledger.skip(reason),
                }
                return;
            }
            let Some(half) = flow.halves.get_mut(side) else { return };
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
            return self.bound_front(slot, side, ledger);
        };
        if full {
            ledger.lose(Loss::StreamBudget, 1);
            return self.drop_front(slot, side, ledger, |ledger, packets| ledger.lose(Loss::StreamBudget, packets));
        }
        held.front.extend_from_slice(bytes);
        held.ends.push_back(held.front.len());
        self.held_bytes = self.held_bytes.saturating_add(cost);
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

    /// An unfinished message larger than the budget is given up.
    fn bound_front(&mut self, slot: u32, side: usize, ledger: &mut Ledger) {
        let over = |held: &Held| held.front.len() > limits::STREAM_BYTES || held.ends.len() > limits::STREAM_PACKETS;
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let bytes = half.held.as_ref().filter(|held| over(held)).map_or(0, |held| held.front.len());
        if bytes > 0 {
            add(&mut ledger.notes.gap_bytes, bytes as u64);
            self.drop_front(slot, side, ledger, |ledger, packets| ledger.lose(Loss::StreamBudget, packets));
        }
    }

    /// Drop the unfinished message of one direction; `class` says what becomes of its packets.
    fn drop_front(&mut self, slot: u32, side: usize, ledger: &mut Ledger, class: fn(&mut Ledger, u64)) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        half.after_gap = true;
        half.lost_before = true;
        if let Some(held) = half.held.as_mut() {
            let packets = held.ends.len();
            let cost = held.front.len().saturating_add(packets.saturating_mul(PACKET_COST));
            self.held_bytes = self.held_bytes.saturating_sub(cost);
            held.ends.clear();
            held.front.clear();
            held.need = 0;
            take(&mut ledger.held, packets as u64);
            class(ledger, packets as u64);
        }
    }

    /// `missing` bytes behind `end` were cut off by the capture: go on after them.
    fn cut(&mut self, slot: u32, side: usize, end: u32, missing: u32, ledger: &mut Ledger) {
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
    fn skip_to(&mut self, slot: u32, side: usize, sequence: u32, ledger: &mut Ledger) {
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

    /// Give up the holes of one direction (those before `limit`, if one is given): read what lies behind each.
    fn give_up<C: Consumer>(
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
            if sequence.wrapping_sub(half.next).cast_signed() > 0 {
                self.skip_to(slot, side, sequence, ledger);
            }
            self.drain(slot, side, None, stamp, ledger, consumer);
        }
    }

    /// Drop what a direction holds, as one class.
    fn drop_half(&mut self, slot: u32, side: usize, reason: Skip, ledger: &mut Ledger) {
        let Some(half) = self.table.get(slot).and_then(|flow| flow.halves.get_mut(side)) else { return };
        let packets = half.packets();
        self.held_bytes = self.held_bytes.saturating_sub(half.cost());
        half.held = None;
        take(&mut ledger.held, packets);
        ledger.skip_many(reason, packets);
    }

    fn close(&mut self, slot: u32, reason: Skip, ledger: &mut Ledger) {
        let packets = self.drop_flow(slot, ledger);
        ledger.skip_many(reason, packets);
    }

    /// Forget a flow; returns how many packets it held (the caller says what became of them).
    fn drop_flow(&mut self, slot: u32, ledger: &mut Ledger) -> u64 {
        let Some(mut flow) = self.table.remove(slot) else { return 0 };
        add(&mut ledger.notes.requests_unanswered, flow.pairing.clear());
        let mut packets = 0;
        for half in &flow.halves {
            add(&mut packets, half.packets());
            self.held_bytes = self.held_bytes.saturating_sub(half.cost());
        }
        self.held_bytes = self.held_bytes.saturating_sub(flow.kept);
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
        while let Some(oldest) = self.table.oldest() {
            let idle = self.table.get(oldest).map_or(0, |flow| now_ns.saturating_sub(flow.last_ns));
            if idle <= limits::FLOW_IDLE_NS {
                break;
            }
            add(&mut ledger.notes.flows_expired, 1);
            self.close(oldest, Skip::Incomplete, ledger);
        }
    }

    /// Nothing more will come: read what lies behind holes, account for what is left. Held is 0 afterwards.
    pub fn finish<C: Consumer>(&mut self, stamp: &Stamp, ledger: &mut Ledger, consumer: &mut C) {
        while let Some(oldest) = self.table.oldest() {
            self.end(oldest, stamp, ledger, consumer);
        }
    }
}

/// A reset counts where the stream stands (RFC 5961 3.2), else anybody could make us forget a conversation. Both sides
/// closed counts when everything up to there was seen.
fn over(flow: &Flow, side: usize, sequence: u32, flags: u8) -> bool {
    let unread = matches!(flow.binding, Binding::Nobody);
    if flags & tcp::RST != 0 {
        return flow.halves.get(side).is_some_and(|half| unread || !half.started || half.next == sequence);
    }
    flow.halves.iter().all(|half| half.finished() || (unread && half.end.is_some()))
}

/// What the parser keeps belongs to the budget of what waits; beyond it the parser forgets. Returns the new sum.
fn kept(flow: &mut Flow, side: usize, held_bytes: usize) -> usize {
    let others = held_bytes.saturating_sub(flow.kept);
    let Binding::Bound(index, parser) = &mut flow.binding else {
        flow.kept = 0;
        return others;
    };
    flow.kept = parser.kept_bytes();
    if others.saturating_add(flow.kept) > limits::HELD_BYTES {
        if let Some(protocol) = PROTOCOLS.get(*index) {
            *parser = (protocol.parser)();
        }
        flow.kept = 0;
        if let Some(half) = flow.halves.get_mut(side) {
            half.after_gap = true;
            half.lost_before = true;
        }
    }
    others.saturating_add(flow.kept)
}
