//! Sets of inclusive stretches: sorted, apart, neighbours joined.

use std::ops::Range;

use crate::limits;

/// Sort and join what overlaps or touches.
pub fn normalise(stretches: &mut Vec<(u64, u64)>) {
    stretches.sort_unstable();
    stretches.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1.saturating_add(1);
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
}

/// Whether one of the stretches holds all of `start..=end`.
#[inline]
pub fn contains(stretches: &[(u64, u64)], start: u64, end: u64) -> bool {
    let after = stretches.partition_point(|stretch| stretch.0 <= start);
    after.checked_sub(1).and_then(|last| stretches.get(last)).is_some_and(|stretch| end <= stretch.1)
}

/// Which stretches of a normal set `start..=end` overlaps or touches: where it belongs, if there are none.
pub fn joining(stretches: &[(u64, u64)], start: u64, end: u64) -> Range<usize> {
    let from = stretches.partition_point(|stretch| stretch.1.saturating_add(1) < start);
    let to = stretches.partition_point(|stretch| stretch.0 <= end.saturating_add(1)).max(from);
    from..to
}

/// Add `start..=end` to a normal set. Beyond `limits::RANGES` the smallest gaps are closed, a quarter of all at a time;
/// returns how many.
pub fn insert(stretches: &mut Vec<(u64, u64)>, start: u64, end: u64) -> usize {
    let (mut start, mut end) = (start.min(end), start.max(end));
    let joining = joining(stretches, start, end);
    if let Some(joined) = stretches.get(joining.clone()) {
        start = joined.first().map_or(start, |first| first.0.min(start));
        end = joined.last().map_or(end, |last| last.1.max(end));
        stretches.splice(joining, [(start, end)]);
    }
    if stretches.len() <= limits::RANGES {
        return 0;
    }
    close_gaps(stretches, limits::RANGES / 4)
}

fn close_gaps(stretches: &mut Vec<(u64, u64)>, count: usize) -> usize {
    let gap = |pair: (&(u64, u64), &(u64, u64))| pair.1 .0.saturating_sub(pair.0 .1);
    let mut gaps: Vec<u64> = stretches.iter().zip(stretches.iter().skip(1)).map(gap).collect();
    gaps.sort_unstable();
    let widest = gaps.get(count.saturating_sub(1)).copied().unwrap_or(u64::MAX);
    let before = stretches.len();
    stretches.dedup_by(|next, kept| {
        let joins = next.0.saturating_sub(kept.1) <= widest;
        if joins {
            kept.1 = next.1;
        }
        joins
    });
    before.saturating_sub(stretches.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_join_and_hold() {
        let mut set = Vec::new();
        for (start, end) in [(10, 19), (30, 39), (20, 25), (0, 0), (27, 28), (u64::MAX, u64::MAX)] {
            insert(&mut set, start, end);
        }
        assert_eq!(set, [(0, 0), (10, 25), (27, 28), (30, 39), (u64::MAX, u64::MAX)]);
        assert!(contains(&set, 12, 25) && contains(&set, u64::MAX, u64::MAX) && contains(&set, 0, 0));
        assert!(!contains(&set, 12, 26) && !contains(&set, 1, 1) && !contains(&set, 25, 27));
        insert(&mut set, 26, 29);
        assert_eq!(set, [(0, 0), (10, 39), (u64::MAX, u64::MAX)]);
        insert(&mut set, 0, u64::MAX);
        assert_eq!(set, [(0, u64::MAX)]);
    }

    #[test]
    fn inserting_one_by_one_is_normalising_all() {
        let mut state = 1u64;
        for _ in 0..50 {
            let (mut set, mut all) = (Vec::new(), Vec::new());
            for _ in 0..60 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let start = state >> 56;
                let stretch = (start, start + (state >> 40 & 7));
                insert(&mut set, stretch.0, stretch.1);
                all.push(stretch);
            }
            normalise(&mut all);
            assert_eq!(set, all);
        }
    }

    #[test]
    fn too_many_stretches_close_the_smallest_gaps() {
        let mut set = Vec::new();
        let mut closed = 0;
        for number in 0..10_000u64 {
            closed += insert(&mut set, number * 100 + number % 7, number * 100 + 20);
            assert!(set.len() <= limits::RANGES);
        }
        assert!(closed > 0);
        assert!(contains(&set, 0, 20) && contains(&set, 999_900 + 9_999 % 7, 999_920));
    }
}
