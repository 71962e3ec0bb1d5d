//! What a part of a day says about the rest of it.
//!
//! Heat, load and shifts go by the clock: values, their noise, how often they move. Who has learned four hours of the
//! morning knows of the afternoon what a wave of one day says that is fitted to them (least squares on the largest
//! values of the stretches), and how far that may be wrong: the upper end of the 95 % confidence interval of what the wave
//! is at that time of day (Draper and Smith, Applied Regression Analysis, 1998, 5). Right behind what was learned that is
//! next to nothing, on the other side of the clock it is much after an hour and little after twelve. Stretches that
//! go with the one before them count for fewer. Where a whole day was learned nothing is left to guess.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::extremes::{spread_known, ONE_SIDED};

/// What goes by the clock goes round in this.
pub const DAY_NS: u64 = 86_400_000_000_000;
/// Constant, sine, and one less the cosine.
const TERMS: usize = 3;
/// Stretches beyond the terms of the wave, so that something says how far it may be wrong.
const FEWEST: usize = 2 * TERMS;

/// How much further than its limit a number may go at which time of day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The middle of what was learned.
    middle_ns: u64,
    wave: [f64; TERMS],
    /// Where the wave stood highest while learning: so far the limit knows of it.
    highest: f64,
    /// Covariances of the wave's terms.
    sure: [[f64; TERMS]; TERMS],
}

impl Day {
    /// `stretches`: middle of each in nanoseconds, and the largest value there. `grain`: what the number is known to.
    /// `None`: too few.
    pub fn fit(stretches: &[(u64, f64)], grain: f64) -> Option<Self> {
        let ((first_ns, _), (last_ns, _)) = (stretches.first()?, stretches.last()?);
        let middle_ns = first_ns.midpoint(*last_ns);
        if stretches.len() < FEWEST {
            return None;
        }
        let rows: Vec<([f64; TERMS], f64)> =
            stretches.iter().map(|(ts_ns, value)| (terms(middle_ns, *ts_ns), *value)).collect();
        let (mut normal, mut right) = ([[0.0; TERMS]; TERMS], [0.0; TERMS]);
        for (row, value) in &rows {
            for (place, one) in row.iter().enumerate() {
                add(&mut right, place, one * value);
                for (other, two) in row.iter().enumerate() {
                    normal.get_mut(place).into_iter().for_each(|line| add(line, other, one * two));
                }
            }
        }
        let inverse = inverted(&normal)?;
        let wave = inverse.map(|line| dot(&line, &right));
        let left: Vec<f64> = rows.iter().map(|(row, value)| value - dot(row, &wave)).collect();
        let squares: f64 = left.iter().map(|one| one * one).sum();
        #[allow(clippy::cast_precision_loss)] // a few dozen
        let (count, freedom) = (left.len() as f64, left.len().saturating_sub(TERMS) as f64);
        let variance = (squares / freedom / spread_known(freedom).powi(2)).max(grain * grain / 12.0);
        let variance = variance * alike(&left, squares, count);
        let highest = rows.iter().map(|(row, _)| dot(row, &wave)).fold(f64::NEG_INFINITY, f64::max);
        let sure = inverse.map(|line| line.map(|one| one * variance));
        Some(Self { middle_ns, wave, highest, sure })
    }

    /// How far beyond the limit the number may be at this moment.
    pub fn room(&self, ts_ns: u64) -> f64 {
        let row = terms(self.middle_ns, ts_ns);
        let wrong = dot(&row, &self.sure.map(|line| dot(&line, &row))).max(0.0).sqrt();
        (dot(&row, &self.wave) + ONE_SIDED * wrong - self.highest).max(0.0)
    }
}

fn terms(middle_ns: u64, ts_ns: u64) -> [f64; TERMS] {
    // Whole days make no difference, and before is as good as behind.
    let passed = |from: u64, to: u64| to.checked_sub(from).and_then(|passed| passed.checked_rem(DAY_NS)).unwrap_or(0);
    let sign = if ts_ns < middle_ns { -1.0 } else { 1.0 };
    #[allow(clippy::cast_precision_loss)] // a part of a day
    let angle = sign * TAU * (passed(middle_ns, ts_ns).max(passed(ts_ns, middle_ns)) as f64) / DAY_NS as f64;
    [1.0, angle.sin(), 1.0 - angle.cos()]
}

