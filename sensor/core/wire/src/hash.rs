//! Hash tables that behave the same on every run.
//!
//! Fixed seeds: the same input takes the same path through every table. Keys come from the wire, so somebody who knows
//! the seeds can make long chains; each table's budget bounds what that costs.

use std::hash::BuildHasher;

#[derive(Clone, Debug)]
pub struct Seeded(ahash::RandomState);

impl Default for Seeded {
    fn default() -> Self {
        Self(ahash::RandomState::with_seeds(0x6f74_7573, 0x7363_6f70, 0x7369_7474, 0x7374_696c))
    }
}

impl BuildHasher for Seeded {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

pub type Map<K, V> = hashbrown::HashMap<K, V, Seeded>;
pub type Set<K> = hashbrown::HashSet<K, Seeded>;
