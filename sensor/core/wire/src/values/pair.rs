//! Two neighbouring words of memory whose type nobody declared: one number of 32 bits, or two of sixteen?
//!
//! They are a float where every sample reads as one of a plausible size and the less significant word runs over its end
//! again and again, as the fraction of a measurement does and a register by itself does not. Where that cannot be said they
//! are two words: each of them is a tag that at least never misleads. A word that is never in the middle of what sixteen
//! bits hold, and sometimes at their upper end, has a sign.

use super::plan::{from_memory, Take};

/// Samples with a change after which it is decided, and samples in all after which it is decided anyhow.
const CHANGED: u32 = 64;
const SAMPLES: u32 = 512;
/// Measurements that people read lie between these.
const SIZES: std::ops::RangeInclusive<f64> = 1e-4..=1e8;
/// Of the changes, the part in which the less significant word runs over its end: one in sixteen. A number that moves by
/// a ten-thousandth of itself runs over in half of them.
const RUNS_OVER: u32 = 16;

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    last: u16,
    upper: bool,
    middle: bool,
    runs_over: u32,
}

impl Word {
    fn see(&mut self, word: u16, first: bool) {
        self.upper |= word >= 0xc000;
        self.middle |= (0x4000..0xc000).contains(&word);
        if !first && word.abs_diff(self.last) > 0x8000 {
            self.runs_over = self.runs_over.saturating_add(1);
        }
        self.last = word;
    }

    fn take(&self) -> Take {
        if self.upper && !self.middle {
            Take::SignedWord
        } else {
            Take::Word
        }
    }
}

/// What two words turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    One(Take),
    Two(Take, Take),
}

/// Watches until it can be said.
#[derive(Clone, Debug)]
pub struct Pair {
    pub item: u32,
    pub offset: u32,
    /// There is one word only.
    pub alone: bool,
    /// Memory of bytes, in which 32 bits are as usual as sixteen: less has to speak for a float.
    pub bytes: bool,
    samples: u32,
    changed: u32,
    words: [Word; 2],
    implausible: [bool; 2],
    zeros: bool,
}

impl Pair {
    pub fn new(item: u32, offset: u32, alone: bool, bytes: bool) -> Self {
        let (words, implausible) = ([Word::default(); 2], [false; 2]);
        Self { item, offset, alone, bytes, samples: 0, changed: 0, words, implausible, zeros: true }
    }

    /// One sample more. `Some`: it is decided.
    pub fn see(&mut self, bytes: [u8; 4]) -> Option<Form> {
        let [a, b, c, d] = bytes;
        let (one, two) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let [first, second] = &mut self.words;
        if self.samples > 0 && (first.last, second.last) != (one, two) {
            self.changed = self.changed.saturating_add(1);
        }
        first.see(one, self.samples == 0);
        second.see(two, self.samples == 0);
        self.samples = self.samples.saturating_add(1);
        self.zeros &= bytes == [0; 4];
        for (implausible, take) in self.implausible.iter_mut().zip([Take::Float, Take::FloatSwapped]) {
            *implausible |= !plausible(take, bytes);
        }
        (self.changed >= CHANGED || self.samples >= SAMPLES).then(|| self.form())
    }

    /// What can be said now.
    pub fn form(&self) -> Form {
        let [first, second] = &self.words;
        let over = |word: &Word| word.runs_over >= (self.changed / RUNS_OVER).max(2);
        let [float, swapped] = self.implausible.map(|implausible| !implausible && !self.alone && self.samples > 0);
        if float && (over(second) || (self.bytes && !self.zeros)) {
            return Form::One(Take::Float);
        }
        if swapped && over(first) {
            return Form::One(Take::FloatSwapped);
        }
        Form::Two(first.take(), second.take())
    }
}

pub fn plausible(take: Take, bytes: [u8; 4]) -> bool {
    from_memory(take, bytes).is_some_and(|number| number == 0.0 && bytes == [0; 4] || SIZES.contains(&number.abs()))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    fn decide(bytes: bool, sample: impl Fn(u32) -> [u8; 4]) -> Form {
        let mut pair = Pair::new(0, 0, false, bytes);
        (0..2000).find_map(|number| pair.see(sample(number))).unwrap()
    }

    fn words(one: u16, two: u16) -> [u8; 4] {
        let ([a, b], [c, d]) = (one.to_be_bytes(), two.to_be_bytes());
        [a, b, c, d]
    }

    #[test]
    fn floats_are_told_from_registers() {
        let moves = |number: u32| 20.0 + f32::sin(number as f32 / 9.0);
        let swapped = |number: u32| {
            let [a, b, c, d] = moves(number).to_be_bytes();
            [c, d, a, b]
        };
        let waves = |number: u32, middle: f32| (middle + 300.0 * f32::sin(number as f32 / 7.0)) as u16;
        assert_eq!(decide(false, |number| moves(number).to_be_bytes()), Form::One(Take::Float));
        assert_eq!(decide(true, |number| moves(number).to_be_bytes()), Form::One(Take::Float));
        assert_eq!(decide(false, swapped), Form::One(Take::FloatSwapped));
        // Two registers that would read as a float, each moving by itself.
        let both = |number| words(waves(number, 17_000.0), waves(number + 3, 30_000.0));
        assert_eq!(decide(false, both), Form::Two(Take::Word, Take::Word));
        let signed = |number: u32| words((number % 40) as u16, (number as u16 % 40).wrapping_sub(20));
        assert_eq!(decide(true, signed), Form::Two(Take::Word, Take::SignedWord));
        // What never moves: in bytes a plausible float is one, registers stay registers.
        assert_eq!(decide(true, |_| 64.5f32.to_be_bytes()), Form::One(Take::Float));
        assert_eq!(decide(false, |_| 64.5f32.to_be_bytes()), Form::Two(Take::Word, Take::Word));
    }
}
