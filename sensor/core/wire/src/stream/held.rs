//! What waits in one direction: the front of an unfinished message, and segments behind a hole.

use std::collections::VecDeque;

use super::conflict::differ;
use crate::limits::{STREAM_BYTES, STREAM_PACKETS};

/// What a waiting packet costs beside its bytes: ten million one-byte segments are not ten megabytes.
pub const PACKET_COST: usize = 96;

/// What waits in one direction.
#[derive(Debug, Default)]
pub struct Held {
    /// In-order bytes that are not a whole message yet.
    pub front: Vec<u8>,
    /// Some of `front` had a wrong checksum that was excused: it is not held against what comes again.
    pub doubtful: bool,
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
    /// Its checksum is wrong, and was excused.
    pub excused: bool,
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

    /// Whether a segment behind the hole says something else than one that waits there, where both are. Segments of one
    /// sender are of a size: of those that begin before it, the next few are looked at.
    pub fn contradicts(&self, sequence: u32, bytes: &[u8], next: u32) -> bool {
        const BEFORE: usize = 8;
        let distance = |sequence: u32| sequence.wrapping_sub(next);
        let place = self.behind.partition_point(|other| distance(other.sequence) < distance(sequence));
        let reaches = |other: &&Segment| (other.sequence.wrapping_sub(sequence) as usize) < bytes.len();
        let before = self.behind.range(place.saturating_sub(BEFORE)..place);
        let overlapping = before.chain(self.behind.range(place..).take_while(reaches));
        let differs = |other: &Segment| differ((other.sequence, &other.bytes), (sequence, bytes));
        bytes.len() > 1 && overlapping.filter(|other| !other.excused).any(differs)
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
