//! How a value moves: from samples to a handful of numbers, the same while learning and while judging.

/// What is measured of a tag. Each of them is bounded from above only.
pub const HIGH: usize = 0;
/// The value with its sign turned.
pub const LOW: usize = 1;
/// Change between two samples that follow each other in the poll's own rhythm.
pub const STEP: usize = 2;
/// Seconds without any change.
pub const REST: usize = 3;
/// Way to and fro within a window: all changes, less what came of them.
pub const SWING: usize = 4;
/// The same where it is small: the logarithm of its inverse.
pub const QUIET: usize = 5;
/// Distance between the mean of a window and that of `LONG` windows before.
pub const DRIFT: usize = 6;
pub const STATISTICS: usize = 7;

/// Samples of a window: enough for the way to and fro of pure noise to be known to a fifth of itself.
const WINDOW: u32 = 32;
/// Windows that a trend is looked at over.
const LONG: usize = 8;
/// An interval that is so many times the usual one is a gap: what happened inside is not known.
const GAP: f64 = 2.5;
/// So many gaps in a row are another rhythm.
const NEW_RHYTHM: u8 = 8;

/// A tag's recent past, in constant memory.
#[derive(Clone, Debug, Default)]
pub struct Motion {
    seen: bool,
    last: f64,
    last_ns: u64,
    /// Usual interval, a running mean; 0: there was none yet.
    interval_ns: f64,
    gaps: u8,
    rest_ns: f64,
    samples: u32,
    path: f64,
    first: f64,
    sum: f64,
    means: [f64; LONG],
    windows: usize,
}

/// What a window showed when it ended.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub swing: f64,
    pub drift: Option<f64>,
}

/// What one sample says.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    pub before: f64,
    /// Signed; `None`: it is the first one, or the first behind a gap.
    pub step: Option<f64>,
    pub rest_s: f64,
    pub window: Option<Window>,
}

#[allow(clippy::cast_precision_loss)] // nanoseconds as a measurement
fn float(number: u64) -> f64 {
    number as f64
}

impl Motion {
    /// The latest sample.
    pub fn last(&self) -> Option<f64> {
        self.seen.then_some(self.last)
    }

    /// When that was.
    pub fn last_ns(&self) -> u64 {
        self.last_ns
    }

    pub fn interval_ns(&self) -> f64 {
        self.interval_ns
    }

    #[inline]
    pub fn next(&mut self, value: f64, ts_ns: u64) -> Moved {
        let (before, passed_ns) = (self.last, float(ts_ns.saturating_sub(self.last_ns)));
        let known = std::mem::replace(&mut self.seen, true);
        (self.last, self.last_ns) = (value, ts_ns);
        if !known {
            self.begin(value);
            return Moved { before: value, step: None, rest_s: 0.0, window: None };
        }
        if self.interval_ns > 0.0 && passed_ns > GAP * self.interval_ns {
            self.gaps = self.gaps.saturating_add(1);
            if self.gaps >= NEW_RHYTHM {
                (self.interval_ns, self.gaps) = (passed_ns, 0);
            }
            self.begin(value);
            return Moved { before, step: None, rest_s: 0.0, window: None };
        }
        self.gaps = 0;
        self.interval_ns =
            if self.interval_ns > 0.0 { self.interval_ns + (passed_ns - self.interval_ns) / 16.0 } else { passed_ns };
        let step = value - before;
        self.rest_ns = if step == 0.0 { self.rest_ns + passed_ns } else { 0.0 };
        self.path += step.abs();
        self.sum += value;
        self.samples = self.samples.saturating_add(1);
        let window = (self.samples >= WINDOW).then(|| self.window(value));
        Moved { before, step: Some(step), rest_s: self.rest_ns / 1e9, window }
    }

    /// Nothing is known of what was before.
    pub fn begin(&mut self, value: f64) {
        self.rest_ns = 0.0;
        self.windows = 0;
        self.open(value);
    }

    /// A trend is looked for from here on.
    pub fn forget_windows(&mut self) {
        self.windows = 0;
    }

    fn open(&mut self, value: f64) {
        (self.samples, self.path, self.first, self.sum) = (0, 0.0, value, 0.0);
    }

    fn window(&mut self, value: f64) -> Window {
        let mean = self.sum / f64::from(WINDOW);
        let swing = (self.path - (value - self.first).abs()).max(0.0);
        let place = self.means.get_mut(self.windows % LONG);
        let oldest = place.map_or(mean, |place| std::mem::replace(place, mean));
        let drift = (self.windows >= LONG).then(|| (mean - oldest).abs());
        self.windows = self.windows.wrapping_add(1);
        self.open(value);
        Window { swing, drift }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn run(values: impl IntoIterator<Item = f64>) -> (Motion, Vec<Moved>) {
        let mut motion = Motion::default();
        let moved = values.into_iter().zip(1u64..).map(|(value, second)| motion.next(value, second * SECOND)).collect();
        (motion, moved)
    }

    #[test]
    fn a_step_a_rest_and_a_gap() {
        let (mut motion, moved) = run([5.0, 5.0, 5.0, 9.0, 9.0]);
        assert_eq!(
            moved.iter().map(|one| one.step).collect::<Vec<_>>(),
            [None, Some(0.0), Some(0.0), Some(4.0), Some(0.0)]
        );
        assert_eq!(moved.iter().map(|one| one.rest_s).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 0.0, 1.0]);
        let behind = motion.next(50.0, 60 * SECOND);
        assert_eq!((behind.step, behind.before, behind.rest_s), (None, 9.0, 0.0));
    }

    #[test]
    fn a_window_tells_swing_from_trend() {
        let (_, climbs) = run((0..400).map(f64::from));
        let windows: Vec<Window> = climbs.iter().filter_map(|one| one.window).collect();
        assert!(windows.iter().all(|window| window.swing == 0.0));
        assert_eq!(windows.last().and_then(|window| window.drift), Some(256.0));
        let (_, swings) = run((0..400).map(|number| f64::from(number % 2)));
        let windows: Vec<Window> = swings.iter().filter_map(|one| one.window).collect();
        assert!(windows.iter().all(|window| window.swing >= 31.0 && window.drift.is_none_or(|drift| drift < 0.1)));
    }
}
