//! One direction of a TCP connection: bytes in order, holes marked, packets accounted for.
//! RFC 9293 3.4 (sequence numbers wrap), 3.10.7.4 (segments that overlap what was received).
//!
//! The common case copies nothing: a segment that is next and ends with a message is parsed where it lies. Only what
//! waits (the front of an unfinished message, segments behind a hole) is kept, within `limits`.

use std::collections::VecDeque;

use crate::limits::{STREAM_BYTES, STREAM_PACKETS};

/// What a waiting packet costs beside its bytes: ten million one-byte segments are not ten megabytes.
pub const PACKET_COST: usize = 96;

/// State of one direction.
#[derive(Debug, Default)]
pub struct Half {
    /// Sequence number of the next byte; meaningless until `started`.
    pub next: u32,
    pub started: bool,
    /// Bytes before the next message were lost: the parser must find its place again.
    pub after_gap: bool,
    /// The bytes before were really lost, not just before our time.
    pub lost_before: bool,
    /// From here to `next` every byte was seen. What lies before is new, however old its sequence number looks.
    pub seen_from: u32,
    /// Sequence number of the first byte behind the SYN that opened this direction.
    pub initial: Option<u32>,
    /// Where the sender has closed its direction.
    pub end: Option<u32>,
    /// Bytes from a hole that had been given up came after all, and are being read: where to go on afterwards.
    pub resume: Option<Resume>,
    pub held: Option<Box<Held>>,
}

/// Where reading stood before it went back into a hole.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// Where the hole ends: from here to `next` all was read.
    pub from: u32,
    pub next: u32,
    pub after_gap: bool,
}

/// What waits in one direction.
#[derive(Debug, Default)]
pub struct Held {
    /// In-order bytes that are not a whole message yet.
    pub front: Vec<u8>,
    /// The parser asked for that many bytes: with fewer in `front` it need not be called.
    pub need: usize,
    /// Packets whose last byte lies in `front`: their end, as an offset into it.
    pub ends: VecDeque<usize>,
    /// Segments behind a hole, by sequence number (relative to `next`, so that wrapping does not matter).
    pub behind: VecDeque<Segment>,
    /// Bytes in `behind`.
    pub behind_bytes: usize,
    /// Engine time when the hole opened.
    pub hole_since_ns: u64,
}

#[derive(Debug)]
pub struct Segment {
    pub sequence: u32,
    pub bytes: Vec<u8>,
    pub number: u64,
    pub ts_ns: u64,
    pub input: u16,
    pub vlan: Option<u16>,
    /// Bytes that the capture cut off behind these.
    pub missing: u32,
}

/// How a segment stands to what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Next in line, after `skip` bytes that were seen already.
    Next { skip: usize },
    /// All of it was seen.
    Old,
    /// Behind a hole.
    Ahead,
    /// Its first `fresh` bytes lie in a hole that was given up: nobody has read them.
    Late { fresh: usize },
    /// So far away that it belongs to another connection or to another time of this one.
    Far,
}

/// Distances beyond this are another connection, or a forged segment. (RFC 7323 2.2 allows windows of 2^30; half of it
/// keeps what waits ahead and what comes late within one half of the sequence space.)
pub const WINDOW: i64 = 1 << 29;
const WINDOW_U32: u32 = 1 << 29;

