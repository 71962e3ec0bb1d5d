//! Retransmissions that bring other bytes than what came first: evasion, or somebody who injects. What came first was told
//! already, and stays; RFC 9293 3.10.7.4 lets receivers do either.

use super::{Piece, Streams};
use crate::hash::folded;
use crate::ledger::{add, Ledger};
use crate::protocol::flow::Told;
use crate::reader::{Consumer, Stamp};

const SEEDS: [u64; 4] = [0x8f3c_6a91_d27b_e405, 0x3d94_b15e_70c8_2fa7, 0xb6e1_0d4f_935a_78c3, 0x5a27_f8b0_1c6d_e493];

/// A number for the first and the last sixteen bytes, which is where commands, addresses and the values of ordinary
/// messages are: the whole of long segments would cost more than all else that is done with them.
#[inline]
#[allow(clippy::cast_possible_truncation)] // mixed before
pub fn print(bytes: &[u8]) -> u32 {
    let [a, b, c, d] = SEEDS;
    let mixed = match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        (Some(front), Some(back)) => {
            let (front, back) = (u128::from_le_bytes(*front), u128::from_le_bytes(*back));
            folded(front as u64 ^ a, (front >> 64) as u64 ^ b) ^ folded(back as u64 ^ c, (back >> 64) as u64 ^ d)
        }
        _ => match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(front), Some(back)) => folded(u64::from_le_bytes(*front) ^ a, u64::from_le_bytes(*back) ^ b),
            _ => folded(bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)) ^ a, b),
        },
    };
    mixed as u32
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
    fn every_byte_at_both_ends_counts() {
        let whole: Vec<u8> = (0..100).collect();
        for length in 1..100 {
            let bytes = &whole[..length];
            let known = print(bytes);
            for place in (0..length).filter(|place| *place < 16 || place + 16 >= length) {
                let mut other = bytes.to_vec();
                other[place] ^= 1;
                assert_ne!(print(&other), known, "{length} {place}");
            }
        }
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
