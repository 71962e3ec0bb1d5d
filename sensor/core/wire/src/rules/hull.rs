//! From the least to the greatest number that is asked for: outside lies nothing, and that is told in two steps.

use super::keys::number;
use super::rare::any;

/// Below it real numbers tell all integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// More than integers beyond [`EXACT`] are moved when they become real numbers.
const ROUNDED: u64 = 1 << 12;

#[derive(Clone, Copy, Debug)]
pub struct Hull {
    low: u64,
    /// From `low` to the last integer.
    span: u64,
    /// The same of 16-bit words, if any lies inside.
    words: Option<(u16, u16)>,
    least: f64,
    greatest: f64,
}

impl Hull {
    /// Around inclusive ranges of ordinals.
    pub fn new(ranges: impl Iterator<Item = (u64, u64)>) -> Self {
        let around = ranges.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        let Some((first, last)) = around else {
            return Self { low: u64::MAX, span: 0, words: None, least: f64::INFINITY, greatest: f64::NEG_INFINITY };
        };
        // The ends of all ordinals are no numbers: open.
        let (least, greatest) = (number(first), number(last));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions)] // saturates
        let (low, high) = (least.floor() as u64, greatest.ceil() as u64);
        let low = if least < EXACT { low } else { low.saturating_sub(ROUNDED) };
        let high = match greatest {
            _ if greatest.is_nan() => u64::MAX,
            _ if greatest < EXACT => high,
            _ => high.saturating_add(ROUNDED),
        };
        let last = u16::try_from(high).unwrap_or(u16::MAX);
        let words = u16::try_from(low).ok().map(|first| (first, last.saturating_sub(first)));
        Self { low, span: high.saturating_sub(low), words, least, greatest }
    }

    /// The part of it that 32 bits hold: the least, and from there to the last. Where there is none, the last of all.
    pub fn small(&self) -> (u32, u32) {
        let Ok(low) = u32::try_from(self.low) else { return (u32::MAX, 0) };
        let span = u32::try_from(self.span).unwrap_or(u32::MAX);
        (low, span.min(u32::MAX.saturating_sub(low)))
    }

    /// The same of 16-bit words, if any lies inside.
    pub fn words(&self) -> Option<(u16, u16)> {
        self.words
    }

    #[inline]
    pub fn has(&self, value: u64) -> bool {
        value.wrapping_sub(self.low) <= self.span
    }

    /// What is no number lies nowhere, and therefore inside.
    #[inline]
    pub fn has_real(&self, value: f64) -> bool {
        !(value < self.least || value > self.greatest)
    }

    /// Whether one of the big-endian words lies inside; also where there is none at all.
    #[inline]
    pub fn meets(&self, bytes: &[u8]) -> bool {
        self.words.map_or(bytes.len() < 2, |inside| Self::any_word(inside, bytes))
    }

    /// Whether one of the big-endian words lies in such a stretch; also where there is none at all.
    #[inline]
    pub fn any_word((low, span): (u16, u16), bytes: &[u8]) -> bool {
        let (words, _) = bytes.as_chunks::<2>();
        words.is_empty() || any::<_, 8>(words, move |word| u16::from_be_bytes(word).wrapping_sub(low) <= span)
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::{integer_ordinal, ordinal};
    use super::*;

    fn around(low: i128, high: i128) -> Hull {
        Hull::new([(integer_ordinal(low), integer_ordinal(high))].into_iter())
    }

    #[test]
    fn what_is_asked_for_lies_inside() {
        for (low, high) in [(3, 3), (0, 0), (-5, 7), (100, 1 << 40), (1 << 60, (1 << 60) + 1), (7, i128::MAX)] {
            let hull = around(low, high);
            for value in [low, high].into_iter().filter_map(|value| u64::try_from(value).ok()) {
                assert!(hull.has(value), "{low}..={high}: {value}");
            }
            assert_eq!(hull.has(2), (low..=high).contains(&2), "{low}..={high}");
        }
        let real = Hull::new([(ordinal(1.5), ordinal(2.5))].into_iter());
        assert!(real.has(2) && real.has_real(1.5) && real.has_real(2.5) && real.has_real(f64::NAN));
        assert!(!real.has_real(1.4) && !real.has_real(2.6) && !real.has(4));
        let open = Hull::new([(0, u64::MAX)].into_iter());
        assert!(open.has(0) && open.has(u64::MAX) && open.has_real(-1e300) && open.has_real(f64::INFINITY));
        let none = Hull::new(std::iter::empty());
        assert!(!none.has(0) && !none.has_real(0.0) && !none.has_real(f64::INFINITY));
    }

    #[test]
    fn words_are_looked_at_one_and_all() {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        let hull = around(0xf000, 0xf00f);
        for count in 1..40 {
            let plain = vec![0x0102; count];
            assert!(!hull.meets(&words(&plain)), "{count}");
            for at in 0..count {
                for (value, expected) in [(0xf000, true), (0xf00f, true), (0xefff, false), (0xf010, false)] {
                    let mut list = plain.clone();
                    list[at] = value;
                    assert_eq!(hull.meets(&words(&list)), expected, "{value:x} at {at} of {count}");
                }
            }
        }
        assert!(hull.meets(&[]) && hull.meets(&[0xf0]));
        assert!(!around(0x1_0000, 0x1_0001).meets(&[0, 0]) && !around(0x1_0000, 0x1_0001).meets(&[0xff, 0xff]));
        assert!(around(-1, 0x1_0000).meets(&[0xff, 0xff]) && around(-1, 0x1_0000).meets(&[0, 0]));
    }
}
