//! One direction of a TCP connection: bytes in order, holes marked, packets accounted for.
//! RFC 9293 3.4 (sequence numbers wrap), 3.10.7.4 (segments that overlap what was received).
//!
//! The common case copies nothing: a segment that is next and ends with a message is parsed where it lies. Only what
//! waits (the front of an unfinished message, segments behind a hole) is kept, within `limits`.

use std::collections::VecDeque;

use crate::limits::{STREAM_BYTES, STREAM_PACKETS};

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
    /// The sender has closed its direction.
    pub finished: bool,
    pub held: Option<Box<Held>>,
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
    pub behind: Vec<Segment>,
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
    /// So far away that it belongs to another connection or to another time of this one.
    Far,
}

/// Distances beyond this are no window of any stack (RFC 7323 2.2 allows 2^30).
const WINDOW: i64 = 1 << 30;

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
            return Place::Old;
        }
        Place::Next { skip: usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX) }
    }

    pub fn advance(&mut self, length: usize) {
        // Sequence numbers wrap at 2^32: the low bits are what counts.
        self.next = self.next.wrapping_add(u32::try_from(length & 0xffff_ffff).unwrap_or(0));
    }

    /// Packets that wait here.
    pub fn packets(&self) -> u64 {
        self.held.as_ref().map_or(0, |held| held.ends.len().saturating_add(held.behind.len()) as u64)
    }

    pub fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes())
    }
}

impl Held {
    pub fn bytes(&self) -> usize {
        self.behind.iter().fold(self.front.len(), |sum, segment| sum.saturating_add(segment.bytes.len()))
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
        self.behind.insert(place, segment);
        true
    }

    /// The segment that can be read now, if the hole in front of it is closed.
    pub fn ready(&mut self, next: u32) -> Option<Segment> {
        let distance = self.behind.first()?.sequence.wrapping_sub(next).cast_signed();
        (distance <= 0).then(|| self.behind.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_across_the_wrap() {
        let half = Half { next: 5, started: true, ..Half::default() };
        assert_eq!(half.place(5, 10), Place::Next { skip: 0 });
        assert_eq!(half.place(0, 10), Place::Next { skip: 5 });
        assert_eq!(half.place(u32::MAX - 4, 20), Place::Next { skip: 10 });
        assert_eq!(half.place(u32::MAX, 6), Place::Old);
        assert_eq!(half.place(6, 1), Place::Ahead);
        assert_eq!(half.place(0x8000_0000, 1), Place::Far);
    }
}
