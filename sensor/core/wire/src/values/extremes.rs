//! How far a number went, stretch by stretch of learning, and from that how far it may go.
//!
//! A limit is the level that the largest value of a stretch exceeds once in `RATE_DAYS` days of a tag: block maxima and
//! a Gumbel distribution (Gumbel, Statistics of Extremes, 1958, 5 and 6; fitted by its moments). Stretches are taken
//! together two by two, because what moves in a cycle is known only by stretches that are longer than it; of the limits
//! that the lengths give the lowest counts, and none is below what was seen.
//!
//! Whether that holds is tried on what was learned itself: a limit from the first half that the second half breaks says
//! that this number is not at rest yet, and nothing is judged by it.
//!
//! A limit is one for the time of day that was learned; what the rest of a day may add says `day.rs`.

use super::day::{Day, DAY_NS};

/// Stretches kept; when they are full, two become one that is twice as long.
const STRETCHES: usize = 32;
/// Nanoseconds of a stretch to begin with.
const LENGTH_NS: u64 = 10_000_000_000;
/// Stretches that a limit needs.
const FEWEST: usize = 6;
/// One false alarm of a tag's number in so many days: a plant of 10,000 tags with seven numbers each has one in two weeks.
pub const RATE_DAYS: f64 = 1e6;
/// Mean and variance of the standard Gumbel distribution: Euler's constant, pi squared over six.
const EULER: f64 = 0.577_215_664_9;
const SPREAD: f64 = 1.282_549_830_2;

/// The largest value of each of `S` numbers, stretch by stretch.
#[derive(Clone, Debug)]
pub struct Extremes<const S: usize> {
    from_ns: u64,
    length_ns: u64,
    stretches: Vec<[f64; S]>,
}

impl<const S: usize> Extremes<S> {
    pub fn new(ts_ns: u64) -> Self {
        Self { from_ns: ts_ns, length_ns: LENGTH_NS, stretches: Vec::new() }
    }

    /// The stretch that this moment lies in. Time that goes back belongs to the first.
    #[inline]
    pub fn at(&mut self, ts_ns: u64) -> Option<&mut [f64; S]> {
        loop {
            let place = ts_ns.saturating_sub(self.from_ns).checked_div(self.length_ns).unwrap_or(0);
            match usize::try_from(place) {
                Ok(place) if place < self.stretches.len() => return self.stretches.get_mut(place),
                Ok(place) if place < STRETCHES => {
                    self.stretches.resize(place.saturating_add(1), [f64::NEG_INFINITY; S]);
                }
                _ => self.halve(),
            }
        }
    }

    fn halve(&mut self) {
        let pairs = self.stretches.chunks(2).filter_map(|pair| {
            let (first, second) = (pair.first()?, pair.last()?);
            let mut both = *first;
            both.iter_mut().zip(second).for_each(|(one, other)| *one = one.max(*other));
            Some(both)
        });
        self.stretches = pairs.collect();
        self.length_ns = self.length_ns.saturating_mul(2);
    }

    /// How far the number may go; `None`: that cannot be said. `grain`: what it is known to.
    pub fn limit(&self, number: usize, grain: f64) -> Option<f64> {
        let of = |stretches: &[[f64; S]]| -> Vec<f64> {
            let found = stretches.iter().filter_map(|stretch| stretch.get(number).copied());
            found.filter(|found| *found > f64::NEG_INFINITY).collect()
        };
        let all = of(&self.stretches);
        if all.len() < FEWEST.saturating_mul(2) || all.iter().any(|one| !one.is_finite()) {
            return None;
        }
        #[allow(clippy::cast_precision_loss)] // a length in seconds
        let length_s = self.length_ns as f64 / 1e9;
        let (first, second) = all.split_at(all.len() / 2);
        let tried = level(first, length_s, grain)?;
        (second.iter().all(|one| *one <= tried)).then(|| level(&all, length_s, grain))?
    }

    /// What the time of day may add to that limit; `None`: nothing, a whole day was learned, or there is no limit.
    pub fn day(&self, number: usize, grain: f64) -> Option<Day> {
        let learned_ns = self.length_ns.saturating_mul(u64::try_from(self.stretches.len()).ok()?);
        if learned_ns >= DAY_NS {
            return None;
        }
        let middles = (0u64..).map(|place| {
            let before_ns = self.length_ns.saturating_mul(place);
            self.from_ns.saturating_add(before_ns).saturating_add(self.length_ns / 2)
        });
        let found = middles.zip(&self.stretches).filter_map(|(ts_ns, stretch)| Some((ts_ns, *stretch.get(number)?)));
        Day::fit(&found.filter(|(_, found)| found.is_finite()).collect::<Vec<_>>(), grain)
    }

