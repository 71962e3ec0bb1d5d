//! The values that a tag has when they are few: modes, steps of a recipe, switches.

/// More different values than these are no states.
const MOST: usize = 16;
/// Visits to states before it is said that there are no others.
const VISITS: u64 = 16;

#[derive(Clone, Debug, Default)]
pub struct States {
    found: Vec<(f64, u64)>,
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
        if let Some((_, visits)) = self.found.iter_mut().find(|(known, _)| *known == value) {
            *visits = visits.saturating_add(1);
        } else if self.found.len() >= MOST {
            (self.many, self.found) = (true, Vec::new());
        } else {
            self.found.push((value, 1));
            self.newest_ns = ts_ns;
        }
    }

    pub fn few(&self) -> bool {
        !self.many
    }

    /// All there are, in order, where nothing speaks for others: each was visited again, so that what was never seen has
    /// no mass by the estimate of Good and Turing (Biometrika 40, 1953), and none was new in the second half.
    pub fn closed(&self, half_ns: u64) -> Option<Vec<f64>> {
        let visits: u64 = self.found.iter().map(|(_, visits)| *visits).fold(0, u64::saturating_add);
        let again = self.found.len() >= 2 && self.found.iter().all(|(_, visits)| *visits >= 2);
        if self.many || !again || visits < VISITS || self.newest_ns > half_ns {
            return None;
        }
        let mut values: Vec<f64> = self.found.iter().map(|(value, _)| *value).collect();
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
mod tests {
    use super::*;

    #[test]
    fn states_are_closed_when_each_came_again() {
        let mut states = States::default();
        (0..20).for_each(|number| states.visit(f64::from(number % 3), 10));
        assert_eq!(states.closed(20), Some(vec![0.0, 1.0, 2.0]));
        assert_eq!(states.closed(9), None);
        states.visit(7.0, 15);
        assert_eq!(states.closed(20), None);
        (0..20).for_each(|number| states.visit(f64::from(number), 16));
        assert!(!states.few() && states.closed(20).is_none());
    }

    #[test]
    fn neighbours_of_a_coarse_measurement_are_not_new() {
        let coarse = [4.0, 5.0, 6.0, 7.0];
        assert_eq!([3.0, 5.0, 9.0, 10.5, 0.0].map(|value| is_new(&coarse, value)), [false, false, false, true, true]);
        let modes = [1.0, 2.0, 7.0];
        assert_eq!([1.0, 3.0, 8.0].map(|value| is_new(&modes, value)), [false, true, true]);
    }
}
