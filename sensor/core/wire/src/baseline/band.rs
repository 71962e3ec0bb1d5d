//! From learned intervals to the band that is normal. Nothing in it is picked by eye: each edge follows from what was
//! seen and from one number, how often a healthy poll may be called odd by chance (the rate).
//!
//! A poll is judged over its last `WINDOW` intervals: slower when `changed_from` or more of them (most, at least) lie
//! above the band, faster when as many lie below, irregular when `irregular_from` or more lie outside on either side.
//! One lost request makes one long interval, a repeated one makes two short ones: neither is ever enough.
//!
//! The band is `period ± width`, period the median of the learned intervals, width the larger of
//! - `z · σ`: σ is their robust spread (1.4826 · MAD) and z the normal quantile of the rate. The median of `WINDOW`
//!   intervals scatters by 0.4 σ when they are independent and by σ when something slows all of them at once, so this
//!   holds for either;
//! - the largest deviation of the median of any learned run of `WINDOW` intervals: drift seen while learning is normal.
//!
//! The counts are what makes it hold whatever the distribution is: the share of learned intervals outside the band is
//! known, and each count is the smallest that so many odd ones in one window reach by chance less often than the rate
//! (a binomial tail). Where the band does not exclude half and twice the period, or no count is rare enough, the
//! request has no period.
//!
//! Intervals that follow each other are no independent witnesses: what slows one slows the next. So the share is known as
//! well as by so many intervals as there were *occasions* to see the request, a minute apart (`learn/sightings.rs`); four are
//! the fewest of which a count can be rare enough. A poll of fewer is judged all the same, by less: all nine must be odd, and
//! how far they may lie apart from one minute to another the plant's other polls say (`pace.rs`). Where none was seen on
//! four occasions nothing is known of that, and the band reaches from half to twice the period: a stop and another order of
//! magnitude are found, no more.

use super::pace::Pace;
use super::sketch::Sketch;

/// Consecutive intervals that decide. Nine: with fifty learned intervals and none of them odd, a majority of five is by
/// chance rarer than one in a million.
pub const WINDOW: u32 = 9;
/// More than half of them: so their median lies outside, too.
pub const MAJORITY: u32 = 5;
/// Odd intervals that one lost and one repeated request can make together: three.
pub const MISHAPS: u32 = 3;
/// What time stamps of a mirror port can carry: spreads below a hundredth of the period or a millisecond are not
/// believed.
const FINEST_SHARE: u32 = 100;
const FINEST_US: u32 = 1000;

/// Silence below is never a stop, however short the period: a segment that was lost is repeated after a second, and after
/// two more when the repetition is lost, too (RFC 6298, 2.1 and 5.5).
const REPEATED_US: u32 = 3_000_000;

/// What the learner is asked to hold.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// Decisions about a healthy poll that may be wrong.
    pub false_alarms_per_billion: u32,
    /// Silence of this share of the period is a stop: with two and a half, two requests in a row are missing, and one that
    /// the capture lost is none.
    pub stopped_after_percent: u32,
    /// Learned intervals below which a poll is not judged, however long that took: a spread of fewer means little.
    pub minimum_samples: u32,
}

impl Default for Promise {
    fn default() -> Self {
        Self { false_alarms_per_billion: 1000, stopped_after_percent: 250, minimum_samples: 20 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub period_us: u32,
    pub spread_us: u32,
    pub low_us: u32,
    pub high_us: u32,
    pub stopped_us: u32,
    pub changed_from: u8,
    pub irregular_from: u8,
}

/// What the intervals of one request tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    TooFew,
    NoPeriod,
    Period(Band),
}

/// The promise in the numbers that bands are made of; the same for every poll.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    promise: Promise,
    rate: f64,
    /// Normal quantile of the rate.
    quantile: f64,
}

impl Judge {
    pub fn new(promise: Promise) -> Self {
        let rate = f64::from(promise.false_alarms_per_billion.clamp(1, 10_000_000)) / 1e9;
        let quantile = bisect(0.0, 7.0, |z| normal_tail(z) > rate);
        Self { promise, rate, quantile }
    }

