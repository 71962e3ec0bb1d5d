//! Frames that were seen lately, by fingerprint: where copies are looked up, for every frame.

use prefetch_index::prefetch_index;

/// Frames of one line of the table: 64 bytes, one line of the processor's cache.
const WAYS: usize = 4;
/// Lines that a table begins with: one kilobyte, 64 of them on all shards.
const FIRST_LINES: usize = 16;
/// Of so many frames put in, so many pushed out before their time make the table grow.
const JUDGED: u32 = 4096;
const TOO_MANY: u32 = 2;
/// Nanoseconds of one unit of [`Entry::time`], as a shift: 4 µs, which turns over after five hours.
const TIME_SHIFT: u32 = 12;

/// One frame that was seen lately.
#[derive(Clone, Copy, Default)]
pub struct Entry {
    /// Fingerprint of what both copies share; 0: empty.
    print: u64,
    time: u32,
    /// Fingerprint of where it was seen; the lowest bit says that a twin followed in the same place.
    pub place: u32,
}

impl Entry {
    #[inline]
    pub fn new(print: u64, place: u32, ts_ns: u64) -> Self {
        Self { print, time: time(ts_ns), place }
    }

    /// It was sent again: copies are looked for from here on.
    #[inline]
    pub fn again(&mut self, ts_ns: u64) {
        self.time = time(ts_ns);
    }
}

/// Newest first.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Entry; WAYS]);

/// The oldest frame of a line goes for a new one. The table begins small, so that it stays in the cache where traffic is
/// slow, and doubles when frames are pushed out before their time.
pub struct Seen {
    lines: Box<[Line]>,
    /// Lines that it may grow to.
    most: usize,
    /// Frames put in since the table was last judged, and those pushed out for them too early.
    entered: u32,
    too_early: u32,
}

impl Seen {
    /// Room for at most `entries` frames, rounded up to a power of two.
    pub fn new(entries: usize) -> Self {
        let most = entries.div_ceil(WAYS).next_power_of_two();
        Self { lines: empty(most.min(FIRST_LINES)), most, entered: 0, too_early: 0 }
    }

    /// Ask for the memory that a frame will need.
    #[inline]
    pub fn prefetch(&self, print: u64) {
        prefetch_index(&self.lines, place_of(print, self.lines.len()));
    }

    /// The frame of that fingerprint, if it was seen within the window, before or (inputs need not be in step) after.
    #[inline]
    pub fn find(&mut self, print: u64, ts_ns: u64, window_ns: u64) -> Option<&mut Entry> {
        let (now, window) = (time(ts_ns), units(window_ns));
        let Line(entries) = line(&mut self.lines, print)?;
        entries.iter_mut().find(|entry| entry.print == print && apart(now, entry.time) <= window)
    }

    /// Remember a frame of which a copy may come within `window_ns`; what was put in longest ago goes.
    #[inline(always)]
    pub fn insert(&mut self, new: Entry, window_ns: u64) {
        let Some(pushed_out) = put(&mut self.lines, new) else { return };
        self.entered = self.entered.saturating_add(1);
        if pushed_out.print != 0 && apart(pushed_out.time, new.time) <= units(window_ns) {
            self.pushed_out_early();
        }
    }

    /// A frame went whose copy could still come: when that is more than chance, the table is too small.
    #[cold]
    fn pushed_out_early(&mut self) {
        self.too_early = self.too_early.saturating_add(1);
        if self.entered >= JUDGED {
            (self.entered, self.too_early) = (0, 1);
        } else if self.too_early >= TOO_MANY && self.lines.len() < self.most {
            (self.entered, self.too_early) = (0, 0);
            let twice = empty(self.lines.len().saturating_mul(2));
            let old = std::mem::replace(&mut self.lines, twice);
            // Oldest first, so that the order within a line stays.
            for entry in old.iter().flat_map(|Line(entries)| entries.iter().rev()).filter(|entry| entry.print != 0) {
                put(&mut self.lines, *entry);
            }
        }
    }
}

fn empty(lines: usize) -> Box<[Line]> {
    vec![Line::default(); lines].into_boxed_slice()
}

/// In front of its line. Returns what had to go.
#[inline(always)]
fn put(lines: &mut [Line], new: Entry) -> Option<Entry> {
    let Line(entries) = line(lines, new.print)?;
    let [first, second, third, last] = *entries;
    *entries = [new, first, second, third];
    Some(last)
}

#[inline]
fn time(ts_ns: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // it turns over
    let time = (ts_ns >> TIME_SHIFT) as u32;
    time
}

#[inline]
fn place_of(print: u64, lines: usize) -> usize {
    usize::try_from(print >> 20).unwrap_or(0) & lines.wrapping_sub(1)
}

#[inline]
fn line(lines: &mut [Line], print: u64) -> Option<&mut Line> {
    lines.get_mut(place_of(print, lines.len()))
}

#[inline]
fn apart(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b).min(b.wrapping_sub(a))
}

/// A time in units of [`Entry::time`], one more because both ends were rounded down.
#[inline]
fn units(window_ns: u64) -> u32 {
    u32::try_from(window_ns >> TIME_SHIFT).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;
    use crate::hash::mixed;

    const WINDOW_NS: u64 = 5_000_000;

    /// Frames at this pace, each looked for once more after a millisecond: how many were not found, of the later half.
    fn missed(seen: &mut Seen, frames: u64, apart_ns: u64) -> u64 {
        let later = 1_000_000 / apart_ns;
        let mut missed = 0;
        for number in 0..frames + later {
            let ts_ns = 1_000_000_000 + number * apart_ns;
            if number < frames {
                seen.insert(Entry::new(mixed(number), 0, ts_ns), WINDOW_NS);
            }
            if number > later + frames / 2 {
                missed += u64::from(seen.find(mixed(number - later), ts_ns, WINDOW_NS).is_none());
            }
        }
        missed
    }

    #[test]
    fn it_stays_small_where_frames_are_far_between() {
        let mut seen = Seen::new(1024);
        assert_eq!(missed(&mut seen, 100_000, 2_000_000), 0);
        assert_eq!(seen.lines.len(), FIRST_LINES);
    }

    #[test]
    fn it_grows_until_copies_are_found() {
        let mut seen = Seen::new(1024);
        // Fifty thousand a second of one shard: 250 within a window.
        let lost = missed(&mut seen, 200_000, 20_000);
        assert!(lost < 50, "{lost} of 100,000");
        assert!(seen.lines.len() > FIRST_LINES * 4, "{}", seen.lines.len());
    }

    #[test]
    fn it_never_grows_beyond_its_bound_and_finds_what_it_holds_while_it_grows() {
        let mut seen = Seen::new(1024);
        missed(&mut seen, 100_000, 100);
        assert_eq!(seen.lines.len() * WAYS, 1024);
        let mut seen = Seen::new(1024);
        for number in 0..1000u64 {
            seen.insert(Entry::new(mixed(number), 0, number), WINDOW_NS);
            assert!(seen.find(mixed(number), number, WINDOW_NS).is_some(), "{number}");
        }
    }
}
