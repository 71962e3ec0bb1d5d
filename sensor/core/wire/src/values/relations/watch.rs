//! Pieces of time against the relations of a link.

use super::pieces::{Piece, Running, SHIFT};
use super::{Days, Relation};
use crate::baseline::saved::{Reader, Writer};

/// So many pieces in a row break a relation: one may lie across something that nobody read.
const IN_A_ROW: u32 = 2;

/// What one link's tags do together, as far as relations ask for it.
#[derive(Debug, Default)]
pub struct Watch {
    /// By tag of the link.
    running: Vec<Running>,
    ended: Vec<Option<Piece>>,
    /// By relation: pieces in a row that break it, and the number of the first of them.
    broken: Vec<(u32, u64)>,
}

/// A relation of the link, by its place, that does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broken {
    pub relation: usize,
    pub value: f64,
    /// How far it lies from where it should, and how far it may.
    pub left: f64,
    pub limit: f64,
}

impl Watch {
    pub fn new(tags: usize, relations: usize) -> Self {
        Self { running: vec![Running::default(); tags], ended: vec![None; tags], broken: vec![(0, 0); relations] }
    }

    /// A reading of a tag. `explained`: something was set, from which what is seen follows.
    #[inline]
    pub fn sample(
        &mut self,
        relations: &[Relation],
        tag: u32,
        (value, ts_ns): (f64, u64),
        explained: bool,
        out: &mut Vec<Broken>,
    ) {
        let Some(running) = self.running.get_mut(tag as usize) else { return };
        if let Some(piece) = running.add(value, ts_ns) {
            self.ended(relations, tag, piece, explained, out);
        }
    }

    #[cold]
    fn ended(&mut self, relations: &[Relation], tag: u32, piece: Piece, explained: bool, out: &mut Vec<Broken>) {
        if let Some(place) = self.ended.get_mut(tag as usize) {
            *place = Some(piece);
        }
        for (place, relation) in relations.iter().enumerate() {
            let mut tags = relation.tags();
            if !relation.tags().any(|its| its == tag) || !tags.all(|its| self.number(its) == Some(piece.number)) {
                continue;
            }
            let found = self.breaks(relation).filter(|_| !explained);
            let Some((times, since)) = self.broken.get_mut(place) else { continue };
            let Some((value, left, limit)) = found else {
                *times = 0;
                continue;
            };
            if *times == 0 {
                *since = piece.number;
            }
            *times = times.saturating_add(1);
            if *times >= IN_A_ROW {
                out.push(Broken { relation: place, value, left, limit });
            }
        }
    }

    /// What a tag did in the piece that is under way, and in the one before.
    pub fn write_tag(&self, tag: u32, out: &mut Writer) {
        self.running.get(tag as usize).copied().unwrap_or_default().write(out);
        out.maybe(self.piece(tag), |out, piece| piece.write(out));
    }

    /// The same back; a tag that is not there any more is read over.
    pub fn read_tag(&mut self, tag: u32, rows: &mut Reader<'_>) -> Option<()> {
        let (running, ended) = (Running::read(rows)?, rows.maybe(Piece::read)?);
        if let (Some(own), Some(before)) = (self.running.get_mut(tag as usize), self.ended.get_mut(tag as usize)) {
            (*own, *before) = (running, ended);
        }
        Some(())
    }

    /// How often in a row a relation was broken, and since when.
    pub fn write_relation(&self, relation: usize, out: &mut Writer) {
        let (times, since) = self.broken.get(relation).copied().unwrap_or_default();
        out.u32(times);
        out.u64(since);
    }

    pub fn read_relation(&mut self, relation: Option<usize>, rows: &mut Reader<'_>) -> Option<()> {
        let broken = (rows.u32()?, rows.u64()?);
        if let Some(own) = relation.and_then(|relation| self.broken.get_mut(relation)) {
            *own = broken;
        }
        Some(())
    }

    fn number(&self, tag: u32) -> Option<u64> {
        self.piece(tag).map(|piece| piece.number)
    }

    fn piece(&self, tag: u32) -> Option<Piece> {
        self.ended.get(tag as usize).copied().flatten()
    }

    /// What a tag's mean was in its latest piece.
    pub fn mean(&self, tag: u32) -> Option<f64> {
        self.piece(tag).map(|piece| piece.mean)
    }

    /// When the first of the pieces began that break it.
    pub fn since_ns(&self, relation: usize) -> u64 {
        self.broken.get(relation).map_or(0, |(_, number)| number << SHIFT)
    }