    /// The smallest count from `least` on that is reached by chance in a window less often than the rate, where this share
    /// of as many independent intervals as `worth` was odd; `WINDOW + 1` where none is.
    fn count_from(&self, least: u32, odd: f64, worth: f64) -> u32 {
        let share = (odd * worth + 1.0) / (worth + 1.0);
        let rare = |count: &u32| binomial_tail(*count, share) <= self.rate;
        (least..=WINDOW).find(rare).unwrap_or(WINDOW.saturating_add(1))
    }

    /// `occasions`: how often the request was seen at least a minute behind the time before. `pace`: of all polls.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive and finite; `as` saturates
    #[allow(clippy::cast_precision_loss)] // a hundred
    pub fn rhythm(&self, sketch: &mut Sketch, occasions: u32, pace: &Pace) -> Rhythm {
        let samples = sketch.sample.len();
        if sketch.count < u64::from(self.promise.minimum_samples.max(1)) {
            return Rhythm::TooFew;
        }
        let period = median(&mut sketch.sample);
        let mut deviations: Vec<u32> = sketch.sample.iter().map(|interval| interval.abs_diff(period)).collect();
        let spread = median(&mut deviations);
        let sigma = (f64::from(spread) * 1.4826).max(f64::from((period / FINEST_SHARE).max(FINEST_US)));
        let width = ((self.quantile * sigma).ceil() as u32).max(drift(sketch, period));
        let (low_us, high_us) = (period.saturating_sub(width), period.saturating_add(width));
        let above = sketch.sample.iter().filter(|interval| **interval > high_us).count();
        let below = sketch.sample.iter().filter(|interval| **interval < low_us).count();
        let share = |odd: usize| odd as f64 / samples as f64;
        let odd = share(above.max(below));
        let worth = f64::from(occasions).min(samples as f64);
        let known = self.count_from(MAJORITY, odd, worth) <= WINDOW;
        let worth = if known { worth } else { samples as f64 };
        let changed_from = self.count_from(MAJORITY, odd, worth);
        if width.saturating_mul(2) >= period || changed_from > WINDOW {
            return Rhythm::NoPeriod;
        }
        let irregular_from = self.count_from(MISHAPS.saturating_add(1), share(above.saturating_add(below)), worth);
        let mut band = Band {
            period_us: period,
            spread_us: spread,
            low_us,
            high_us,
            stopped_us: 0,
            changed_from: u8::try_from(changed_from).unwrap_or(u8::MAX),
            irregular_from: u8::try_from(irregular_from).unwrap_or(u8::MAX),
        };
        if !known {
            (band.low_us, band.high_us) = self.between(period, width, occasions, pace);
            let all = u8::try_from(WINDOW).unwrap_or(u8::MAX);
            (band.changed_from, band.irregular_from) = (all, band.irregular_from.max(all));
        }
        band.stopped_us = self.stopped(sketch, period, width).max(band.high_us.saturating_add(1));
        Rhythm::Period(band)
    }

    /// The band of a poll that was seen on too few occasions: its own `width`, and how far others wander between minutes.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive and finite; `as` saturates
    fn between(&self, period: u32, width: u32, occasions: u32, pace: &Pace) -> (u32, u32) {
        let spread = pace.spread() * (1.0 + 1.0 / f64::from(occasions.max(1))).sqrt();
        let wander = (self.quantile * spread.max(1.0 / f64::from(FINEST_SHARE)) * f64::from(period)).ceil() as u32;
        let width = width.max(wander);
        let known = self.count_from(MAJORITY, 0.0, f64::from(pace.occasions())) <= WINDOW;
        if known && width.saturating_mul(2) < period {
            return (period.saturating_sub(width), period.saturating_add(width));
        }
        (period / 2, period.saturating_mul(2))
    }

    /// Silence that is a stop: the set share of the period, but longer than pauses that recurred while learning. The
    /// longest interval, and one more of each thousand, may have been a real outage and does not count.
    fn stopped(&self, sketch: &Sketch, period: u32, width: u32) -> u32 {
        let outages = usize::try_from(sketch.count / 1000).unwrap_or(usize::MAX).saturating_add(1);
        let kept = sketch.longest.len().saturating_sub(1);
        let pause = sketch.longest.get(outages.min(kept)).copied().unwrap_or(0);
        let share = u64::from(period).saturating_mul(u64::from(self.promise.stopped_after_percent.max(101))) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(pause.saturating_add(width)).max(REPEATED_US)
    }
}

