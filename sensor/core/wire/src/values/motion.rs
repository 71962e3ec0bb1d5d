//! How a value moves: from samples to a handful of numbers, the same while learning and while judging.

use crate::baseline::saved::{Reader, Writer};

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
    /// Restored, and nothing seen since.
    resuming: bool,
    /// Samples of the open window were missed: what it says is no mean of a whole one.
    partial: bool,
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
        (self.seen || self.resuming).then_some(self.last)
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
            let resuming = std::mem::replace(&mut self.resuming, false);
            if !resuming {
                self.begin(value);
                return Moved { before: value, step: None, rest_s: 0.0, window: None };
            }
            if passed_ns > GAP * self.interval_ns {
                return self.resume(value, before, passed_ns);
            }
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
        let window = if self.samples >= WINDOW { self.window(value) } else { None };
        Moved { before, step: Some(step), rest_s: self.rest_ns / 1e9, window }
    }

    /// Nothing is known of what was before.
    pub fn begin(&mut self, value: f64) {
        self.rest_ns = 0.0;
        self.windows = 0;
        self.open(value);
    }

    /// The first sample after a while in which nothing was seen. What is the same again has rested, as far as that was seen,
    /// if it had rested for longer than the while. Windows go on in the places that they would have had: means are
    /// compared at one distance, for what comes round after some minutes lies elsewhere at another.
    #[cold]
    fn resume(&mut self, value: f64, before: f64, passed_ns: f64) -> Moved {
        self.gaps = 0;
        if value != before || passed_ns > self.rest_ns {
            self.rest_ns = 0.0;
        }
        let passed = if self.interval_ns > 0.0 { (passed_ns / self.interval_ns).round() } else { f64::INFINITY };
        let whole = f64::from(WINDOW);
        let place = f64::from(self.samples) + passed;
        if place >= whole * float(LONG as u64) {
            self.begin(value);
        } else {
            let mut left = place;
            while left >= whole {
                self.pass_over();
                left -= whole;
            }
            self.open(value);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in a window
            let inside = left as u32;
            (self.samples, self.partial) = (inside, inside > 0);
        }
        Moved { before, step: None, rest_s: self.rest_ns / 1e9, window: None }
    }

    /// A window that was not seen, or not as a whole: nothing is compared with it.
    fn pass_over(&mut self) {
        if let Some(place) = self.means.get_mut(self.windows % LONG) {
            *place = f64::NAN;
        }
        self.windows = self.windows.wrapping_add(1);
    }

    /// A trend is looked for from here on.
    pub fn forget_windows(&mut self) {
        self.windows = 0;
    }

    fn open(&mut self, value: f64) {
        (self.samples, self.path, self.first, self.sum) = (0, 0.0, value, 0.0);
    }

    fn window(&mut self, value: f64) -> Option<Window> {
        if std::mem::take(&mut self.partial) {
            self.pass_over();
            self.open(value);
            return None;
        }
        let mean = self.sum / f64::from(WINDOW);
        let swing = (self.path - (value - self.first).abs()).max(0.0);
        let place = self.means.get_mut(self.windows % LONG);
        let oldest = place.map_or(mean, |place| std::mem::replace(place, mean));
        let drift = (self.windows >= LONG).then(|| (mean - oldest).abs()).filter(|drift| !drift.is_nan());
        self.windows = self.windows.wrapping_add(1);
        self.open(value);
        Some(Window { swing, drift })
    }
}

impl Motion {
    pub fn write(&self, out: &mut Writer) {
        out.u64(self.last_ns);
        for number in [self.last, self.interval_ns, self.rest_ns] {
            out.f64(number);
        }
        out.u8(self.gaps);
        out.u32(self.samples);
        for number in [self.path, self.first, self.sum] {
            out.f64(number);
        }
        self.means.iter().for_each(|mean| out.f64(*mean));
        out.u64(self.windows as u64);
        out.u8(u8::from(self.partial));
    }

    /// `blind`: nothing was seen from then on until now.
    pub fn read(rows: &mut Reader<'_>, blind: bool) -> Option<Self> {
        let last_ns = rows.u64()?;
        let [last, interval_ns, rest_ns] = [rows.f64()?, rows.f64()?, rows.f64()?];
        let (gaps, samples) = (rows.u8()?, rows.u32()?);
        let [path, first, sum] = [rows.f64()?, rows.f64()?, rows.f64()?];
        let mut means = [0.0; LONG];
        for mean in &mut means {
            *mean = rows.f64()?;
        }
        let (windows, partial) = (usize::try_from(rows.u64()?).ok()?, rows.u8()? != 0);
        let sound = samples < WINDOW && interval_ns >= 0.0 && rest_ns >= 0.0;
        let (seen, resuming) = (!blind, blind);
        sound.then_some(Self {
            seen,
            last,
            last_ns,
            interval_ns,
            gaps,
            rest_ns,
            samples,
            path,
            first,
            sum,
            means,
            windows,
            resuming,
            partial,
        })
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

    /// What a run of values is told for, stopped and restored in the middle; nothing was seen for so many seconds.
    fn restarted(values: &[f64], at: usize, blind: usize) -> Vec<Moved> {
        let second = |place: usize| (place as u64 + 1) * SECOND;
        let mut before = Motion::default();
        for (place, value) in values.iter().take(at).enumerate() {
            before.next(*value, second(place));
        }
        let mut out = Writer::new(b"OTUSTEST");
        before.write(&mut out);
        let bytes = out.seal();
        let motion = Reader::open(&bytes, b"OTUSTEST").unwrap().all(|rows| Motion::read(rows, true));
        let mut motion = motion.unwrap();
        let after = values.iter().enumerate().skip(at + blind);
        after.map(|(place, value)| motion.next(*value, second(place))).collect()
    }

    #[test]
    fn a_rest_and_a_trend_go_on_over_a_restart() {
        let rests = restarted(&[7.0; 200], 100, 20);
        assert_eq!([rests[0].rest_s, rests[79].rest_s], [99.0, 178.0]);
        // Nothing was missed; it was blind for longer than it was seen to rest; another value.
        assert_eq!(restarted(&[7.0; 200], 100, 0)[0].rest_s, 100.0);
        assert_eq!(restarted(&[7.0; 200], 30, 100)[0].rest_s, 0.0);
        let moved = restarted(&[vec![7.0; 50], vec![8.0; 50]].concat(), 50, 5);
        assert_eq!((moved[0].rest_s, moved[0].step), (0.0, None));

        // Means are compared at one distance, whatever was missed.
        let climbs: Vec<f64> = (0..900).map(f64::from).collect();
        for (blind, windows, drifts) in [(0, 16, 16), (40, 14, 12), (200, 9, 2)] {
            let told: Vec<Window> = restarted(&climbs, 400, blind).iter().filter_map(|one| one.window).collect();
            assert!(told.iter().all(|window| window.drift.is_none_or(|drift| drift == 256.0)), "{told:?}");
            assert_eq!((told.len(), told.iter().filter(|window| window.drift.is_some()).count()), (windows, drifts));
        }
        // Blind for eight windows: a trend is looked for from there on.
        assert!(restarted(&climbs, 400, 300).iter().filter_map(|one| one.window).all(|window| window.drift.is_none()));
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
