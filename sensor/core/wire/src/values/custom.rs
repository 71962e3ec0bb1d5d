//! How operators set things in this plant: what the spreads of all set points say about each of them.
//!
//! Relative to its mean one set point is spread more than another, and few settings say little of either. All of them
//! together say more:
//! - The spreads' own distribution: variances that lie around one middle as a scaled inverse chi squared does, so that the
//!   middle counts for so many degrees of freedom beside each set point's own (Smyth, Linear models and empirical Bayes
//!   methods, Statistical Applications in Genetics and Molecular Biology 3, 2004, 6.2: the moments of their logarithms).
//!   Where set points are unlike each other, or few, that is next to none.
//! - The widest of them: what is the most that any of them does, as far as their settings together tell, is enough for each.
//!   Of the widest itself that promises more than its own settings know, and being the widest it is mostly overestimated:
//!   of normal settings one to six in a thousand days are beyond it (the fewer set points, the more), of settings between two ends none.
//! - Memory: how much a setting goes with the one before.

use super::chance::{digamma, student, trigamma, trigamma_is};
use super::extremes::{spread_known, ONE_SIDED};
use super::settings::{Sample, Settings};

/// Behind fewer degrees of freedom than these stands nothing that could be called a custom.
const CUSTOM_FREEDOM: f64 = 10.0;

/// Where settings are spread as far as their mean lies from nothing, it is no measure of a spread (offsets, corrections):
/// such a set point stands by itself.
const MEASURES: f64 = 1.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Custom {
    /// How much each setting goes with the one before at least: correlation of neighbours.
    lag: f64,
    /// Of a relative spread, squared.
    middle: f64,
    /// Degrees of freedom that it is worth.
    freedom: f64,
    /// The largest relative spread, squared, and the degrees of freedom of all.
    widest: f64,
    all: f64,
}

impl Custom {
    /// Of the set points of a plant.
    pub fn of<'a>(settings: impl Iterator<Item = &'a Settings>) -> Self {
        let samples: Vec<Sample> = settings.filter_map(Settings::sample).collect();
        let lag = lag_of(&samples);
        let spread = |sample: &Sample| {
            let worth = sample.worth(lag);
            (sample.variance(worth) / sample.mean.powi(2), worth - 1.0)
        };
        let known: Vec<(f64, f64)> =
            samples.iter().map(spread).filter(|(relative, _)| *relative > 0.0 && *relative < MEASURES).collect();
        if known.len() < 2 {
            return Self { lag, ..Self::default() };
        }
        let told = |(relative, freedom): &(f64, f64)| relative.ln() - digamma(freedom / 2.0) + (freedom / 2.0).ln();
        #[allow(clippy::cast_precision_loss)] // as many as there are set points
        let count = known.len() as f64;
        let mean = known.iter().map(told).sum::<f64>() / count;
        let squares: f64 = known.iter().map(|one| (told(one) - mean).powi(2)).sum();
        // How unlike they are is known by as many as there are: the upper end of that counts.
        let unlike = squares / (count - 1.0) / spread_known(count - 1.0).powi(2);
        let by_chance = known.iter().map(|(_, freedom)| trigamma(freedom / 2.0)).sum::<f64>() / count;
        let all: f64 = known.iter().map(|(_, freedom)| freedom).sum();
        // No more is known of the middle than all of them know together.
        let freedom = if unlike > by_chance { (2.0 * trigamma_is(unlike - by_chance)).min(all) } else { all };
        let middle = (mean + digamma(freedom / 2.0) - (freedom / 2.0).ln()).exp();
        // Of two settings their distance is chance.
        let widest = known.iter().filter(|(_, freedom)| *freedom > 1.0).map(|(relative, _)| *relative);
        Self { lag, middle, freedom, widest: widest.fold(0.0, f64::max), all }
    }

    /// How far settings lie from this sample's mean, on either side together with that chance: by its own spread with the
    /// middle of all behind it, or by the widest of all. Each holds by itself, so the nearer counts.
    pub fn reach(&self, sample: &Sample, chance: f64) -> f64 {
        let worth = sample.worth(self.lag);
        let (own, freedom) = (worth - 1.0, worth - 1.0 + self.freedom);
        let (variance, square) = (sample.variance(worth), sample.mean.powi(2));
        let mixed = (own * variance + self.freedom * self.middle * square) / freedom;
        let reach = |freedom, variance: f64| student(chance / 2.0, freedom) * (variance * (1.0 + 1.0 / worth)).sqrt();
        if variance >= MEASURES * square {
            return reach(own, variance);
        }
        let by_all = reach(freedom, mixed);
        if self.all < CUSTOM_FREEDOM || self.widest <= 0.0 {
            return by_all;
        }
        by_all.min(reach(self.all, self.widest * square))
    }
}

/// Correlation of neighbours in the settings of all, at the lower end of what it may be: memory is counted where there
/// surely is some.
fn lag_of(samples: &[Sample]) -> f64 {
    // A correlation is seen too small by (1 + 3 lag) / n (Kendall 1954); together that can be solved for what it is.
    let long = || samples.iter().filter(|sample| sample.count > 3.0);
    let seen: f64 = long().map(|sample| sample.count * sample.lag + 1.0).sum();
    let known: f64 = long().map(|sample| sample.count - 3.0).sum();
    let lag = seen / known - ONE_SIDED / known.sqrt();
    if lag.is_finite() {
        lag.clamp(0.0, 1.0)
    } else {
        0.0
    }
}
