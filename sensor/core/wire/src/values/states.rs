//! The values that a tag has when they are few: modes, steps of a recipe, switches.

use crate::limits::OCCASION_NS;

/// More different values than these are no states.
const MOST: usize = 16;
/// Occasions of states before it is said that there are no others.
const OCCASIONS: u64 = 16;

#[derive(Clone, Copy, Debug)]
struct State {
    value: f64,
    occasions: u64,
    /// When the latest of them began.
    since_ns: u64,
}

#[derive(Clone, Debug, Default)]
pub struct States {
    found: Vec<State>,
    many: bool,
    /// When the latest new one came.
    newest_ns: u64,
}

impl States {
    /// The value is that now, and was not before.
    #[inline]
    pub fn visit(&mut self, value: f64, ts_ns: u64) {
        if self.many {
            return;
        }
        if let Some(state) = self.found.iter_mut().find(|state| state.value == value) {
            if ts_ns.saturating_sub(state.since_ns) >= OCCASION_NS {
                (state.occasions, state.since_ns) = (state.occasions.saturating_add(1), ts_ns);
            }
        } else if self.found.len() >= MOST {
            (self.many, self.found) = (true, Vec::new());
        } else {
            self.found.push(State { value, occasions: 1, since_ns: ts_ns });
            self.newest_ns = ts_ns;
        }
    }

    pub fn few(&self) -> bool {
        !self.many
    }

    /// All there are, in order, where nothing speaks for others: each was there on another occasion again, so that what was
    /// never seen has no mass by the estimate of Good and Turing (Biometrika 40, 1953), and none was new in the second half.
    pub fn closed(&self, half_ns: u64) -> Option<Vec<f64>> {
        let occasions: u64 = self.found.iter().map(|state| state.occasions).fold(0, u64::saturating_add);
        let again = self.found.len() >= 2 && self.found.iter().all(|state| state.occasions >= 2);
        if self.many || !again || occasions < OCCASIONS || self.newest_ns > half_ns {
            return None;
        }
        let mut values: Vec<f64> = self.found.iter().map(|state| state.value).collect();
        values.sort_by(f64::total_cmp);
        Some(values)
    }
}

/// Whether a value that a tag of these states never had says something. States that lie side by side at one distance may be
/// a coarse measurement as well as a count of modes: then what lies no further away than they reach is their neighbour.
pub fn is_new(states: &[f64], value: f64) -> bool {
    let (Some(low), Some(high)) = (states.first(), states.last()) else { return false };
    if states.contains(&value) {
        return false;
    }
    let gaps = || states.iter().zip(states.iter().skip(1)).map(|(one, next)| next - one);
    let (least, most) = gaps().fold((f64::INFINITY, 0.0f64), |(least, most), gap| (least.min(gap), most.max(gap)));
    let (even, reach) = (states.len() > 2 && most <= least * 1.01, high - low);
    !even || value < low - reach || value > high + reach
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_precision_loss)] // test data
mod tests {
    use super::*;

    #[test]
    fn states_are_closed_when_each_came_again() {
        let seen = |apart_ns: u64| {
            let mut states = States::default();
            (0..20).for_each(|number: u64| states.visit((number % 3) as f64, number * apart_ns));
            states
        };
        let mut states = seen(OCCASION_NS / 2);
        let end_ns = OCCASION_NS * 10;
        assert_eq!(states.closed(end_ns), Some(vec![0.0, 1.0, 2.0]));
        assert_eq!(states.closed(OCCASION_NS / 2), None);
        // A dozen times in a minute is once.
        assert_eq!(seen(OCCASION_NS / 100).closed(end_ns), None);
        states.visit(7.0, end_ns - 5);
        assert_eq!(states.closed(end_ns), None);
        (0..20).for_each(|number| states.visit(f64::from(number), end_ns));
        assert!(!states.few() && states.closed(end_ns).is_none());
    }

    #[test]
    fn neighbours_of_a_coarse_measurement_are_not_new() {
        let coarse = [4.0, 5.0, 6.0, 7.0];
        assert_eq!([3.0, 5.0, 9.0, 10.5, 0.0].map(|value| is_new(&coarse, value)), [false, false, false, true, true]);
        let modes = [1.0, 2.0, 7.0];
        assert_eq!([1.0, 3.0, 8.0].map(|value| is_new(&modes, value)), [false, true, true]);
    }
}
