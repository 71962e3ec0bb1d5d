//! How far the pace of polls wanders from one minute to the next.
//!
//! Intervals of one minute are no independent witnesses: what slows one slows the next. Of a poll that was seen for one
//! minute only it cannot be known how it is in another. The plant's other polls tell that, those that were seen on several
//! occasions: the medians of nine intervals, a minute apart, around each poll's own middle.

use super::saved::{Reader, Writer};
use crate::limits::OCCASION_NS;
use crate::values::spread_known;

/// The pace of one poll, occasion by occasion (Welford 1962). Microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paces {
    last_ns: u64,
    count: u32,
    mean: f64,
    squares: f64,
}

impl Paces {
    /// The median of as many intervals as decide, which ended at that time.
    pub fn add(&mut self, median_us: u32, ts_ns: u64) {
        if self.count > 0 && ts_ns.saturating_sub(self.last_ns) < OCCASION_NS {
            return;
        }
        (self.last_ns, self.count) = (ts_ns, self.count.saturating_add(1));
        let away = f64::from(median_us) - self.mean;
        self.mean += away / f64::from(self.count);
        self.squares += away * (f64::from(median_us) - self.mean);
    }

    pub fn write(&self, out: &mut Writer) {
        out.u64(self.last_ns);
        out.u32(self.count);
        [self.mean, self.squares].into_iter().for_each(|number| out.u64(number.to_bits()));
    }

    /// `None` for what no poll can have.
    pub fn read(rows: &mut Reader<'_>) -> Option<Self> {
        let (last_ns, count) = (rows.u64()?, rows.u32()?);
        let (mean, squares) = (f64::from_bits(rows.u64()?), f64::from_bits(rows.u64()?));
        let sound = [mean, squares].into_iter().all(|number| number.is_finite() && number >= 0.0);
        sound.then_some(Self { last_ns, count, mean, squares })
    }
}

/// What the polls of a plant have in common.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Of the polls' relative variances: parts in 10^12, a whole number, so that it does not matter which poll came first.
    squares: u64,
    freedom: u64,
    /// Of the poll that was seen most often: polls of the same minutes are no independent witnesses either.
    occasions: u32,
}

impl Pace {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // not negative; `as` saturates
    pub fn add(&mut self, paces: &Paces) {
        let Some(freedom) = paces.count.checked_sub(1).filter(|freedom| *freedom > 0 && paces.mean > 0.0) else {
            return;
        };
        let squares = (paces.squares / (paces.mean * paces.mean) * 1e12).round() as u64;
        self.squares = self.squares.saturating_add(squares);
        self.freedom = self.freedom.saturating_add(u64::from(freedom));
        self.occasions = self.occasions.max(paces.count);
    }

    /// On so many occasions some poll was seen.
    pub fn occasions(&self) -> u32 {
        self.occasions
    }

    /// The share of its period that a poll's pace is spread by at most; as well known as the occasions allow.
    #[allow(clippy::cast_precision_loss)] // a spread is known to three digits
    pub fn spread(&self) -> f64 {
        let variance = self.squares as f64 / 1e12 / (self.freedom.max(1) as f64);
        variance.sqrt() / spread_known(f64::from(self.occasions.saturating_sub(1).max(1)))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    fn seen(medians: &[u32], apart_ns: u64) -> Paces {
        let mut paces = Paces::default();
        (1u64..).zip(medians).for_each(|(number, median)| paces.add(*median, number * apart_ns));
        paces
    }

    #[test]
    fn polls_of_every_period_tell_one_spread() {
        // 1 % to either side: of four occasions a variance of 4/3 in 10,000.
        let share = |middle: u32| seen(&[99, 101, 99, 101].map(|percent| middle * percent / 100), OCCASION_NS);
        let mut pace = Pace::default();
        [1_000_000, 20_000_000, 100_000].map(share).iter().for_each(|paces| pace.add(paces));
        let known = 0.01 * (4.0f64 / 3.0).sqrt();
        assert!((pace.spread() * spread_known(3.0) / known - 1.0).abs() < 1e-6, "{}", pace.spread());
        assert_eq!(pace.occasions(), 4);
        // What many polls of the same minutes say of minutes is known no better.
        assert!(pace.spread() > 2.0 * known);
    }

    #[test]
    fn one_minute_is_one_occasion() {
        let mut pace = Pace::default();
        pace.add(&seen(&[90, 100, 110, 120], OCCASION_NS / 8));
        assert_eq!(pace.occasions(), 0);
    }
}
