//! Open addressing with the entries in place: one look, and most often one cache line, says whether a key is there.
//!
//! Filled once, when a baseline is loaded, and only asked afterwards. Keys were learned from the wire, so somebody may
//! have chosen them to fall into one place: a table with a long run is laid out again with another seed.

/// Entries of a run beyond which another seed is tried, and how many.
const LONG_RUN: usize = 64;
const SEEDS: u64 = 8;

/// What stands in an [`Open`] table. The default entry is a vacant one.
pub trait Entry: Copy + Default {
    fn vacant(&self) -> bool;
    fn hash(&self, seed: u64) -> u64;
}

#[derive(Debug, Default)]
pub struct Open<E> {
    entries: Vec<E>,
    seed: u64,
}

impl<E: Entry> Open<E> {
    /// Lay out entries whose keys differ. Takes a seventh more room than they need, or two entries.
    pub fn new(all: &[E]) -> Self {
        let mut table = Self::default();
        if all.is_empty() {
            return table;
        }
        let room = all.len().saturating_add((all.len() / 6).max(2));
        for seed in 0..SEEDS {
            table.seed = seed.wrapping_mul(0xa076_1d64_78bd_642f);
            table.entries.clear();
            table.entries.reserve_exact(room);
            table.entries.resize(room, E::default());
            if all.iter().map(|entry| table.insert(*entry)).max() <= Some(LONG_RUN) {
                break;
            }
        }
        table
    }

    /// Returns how many places were looked at.
    fn insert(&mut self, entry: E) -> usize {
        let mut place = self.place(entry.hash(self.seed));
        for looked in 1..=self.entries.len() {
            match self.entries.get_mut(place) {
                Some(free) if free.vacant() => {
                    *free = entry;
                    return looked;
                }
                Some(_) => place = place.saturating_add(1),
                None => place = 0,
            }
        }
        usize::MAX
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // below the length
    fn place(&self, hash: u64) -> usize {
        (u128::from(hash).wrapping_mul(self.entries.len() as u128) >> 64) as usize
    }

    /// What the hash of a key is made with.
    #[inline]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The place of the entry that `fits`, given the hash of its key.
    #[inline]
    pub fn find(&self, hash: u64, fits: impl Fn(&E) -> bool) -> Option<usize> {
        let mut place = self.place(hash);
        for _ in 0..=self.entries.len() {
            let Some(entry) = self.entries.get(place) else {
                place = 0;
                continue;
            };
            if fits(entry) {
                return Some(place);
            }
            if entry.vacant() {
                return None;
            }
            place = place.saturating_add(1);
        }
        None
    }

    #[inline]
    pub fn at(&self, place: usize) -> Option<&E> {
        self.entries.get(place)
    }

    pub fn heap_bytes(&self) -> usize {
        self.entries.capacity().saturating_mul(size_of::<E>())
    }
}

/// Hash of four words. Fast and well spread, for tables in memory only: it may change.
#[inline]
pub fn blend(seed: u64, a: u64, b: u64, c: u64, d: u64) -> u64 {
    let low = fold(a ^ 0x2d35_8dcc_aa6c_78a5, b ^ 0x8bb8_4b93_962e_acc9 ^ seed);
    let high = fold(c ^ 0x4b33_a62e_d433_d4a3, d ^ 0x4d5a_2da5_1de1_aa47 ^ seed);
    fold(low ^ 0x9e37_79b9_7f4a_7c15, high ^ 0xe703_7ed1_a0b4_28db)
}

/// Both halves of the whole product, one laid over the other.
#[inline]
#[allow(clippy::cast_possible_truncation)] // both halves are taken
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    #[derive(Clone, Copy, Default)]
    struct Number(Option<u64>);

    impl Entry for Number {
        fn vacant(&self) -> bool {
            self.0.is_none()
        }

        fn hash(&self, seed: u64) -> u64 {
            blend(seed, self.0.unwrap_or(0), 0, 0, 0)
        }
    }

    fn knows(table: &Open<Number>, number: u64) -> bool {
        table.find(blend(table.seed(), number, 0, 0, 0), |entry| entry.0 == Some(number)).is_some()
    }

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        for count in [0u64, 1, 2, 3, 50, 10_000] {
            let all: Vec<Number> = (0..count).map(|number| Number(Some(number * 7))).collect();
            let table = Open::new(&all);
            for number in 0..count * 7 + 7 {
                assert_eq!(knows(&table, number), number % 7 == 0 && number / 7 < count, "{number} of {count}");
            }
        }
    }

    #[test]
    fn keys_chosen_to_collide_under_one_seed_are_spread_by_another() {
        // All fall into the first thousandth of the table under the first seed.
        let crowd = (0u64..).filter(|number| blend(0, *number, 0, 0, 0) < u64::MAX / 1000).take(300);
        let all: Vec<Number> = crowd.map(|number| Number(Some(number))).collect();
        let mut table = Open::new(&all);
        assert!(all.iter().all(|entry| knows(&table, entry.0.unwrap())));
        let seed = table.seed();
        table.entries.fill(Number::default());
        assert!(seed != 0 && all.iter().all(|entry| table.insert(*entry) <= LONG_RUN));
    }
}
