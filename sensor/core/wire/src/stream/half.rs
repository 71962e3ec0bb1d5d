//! One direction of a TCP connection: bytes in order, holes marked, packets accounted for.
//! RFC 9293 3.4 (sequence numbers wrap), 3.10.7.4 (segments that overlap what was received).
//!
//! The common case copies nothing: a segment that is next and ends with a message is parsed where it lies. Only what
//! waits (the front of an unfinished message, segments behind a hole) is kept, within `limits`.

use super::conflict::{differ, print, Key, PRINTED};
use super::held::{Held, PACKET_COST};

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
    /// Behind the SYN that opened this direction, if one was seen, its first byte; see [`Half::initial`].
    initial: u32,
    /// Where the sender has closed its direction.
    end: u32,
    /// Print of the bytes that came last: all that is known of what was read.
    last_print: u32,
    /// In its lower bits how many bytes that is a print of, 0 for none; above them `OPENED` and `CLOSING`. In one byte,
    /// for there are two of these in every flow.
    marks: u8,
    /// Bytes from a hole that had been given up came after all, and are being read: where to go on afterwards.
    pub resume: Option<Box<Resume>>,
    pub held: Option<Box<Held>>,
}

/// Of `Half::marks`: its length.
const LAST: u8 = 0x1f;
/// A SYN was seen: `initial` is known.
const OPENED: u8 = 0x40;
/// A FIN was seen: `end` is known.
const CLOSING: u8 = 0x80;

/// Where reading stood before it went back into a hole.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// Where the hole ends: from here to `next` all was read.
    pub from: u32,
    pub next: u32,
    pub after_gap: bool,
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

    /// Bytes of it are read as they come: it began, goes on, and no hole of it is being filled.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.started && !self.is_closing() && self.resume.is_none()
    }

    #[inline]
    pub fn advance(&mut self, length: usize) {
        // Sequence numbers wrap at 2^32: the low bits are what counts.
        self.next = self.next.wrapping_add(u32::try_from(length & 0xffff_ffff).unwrap_or(0));
        if i64::from(self.next.wrapping_sub(self.seen_from)) > WINDOW {
            self.seen_from = self.next.wrapping_sub(WINDOW_U32);
        }
    }

    /// These bytes end at `next`.
    #[inline(always)]
    pub fn remember(&mut self, bytes: &[u8], key: Key) {
        self.marks = self.marks & !LAST | printed(bytes);
        self.last_print = print(bytes, key);
    }

    /// What lies before `next` is not what came last.
    pub fn forget_last(&mut self) {
        self.marks &= !LAST;
    }

    /// What came last had a wrong checksum that was excused: nothing is held against it.
    pub fn distrust(&mut self) {
        self.forget_last();
        if let Some(held) = self.held.as_mut() {
            held.doubtful = !held.front.is_empty();
        }
    }

    /// Whether a whole segment says something else than the same bytes did when they came first, as far as that is known:
    /// of what is still unfinished every byte, of what was read the last bytes that its print covers.
    /// A byte alone proves nothing: keep-alives carry one of garbage (RFC 1122 4.2.3.6).
    #[cold]
    pub fn contradicts(&self, sequence: u32, bytes: &[u8], key: Key) -> bool {
        if bytes.len() < 2 {
            return false;
        }
        if let Some(held) = self.held.as_ref().filter(|held| !held.front.is_empty() && !held.doubtful) {
            let start = self.next.wrapping_sub(u32::try_from(held.front.len()).unwrap_or(0));
            if differ((start, &held.front), (sequence, bytes)) {
                return true;
            }
        }
        let end = sequence.wrapping_add(u32::try_from(bytes.len()).unwrap_or(0));
        end == self.next && printed(bytes) == self.marks & LAST && print(bytes, key) != self.last_print
    }

    /// Nothing is known of this direction before `sequence`.
    pub fn start(&mut self, sequence: u32) {
        self.started = true;
        self.forget_last();
        self.next = sequence;
        self.seen_from = sequence;
        self.resume = None;
    }

    /// Sequence number of the first byte behind the SYN that opened this direction.
    pub fn initial(&self) -> Option<u32> {
        (self.marks & OPENED != 0).then_some(self.initial)
    }

    /// A SYN: `first` is the byte behind it.
    pub fn open(&mut self, first: u32) {
        self.initial = first;
        self.marks |= OPENED;
    }

    /// A FIN: the sender has closed its direction at `end`.
    pub fn close(&mut self, end: u32) {
        self.end = end;
        self.marks |= CLOSING;
    }

    /// A FIN was seen.
    #[inline]
    pub fn is_closing(&self) -> bool {
        self.marks & CLOSING != 0
    }

    /// The sender closed, and everything up to there was seen.
    pub fn finished(&self) -> bool {
        self.is_closing() && (!self.started || self.next.wrapping_sub(self.end).cast_signed() >= 0)
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

/// How many bytes a print covers.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // at most PRINTED
fn printed(bytes: &[u8]) -> u8 {
    bytes.len().min(PRINTED) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_small() {
        assert_eq!(size_of::<Half>(), 40);
    }

    #[test]
    fn what_is_sent_again_is_compared_however_it_is_cut() {
        let (key, first) = (Key::drawn(), (0..100).collect::<Vec<u8>>());
        let mut half = Half::default();
        half.start(1000);
        half.advance(first.len());
        half.remember(&first, key);
        let mut other = first.clone();
        other[99] = 0;
        for length in [16, 17, 60, 100] {
            let sequence = 1100u32.wrapping_sub(u32::try_from(length).unwrap_or(0));
            assert!(!half.contradicts(sequence, &first[100 - length..], key), "{length}");
            assert!(half.contradicts(sequence, &other[100 - length..], key), "{length}");
        }
        // Fewer bytes than the print covers cannot be held against it.
        assert!(!half.contradicts(1100 - 15, &other[85..], key));
        half.close(1100);
        half.remember(&first[..10], key);
        assert!(half.is_closing() && half.initial().is_none());
    }

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
