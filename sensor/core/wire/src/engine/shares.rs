//! Which thread runs which shard of a block: each has a share of its own, and takes from others' when that is done.
//!
//! A shard's conversations stay in the caches of the core that ran them last, so the same thread should have them again.
//! The owner takes from the front of its share, whoever helps from its back: where the two meet moves little from block
//! to block, also where one thread has less time than the others.

use std::sync::atomic::{AtomicU64, Ordering};

/// The places from the first to before the second, of each thread, as two halves of a word.
pub struct Shares(Box<[AtomicU64]>);

#[allow(clippy::cast_possible_truncation)] // halves of a word
fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn word(from: u32, to: u32) -> u64 {
    u64::from(from) << 32 | u64::from(to)
}

impl Shares {
    /// The places 0 to before `places`, in parts of one size, for so many threads.
    pub fn new(threads: usize, places: usize) -> Self {
        let threads = threads.max(1);
        let edge = |number: usize| {
            let edge = places.saturating_mul(number).checked_div(threads).unwrap_or(0);
            u32::try_from(edge).unwrap_or(u32::MAX)
        };
        let share = |number: usize| AtomicU64::new(word(edge(number), edge(number.saturating_add(1))));
        Self((0..threads).map(share).collect())
    }

    /// A place that nobody else gets: of one's own share, or of the largest that is left.
    pub fn take(&self, thread: usize) -> Option<usize> {
        let first = |(from, to): (u32, u32)| (from < to).then(|| (from, word(from.wrapping_add(1), to)));
        let last = |(from, to): (u32, u32)| {
            let last = to.wrapping_sub(1);
            (from < to).then(|| (last, word(from, last)))
        };
        let own = self.0.get(thread).and_then(|share| taken(share, first));
        let place = own.or_else(|| loop {
            let (left, share) = self.0.iter().map(|share| (left(share), share)).max_by_key(|(left, _)| *left)?;
            if left == 0 {
                return None;
            }
            if let Some(place) = taken(share, last) {
                return Some(place);
            }
        })?;
        usize::try_from(place).ok()
    }

    /// Places that nobody has taken.
    pub fn left(&self) -> usize {
        self.0.iter().map(left).fold(0, |sum, left| sum.saturating_add(left as usize))
    }
}

fn left(share: &AtomicU64) -> u32 {
    let (from, to) = halves(share.load(Ordering::Acquire));
    to.saturating_sub(from)
}

fn taken(share: &AtomicU64, which: impl Fn((u32, u32)) -> Option<(u32, u64)>) -> Option<u32> {
    let mut place = None;
    let change = |before| {
        let (found, after) = which(halves(before))?;
        place = Some(found);
        Some(after)
    };
    share.fetch_update(Ordering::AcqRel, Ordering::Acquire, change).ok()?;
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_begins_at_the_front_of_its_share_and_helps_at_the_back_of_others() {
        assert_eq!(Shares::new(2, 0).take(0), None);
        let shares = Shares::new(2, 5);
        assert_eq!(shares.left(), 5);
        let order = [1, 1, 1, 1, 0, 0].map(|thread| shares.take(thread));
        assert_eq!(order, [Some(2), Some(3), Some(4), Some(1), Some(0), None]);
        assert_eq!(shares.left(), 0);
    }

    #[test]
    fn every_place_is_taken_once_whoever_takes() {
        for threads in [1, 2, 3, 8] {
            let shares = Shares::new(threads, 64);
            let mut taken: Vec<usize> = std::thread::scope(|scope| {
                let all = (0..threads).map(|thread| {
                    let shares = &shares;
                    scope.spawn(move || std::iter::from_fn(|| shares.take(thread)).collect::<Vec<_>>())
                });
                all.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            taken.sort_unstable();
            assert_eq!(taken, (0..64).collect::<Vec<_>>());
        }
    }
}