    /// The value, how far it lies from where it should, and how far it may at that time of day.
    fn breaks(&self, relation: &Relation) -> Option<(f64, f64, f64)> {
        let room = |days: &Days, place: usize, piece: u64| {
            days.get(place).and_then(Option::as_ref).map_or(0.0, |day| day.room(piece << SHIFT))
        };
        match relation {
            Relation::Linear { of, terms, offset, limit, days } => {
                let (value, piece) = (self.mean(*of)?, self.number(*of)?);
                let mut left = value - offset;
                for (tag, factor) in terms {
                    left -= factor * self.mean(*tag)?;
                }
                let limit = if left.abs() > *limit { limit + room(days, 0, piece) } else { *limit };
                (left.abs() > limit).then_some((value, left, limit))
            }
            Relation::While { state, is, of, low, high, days } => {
                let (state, value) = (self.piece(*state)?, self.mean(*of)?);
                if !state.steady || state.mean != *is || (*low..=*high).contains(&value) {
                    return None;
                }
                let above = value > *high;
                let edge = if above { high + room(days, 0, state.number) } else { low - room(days, 1, state.number) };
                let beyond = if above { value > edge } else { value < edge };
                beyond.then_some((value, value - edge, 0.0))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::super::super::day::Day;
    use super::*;

    const PIECE_NS: u64 = 1 << SHIFT;

    /// Ten readings of two tags in each piece; what is broken, and since which piece.
    fn run(relation: &Relation, pieces: &[(f64, f64)], explained: bool) -> Vec<(u64, u64)> {
        run_from(1, relation, pieces, explained)
    }

    fn run_from(first: u64, relation: &Relation, pieces: &[(f64, f64)], explained: bool) -> Vec<(u64, u64)> {
        let relations = [relation.clone()];
        let (mut watch, mut out, mut told) = (Watch::new(2, 1), Vec::new(), Vec::new());
        for (number, (one, other)) in (0u64..).zip(pieces) {
            for reading in 0..10 {
                let ts_ns = (number + first) * PIECE_NS + reading * PIECE_NS / 10;
                watch.sample(&relations, 0, (*one, ts_ns), explained, &mut out);
                watch.sample(&relations, 1, (*other, ts_ns + 1000), explained, &mut out);
                told.extend(out.drain(..).map(|_| (number, watch.since_ns(0) / PIECE_NS - first)));
            }
        }
        told
    }

    #[test]
    fn a_sum_that_does_not_hold_is_told_from_the_second_piece_on() {
        let twice = Relation::Linear { of: 0, terms: vec![(1, 2.0)], offset: 1.0, limit: 0.5, days: Vec::new() };
        let holds = [(5.0, 2.0), (9.4, 4.0), (3.0, 1.0)];
        assert_eq!(run(&twice, &holds, false), []);
        // Piece 3 is known to be broken when piece 4 begins.
        let breaks = [(5.0, 2.0), (5.0, 4.0), (5.0, 2.0), (5.0, 4.0), (5.0, 4.0), (5.0, 2.0)];
        assert_eq!(run(&twice, &breaks, false), [(5, 3)]);
        assert_eq!(run(&twice, &breaks, true), []);
    }

    #[test]
    fn at_hours_that_were_not_learned_there_is_room() {
        // Four hours were learned, from which little follows for the other side of the clock.
        let learned: Vec<(u64, f64)> =
            (1..=24u64).map(|ten| (ten * 600_000_000_000, f64::from(u8::from(ten % 5 == 0)))).collect();
        let days = vec![Day::fit(&learned, 0.1)];
        let twice = Relation::Linear { of: 0, terms: vec![(1, 2.0)], offset: 1.0, limit: 2.0, days: days.clone() };
        let runs =
            Relation::While { state: 1, is: 2.0, of: 0, low: 4.0, high: 6.0, days: [days.clone(), days].concat() };
        let hour = 3_600_000_000_000 / PIECE_NS;
        for relation in [&twice, &runs] {
            let told = |hours: u64, of: f64| !run_from(hours * hour, relation, &[(of, 2.0); 4], false).is_empty();
            // Right behind what was learned, twelve hours later, a day later; and far beyond all room.
            assert_eq!([5, 16, 28].map(|hours| told(hours, 8.0)), [true, false, true], "{relation:?}");
            assert!(told(16, 1000.0) && told(16, -1000.0) && !told(5, 5.5), "{relation:?}");
        }
    }

    #[test]
    fn what_holds_while_something_runs_says_nothing_when_it_rests() {
        let runs = Relation::While { state: 0, is: 1.0, of: 1, low: 10.0, high: 20.0, days: Vec::new() };
        assert_eq!(run(&runs, &[(1.0, 12.0), (0.0, 2.0), (0.0, 2.0), (0.0, 2.0)], false), []);
        assert_eq!(run(&runs, &[(1.0, 12.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0)], false), [(3, 1)]);
    }
}