    /// The largest of all.
    pub fn seen(&self, number: usize) -> Option<f64> {
        let found = self.stretches.iter().filter_map(|stretch| stretch.get(number).copied());
        found.filter(|one| one.is_finite()).reduce(f64::max)
    }
}

/// The lowest of the limits that stretches of this length, of twice and of four times it give.
fn level(stretches: &[f64], length_s: f64, grain: f64) -> Option<f64> {
    let (mut stretches, mut length_s) = (stretches.to_vec(), length_s);
    let mut lowest: Option<f64> = None;
    while stretches.len() >= FEWEST {
        let found = gumbel(&stretches, length_s, grain);
        lowest = Some(lowest.map_or(found, |lowest| lowest.min(found)));
        stretches = stretches.chunks(2).filter_map(|pair| pair.iter().copied().reduce(f64::max)).collect();
        length_s *= 2.0;
    }
    lowest
}

fn gumbel(stretches: &[f64], length_s: f64, grain: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a few dozen
    let count = stretches.len() as f64;
    let mean = stretches.iter().sum::<f64>() / count;
    let variance = stretches.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // What so few values say of a spread may be much too small: the upper end of its 95 % confidence interval counts,
    // and what is finer than the number's own grain, or than chance leaves between so many values, is not believed.
    let scale = (variance.sqrt() / spread_known(count - 1.0) / SPREAD).max(grain);
    let seen = stretches.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let quantile = (RATE_DAYS * 86_400.0 / length_s).ln();
    (mean + scale * (quantile - EULER)).max(seen + scale)
}

/// Of the standard normal distribution, exceeded 5 times of 100.
pub const ONE_SIDED: f64 = 1.645;

/// What a sample's standard deviation is of the true one at least, 95 times of 100: the square root of the fifth
/// percentile of chi squared over its degrees of freedom (Wilson and Hilferty, 1931).
pub fn spread_known(freedom: f64) -> f64 {
    let part = 2.0 / (9.0 * freedom);
    (1.0 - part - ONE_SIDED * part.sqrt()).max(0.1).powi(3).sqrt()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn learned(seconds: u64, value: impl Fn(f64) -> f64) -> Option<f64> {
        let mut extremes = Extremes::<1>::new(0);
        for second in 0..seconds {
            let stretch = extremes.at(second * SECOND).unwrap();
            stretch[0] = stretch[0].max(value(second as f64));
        }
        assert!(extremes.stretches.len() <= STRETCHES);
        extremes.limit(0, 0.01)
    }

    /// Noise in [-1, 1) that every machine draws alike.
    fn noise(second: f64) -> f64 {
        (crate::hash::mixed(second as u64) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    #[test]
    fn a_limit_lies_a_little_beyond_a_cycle() {
        let limit = learned(7200, |second| (second / 97.0).sin() + 0.05 * noise(second)).unwrap();
        assert!((1.05..1.6).contains(&limit), "{limit}");
        // A cycle longer than the stretches is known by longer ones.
        let limit = learned(7200, |second| (second / 140.0).sin()).unwrap();
        assert!((1.0..1.9).contains(&limit), "{limit}");
    }

    #[test]
    fn what_is_not_at_rest_has_no_limit() {
        assert_eq!(learned(7200, |second| if second > 5000.0 { 40.0 } else { noise(second) }), None);
        assert_eq!(learned(60, noise), None);
    }

    #[test]
    fn what_grows_has_room_to_grow() {
        assert!(learned(7200, |second| second).unwrap() > 14_400.0);
    }

    #[test]
    fn one_alarm_in_a_hundred_thousand_is_none_in_ten_thousand() {
        let limit = learned(20_000, |second| (-(0.5 - 0.5 * noise(second)).max(1e-9).ln()).min(30.0)).unwrap();
        let beyond =
            (1_000_000..1_500_000).filter(|second| -(0.5 - 0.5 * noise(f64::from(*second))).max(1e-9).ln() > limit);
        assert_eq!(beyond.count(), 0);
    }
}
