//! When and where something was seen while learning: first, last, how often, and in which stretches of time.
//!
//! A poll that is repeated a million times says little more than one that is repeated a hundred times, so what is counted
//! for the question "how much was not seen yet" are *occasions*: stretches of time in which a thing was there at all. A
//! thing keeps 64 of them as bits. When it was there for longer than 64 stretches reach, two become one, so the room is
//! bounded and nothing is guessed. Stretches are aligned to the clock: what several learners kept can be joined.
//!
//! What is rare is counted beside that by *draws*: sightings a minute apart. Two timers of one master that began together
//! keep their distance that long, so a thousand arrivals within a minute say no more than one does.

use crate::limits::OCCASION_NS;

/// The shortest stretch: 2^30 ns, about a second.
const SHIFT: u8 = 30;
const BITS: u64 = 64;
/// Shortest stretches from one draw to the next at least.
const APART: u64 = OCCASION_NS >> SHIFT;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    pub first_ns: u64,
    pub last_ns: u64,
    /// Messages.
    pub count: u64,
    /// Where it was seen first: the packet's number in its input.
    pub frame: u64,
    pub input: u16,
    shift: u8,
    /// Number of the stretch that bit 0 stands for: times shifted right by `shift`.
    begin: u64,
    bits: u64,
    draws: u32,
    /// Of the last draw, in shortest stretches.
    drawn_at: u32,
}

/// A time in shortest stretches; what is beyond the year 2116 is there.
fn at(ts_ns: u64) -> u32 {
    u32::try_from(ts_ns >> SHIFT).unwrap_or(u32::MAX)
}

impl Sightings {
    pub fn once(ts_ns: u64, frame: u64, input: u16) -> Self {
        let (begin, drawn_at) = (ts_ns >> SHIFT, at(ts_ns));
        let (first_ns, last_ns) = (ts_ns, ts_ns);
        Self { first_ns, last_ns, count: 1, frame, input, shift: SHIFT, begin, bits: 1, draws: 1, drawn_at }
    }

    #[inline]
    pub fn observe(&mut self, ts_ns: u64, frame: u64, input: u16) {
        let after = (ts_ns >> self.shift).checked_sub(self.begin).filter(|after| *after < BITS);
        match after {
            Some(after) if self.count > 0 && ts_ns >= self.first_ns => {
                self.bits |= 1 << after;
                self.last_ns = self.last_ns.max(ts_ns);
                self.count = self.count.saturating_add(1);
                if u64::from(at(ts_ns).saturating_sub(self.drawn_at)) >= APART {
                    (self.draws, self.drawn_at) = (self.draws.saturating_add(1), at(ts_ns));
                }
            }
            _ => self.add(&Self::once(ts_ns, frame, input)),
        }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        if self.count == 0 || other.count == 0 {
            if other.count > 0 {
                *self = *other;
            }
            return;
        }
        (self.draws, self.drawn_at) = if self.last_ns <= other.first_ns {
            self.draws_with(other)
        } else if other.last_ns <= self.first_ns {
            other.draws_with(self)
        } else {
            // Side by side: at least as many as one of them saw.
            (self.draws.max(other.draws), self.drawn_at.max(other.drawn_at))
        };
        if (other.first_ns, other.frame) < (self.first_ns, self.frame) {
            (self.first_ns, self.frame, self.input) = (other.first_ns, other.frame, other.input);
        }
        self.last_ns = self.last_ns.max(other.last_ns);
        self.count = self.count.saturating_add(other.count);
        let mut shift = self.shift.max(other.shift);
        loop {
            let (one, two) = (self.folded(shift), other.folded(shift));
            let begin = one.0.min(two.0);
            if let (Some(one), Some(two)) = (placed(one, begin), placed(two, begin)) {
                (self.shift, self.begin, self.bits) = (shift, begin, one | two);
                return;
            }
            shift = shift.saturating_add(1);
        }
    }

    /// Draws of both, and the last one, where the other begins when this has ended.
    fn draws_with(&self, later: &Self) -> (u32, u32) {
        if u64::from(at(later.first_ns).saturating_sub(self.drawn_at)) >= APART {
            return (self.draws.saturating_add(later.draws), later.drawn_at);
        }
        // The first of the later ones is no draw of its own.
        let drawn_at = if later.draws > 1 { later.drawn_at } else { self.drawn_at };
        (self.draws.saturating_add(later.draws).saturating_sub(1), drawn_at)
    }

    /// How often it was seen at least 69 s behind the draw before.
    pub fn draws(&self) -> u32 {
        self.draws
    }

    /// First stretch and bits, with stretches of 2^`shift` ns. Finer than they were kept is not possible.
    fn folded(&self, shift: u8) -> (u64, u64) {
        let by = u32::from(shift.saturating_sub(self.shift)).min(63);
        let begin = self.begin >> by;
        let mut bits = 0;
        for bit in (0..BITS).filter(|bit| self.bits >> bit & 1 == 1) {
            let at = (self.begin.saturating_add(bit) >> by).saturating_sub(begin);
            bits |= 1u64.checked_shl(u32::try_from(at).unwrap_or(63)).unwrap_or(0);
        }
        (begin, bits)
    }

