//! What operators choose: the values that a set point was given, and what the next one lies between.
//!
//! What counts are *occasions*: settings that come sooner than 69 s after each other are one decision that took several
//! attempts. Of these the limit is a prediction interval (Hahn and Meeker, Statistical Intervals, 1991, 4), and each of
//! its numbers says no more than is known:
//! - **How many** occasions are worth one: an operator may begin from what is set, and go on with a product or a shift. That
//!   is a long memory: with the correlation of neighbours r = 2^(2H-1) - 1 a mean of n settings is known as by n^(2-2H)
//!   independent ones, and their spread is too small by as much (Beran, Statistics for Long-Memory Processes, 1994, 1 and
//!   8). Few settings hardly tell whether they remember: all of the plant together do.
//! - **How wide** they are spread is known by a few, so Student's t stands for it, with the spreads of the plant's other
//!   set points behind it (`custom.rs`): that five settings lie near each other is now and then chance.
//! - **How often** is promised a day and not a setting: `SET_DAYS`.

use super::custom::Custom;
use crate::limits::OCCASION_NS;

/// One false alarm of a set point in so many days: all that is promised of an asset, where each has one set point. Rarer
/// cannot be told from what a few hours show (ten settings would allow the next one eleven spreads instead of eight).
const SET_DAYS: f64 = 1_000.0;
/// However seldom it is set: one setting of a thousand.
const MOST: f64 = 1e-3;
/// Occasions kept; when they are full, those that lie within twice the distance become one.
const KEPT: usize = 64;
const DAY_S: f64 = 86_400.0;

/// What a set point was given, in order.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Occasions, all of them.
    count: u32,
    counted_ns: u64,
    last: Option<f64>,
    pub low: f64,
    pub high: f64,
    /// When each kept occasion began, and what it ended with.
    kept: Vec<(u64, f64)>,
    apart_ns: u64,
}

/// Settings as a sample: what their limit is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub count: f64,
    pub mean: f64,
    /// Of the distances from the mean.
    squares: f64,
    /// Correlation of neighbours, as it was seen.
    pub lag: f64,
}

impl Settings {
    /// The value is `setting` now: written, or read back.
    pub fn add(&mut self, setting: f64, ts_ns: u64) {
        if self.last == Some(setting) || !setting.is_finite() {
            return;
        }
        if self.last.is_none() {
            (self.low, self.high, self.apart_ns) = (setting, setting, OCCASION_NS);
        }
        (self.last, self.low, self.high) = (Some(setting), self.low.min(setting), self.high.max(setting));
        if self.count == 0 || ts_ns.saturating_sub(self.counted_ns) >= OCCASION_NS {
            (self.count, self.counted_ns) = (self.count.saturating_add(1), ts_ns);
        }
        match self.kept.last_mut() {
            Some((began_ns, last)) if ts_ns.saturating_sub(*began_ns) < self.apart_ns => *last = setting,
            _ => self.kept.push((ts_ns, setting)),
        }
        while self.kept.len() > KEPT {
            self.apart_ns = self.apart_ns.saturating_mul(2);
            let apart_ns = self.apart_ns;
            self.kept.dedup_by(|(next_ns, next), (began_ns, last)| {
                let same = next_ns.saturating_sub(*began_ns) < apart_ns;
                if same {
                    *last = *next;
                }
                same
            });
        }
    }

    /// `None`: on one occasion only, or always the same.
    pub fn sample(&self) -> Option<Sample> {
        if self.kept.len() < 2 {
            return None;
        }
        #[allow(clippy::cast_precision_loss)] // a few dozen
        let count = self.kept.len() as f64;
        let mean = self.kept.iter().map(|(_, value)| value).sum::<f64>() / count;
        let away = || self.kept.iter().map(|(_, value)| value - mean);
        let squares: f64 = away().map(|away| away * away).sum();
        let products: f64 = away().zip(away().skip(1)).map(|(one, next)| one * next).sum();
        let lag = products / squares;
        lag.is_finite().then_some(Sample { count, mean, squares, lag })
    }

    /// What the next setting lies between, no narrower than what was seen; `seconds`: how long the set point was watched.
    pub fn limits(&self, seconds: f64, custom: &Custom) -> Option<(f64, f64)> {
        let sample = self.sample()?;
        let reach = custom.reach(&sample, self.chance(seconds));
        reach.is_finite().then(|| ((sample.mean - reach).min(self.low), (sample.mean + reach).max(self.high)))
    }

