//! Rows of bits, one bit per condition of a block: which conditions a value of a field leaves possible.

use std::collections::HashMap;

/// No condition of the block asks for the value: only those that do not ask for the field are left.
pub const OTHER: u16 = 0;
/// The field is missing.
pub const MISSING: u16 = 1;
/// Nothing is known of the value: every condition is left.
pub const ANY: u16 = 2;
/// Rows of one field. Beyond it new values lead to all conditions of the block.
pub const ROWS: u16 = 0x8000;

/// Equal rows are kept once.
#[derive(Debug)]
pub struct Rows {
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    pub fn len(&self) -> usize {
        self.bits.len().checked_div(self.words).unwrap_or(0)
    }

    /// The same with its width known; none where it has another width.
    #[inline]
    pub fn wide<const WORDS: usize>(&self, number: u16) -> Option<&[u64; WORDS]> {
        self.bits.get(usize::from(number).saturating_mul(WORDS)..)?.first_chunk()
    }

    #[inline]
    pub fn row(&self, number: u16) -> &[u64] {
        let start = usize::from(number).saturating_mul(self.words);
        self.bits.get(start..start.saturating_add(self.words)).unwrap_or_default()
    }
}

/// Rows under construction: `(condition, …)` lists become row numbers.
pub struct Maker {
    words: usize,
    /// Conditions that do not ask for the field.
    rest: Vec<u64>,
    known: HashMap<Vec<u64>, u16>,
    rows: Vec<u64>,
}

impl Maker {
    /// `relevant`: the conditions that ask for the field; it has the width of a row.
    pub fn new(relevant: &[u64], missing: impl Iterator<Item = usize>) -> Self {
        let words = relevant.len();
        let mut rest = vec![u64::MAX; words];
        mask(&mut rest, relevant);
        let all = vec![u64::MAX; words];
        let mut maker = Self { words, rest: rest.clone(), known: HashMap::new(), rows: Vec::new() };
        let mut without = rest.clone();
        missing.for_each(|term| set(&mut without, term));
        for row in [&rest, &without, &all] {
            maker.rows.extend_from_slice(row);
        }
        // The first three have fixed numbers, also where they are equal. A value that every condition asks for is known
        // all the same: it has a row of its own.
        for (number, row) in [(MISSING, without), (OTHER, rest)] {
            maker.known.insert(row, number);
        }
        maker
    }

    /// The row of a value that these conditions ask for.
    pub fn row(&mut self, asked: &[u64]) -> u16 {
        let bits: Vec<u64> = self.rest.iter().zip(asked).map(|(rest, asked)| rest | asked).collect();
        if let Some(known) = self.known.get(&bits) {
            return *known;
        }
        let number = self.rows.len().checked_div(self.words).and_then(|count| u16::try_from(count).ok());
        match number.filter(|number| *number < ROWS) {
            None => ANY,
            Some(number) => {
                self.rows.extend_from_slice(&bits);
                self.known.insert(bits, number);
                number
            }
        }
    }

    pub fn row_of(&mut self, terms: impl Iterator<Item = usize>) -> u16 {
        let mut asked = vec![0; self.words];
        terms.for_each(|term| set(&mut asked, term));
        self.row(&asked)
    }

    /// Where a value passes one of the points, another row begins: `(points, rows from there on)`, the first of them at
    /// `least`.
    pub fn stretches<T: Copy + Ord>(
        &mut self,
        ranges: impl Iterator<Item = (usize, (T, T))>,
        least: T,
        after: impl Fn(T) -> Option<T>,
    ) -> (Vec<T>, Vec<u16>) {
        let mut turns: Vec<(T, usize)> = Vec::new();
        for (term, (low, high)) in ranges {
            turns.push((low, term));
            turns.extend(after(high).map(|end| (end, term)));
        }
        turns.sort_unstable();
        let (mut points, mut rows) = (vec![least], vec![OTHER]);
        let mut asked = vec![0u64; self.words];
        let mut left = turns.as_slice();
        while let Some((point, _)) = left.first().copied() {
            let here = left.partition_point(|(other, _)| *other <= point);
            let (now, later) = left.split_at(here);
            // A term's ranges are apart, or touch: two turns at one point are an end and a beginning.
            now.iter().for_each(|(_, term)| flip(&mut asked, *term));
            left = later;
            let row = self.row(&asked);
            if points.last() == Some(&point) {
                rows.pop();
                points.pop();
            }
            if rows.last() != Some(&row) {
                points.push(point);
                rows.push(row);
            }
        }
        (points, rows)
    }

    pub fn finish(self) -> Rows {
        Rows { words: self.words, bits: self.rows }
    }
}

pub fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1u64 << (at % 64);
    }
}

fn flip(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word ^= 1u64 << (at % 64);
    }
}

/// Leave out what is in `taken`.
fn mask(bits: &mut [u64], taken: &[u64]) {
    bits.iter_mut().zip(taken).for_each(|(word, taken)| *word &= !taken);
}

/// Places of the bits that are set.
pub fn each(bits: &[u64], mut found: impl FnMut(usize)) {
    for (at, word) in bits.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            found(at.saturating_mul(64).saturating_add(left.trailing_zeros() as usize));
            left &= left.wrapping_sub(1);
        }
    }
}
