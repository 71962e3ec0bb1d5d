//! Which numbers of sixteen bits are asked for, one bit each: of a set with holes most numbers between its least and its
//! greatest are not, and a look-up in a block's tables costs fifteen times as much as a bit.

use super::keys::number;

const NUMBERS: usize = 1 << 16;
const LAST: f64 = 65_535.0;

#[derive(Debug)]
pub struct Sieve(Box<[u64]>);

impl Sieve {
    /// Of inclusive ranges of ordinals. None where it would stop less than half of the numbers between them.
    pub fn new(ranges: impl Iterator<Item = (u64, u64)>) -> Option<Self> {
        let mut ranges: Vec<(usize, usize)> =
            ranges.filter_map(|(low, high)| inside(number(low), number(high))).collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let touch = next.0 <= kept.1;
            if touch {
                kept.1 = kept.1.max(next.1);
            }
            touch
        });
        let width = |(low, high): (usize, usize)| high.saturating_sub(low).saturating_add(1);
        let between = width((ranges.first()?.0, ranges.last()?.1));
        let asked = ranges.iter().copied().map(width).fold(0, usize::saturating_add);
        if asked.saturating_mul(2) > between {
            return None;
        }
        let mut bits = vec![0u64; NUMBERS / 64];
        for value in ranges.into_iter().flat_map(|(low, high)| low..=high) {
            if let Some(word) = bits.get_mut(value / 64) {
                *word |= 1 << (value % 64);
            }
        }
        Some(Self(bits.into_boxed_slice()))
    }

    /// False: nobody asks for it.
    #[inline]
    pub fn passes(&self, value: u64) -> bool {
        let Ok(small) = u16::try_from(value) else { return true };
        self.0.get(usize::from(small / 64)).is_none_or(|word| word >> (small % 64) & 1 == 1)
    }
}

/// The sixteen-bit numbers of a range; an end of all ordinals is no number: open.
fn inside(low: f64, high: f64) -> Option<(usize, usize)> {
    let low = if low > 0.0 { low.ceil() } else { 0.0 };
    let high = if high < LAST { high.floor() } else { LAST };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions)] // 0 to LAST
    (low <= high).then_some((low as usize, high as usize))
}

#[cfg(test)]
mod tests {
    use super::super::keys::{integer_ordinal, ordinal};
    use super::*;

    fn sieve(ranges: &[(i128, i128)]) -> Option<Sieve> {
        Sieve::new(ranges.iter().map(|(low, high)| (integer_ordinal(*low), integer_ordinal(*high))))
    }

    #[test]
    fn exactly_what_is_asked_for_passes() {
        let ranges = [(-5, 3), (100, 104), (200, 200), (60_000, 60_010), (65_535, 70_000), (1 << 40, 1 << 41)];
        let sieve = sieve(&ranges).unwrap();
        for value in (0..=u64::from(u16::MAX)).chain([65_536, 70_001, u64::MAX]) {
            let asked = ranges.iter().any(|(low, high)| (*low..=*high).contains(&i128::from(value)));
            assert_eq!(sieve.passes(value), asked || value > u64::from(u16::MAX), "{value}");
        }
        let real = Sieve::new([(ordinal(1.5), ordinal(2.5)), (ordinal(9.2), ordinal(9.8))].into_iter());
        assert!(real.is_none(), "one number, and none beside it");
        let real = Sieve::new([(ordinal(1.5), ordinal(2.5)), (ordinal(8.0), u64::MAX)].into_iter());
        assert!(real.is_none(), "nearly all");
    }

    #[test]
    fn where_most_is_asked_for_there_is_none() {
        assert!(sieve(&[(0, 50), (60, 99)]).is_none() && sieve(&[(7, 7)]).is_none() && sieve(&[]).is_none());
        assert!(sieve(&[(70_000, 80_000), (1 << 20, 1 << 21)]).is_none());
        assert!(sieve(&[(0, 40), (60, 99)]).is_none() && sieve(&[(0, 4), (60, 99)]).is_some());
    }
}