    /// That a setting lies beyond its limit.
    fn chance(&self, seconds: f64) -> f64 {
        let (first_ns, last_ns) = (self.kept.first().map_or(0, |kept| kept.0), self.counted_ns);
        #[allow(clippy::cast_precision_loss)] // durations
        let (own_s, least_s) = (last_ns.saturating_sub(first_ns) as f64 / 1e9, OCCASION_NS as f64 / 1e9);
        let a_day = f64::from(self.count) * DAY_S / seconds.max(own_s).max(least_s);
        (1.0 / (SET_DAYS * a_day)).min(MOST)
    }
}

impl Sample {
    /// As many independent settings would say as much, where neighbours in this plant have that correlation. Two are the
    /// least that anything is worth.
    pub fn worth(&self, lag: f64) -> f64 {
        self.count.powf(1.0 - (1.0 + lag).log2()).max(2.0)
    }

    /// Of the process that the settings come from: their own squares miss what their mean is wrong by.
    pub fn variance(&self, worth: f64) -> f64 {
        self.squares / self.count * worth / (worth - 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::unwrap_used)] // test data
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    /// In [0, 1), and the same on every machine.
    fn chance(seed: u64, number: u64) -> f64 {
        (crate::hash::mixed(seed.wrapping_mul(1_000_003) ^ crate::hash::mixed(number)) >> 11) as f64
            / (1u64 << 53) as f64
    }

    fn normal(seed: u64, number: u64) -> f64 {
        (0..12).map(|part| chance(seed, number * 12 + part)).sum::<f64>() - 6.0
    }

    fn every(minutes: u64, values: impl IntoIterator<Item = f64>) -> Settings {
        let mut settings = Settings::default();
        values.into_iter().zip(1u64..).for_each(|(value, number)| settings.add(value, number * minutes * MINUTE));
        settings
    }

    /// Share of the settings behind the learned ones that lie beyond the limit of one in a hundred, of many plants of so
    /// many set points.
    fn beyond(learned: usize, plant: u64, series: impl Fn(u64) -> Vec<f64>) -> f64 {
        let (mut tried, mut beyond) = (0u32, 0u32);
        for seed in 0..(600 / plant).max(100) {
            let all: Vec<Vec<f64>> = (0..plant).map(|number| series(seed * plant + number)).collect();
            let points: Vec<Settings> = all.iter().map(|one| every(20, one[..learned].iter().copied())).collect();
            let custom = Custom::of(points.iter());
            for (one, settings) in all.iter().zip(&points) {
                let sample = settings.sample().unwrap();
                let reach = custom.reach(&sample, 0.01);
                tried += (one.len() - learned) as u32;
                beyond += one[learned..].iter().filter(|value| (*value - sample.mean).abs() > reach).count() as u32;
            }
        }
        f64::from(beyond) / f64::from(tried)
    }

    /// Settings of which each is near the one before.
    fn remembered(memory: f64, seed: u64) -> Vec<f64> {
        let mut at = normal(seed, 1000) / (1.0 - memory * memory).sqrt();
        let next = |number| {
            at = memory * at + normal(seed, number);
            50.0 + at
        };
        (0..140).map(next).collect()
    }

    #[test]
    fn no_more_settings_are_beyond_the_limit_than_is_promised() {
        for (learned, plant) in [(5, 1), (10, 1), (40, 1), (5, 12), (10, 12)] {
            let found = beyond(learned, plant, |seed| (0..140).map(|number| 50.0 + normal(seed, number)).collect());
            assert!((0.001..0.013).contains(&found), "{learned} of {plant}, independent: {found}");
            let found = beyond(learned, plant, |seed| (0..140).map(|number| 50.0 + chance(seed, number)).collect());
            assert!(found < 0.013, "{learned} of {plant}, alike often: {found}");
        }
        // Few hardly tell that they remember, and what is not sure is not counted: of five alone with that much memory one in ten
        // is beyond, of a dozen set points a few in a hundred. Many tell.
        for (learned, plant, memory, most) in [
            (5, 1, 0.8, 0.1),
            (10, 1, 0.5, 0.03),
            (40, 1, 0.8, 0.013),
            (5, 12, 0.5, 0.05),
            (10, 12, 0.8, 0.05),
            (40, 12, 0.8, 0.013),
        ] {
            let found = beyond(learned, plant, |seed| remembered(memory, seed));
            assert!(found < most, "{learned} of {plant} with memory {memory}: {found}");
        }
    }

