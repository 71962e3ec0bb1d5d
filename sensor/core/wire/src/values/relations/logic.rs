//! What a tag is while another is in a certain state: a pump that runs and a flow, a valve that is shut and a pressure.

use super::super::extremes::Extremes;
use super::mine::{Grid, EVIDENCE};
use super::pieces::SHIFT;
use super::Relation;

/// A part of all that the tag ever was which is no wider than this says something.
const NARROW: f64 = 0.5;

/// `states`: the few values that `state` has.
pub fn relations_of(grid: &Grid, state: usize, states: &[f64], of: usize) -> Vec<Relation> {
    let Some((learned, held)) = grid.halves(&[state, of]) else { return Vec::new() };
    states.iter().filter_map(|is| relation(grid, (state, *is), of, &learned, &held)).collect()
}

fn relation(grid: &Grid, (state, is): (usize, f64), of: usize, learned: &[usize], held: &[usize]) -> Option<Relation> {
    let rows = || learned.iter().chain(held).copied();
    let inside = |row: usize| grid.steady(state, row) && grid.at(state, row) == is;
    let mut extremes = Extremes::<2>::new(grid.number(*learned.first()?) << SHIFT);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for row in rows() {
        let value = grid.at(of, row);
        (least, most) = (least.min(value), most.max(value));
        if inside(row) {
            if let Some([high, low]) = extremes.at(grid.number(row) << SHIFT) {
                (*high, *low) = (high.max(value), low.max(-value));
            }
        }
    }
    let grain = (most - least) / 400.0;
    let (high, low) = (extremes.limit(0, grain)?, -extremes.limit(1, grain)?);
    if high - low > NARROW * (most - least) {
        return None;
    }
    let fits = |row: usize| (low..=high).contains(&grid.at(of, row));
    // Of what it is in other states only a part lies there. That all visits to this one should lie there by chance, in time
    // that the relation was not found in, is that part as often as there were visits.
    let others: Vec<bool> = rows().filter(|row| !inside(*row)).map(fits).collect();
    #[allow(clippy::cast_precision_loss)] // hundreds
    let part = (others.iter().filter(|fits| **fits).count().max(1) as f64) / (others.len().max(1) as f64);
    let visits = held.windows(2).filter(|pair| matches!(**pair, [one, next] if !inside(one) && inside(next))).count();
    #[allow(clippy::cast_precision_loss)] // hundreds
    let evidence = (-2.0 * part.ln() * visits as f64).sqrt();
    let enough = !others.is_empty() && part <= NARROW && evidence >= EVIDENCE;
    let number = |tag: usize| u32::try_from(tag).ok();
    let days = [0, 1].map(|number| extremes.day(number, grain));
    let days = if days.iter().all(Option::is_none) { Vec::new() } else { days.to_vec() };
    let relation = Relation::While { state: number(state)?, is, of: number(of)?, low, high, days };
    enough.then_some(relation)
}
