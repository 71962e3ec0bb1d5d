//! Functions of statistics that limits are made of. Chances here are of one in millions, where tables end.
//! Numbers in comments are those of Abramowitz and Stegun, Handbook of Mathematical Functions, 1964.

/// So many halvings bring an interval to the last digit of its middle.
const HALVINGS: u32 = 64;
/// Where the series for large arguments have ten digits.
const LARGE: f64 = 12.0;

/// More degrees of freedom than these make no difference.
const NORMAL: f64 = 1e4;

/// What Student's t exceeds with this chance. `freedom`: degrees of freedom, any number above nothing.
pub fn student(chance: f64, freedom: f64) -> f64 {
    let freedom = freedom.min(NORMAL);
    solved(|t| student_tail(t, freedom) > chance)
}

/// Chance of Student's t beyond `t` (26.7.1 with 26.5.27).
fn student_tail(t: f64, freedom: f64) -> f64 {
    let (half, square) = (freedom / 2.0, t * t);
    // The two arguments add up to one; each is computed by itself, for one less the other has no digits left.
    let (near, far) = (freedom / (freedom + square), square / (freedom + square));
    if near < (half + 1.0) / (half + 2.5) {
        beta(near, far, half, 0.5) / 2.0
    } else {
        (1.0 - beta(far, near, 0.5, half)) / 2.0
    }
}

/// The incomplete beta function by its continued fraction (26.5.8), evaluated from its end. `rest` is one less `x`.
fn beta(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut fraction = 1.0;
    for number in (1..=200u32).rev() {
        let m = f64::from(number / 2);
        let part = if number % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        fraction = 1.0 + part / fraction;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * rest.ln();
    front.exp() / (a * fraction)
}

/// 6.1.41, and the recurrence below where the series is good.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += x.ln();
        x += 1.0;
    }
    let part = 1.0 / (x * x);
    let series = (1.0 / 12.0 - part * (1.0 / 360.0 - part * (1.0 / 1260.0 - part / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + (std::f64::consts::TAU).ln() / 2.0 + series - below
}

/// The first derivative of the gamma function's logarithm (6.3.18).
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += 1.0 / x;
        x += 1.0;
    }
    let part = 1.0 / (x * x);
    x.ln() - 0.5 / x - part * (1.0 / 12.0 - part * (1.0 / 120.0 - part * (1.0 / 252.0 - part / 240.0))) - below
}

/// The second one (6.4.12).
pub fn trigamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let part = 1.0 / (x * x);
    below + 1.0 / x + part / 2.0 + part / x * (1.0 / 6.0 - part * (1.0 / 30.0 - part * (1.0 / 42.0 - part / 30.0)))
}

/// Where `trigamma` has this value.
pub fn trigamma_is(value: f64) -> f64 {
    solved(|x| trigamma(x) > value)
}

/// The argument above nothing up to which that holds.
fn solved(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (-30.0f64, 30.0f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle.exp()) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_tables() {
        // Table 26.10; the last ones are Cauchy's, which has a formula, and the normal distribution's (26.1).
        for (chance, freedom, expected) in [
            (0.0005, 1.0, 636.619),
            (0.0005, 4.0, 8.610),
            (0.005, 10.0, 3.169),
            (0.05, 30.0, 1.697),
            (0.0005, 120.0, 3.373),
            (1e-7, 1.0, 3_183_098.86),
            (1e-6, 1e4, 4.756_5),
        ] {
            let found = student(chance, freedom);
            assert!((found / expected - 1.0).abs() < 2e-4, "{chance} {freedom}: {found}");
        }
        assert!((digamma(1.0) + 0.577_215_664_9).abs() < 1e-9 && (digamma(0.5) + 1.963_510_026).abs() < 1e-9);
        assert!((trigamma(1.0) - 1.644_934_067).abs() < 1e-9 && (trigamma_is(4.934_802_2) - 0.5).abs() < 1e-8);
    }
}