    #[test]
    fn attempts_of_one_minute_are_one_setting() {
        let mut settings = every(10, [50.0, 35.0, 41.0]);
        let before = settings.sample().unwrap();
        for (second, value) in [(0, 44.0), (8, 93.0), (20, 47.0)] {
            settings.add(value, 40 * MINUTE + second * 1_000_000_000);
        }
        assert_eq!(settings.sample(), every(10, [50.0, 35.0, 41.0, 47.0]).sample());
        assert_eq!((before.worth(0.0), settings.count, settings.low, settings.high), (3.0, 4, 35.0, 93.0));
        // The limit is never narrower than what was seen.
        let (low, high) = settings.limits(3600.0, &Custom::default()).unwrap();
        assert!(low < 35.0 && high > 93.0);
        assert_eq!(every(10, [7.0]).limits(3600.0, &Custom::default()), None);
        assert_eq!(every(10, [7.0, 7.0, 7.0]).limits(3600.0, &Custom::default()), None);
    }

    #[test]
    fn the_promise_is_a_day_and_so_is_the_room() {
        let values = || (0..12u64).map(|number| 50.0 + normal(3, number));
        let width = |minutes, watched_s| {
            let (low, high) = every(minutes, values()).limits(watched_s, &Custom::default()).unwrap();
            high - low
        };
        // Twelve in two hours are more a day than twelve in twelve days, and so are false alarms.
        let (hours, days) = (width(10, 7200.0), width(1440, 0.0));
        assert!(hours > 1.5 * days && days > 7.0, "{hours} {days}");
        assert!((width(10, 12.0 * 86_400.0) - days).abs() < 0.1 * days);
    }

    #[test]
    fn settings_that_lie_near_each_other_by_chance_go_by_the_others() {
        let near = || every(40, [860.0, 800.0, 860.0, 920.0, 860.0]);
        let others: Vec<Settings> = (0..24u64)
            .map(|seed| every(20, (0..12).map(|number| 10.0 * (seed + 1) as f64 * (1.0 + 0.2 * normal(seed, number)))))
            .collect();
        let custom = Custom::of(others.iter());
        let width = |settings: &Settings, custom: &Custom| {
            let (low, high) = settings.limits(4.0 * 3600.0, custom).unwrap();
            high - low
        };
        // Alone nothing of it is known; with the others as much as they say of a middle of 860.
        let (alone, told) = (width(&near(), &Custom::default()), width(&near(), &custom));
        assert!(alone > 1.1 * told && (1.0..2.5).contains(&(told / 860.0)), "{alone} {told}");
        // Of one that was set on two occasions as well.
        let twice = every(60, [200.0, 220.0]);
        assert!(width(&twice, &Custom::default()) > 1e5);
        assert!((1.0..6.0).contains(&(width(&twice, &custom) / 210.0)), "{}", width(&twice, &custom));
        // Around nothing a share of the mean says nothing: it stands by itself.
        let around = every(60, [-1.0, 1.2]);
        assert!((width(&around, &custom) / width(&around, &Custom::default()) - 1.0).abs() < 1e-9);
        // Set points unlike each other say little of a middle, but what the widest of them does: a tenth of its mean.
        let unlike: Vec<Settings> = (0..6u64)
            .map(|seed| every(20, (0..12).map(|number| 100.0 + 10f64.powi(seed as i32 - 4) * normal(seed, number))))
            .collect();
        let reach = width(&twice, &Custom::of(unlike.iter())) / 420.0;
        assert!((0.4..1.2).contains(&reach), "{reach}");
        assert!(width(&twice, &Custom::of(unlike[..1].iter())) > 1e5, "one is no custom");
    }

    #[test]
    fn a_month_of_settings_takes_as_much_room_as_a_day() {
        let settings = every(10, (0..4320u64).map(|number| 50.0 + normal(5, number)));
        assert!(settings.kept.len() <= KEPT && settings.count == 4320);
        let sample = settings.sample().unwrap();
        assert!((sample.mean - 50.0).abs() < 0.5 && (0.5..1.6).contains(&sample.variance(sample.count)), "{sample:?}");
    }
}
