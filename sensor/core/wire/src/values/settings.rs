//! What operators choose: the values that a set point was given.

/// So many settings are needed before one may be called unusual.
const FEWEST: u32 = 5;
/// Student's t for one and more degrees of freedom, exceeded on either side once in 1,000: a false alarm in a thousand
/// settings. Tables of the distribution, e.g. Abramowitz and Stegun, 26.10.
const STUDENT: [f64; 20] = [
    636.6, 31.60, 12.92, 8.610, 6.869, 5.959, 5.408, 5.041, 4.781, 4.587, 4.437, 4.318, 4.221, 4.140, 4.073, 4.015,
    3.965, 3.922, 3.883, 3.850,
];

/// Mean and spread of settings, one after the other (Welford 1962), and how far they went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    pub count: u32,
    last: f64,
    mean: f64,
    squares: f64,
    pub low: f64,
    pub high: f64,
}

impl Settings {
    /// The value is `setting` now: written, or read back.
    #[inline]
    pub fn add(&mut self, setting: f64) {
        if self.count > 0 && setting == self.last {
            return;
        }
        if self.count == 0 {
            (self.low, self.high) = (setting, setting);
        }
        self.count = self.count.saturating_add(1);
        (self.last, self.low, self.high) = (setting, self.low.min(setting), self.high.max(setting));
        let away = setting - self.mean;
        self.mean += away / f64::from(self.count);
        self.squares += away * (setting - self.mean);
    }

    /// How far settings lie from their mean, in parts of it, with the degrees of freedom behind that; `None`: of fewer than
    /// three settings nothing can be said.
    pub fn relative(&self) -> Option<(f64, u32)> {
        let freedom = self.count.checked_sub(1).filter(|freedom| *freedom >= 2)?;
        let relative = (self.squares / f64::from(freedom)).sqrt() / self.mean.abs();
        relative.is_finite().then_some((relative, freedom))
    }

    /// The same limits for a set point that was set a few times only, from how operators set the others.
    pub fn limits_by(&self, custom: &Custom) -> Option<(f64, f64)> {
        let (relative, freedom) = custom.known()?;
        if self.count < 2 || self.mean == 0.0 {
            return None;
        }
        let reach = student(freedom)? * relative * self.mean.abs() * (1.0 + 1.0 / f64::from(self.count)).sqrt();
        Some(((self.mean - reach).min(self.low), (self.mean + reach).max(self.high)))
    }

    /// What the next setting lies between: the prediction interval of a normal distribution, no narrower than what was
    /// seen. `None`: too few, or always the same.
    pub fn limits(&self) -> Option<(f64, f64)> {
        let freedom = self.count.checked_sub(1).filter(|_| self.count >= FEWEST)?;
        let count = f64::from(self.count);
        let spread = (self.squares / f64::from(freedom)).sqrt();
        let reach = student(freedom)? * spread * (1.0 + 1.0 / count).sqrt();
        (reach > 0.0).then(|| ((self.mean - reach).min(self.low), (self.mean + reach).max(self.high)))
    }
}

/// How operators set things here: the widest relative spread of a set point that was set often enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct Custom {
    widest: f64,
    freedom: u32,
}

impl Custom {
    pub fn add(&mut self, settings: &Settings) {
        if let Some((relative, freedom)) = settings.relative() {
            self.widest = self.widest.max(relative);
            self.freedom = self.freedom.saturating_add(freedom);
        }
    }

    /// Behind a few settings of one set point stands nothing.
    fn known(&self) -> Option<(f64, u32)> {
        (self.freedom >= 10 && self.widest > 0.0).then_some((self.widest, self.freedom))
    }
}

fn student(freedom: u32) -> Option<f64> {
    let last = STUDENT.len().saturating_sub(1);
    STUDENT.get((freedom as usize).saturating_sub(1).min(last)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_limits_when_there_were_several() {
        let mut settings = Settings::default();
        for value in [50.0, 50.0, 35.0, 41.0, 62.0] {
            settings.add(value);
            assert_eq!(settings.limits(), None);
        }
        settings.add(47.0);
        let (low, high) = settings.limits().unwrap();
        assert!(low < 0.0 && low > -60.0 && high > 90.0 && high < 160.0, "{low} {high}");
        assert_eq!((settings.count, settings.low, settings.high), (5, 35.0, 62.0));
    }

    #[test]
    fn a_set_point_set_twice_goes_by_the_others() {
        let (mut custom, mut twice) = (Custom::default(), Settings::default());
        [200.0, 220.0].iter().for_each(|value| twice.add(*value));
        for middle in [50.0, 80.0, 400.0] {
            assert_eq!(twice.limits_by(&custom), None);
            let mut settings = Settings::default();
            (0..5).for_each(|number| settings.add(middle * (0.9 + 0.05 * f64::from(number * 3 % 5))));
            custom.add(&settings);
        }
        let (low, high) = twice.limits_by(&custom).unwrap();
        assert!((80.0..180.0).contains(&low) && (240.0..340.0).contains(&high), "{low} {high}");
        assert_eq!(Settings::default().limits_by(&custom), None);
    }
}
