//! One tag as a sum of one or two others.

use super::super::extremes::Extremes;
use super::mine::{Grid, EVIDENCE};
use super::pieces::SHIFT;
use super::Relation;

/// What is left of a tag's movement, of its standard deviation, where a relation explains it: less than four parts in a
/// hundred of its variance.
const LEFT: f64 = 0.2;
/// A limit that reaches further than this part of all that the tag ever was would tell nothing.
const REACH: f64 = 0.5;
/// Tags that are tried as the first of two, those that go with it most.
const TRIED: usize = 3;

/// Residuals beyond so many of their median are left out of the second fit.
const FAR: f64 = 6.0;

/// What `of` is where the others are known.
#[derive(Clone, Debug)]
struct Fit {
    of: usize,
    terms: Vec<(usize, f64)>,
    offset: f64,
}

impl Fit {
    fn left(&self, grid: &Grid, row: usize) -> f64 {
        self.terms
            .iter()
            .fold(grid.at(self.of, row) - self.offset, |left, (tag, factor)| left - factor * grid.at(*tag, row))
    }
}

pub fn sd(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (count, sum) = values.clone().fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    let mean = sum / f64::max(count, 1.0);
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / f64::max(count - 1.0, 1.0)).sqrt()
}

pub fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let (count, x, y) =
        pairs.clone().fold((0.0, 0.0, 0.0), |(count, x, y), pair| (count + 1.0, x + pair.0, y + pair.1));
    let (x, y) = (x / f64::max(count, 1.0), y / f64::max(count, 1.0));
    let (xx, yy, xy) = pairs.fold((0.0, 0.0, 0.0), |(xx, yy, xy), pair| {
        let (dx, dy) = (pair.0 - x, pair.1 - y);
        (xx + dx * dx, yy + dy * dy, xy + dx * dy)
    });
    let found: f64 = xy / (xx * yy).sqrt();
    if found.is_finite() {
        found
    } else {
        0.0
    }
}

/// Least squares of `of` by the others over these rows; once more without what lies far off.
fn fit(grid: &Grid, of: usize, by: &[usize], rows: &[usize]) -> Option<Fit> {
    let first = solve(grid, of, by, rows)?;
    let mut left: Vec<f64> = rows.iter().map(|row| first.left(grid, *row).abs()).collect();
    left.sort_by(f64::total_cmp);
    let far = FAR * left.get(left.len() / 2)?;
    let near: Vec<usize> = rows.iter().copied().filter(|row| first.left(grid, *row).abs() <= far).collect();
    if near.len() < rows.len().saturating_mul(3) / 4 {
        return Some(first);
    }
    solve(grid, of, by, &near)
}

fn solve(grid: &Grid, of: usize, by: &[usize], rows: &[usize]) -> Option<Fit> {
    #[allow(clippy::cast_precision_loss)] // hundreds
    let count = rows.len() as f64;
    let mean = |tag: usize| rows.iter().map(|row| grid.at(tag, *row)).sum::<f64>() / count;
    let middle = mean(of);
    let cross = |one: usize, other: usize| {
        let (a, b) = (mean(one), mean(other));
        rows.iter().map(|row| (grid.at(one, *row) - a) * (grid.at(other, *row) - b)).sum::<f64>()
    };
    let factors = match *by {
        [one] => vec![cross(of, one) / cross(one, one)],
        [one, other] => {
            let (aa, bb, ab) = (cross(one, one), cross(other, other), cross(one, other));
            let whole = aa * bb - ab * ab;
            // Two that say the same cannot share.
            if whole <= 0.01 * aa * bb {
                return None;
            }
            let (a, b) = (cross(of, one), cross(of, other));
            vec![(a * bb - b * ab) / whole, (b * aa - a * ab) / whole]
        }
        _ => return None,
    };
    let terms: Vec<(usize, f64)> = by.iter().copied().zip(factors).collect();
    let offset = terms.iter().fold(middle, |offset, (tag, factor)| offset - factor * mean(*tag));
    (offset.is_finite() && terms.iter().all(|(_, factor)| factor.is_finite())).then_some(Fit { of, terms, offset })
}