/// How far the median of a learned run of intervals went; with many runs the one farthest on each side may have been an
/// incident and does not count.
fn drift(sketch: &Sketch, period: u32) -> u32 {
    let counted = usize::from(sketch.blocks >= 20);
    let pick = |pair: [u32; 2]| pair.get(counted).copied().unwrap_or(period).abs_diff(period);
    if sketch.blocks == 0 {
        return 0;
    }
    pick(sketch.lowest).max(pick(sketch.highest))
}

/// The middle value, the lower one of two. Reorders.
pub fn median(values: &mut [u32]) -> u32 {
    let middle = values.len().saturating_sub(1) / 2;
    if values.is_empty() {
        return 0;
    }
    *values.select_nth_unstable(middle).1
}

/// Largest argument in the interval for which `holds`, which must hold below it and not above.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Chance of `least` or more odd ones among `WINDOW`, each odd with chance `share`.
fn binomial_tail(least: u32, share: f64) -> f64 {
    let mut term = 1.0;
    for _ in 0..WINDOW {
        term *= 1.0 - share;
    }
    let mut tail = 0.0;
    for count in 0..=WINDOW {
        if count >= least {
            tail += term;
        }
        let next = f64::from(count) + 1.0;
        term *= f64::from(WINDOW.saturating_sub(count)) / next * share / (1.0 - share);
    }
    tail
}