    /// In how many stretches of 2^`shift` ns it was seen, and in how many of them from `late_ns` on.
    pub fn occasions(&self, shift: u8, late_ns: u64) -> (u32, u32) {
        if self.count == 0 {
            return (0, 0);
        }
        let shift = shift.max(self.shift);
        let (begin, bits) = self.folded(shift);
        let early = (late_ns >> shift).saturating_sub(begin);
        let late = if early >= BITS { 0 } else { bits >> early };
        (bits.count_ones(), late.count_ones())
    }

    /// For a state that outlives a restart, and back.
    pub fn words(&self) -> [u64; 8] {
        let kept = u64::from(self.shift) << 16 | u64::from(self.input);
        let drawn = u64::from(self.draws) << 32 | u64::from(self.drawn_at);
        [self.first_ns, self.last_ns, self.count, self.frame, kept, self.begin, self.bits, drawn]
    }

    /// `None`: no version ever wrote that.
    pub fn from_words(words: [u64; 8]) -> Option<Self> {
        let [first_ns, last_ns, count, frame, kept, begin, bits, drawn] = words;
        let (shift, input) = (u8::try_from(kept >> 16).ok()?, u16::try_from(kept & 0xffff).ok()?);
        let empty = count == 0;
        let sound =
            if empty { words == [0; 8] } else { first_ns <= last_ns && (SHIFT..64).contains(&shift) && bits & 1 == 1 };
        #[allow(clippy::cast_possible_truncation)] // halves of a word
        let (draws, drawn_at) = match ((drawn >> 32) as u32, drawn as u32) {
            // Written before draws were counted: those of stretches are there.
            (0, _) if !empty => (bits.count_ones(), at(last_ns)),
            drawn => drawn,
        };
        sound.then_some(Self { first_ns, last_ns, count, frame, input, shift, begin, bits, draws, drawn_at })
    }
}

/// Bits that begin at another stretch; `None`: they reach beyond the last one.
fn placed((from, bits): (u64, u64), begin: u64) -> Option<u64> {
    let by = from.saturating_sub(begin);
    let room = u64::from(bits.leading_zeros());
    (by <= room).then(|| bits.checked_shl(u32::try_from(by).unwrap_or(64)).unwrap_or(0))
}

/// The finest stretch of which 64 reach from one time to the other, as a power of two nanoseconds; and how many do.
pub fn stretch(from_ns: u64, to_ns: u64) -> (u8, u64) {
    let mut shift = SHIFT;
    loop {
        let count = (to_ns >> shift).saturating_sub(from_ns >> shift).saturating_add(1);
        if count <= BITS || shift >= 63 {
            return (shift, count);
        }
        shift = shift.saturating_add(1);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    const SECOND: u64 = 1 << SHIFT;

    #[test]
    fn occasions_are_the_stretches_in_which_something_was_seen() {
        // Every way of joining gives what a set of stretches gives.
        let mut state = 7u64;
        for round in 0..200u64 {
            let (mut all, mut halves) = (Sightings::default(), [Sightings::default(); 2]);
            let mut times = Vec::new();
            for number in 0..(round % 40 + 1) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let ts_ns = 1_700_000_000 * SECOND + (state >> 33) % (SECOND << (round % 14));
                times.push(ts_ns);
                all.observe(ts_ns, number, 0);
                halves[(state >> 20 & 1) as usize].observe(ts_ns, number, 0);
            }
            let [mut joined, other] = halves;
            joined.add(&other);
            let (from, to) = (times.iter().min().copied().unwrap(), times.iter().max().copied().unwrap());
            let (shift, count) = stretch(from, to);
            assert!(count <= 64);
            let mut expected: Vec<u64> = times.iter().map(|ts_ns| ts_ns >> shift).collect();
            expected.sort_unstable();
            expected.dedup();
            for seen in [all, joined] {
                assert_eq!(seen.occasions(shift, 0).0 as usize, expected.len());
                assert_eq!(seen.occasions(shift, to).1, 1);
                assert_eq!((seen.first_ns, seen.last_ns, seen.count), (from, to, times.len() as u64));
                assert_eq!(Sightings::from_words(seen.words()), Some(seen));
            }
        }
        assert_eq!(Sightings::default().occasions(30, 0), (0, 0));
        assert_eq!(stretch(0, 63 * SECOND), (30, 64));
        assert_eq!(stretch(0, 64 * SECOND), (31, 33));
        assert_eq!(stretch(0, u64::MAX).1, 64);
    }

    #[test]
    fn draws_are_a_minute_apart_however_long_it_takes() {
        let start = 1_700_000_000 * SECOND;
        for (apart, count, expected) in [(1, 60, 1), (1, 640, 10), (63, 10, 5), (64, 10, 10), (100_000, 1000, 1000)] {
            let times = (0..count).map(|number| start + number * apart * SECOND);
            let mut all = Sightings::default();
            let mut parts = [Sightings::default(); 2];
            for (number, ts_ns) in times.enumerate() {
                all.observe(ts_ns, number as u64, 0);
                parts[usize::from(number as u64 >= count / 2)].observe(ts_ns, number as u64, 0);
            }
            assert_eq!(all.draws(), expected, "{count} times every {apart} s");
            let [mut joined, later] = parts;
            joined.add(&later);
            assert!(joined.draws().abs_diff(expected) <= 1, "{} of {expected}", joined.draws());
        }
        // Of a state that was written before draws were counted.
        let mut words = Sightings::once(start, 0, 0).words();
        words[7] = 0;
        assert_eq!(Sightings::from_words(words), Some(Sightings::once(start, 0, 0)));
    }
}