/// Tried on rows that it was not found in. How much it leaves unexplained, with the relation.
fn tried(grid: &Grid, fit: &Fit, learned: &[usize], held: &[usize]) -> Option<(f64, Relation)> {
    let part = |rows: &[usize]| {
        let spread = sd(rows.iter().map(|row| grid.at(fit.of, *row)));
        sd(rows.iter().map(|row| fit.left(grid, *row))) / spread
    };
    let left = part(learned).max(part(held));
    if left.is_nan() || left > LEFT {
        return None;
    }
    // Two that rise all day go together and have nothing to do with each other: what counts are their changes, which have
    // to agree in time that the relation was not found in.
    let said = |row: usize| grid.at(fit.of, row) - fit.left(grid, row);
    let steps = held.windows(2).filter_map(|pair| match *pair {
        [one, next] => Some((grid.at(fit.of, next) - grid.at(fit.of, one), said(next) - said(one))),
        _ => None,
    });
    #[allow(clippy::cast_precision_loss)] // hundreds
    let weight = (held.len().saturating_sub(4) as f64).sqrt();
    if correlation(steps).clamp(-0.999_999, 0.999_999).atanh() * weight < EVIDENCE {
        return None;
    }
    let mut extremes = Extremes::<1>::new(grid.number(*learned.first()?) << SHIFT);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for row in learned.iter().chain(held) {
        let value = grid.at(fit.of, *row);
        (low, high) = (low.min(value), high.max(value));
        if let Some([most]) = extremes.at(grid.number(*row) << SHIFT) {
            *most = most.max(fit.left(grid, *row).abs());
        }
    }
    // A hundredth of the way is nothing to speak of, as the errors of instruments go (IEC 60770-1: 0.1 to 1 %).
    let grain = (high - low) / 400.0;
    let limit = extremes.limit(0, grain)?;
    let days = extremes.day(0, grain).map_or_else(Vec::new, |day| vec![Some(day)]);
    let number = |tag: usize| u32::try_from(tag).ok();
    let terms: Option<Vec<(u32, f64)>> = fit.terms.iter().map(|(tag, factor)| Some((number(*tag)?, *factor))).collect();
    let relation = Relation::Linear { of: number(fit.of)?, terms: terms?, offset: fit.offset, limit, days };
    (limit <= REACH * (high - low)).then_some((left, relation))
}

/// What can be said of `of` by one other, or where nothing can, by two: what it leaves unexplained, and the relation.
pub fn relations_of(grid: &Grid, of: usize, tags: &[usize]) -> Vec<(f64, Relation)> {
    let mut found = Vec::new();
    let mut close: Vec<(f64, usize)> = Vec::new();
    for by in tags.iter().copied().filter(|by| *by != of) {
        let Some((learned, held)) = grid.halves(&[of, by]) else { continue };
        let goes = correlation(learned.iter().map(|row| (grid.at(of, *row), grid.at(by, *row)))).abs();
        close.push((goes, by));
        // Each pair once.
        if by > of && goes * goes >= 1.0 - LEFT * LEFT * 2.0 {
            let fit = fit(grid, of, &[by], &learned);
            found.extend(fit.and_then(|fit| tried(grid, &fit, &learned, &held)));
        }
    }
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    if !found.is_empty() || close.first().is_some_and(|(goes, _)| goes * goes >= 1.0 - LEFT * LEFT) {
        return found;
    }
    for (_, one) in close.iter().take(TRIED) {
        let Some((learned, _)) = grid.halves(&[of, *one]) else { continue };
        let Some(alone) = fit(grid, of, &[*one], &learned) else { continue };
        let rest = |other: usize| {
            let rows = grid.halves(&[of, *one, other]).map(|(learned, _)| learned).unwrap_or_default();
            correlation(rows.iter().map(|row| (alone.left(grid, *row), grid.at(other, *row)))).abs()
        };
        let others = tags.iter().copied().filter(|other| *other != of && other != one);
        let Some((_, other)) = others.map(|other| (rest(other), other)).max_by(|a, b| a.0.total_cmp(&b.0)) else {
            continue;
        };
        let Some((learned, held)) = grid.halves(&[of, *one, other]) else { continue };
        let both = fit(grid, of, &[*one, other], &learned);
        if let Some(relation) = both.and_then(|fit| tried(grid, &fit, &learned, &held)) {
            found.push(relation);
            break;
        }
    }
    found
}