/// So many stretches are worth one: what goes with the one before it says little new (Bartlett 1946, with Kendall's
/// correction of 1954 for how short the series is).
fn alike(left: &[f64], squares: f64, count: f64) -> f64 {
    let products: f64 = left.iter().zip(left.iter().skip(1)).map(|(one, next)| one * next).sum();
    let lag = if squares > 0.0 { products / squares } else { 0.0 };
    let lag = (lag + (1.0 + 3.0 * lag) / count).max(0.0);
    // No fewer are left than the wave has terms.
    #[allow(clippy::cast_precision_loss)] // three
    let most = (count / TERMS as f64).max(1.0);
    if lag < 1.0 {
        ((1.0 + lag) / (1.0 - lag)).min(most)
    } else {
        most
    }
}

fn dot(one: &[f64; TERMS], other: &[f64; TERMS]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn add(line: &mut [f64; TERMS], place: usize, value: f64) {
    if let Some(sum) = line.get_mut(place) {
        *sum += value;
    }
}

/// `None`: the rows say the same.
fn inverted([a, b, c]: &[[f64; TERMS]; TERMS]) -> Option<[[f64; TERMS]; TERMS]> {
    let cross = |[u, v, w]: &[f64; 3], [x, y, z]: &[f64; 3]| [v * z - w * y, w * x - u * z, u * y - v * x];
    let (first, second, third) = (cross(b, c), cross(c, a), cross(a, b));
    let whole = dot(a, &first);
    // It is symmetric: rows of the adjugate are its columns.
    let inverse = [first, second, third].map(|line| line.map(|one| one / whole));
    inverse.iter().flatten().all(|one| one.is_finite()).then_some(inverse)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)] // test data
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;
    const START: u64 = 1_700_000_000_000_000_000;

    /// Noise in [-1, 1) that every machine draws alike.
    fn noise(number: u64) -> f64 {
        (crate::hash::mixed(number) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// A wave of one day that is highest at `peak` hours, learned from so many minutes.
    fn learned(minutes: u64, peak: f64, seed: u64) -> Vec<(u64, f64)> {
        let length = minutes / 24;
        (0..24u64)
            .map(|number| {
                let minute = number * length + length / 2;
                (START + minute * MINUTE, wave(minute, peak) + 0.1 * noise(seed * 1000 + number))
            })
            .collect()
    }

    fn wave(minute: u64, peak: f64) -> f64 {
        (TAU * (minute as f64 / 60.0 - peak) / 24.0).cos()
    }

    #[test]
    fn the_rest_of_a_day_has_room_whenever_the_learned_part_of_it_was() {
        for hours in [2u64, 4, 8, 16] {
            let (mut tried, mut short) = (0, 0);
            for seed in 0..200u64 {
                let peak = seed as f64 * 24.0 / 200.0;
                let stretches = learned(hours * 60, peak, seed);
                let day = Day::fit(&stretches, 0.0).unwrap();
                for minute in (hours * 60..1440 * 3).step_by(97) {
                    tried += 1;
                    let most = stretches.iter().map(|(_, value)| *value).fold(f64::MIN, f64::max);
                    short += u32::from(wave(minute, peak) > most + 0.2 + day.room(START + minute * MINUTE));
                }
            }
            assert!(f64::from(short) < 0.05 * f64::from(tried), "{hours} h: {short} of {tried}");
        }
    }

    #[test]
    fn room_grows_with_the_distance_on_the_clock_and_comes_back_with_it() {
        // Nothing of it goes by the clock, which is not known.
        let flat = |minutes| {
            learned(minutes, 0.0, 7)
                .into_iter()
                .map(|(ts_ns, value)| (ts_ns, value - wave((ts_ns - START) / MINUTE, 0.0)))
        };
        let room = |minutes: u64, later: u64| {
            let stretches: Vec<(u64, f64)> = flat(minutes).collect();
            Day::fit(&stretches, 0.0).unwrap().room(START + (minutes + later) * MINUTE)
        };
        assert!(room(240, 10) < 0.2 && room(240, 720) > 2.0 * room(240, 120), "{}", room(240, 720));
        assert!((room(240, 10) - room(240, 10 + 1440)).abs() < 1e-6);
        // The longer was learned the less is guessed.
        assert!(room(60, 720) > 10.0 * room(240, 720) && room(240, 720) > 3.0 * room(960, 240));
    }

    #[test]
    fn what_goes_with_the_one_before_says_little_new() {
        let mut at = 0.0;
        let walks: Vec<f64> = (0..200)
            .map(|number| {
                at = 0.9 * at + noise(number);
                at
            })
            .collect();
        let of = |left: &[f64]| alike(left, left.iter().map(|one| one * one).sum(), left.len() as f64);
        assert!((5.0..40.0).contains(&of(&walks)), "{}", of(&walks));
        assert!(of(&(0..200).map(noise).collect::<Vec<f64>>()) < 1.5);
        assert_eq!(Day::fit(&[(START, 1.0); 40], 0.0), None);
    }
}
