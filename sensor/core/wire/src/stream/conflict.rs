//! Retransmissions that bring other bytes than what came first: evasion, or somebody who injects. What came first was told
//! already, and stays; RFC 9293 3.10.7.4 lets receivers do either.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use super::{Piece, Streams};
use crate::hash::folded;
use crate::ledger::{add, Ledger};
use crate::protocol::flow::Told;
use crate::reader::{Consumer, Stamp};

/// Two numbers that nobody on the wire knows, so that nobody can say something else with the same print: drawn once in a
/// process. No result tells what they are.
#[derive(Clone, Copy)]
pub struct Key(u64, u64);

impl Key {
    pub fn drawn() -> Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        *KEY.get_or_init(|| {
            let drawn = RandomState::new();
            Self(drawn.hash_one(1), drawn.hash_one(2))
        })
    }
}

/// Bytes that a print covers, from the end.
pub const PRINTED: usize = 16;

/// A number for the last sixteen bytes, which is where addresses and values stand: the whole of long segments would
/// cost more than all else that is done with them.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // two halves are taken; what is left is mixed before
pub fn print(bytes: &[u8], Key(a, b): Key) -> u32 {
    let (front, back) = match bytes.last_chunk::<PRINTED>() {
        Some(end) => {
            let end = u128::from_le_bytes(*end);
            (end as u64, (end >> 64) as u64)
        }
        None => match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(front), Some(back)) => (u64::from_le_bytes(*front), u64::from_le_bytes(*back)),
            _ => (short(bytes), 0),
        },
    };
    folded(front ^ a, back ^ b) as u32
}

/// At most seven bytes.
#[cold]
fn short(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Whether two stretches of bytes, each with its first sequence number, differ where both are.
pub fn differ((a, one): (u32, &[u8]), (b, other): (u32, &[u8])) -> bool {
    let ahead = b.wrapping_sub(a).cast_signed();
    let distance = ahead.unsigned_abs() as usize;
    let (one, other) = if ahead >= 0 { (one.get(distance..), Some(other)) } else { (Some(one), other.get(distance..)) };
    one.unwrap_or_default().iter().zip(other.unwrap_or_default()).any(|(one, other)| one != other)
}

impl Streams {
    /// Tell of a segment that says something else than what came first.
    #[cold]
    pub(super) fn conflict<C: Consumer>(
        &mut self,
        slot: u32,
        piece: &Piece<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        add(&mut ledger.notes.stream_conflicts, 1);
        let Some(flow) = self.table.get(slot) else { return };
        let from_client = piece.side == flow.client();
        self.reader.about(flow, Told::Conflict { from_client }, None, stamp, ledger, consumer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_the_end_counts() {
        let (key, whole) = (Key::drawn(), (0..100).collect::<Vec<u8>>());
        for length in 1..100 {
            let bytes = &whole[..length];
            let known = print(bytes, key);
            for place in length.saturating_sub(PRINTED)..length {
                let mut other = bytes.to_vec();
                other[place] ^= 1;
                assert_ne!(print(&other, key), known, "{length} {place}");
            }
        }
    }

    #[test]
    fn prints_are_a_process_s_own() {
        let bytes = [7; 20];
        assert_eq!(print(&bytes, Key::drawn()), print(&bytes, Key::drawn()));
        assert_ne!(print(&bytes, Key::drawn()), print(&bytes, Key(1, 2)));
    }

    #[test]
    fn stretches_are_compared_where_both_are() {
        for (a, b, differs) in [
            ((10, "abc"), (10, "abc"), false),
            ((10, "abc"), (11, "bcd"), false),
            ((10, "abc"), (11, "xcd"), true),
            ((11, "bcd"), (10, "abx"), true),
            ((10, "abc"), (13, "x"), false),
            ((u32::MAX, "abc"), (0, "bc"), false),
            ((u32::MAX, "abc"), (1, "x"), true),
        ] {
            assert_eq!(differ((a.0, a.1.as_bytes()), (b.0, b.1.as_bytes())), differs, "{a:?} {b:?}");
        }
    }
}
