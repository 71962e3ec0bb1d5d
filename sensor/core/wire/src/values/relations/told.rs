//! A relation as people write it: `Flow ≈ 0.98 · Speed + 3.2 ± 1.5`, `PumpRuns = 1 ⇒ 10 ≤ Flow ≤ 20`.

use std::fmt::Write;

use super::Relation;

/// How a tag is called and shown: its numbers times the scale, and the offset.
#[derive(Clone, Debug)]
pub struct Term {
    pub name: String,
    pub unit: String,
    pub scale: f64,
    pub offset: f64,
}

impl Default for Term {
    fn default() -> Self {
        Self { name: String::new(), unit: String::new(), scale: 1.0, offset: 0.0 }
    }
}

impl Term {
    fn shown(&self, raw: f64) -> f64 {
        raw * self.scale + self.offset
    }

    /// `Flow = 12.3 m³/h`
    pub fn with(&self, raw: f64) -> String {
        format!("{} = {} {}", self.name, digits(self.shown(raw)), self.unit).trim_end().to_owned()
    }
}

/// As many digits as a person reads.
fn digits(number: f64) -> String {
    let size = number.abs().max(1e-9).log10().floor();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a few
    let places = (3.0 - size).clamp(0.0, 9.0) as usize;
    let said = format!("{number:.places$}");
    if said.contains('.') {
        return said.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    said
}

impl Relation {
    /// `named`: how each tag is called and shown.
    pub fn formula(&self, named: impl Fn(u32) -> Term) -> String {
        let mut said = String::new();
        // Writing to a text does not fail.
        let _ = match self {
            Self::Linear { of, terms, offset, limit, .. } => {
                self.sum(&mut said, &named(*of), terms, (*offset, *limit), named)
            }
            Self::While { state, is, of, low, high, .. } => {
                let (state, of) = (named(*state), named(*of));
                let ends = [of.shown(*low), of.shown(*high)];
                let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                let (is, low, high) = (digits(state.shown(*is)), digits(low), digits(high));
                write!(said, "{} = {is} ⇒ {low} ≤ {} ≤ {high} {}", state.name, of.name, of.unit)
            }
        };
        said.trim_end().to_owned()
    }

    fn sum(
        &self,
        said: &mut String,
        of: &Term,
        terms: &[(u32, f64)],
        (offset, limit): (f64, f64),
        named: impl Fn(u32) -> Term,
    ) -> std::fmt::Result {
        write!(said, "{} ≈", of.name)?;
        let mut offset = of.shown(offset);
        for (place, (tag, factor)) in terms.iter().enumerate() {
            let term = named(*tag);
            let factor = factor * of.scale / term.scale;
            offset -= factor * term.offset;
            let sign = if factor < 0.0 {
                " −"
            } else if place > 0 {
                " +"
            } else {
                ""
            };
            write!(said, "{sign} {} · {}", digits(factor.abs()), term.name)?;
        }
        let sign = if offset < 0.0 { '−' } else { '+' };
        write!(said, " {sign} {} ± {} {}", digits(offset.abs()), digits((limit * of.scale).abs()), of.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_has_names_units_and_the_numbers_of_the_table_of_points() {
        let term = |name: &str, scale, offset| Term { name: name.to_owned(), unit: "bar".to_owned(), scale, offset };
        let named = |tag| match tag {
            0 => term("Pressure", 0.1, 0.0),
            1 => term("Level", 1.0, 10.0),
            _ => term("Valve", 1.0, 0.0),
        };
        // Raw: pressure = 20 level - 3 valve + 5. Shown: pressure / 0.1 = 20 (level - 10) - 3 valve + 5.
        let sum =
            Relation::Linear { of: 0, terms: vec![(1, 20.0), (2, -3.0)], offset: 5.0, limit: 4.0, days: Vec::new() };
        assert_eq!(sum.formula(named), "Pressure ≈ 2 · Level − 0.3 · Valve − 19.5 ± 0.4 bar");
        let runs = Relation::While { state: 2, is: 1.0, of: 0, low: 100.0, high: 250.0, days: Vec::new() };
        assert_eq!(runs.formula(named), "Valve = 1 ⇒ 10 ≤ Pressure ≤ 25 bar");
        assert_eq!(named(1).with(2.34567), "Level = 12.35 bar");
        assert_eq!(digits(0.001_234), "0.001234");
    }
}
