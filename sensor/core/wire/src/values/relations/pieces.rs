//! Means of pieces of time. Two tags are not read at the same moment, and one noisy reading says little: what is compared
//! are their means over the same half minute.

use crate::baseline::saved::{Reader, Writer};

/// A piece is 2^35 ns, 34 seconds, and begins with the clock: pieces of all tags are the same.
pub const SHIFT: u32 = 35;
/// Readings that a mean needs.
const FEWEST: u32 = 3;
/// Pieces that are kept of a tag while learning, eight bytes each. When they are full, every other one goes.
const MOST: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub number: u64,
    pub mean: f64,
    /// It did not change.
    pub steady: bool,
}

/// The piece that is under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Running {
    number: u64,
    samples: u32,
    sum: f64,
    first: f64,
    steady: bool,
}

impl Running {
    /// One reading more; the piece that it ended, where that says something.
    #[inline]
    pub fn add(&mut self, value: f64, ts_ns: u64) -> Option<Piece> {
        let number = ts_ns >> SHIFT;
        if number == self.number {
            self.samples = self.samples.saturating_add(1);
            self.sum += value;
            self.steady &= value == self.first;
            return None;
        }
        let ended = *self;
        *self = Self { number, samples: 1, sum: value, first: value, steady: true };
        let Self { number, samples, sum, steady, .. } = ended;
        (samples >= FEWEST).then(|| Piece { number, mean: sum / f64::from(samples), steady })
    }
}

impl Running {
    pub fn write(self, out: &mut Writer) {
        out.u64(self.number);
        out.u32(self.samples);
        out.f64(self.sum);
        out.f64(self.first);
        out.u8(u8::from(self.steady));
    }

    pub fn read(rows: &mut Reader<'_>) -> Option<Self> {
        let (number, samples) = (rows.u64()?, rows.u32()?);
        Some(Self { number, samples, sum: rows.f64()?, first: rows.f64()?, steady: rows.u8()? != 0 })
    }
}

impl Piece {
    pub fn write(self, out: &mut Writer) {
        out.u64(self.number);
        out.f64(self.mean);
        out.u8(u8::from(self.steady));
    }

    pub fn read(rows: &mut Reader<'_>) -> Option<Self> {
        Some(Self { number: rows.u64()?, mean: rows.f64()?, steady: rows.u8()? != 0 })
    }
}

/// Pieces over all of learning, at one distance.
#[derive(Clone, Debug)]
pub struct Series {
    stride: u64,
    /// Number, with one bit for whether it was steady, and mean.
    kept: Vec<(u32, f32)>,
}

impl Default for Series {
    fn default() -> Self {
        Self { stride: 1, kept: Vec::new() }
    }
}

impl Series {
    pub fn add(&mut self, piece: Piece) {
        if piece.number.checked_rem(self.stride) != Some(0) {
            return;
        }
        let Ok(number) = u32::try_from(piece.number << 1 | u64::from(piece.steady)) else { return };
        #[allow(clippy::cast_possible_truncation)] // a measurement
        self.kept.push((number, piece.mean as f32));
        while self.kept.len() > MOST {
            self.stride = self.stride.saturating_mul(2);
            self.kept.retain(|(number, _)| u64::from(number >> 1).checked_rem(self.stride) == Some(0));
        }
    }

    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.kept.iter().map(|(number, mean)| Piece {
            number: u64::from(number >> 1),
            mean: f64::from(*mean),
            steady: number & 1 == 1,
        })
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_the_mean_of_what_was_read_in_it() {
        let mut running = Running::default();
        let begin = 1_700_000_000_000_000_000u64 >> SHIFT << SHIFT;
        for (second, value) in [(1, 2.0), (10, 4.0), (30, 6.0)] {
            assert_eq!(running.add(value, begin + second * 1_000_000_000), None);
        }
        let ended = running.add(9.0, begin + (1 << SHIFT)).unwrap();
        assert_eq!(ended, Piece { number: begin >> SHIFT, mean: 4.0, steady: false });
        // One reading is no mean.
        assert_eq!(running.add(9.0, begin + (2 << SHIFT)), None);
    }

    #[test]
    fn series_of_any_length_are_bounded_and_line_up() {
        let (mut long, mut late) = (Series::default(), Series::default());
        for number in 50_000_000..50_100_000u64 {
            let piece = Piece { number, mean: 1.0, steady: number % 2 == 0 };
            long.add(piece);
            if number > 50_040_000 {
                late.add(piece);
            }
        }
        assert!((256..=512).contains(&long.kept.len()) && (256..=512).contains(&late.kept.len()));
        let numbers: Vec<u64> = long.pieces().map(|piece| piece.number).collect();
        assert!(late.pieces().filter(|piece| numbers.contains(&piece.number)).count() > 64);
        assert!(long.pieces().all(|piece| piece.steady));
    }
}
