//! A bounded, fair and repeatable sample of a poll's intervals.

use super::band::{median, WINDOW};
use super::pace::Paces;
use super::saved::{Reader, Writer};
use super::space::mix;
use crate::limits;

/// Longest intervals kept beside the sample: single outages while learning must not hide in it, nor decide alone.
const LONGEST: usize = 8;

/// Intervals of one repeated request. Nothing is allocated before the second request.
#[derive(Debug, Default)]
pub struct Sketch {
    last_ns: u64,
    /// Intervals seen.
    pub count: u64,
    /// Microseconds, a uniform sample (Vitter's algorithm R with a fixed sequence of numbers).
    pub sample: Vec<u32>,
    /// Longest first.
    pub longest: Vec<u32>,
    /// The running block of consecutive intervals, and the two lowest and two highest block medians.
    block: Vec<u32>,
    pub blocks: u32,
    pub lowest: [u32; 2],
    pub highest: [u32; 2],
    /// Medians of blocks a minute apart.
    pub paces: Paces,
}

/// Microseconds between two requests; `None` for copies of one request and for time that runs backwards.
#[inline]
pub fn interval_us(last_ns: u64, ts_ns: u64) -> Option<u32> {
    let ns = ts_ns.checked_sub(last_ns)?;
    let us = u32::try_from(ns / 1000).unwrap_or(u32::MAX);
    (us > 0).then_some(us)
}

impl Sketch {
    /// One more request of this kind; `seed` tells polls apart.
    pub fn observe(&mut self, ts_ns: u64, seed: u64) {
        let before = self.last_ns;
        self.last_ns = before.max(ts_ns);
        if before == 0 {
            return;
        }
        let Some(interval) = interval_us(before, ts_ns) else { return };
        self.count = self.count.saturating_add(1);
        if self.sample.len() < limits::INTERVAL_SAMPLES {
            self.sample.push(interval);
        } else {
            let place = mix(mix(seed, self.count), 0x6f74_7573).checked_rem(self.count).unwrap_or(0);
            if let Some(place) = usize::try_from(place).ok().and_then(|place| self.sample.get_mut(place)) {
                *place = interval;
            }
        }
        let place = self.longest.partition_point(|known| *known >= interval);
        if place < LONGEST {
            self.longest.insert(place, interval);
            self.longest.truncate(LONGEST);
        }
        self.block.push(interval);
        if self.block.len() >= WINDOW as usize {
            self.end_block(ts_ns);
        }
    }

    pub fn write(&self, out: &mut Writer) {
        out.u64(self.last_ns);
        out.u64(self.count);
        for intervals in [&self.sample, &self.longest, &self.block] {
            out.rows(intervals, |out, interval| out.u32(*interval));
        }
        out.u32(self.blocks);
        self.lowest.into_iter().chain(self.highest).for_each(|middle| out.u32(middle));
        self.paces.write(out);
    }

    /// `None` for what no sketch can be. `paced`: it was written since the pace of occasions is kept.
    pub fn read(rows: &mut Reader<'_>, paced: bool) -> Option<Self> {
        let mut sketch = Self { last_ns: rows.u64()?, count: rows.u64()?, ..Self::default() };
        for (intervals, most) in [
            (&mut sketch.sample, limits::INTERVAL_SAMPLES),
            (&mut sketch.longest, LONGEST),
            (&mut sketch.block, (WINDOW as usize).saturating_sub(1)),
        ] {
            let count = rows.count().filter(|count| *count <= most)?;
            for _ in 0..count {
                intervals.push(rows.u32()?);
            }
        }
        sketch.blocks = rows.u32()?;
        for middle in sketch.lowest.iter_mut().chain(&mut sketch.highest) {
            *middle = rows.u32()?;
        }
        if paced {
            sketch.paces = Paces::read(rows)?;
        }
        let sampled = sketch.sample.len() as u64 == sketch.count.min(limits::INTERVAL_SAMPLES as u64);
        (sampled && sketch.longest.is_sorted_by(|a, b| a >= b)).then_some(sketch)
    }

    fn end_block(&mut self, ts_ns: u64) {
        let middle = median(&mut self.block);
        self.block.clear();
        self.paces.add(middle, ts_ns);
        if self.blocks == 0 {
            (self.lowest, self.highest) = ([middle, u32::MAX], [middle, 0]);
        } else {
            let [first, second] = self.lowest;
            self.lowest = if middle <= first { [middle, first] } else { [first, second.min(middle)] };
            let [first, second] = self.highest;
            self.highest = if middle >= first { [middle, first] } else { [first, second.max(middle)] };
        }
        self.blocks = self.blocks.saturating_add(1);
    }
}