/// Chance of a normal value beyond `z`. Only basic operations: the same bits on every machine, which a library's `exp`
/// does not promise.
fn normal_tail(z: f64) -> f64 {
    let half_square = z * z / 2.0;
    let (mut power, mut exponential) = (1.0, 1.0);
    for number in 1..120 {
        power *= half_square / f64::from(number);
        exponential += power;
    }
    let (mut term, mut series) = (z, z);
    for number in 1..120 {
        term *= z * z / f64::from(2i32.saturating_mul(number).saturating_add(1));
        series += term;
    }
    0.5 - series / exponential / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    fn learned(intervals: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        let mut now = 1_000_000_000;
        sketch.observe(now, 1);
        for interval in intervals {
            now += interval * 1000;
            sketch.observe(now, 1);
        }
        sketch
    }

    /// Of many occasions, in a plant of one poll.
    fn rhythm(judge: &Judge, sketch: &mut Sketch) -> Rhythm {
        judge.rhythm(sketch, 200, &Pace::default())
    }

    fn noise(number: u64, spread: u64) -> u64 {
        super::super::space::mix(7, number) % spread
    }

    #[test]
    fn the_numbers_are_those_of_the_tables() {
        assert!((normal_tail(1.959_963_985) - 0.025).abs() < 1e-9);
        let judge = Judge::new(Promise::default());
        assert!((judge.quantile - 4.753_424).abs() < 1e-5);
        assert!((binomial_tail(0, 0.3) - 1.0).abs() < 1e-12);
        assert!((binomial_tail(9, 0.5) - 1.0 / 512.0).abs() < 1e-12);
        let none_of = |worth| judge.count_from(MAJORITY, 0.0, worth);
        assert_eq!([50.0, 20.0, 4.0, 3.0].map(none_of), [5, 6, 9, 10]);
    }

    #[test]
    fn twenty_intervals_are_the_fewest() {
        let judge = Judge::new(Promise::default());
        assert_eq!(rhythm(&judge, &mut learned((0..19).map(|_| 1_000_000))), Rhythm::TooFew);
        let Rhythm::Period(band) = rhythm(&judge, &mut learned((0..20).map(|_| 1_000_000))) else { panic!() };
        assert_eq!((band.period_us, band.spread_us, band.stopped_us), (1_000_000, 0, 3_000_000));
        assert_eq!((band.low_us, band.high_us), (952_465, 1_047_535)); // 4.7534 · 1 % of the period
        assert_eq!((band.changed_from, band.irregular_from), (6, 6));
    }

    #[test]
    fn a_thousand_intervals_of_a_minute_are_little_evidence() {
        let judge = Judge::new(Promise::default());
        let band = |occasions, pace: &Pace| {
            let Rhythm::Period(band) = judge.rhythm(&mut learned((0..1000).map(|_| 100_000)), occasions, pace) else {
                panic!()
            };
            ([band.low_us, band.high_us], [band.changed_from, band.irregular_from])
        };
        let alone = Pace::default();
        for occasions in 1..4 {
            assert_eq!(band(occasions, &alone), ([50_000, 200_000], [9, 9]));
        }
        let narrow = [95_246, 104_754]; // what time stamps can carry, 4.7534 · 1 % of the period
        assert_eq!([4, 10, 200].map(|occasions| band(occasions, &alone)).map(|(found, _)| found), [narrow; 3]);
        assert_eq!([4, 10, 200].map(|occasions| band(occasions, &alone).1), [[9, 9], [8, 8], [5, 4]]);
        // Other polls say how far one wanders from minute to minute: 1 % to either side, ten times 1.4 with that poll's own minute.
        let mut others = Pace::default();
        let mut slow = Sketch::default();
        (0..400u64).fold(0, |now, number| {
            slow.observe(now, 1);
            now + if number / 40 % 2 == 0 { 9_900_000_000 } else { 10_100_000_000 }
        });
        others.add(&slow.paces);
        let ([low, high], counts) = band(1, &others);
        assert!((80_000..95_000).contains(&low) && (105_000..120_000).contains(&high), "{low} {high}");
        assert_eq!((high - 100_000, counts), (100_000 - low, [9, 9]));
        // Never narrower than its own width, and no wider than half the period.
        let Rhythm::Period(rough) = judge.rhythm(&mut learned((0..900).map(|n| 90_000 + noise(n, 10_000))), 1, &others)
        else {
            panic!()
        };
        assert!(rough.low_us < low && rough.low_us >= rough.period_us / 2, "{rough:?}");
    }

    #[test]
    fn more_jitter_widens_the_band_and_no_period_is_said_so() {
        let judge = Judge::new(Promise::default());
        let Rhythm::Period(calm) = rhythm(&judge, &mut learned((0..500).map(|n| 990_000 + noise(n, 20_000)))) else {
            panic!()
        };
        let Rhythm::Period(rough) = rhythm(&judge, &mut learned((0..500).map(|n| 950_000 + noise(n, 100_000)))) else {
            panic!()
        };
        assert!(rough.high_us - rough.low_us > 2 * (calm.high_us - calm.low_us));
        let random = learned((0..500).map(|n| 1 + noise(n, 2_000_000)));
        assert_eq!(rhythm(&judge, &mut { random }), Rhythm::NoPeriod);
        // Twice in each cycle: the intervals alternate, and neither of them is a period.
        let burst = learned((0..500).map(|n| if n % 2 == 0 { 100_000 } else { 900_000 }));
        assert_eq!(rhythm(&judge, &mut { burst }), Rhythm::NoPeriod);
    }

    #[test]
    fn silence_is_a_stop_when_two_requests_are_missing() {
        let judge = Judge::new(Promise::default());
        for (period_ms, stopped_us) in [(100, 3_000_000), (1000, 3_000_000), (5000, 12_500_000), (60_000, 150_000_000)]
        {
            let Rhythm::Period(band) = rhythm(&judge, &mut learned((0..100).map(|_| period_ms * 1000))) else {
                panic!()
            };
            assert_eq!(band.stopped_us, stopped_us, "{period_ms}");
        }
    }

    #[test]
    fn one_outage_while_learning_does_not_hide_a_stop() {
        let judge = Judge::new(Promise::default());
        let once = |number: u64| if number == 30 { 600_000_000 } else { 1_000_000 };
        let Rhythm::Period(band) = rhythm(&judge, &mut learned((0..100).map(once))) else { panic!() };
        assert_eq!(band.stopped_us, 3_000_000);
        let often = |number: u64| if number % 25 == 5 { 4_000_000 } else { 1_000_000 };
        let Rhythm::Period(band) = rhythm(&judge, &mut learned((0..100).map(often))) else { panic!() };
        assert!(band.stopped_us > 4_000_000 && band.high_us < 1_100_000 && u32::from(band.changed_from) > MAJORITY);
    }
}