impl Half {
    #[inline]
    pub fn place(&self, sequence: u32, length: usize) -> Place {
        let distance = i64::from(sequence.wrapping_sub(self.next).cast_signed());
        if distance == 0 {
            return Place::Next { skip: 0 };
        }
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        if !(-WINDOW..=WINDOW).contains(&distance) {
            return Place::Far;
        }
        if distance > 0 {
            return Place::Ahead;
        }
        if distance.saturating_add(length) <= 0 {
            let unseen = distance.saturating_neg().saturating_sub(i64::from(self.next.wrapping_sub(self.seen_from)));
            if unseen > 0 {
                return Place::Late { fresh: usize::try_from(unseen.min(length)).unwrap_or(0) };
            }
            return Place::Old;
        }
        Place::Next { skip: usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX) }
    }

    pub fn advance(&mut self, length: usize) {
        // Sequence numbers wrap at 2^32: the low bits are what counts.
        self.next = self.next.wrapping_add(u32::try_from(length & 0xffff_ffff).unwrap_or(0));
        if i64::from(self.next.wrapping_sub(self.seen_from)) > WINDOW {
            self.seen_from = self.next.wrapping_sub(WINDOW_U32);
        }
    }

    /// Nothing is known of this direction before `sequence`.
    pub fn start(&mut self, sequence: u32) {
        self.started = true;
        self.next = sequence;
        self.seen_from = sequence;
        self.resume = None;
    }

    /// The sender closed, and everything up to there was seen.
    pub fn finished(&self) -> bool {
        self.end.is_some_and(|end| !self.started || self.next.wrapping_sub(end).cast_signed() >= 0)
    }

    /// Packets that wait here.
    pub fn packets(&self) -> u64 {
        self.held.as_ref().map_or(0, |held| held.ends.len().saturating_add(held.behind.len()) as u64)
    }

    /// What this direction takes of the budget for everything that waits.
    pub fn cost(&self) -> usize {
        self.held.as_ref().map_or(0, |held| {
            let packets = held.ends.len().saturating_add(held.behind.len());
            held.bytes().saturating_add(packets.saturating_mul(PACKET_COST))
        })
    }
}

impl Held {
    pub fn bytes(&self) -> usize {
        self.front.len().saturating_add(self.behind_bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.front.is_empty() && self.behind.is_empty() && self.ends.is_empty()
    }

    pub fn over_budget(&self) -> bool {
        self.bytes() > STREAM_BYTES || self.ends.len().saturating_add(self.behind.len()) > STREAM_PACKETS
    }

    /// Keep a segment behind the hole, in order of sequence; of equal ones the first stays.
    /// Returns false when it brings nothing new.
    pub fn keep(&mut self, segment: Segment, next: u32) -> bool {
        let distance = |sequence: u32| sequence.wrapping_sub(next);
        let at = distance(segment.sequence);
        let place = self.behind.partition_point(|other| distance(other.sequence) < at);
        let covered = self
            .behind
            .get(place)
            .is_some_and(|other| other.sequence == segment.sequence && other.bytes.len() >= segment.bytes.len());
        if covered {
            return false;
        }
        self.behind_bytes = self.behind_bytes.saturating_add(segment.bytes.len());
        self.behind.insert(place, segment);
        true
    }

    /// The segment that can be read now, if the hole in front of it is closed.
    pub fn ready(&mut self, next: u32) -> Option<Segment> {
        let distance = self.behind.front()?.sequence.wrapping_sub(next).cast_signed();
        if distance > 0 {
            return None;
        }
        let segment = self.behind.pop_front()?;
        self.behind_bytes = self.behind_bytes.saturating_sub(segment.bytes.len());
        Some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_across_the_wrap() {
        let half = Half { next: 5, seen_from: u32::MAX - 20, started: true, ..Half::default() };
        assert_eq!(half.place(5, 10), Place::Next { skip: 0 });
        assert_eq!(half.place(0, 10), Place::Next { skip: 5 });
        assert_eq!(half.place(u32::MAX - 4, 20), Place::Next { skip: 10 });
        assert_eq!(half.place(u32::MAX, 6), Place::Old);
        assert_eq!(half.place(6, 1), Place::Ahead);
        assert_eq!(half.place(0x8000_0000, 1), Place::Far);
        assert_eq!(half.place(u32::MAX - 30, 5), Place::Late { fresh: 5 });
        assert_eq!(half.place(u32::MAX - 24, 12), Place::Late { fresh: 4 });
    }
}
