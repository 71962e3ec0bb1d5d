//! A quick no before the automaton: whether any part of a set of patterns could stand in a text at all.
//!
//! After S. Wu and U. Manber, "A Fast Algorithm for Multi-Pattern Searching" (University of Arizona, TR-94-17, 1994):
//! of every pattern a window as long as the shortest pattern is kept, as the set of its short runs of bytes ("grams").
//! Wherever the window stands in the text, one of so many grams in a row belongs to it, so the text is read in steps.

use super::rare::Rare;

/// Bits of the table per gram, of which two are set in one word: of a few hundred grams of other texts one passes by
/// chance, and the table stays a few cache lines.
const BITS_PER_GRAM: usize = 64;
/// Bits of the largest table: 32 KiB.
const MOST_BITS: usize = 1 << 18;

#[derive(Debug)]
pub struct Grams {
    /// Before anything is read of a table.
    rare: Option<Rare>,
    /// 2, 3 or 4.
    width: usize,
    /// From one gram that is read to the next.
    step: usize,
    /// Bytes that grams begin with: most places of a text end here.
    firsts: Box<[bool; 256]>,
    words: Box<[u64]>,
    /// Of a hash, to leave a word's number.
    shift: u32,
}

impl Grams {
    /// None where the shortest pattern has one byte: then every text could hold it.
    pub fn new<'p>(patterns: impl Iterator<Item = &'p [u8]> + Clone) -> Option<Self> {
        let shortest = patterns.clone().map(<[u8]>::len).min()?;
        let width = match shortest {
            0 | 1 => return None,
            2 | 3 => 2,
            4 | 5 => 3,
            _ => 4,
        };
        let step = shortest.saturating_sub(width).saturating_add(1);
        let rare = Rare::new(patterns.clone());
        let grams: Vec<u32> = patterns
            .flat_map(|pattern| window(pattern, shortest).windows(width).map(gram).collect::<Vec<_>>())
            .collect();
        // Two words at least: a shift by all bits of a number would be none.
        let bits = grams.len().saturating_mul(BITS_PER_GRAM).next_power_of_two().clamp(128, MOST_BITS);
        let shift = 64u32.saturating_sub((bits / 64).trailing_zeros());
        let words = vec![0; bits / 64].into_boxed_slice();
        let mut made = Self { rare, width, step, firsts: Box::new([false; 256]), words, shift };
        for gram in grams {
            let [first, ..] = gram.to_le_bytes();
            if let Some(begins) = made.firsts.get_mut(usize::from(first)) {
                *begins = true;
            }
            let (word, first, second) = made.place(gram);
            if let Some(word) = made.words.get_mut(word) {
                *word |= 1u64.wrapping_shl(first) | 1u64.wrapping_shl(second);
            }
        }
        Some(made)
    }

    /// A stretch of bytes of which every pattern has one.
    pub fn rare(&self) -> Option<Rare> {
        self.rare
    }

    /// False: no pattern stands in the text.
    #[inline]
    pub fn may_stand(&self, text: &[u8]) -> bool {
        self.rare.is_none_or(|rare| rare.stands(text)) && self.read(text)
    }

    #[inline(never)]
    fn read(&self, text: &[u8]) -> bool {
        match self.width {
            2 => self.any(text, |[first, second]| u32::from_le_bytes([first, second, 0, 0])),
            3 => self.any(text, |[first, second, third]| u32::from_le_bytes([first, second, third, 0])),
            _ => self.any(text, u32::from_le_bytes),
        }
    }

    #[inline]
    fn any<const WIDTH: usize>(&self, text: &[u8], number: impl Fn([u8; WIDTH]) -> u32) -> bool {
        let stands = |gram: &[u8; WIDTH]| self.begins(gram.first()) && self.known(number(*gram));
        let rest = text.get(self.step.saturating_sub(1)..).unwrap_or_default();
        if self.step < WIDTH {
            return rest.windows(WIDTH).step_by(self.step.max(1)).filter_map(<[u8]>::first_chunk).any(stands);
        }
        let mut steps = rest.chunks_exact(self.step);
        steps.by_ref().filter_map(<[u8]>::first_chunk).any(stands)
            || steps.remainder().first_chunk().is_some_and(stands)
    }

    #[inline]
    fn begins(&self, first: Option<&u8>) -> bool {
        first.and_then(|first| self.firsts.get(usize::from(*first))) == Some(&true)
    }

    #[inline]
    fn known(&self, gram: u32) -> bool {
        let (word, first, second) = self.place(gram);
        let word = self.words.get(word).copied().unwrap_or(0);
        word.wrapping_shr(first) & 1 != 0 && word.wrapping_shr(second) & 1 != 0
    }

    /// A word of the table, and two bits in it.
    #[inline]
    fn place(&self, gram: u32) -> (usize, u32, u32) {
        let hash = u64::from(gram).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        #[allow(clippy::cast_possible_truncation, clippy::as_conversions)] // parts of a hash
        let (word, first, second) = (hash.wrapping_shr(self.shift) as usize, (hash >> 40) as u32, (hash >> 32) as u32);
        (word, first & 63, second & 63)
    }
}

#[inline]
fn byte(gram: &[u8], at: usize) -> u8 {
    gram.get(at).copied().unwrap_or(0)
}

fn gram(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([byte(bytes, 0), byte(bytes, 1), byte(bytes, 2), byte(bytes, 3)])
}

/// The stretch of the pattern with the fewest bytes that are common everywhere; of equal ones the first.
fn window(pattern: &[u8], length: usize) -> &[u8] {
    let common = |window: &&[u8]| window.iter().filter(|byte| matches!(byte, 0 | 0x20 | 0xff)).count();
    pattern.windows(length).min_by_key(common).unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_seen_wherever_it_stands() {
        for length in 2..12u8 {
            let pattern: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37).wrapping_add(length)).collect();
            let longer = [pattern.as_slice(), b"and more"].concat();
            let grams = Grams::new([pattern.as_slice(), longer.as_slice()].into_iter()).unwrap();
            for before in 0..20 {
                for after in 0..4 {
                    let text = [vec![0xee; before], pattern.clone(), vec![0xee; after]].concat();
                    assert!(grams.may_stand(&text), "{length} bytes behind {before}");
                }
            }
            assert!(!grams.may_stand(&[0xee; 40]) && !grams.may_stand(b""), "{length}");
        }
        assert!(Grams::new([b"ab".as_slice(), b"c"].into_iter()).is_none());
        assert!(Grams::new(std::iter::empty()).is_none());
    }
}
