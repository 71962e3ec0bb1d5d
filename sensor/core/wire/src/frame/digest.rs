//! Two numbers of a segment in one pass over its bytes: the sum that its checksum is held against, and a hash that its
//! copies are found by.

use crate::hash::folded;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Ones' complement sum of its 16-bit words (RFC 1071), in the machine's own byte order and not folded yet.
    pub sum: u64,
    pub hash: u64,
}

impl Digest {
    /// `key`: two numbers that nobody on the wire knows.
    ///
    /// The sum is taken eight bytes at a time with the carries beside it: it comes out the same, with its bytes in the
    /// machine's order (RFC 1071 2).
    #[inline(always)]
    pub fn of(segment: &[u8], key: (u64, u64)) -> Self {
        let (pairs, rest) = segment.as_chunks::<16>();
        let (mut sum, mut carries, mut hash) = (0u64, 0u64, segment.len() as u64);
        for pair in pairs {
            let (a, b) = halves(pair);
            hash = folded(a ^ key.0, b ^ hash);
            sum = added(sum, a, &mut carries);
            sum = added(sum, b, &mut carries);
        }
        let (a, b) = match segment.last_chunk::<16>() {
            Some(last) => halves(last),
            None => halves(&padded(rest)),
        };
        hash = folded(a ^ key.1, b ^ hash);
        let (eight, rest) = match rest.split_first_chunk::<8>() {
            Some((eight, rest)) => (u64::from_ne_bytes(*eight), rest),
            None => (0, rest),
        };
        sum = added(sum, eight, &mut carries);
        let sum = (sum & 0xffff_ffff).wrapping_add(sum >> 32).wrapping_add(carries);
        Self { sum: sum.wrapping_add(last(rest)), hash }
    }
}

#[inline(always)]
fn added(sum: u64, more: u64, carries: &mut u64) -> u64 {
    let (sum, carry) = sum.overflowing_add(more);
    *carries = carries.wrapping_add(carry.into());
    sum
}

#[inline(always)]
fn halves(pair: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_ne_bytes(*pair);
    #[allow(clippy::cast_possible_truncation)] // both halves are taken
    let halves = (number as u64, (number >> 64) as u64);
    halves
}

#[cold]
fn padded(rest: &[u8]) -> [u8; 16] {
    let mut last = [0; 16];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    last
}

/// The sum of at most seven bytes.
#[inline(always)]
fn last(mut rest: &[u8]) -> u64 {
    let mut sum = 0u64;
    if let Some((four, behind)) = rest.split_first_chunk::<4>() {
        (sum, rest) = (word(*four), behind);
    }
    if let Some(([a, b], behind)) = rest.split_first_chunk::<2>() {
        (sum, rest) = (sum.wrapping_add(word([*a, *b, 0, 0])), behind);
    }
    rest.first().map_or(sum, |byte| sum.wrapping_add(word([*byte, 0, 0, 0])))
}

#[inline(always)]
pub(super) fn word(bytes: [u8; 4]) -> u64 {
    u64::from(u32::from_ne_bytes(bytes))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    fn plainly(bytes: &[u8]) -> u64 {
        bytes.chunks(2).map(|pair| u64::from(u16::from_ne_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))).sum()
    }

    #[test]
    fn the_sum_is_that_of_the_words() {
        let bytes: Vec<u8> = (0..200u32).map(|number| (number * 211 + 255) as u8).collect();
        for start in 0..3 {
            for end in start..bytes.len() {
                let found = Digest::of(&bytes[start..end], (3, 5)).sum;
                assert_eq!(found % 0xffff, plainly(&bytes[start..end]) % 0xffff, "{start}..{end}");
            }
        }
        assert_eq!(Digest::of(&[0xff; 4096], (3, 5)).sum % 0xffff, 0);
    }

    #[test]
    fn every_byte_and_the_length_count() {
        let bytes = [7u8; 70];
        let hash = |bytes: &[u8]| Digest::of(bytes, (3, 5)).hash;
        let mut seen: Vec<u64> = (0..70).map(|length| hash(&bytes[..length])).collect();
        for at in 0..70 {
            let mut other = bytes;
            other[at] ^= 1;
            seen.push(hash(&other));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 140);
        assert_ne!(hash(&bytes), Digest::of(&bytes, (4, 5)).hash);
    }
}
