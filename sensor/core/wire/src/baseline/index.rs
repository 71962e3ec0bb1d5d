//! Where rows stand, by their keys: slots of eight bytes beside the rows, half of them free. One cache line says nearly
//! always that a key is not there, and one more holds the row that is.
//!
//! Filled once, when a baseline is loaded, and only asked afterwards. Keys were learned from the wire, so somebody may
//! have chosen them to fall into one place: a table with a long run is laid out again with another seed.

/// Slots of a run beyond which another seed is tried, and how many.
const LONG_RUN: usize = 64;
const SEEDS: u64 = 8;

/// A part of a key's hash, and its row.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    row: u32,
}

const FREE: Slot = Slot { tag: 0, row: u32::MAX };

#[derive(Debug, Default)]
pub struct Index {
    slots: Vec<Slot>,
    seed: u64,
}

/// The part of a hash that does not choose the slot.
#[inline]
#[allow(clippy::cast_possible_truncation)] // the low half is taken
fn tag(hash: u64) -> u32 {
    hash as u32
}

impl Index {
    /// Lay out `count` rows, whose keys differ, by the hash of each under a seed.
    pub fn new(count: usize, hash: impl Fn(usize, u64) -> u64) -> Self {
        let mut index = Self::default();
        if count == 0 {
            return index;
        }
        let room = count.saturating_mul(2).max(4);
        for seed in 0..SEEDS {
            index.seed = seed.wrapping_mul(0xa076_1d64_78bd_642f);
            index.slots.clear();
            index.slots.reserve_exact(room);
            index.slots.resize(room, FREE);
            let insert = |row| index.insert(hash(row, index.seed), row);
            if (0..count).map(insert).max() <= Some(LONG_RUN) {
                break;
            }
        }
        index
    }

    /// Returns how many slots were looked at.
    fn insert(&mut self, hash: u64, row: usize) -> usize {
        let Ok(row) = u32::try_from(row) else { return usize::MAX };
        let mut place = self.place(hash);
        for looked in 1..=self.slots.len() {
            match self.slots.get_mut(place) {
                Some(free) if free.row == FREE.row => {
                    *free = Slot { tag: tag(hash), row };
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
        (u128::from(hash).wrapping_mul(self.slots.len() as u128) >> 64) as usize
    }

    /// What the hash of a key is made with.
    #[inline]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The row that `fits`, given the hash of its key.
    #[inline]
    pub fn find(&self, hash: u64, fits: impl Fn(u32) -> bool) -> Option<u32> {
        let (mut place, tag) = (self.place(hash), tag(hash));
        for _ in 0..=self.slots.len() {
            let Some(slot) = self.slots.get(place) else {
                place = 0;
                continue;
            };
            if slot.row == FREE.row {
                return None;
            }
            if slot.tag == tag && fits(slot.row) {
                return Some(slot.row);
            }
            place = place.saturating_add(1);
        }
        None
    }

    pub fn heap_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<Slot>())
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
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    fn index(all: &[u64]) -> Index {
        Index::new(all.len(), |row, seed| blend(seed, all[row], 0, 0, 0))
    }

    fn row(index: &Index, all: &[u64], number: u64) -> Option<u32> {
        index.find(blend(index.seed(), number, 0, 0, 0), |row| all[row as usize] == number)
    }

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        for count in [0u64, 1, 2, 3, 50, 10_000] {
            let all: Vec<u64> = (0..count).map(|number| number * 7).collect();
            let index = index(&all);
            for number in 0..count * 7 + 7 {
                let expected = (number % 7 == 0 && number / 7 < count).then_some((number / 7) as u32);
                assert_eq!(row(&index, &all, number), expected, "{number} of {count}");
            }
        }
    }

    #[test]
    fn keys_chosen_to_collide_under_one_seed_are_spread_by_another() {
        // All fall into the first thousandth of the table under the first seed.
        let crowd = (0u64..).filter(|number| blend(0, *number, 0, 0, 0) < u64::MAX / 1000);
        let all: Vec<u64> = crowd.take(300).collect();
        let mut index = index(&all);
        assert!(all.iter().all(|number| row(&index, &all, *number).is_some()));
        let seed = index.seed();
        index.slots.fill(FREE);
        let again = |(row, number): (usize, &u64)| index.insert(blend(seed, *number, 0, 0, 0), row);
        assert!(seed != 0 && all.iter().enumerate().map(again).all(|looked| looked <= LONG_RUN));
    }
}
