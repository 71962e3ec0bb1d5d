//! A bounded set of what was seen lately: beyond its budget those go that were longest not seen again.

use std::hash::Hash;

use crate::hash::Map;

/// Two generations: what is seen is put into the newer one, and when that is full the older one is forgotten. So the
/// latest `most` keys are always known, twice as many at the most, and nothing is ordered or timed.
#[derive(Debug)]
pub struct Recent<K, V> {
    newer: Map<K, V>,
    older: Map<K, V>,
    most: usize,
}

impl<K: Hash + Eq + Copy, V: Copy> Recent<K, V> {
    pub fn new(most: usize) -> Self {
        Self { newer: Map::default(), older: Map::default(), most: most.max(1) }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        self.newer.get(key).or_else(|| self.older.get(key)).copied()
    }

    /// Change what is there in its place, or what is put there because nothing is; what `change` gave.
    #[inline]
    pub fn change<R>(&mut self, key: K, fresh: V, change: impl FnOnce(&mut V) -> R) -> R {
        if let Some(value) = self.newer.get_mut(&key) {
            return change(value);
        }
        let mut value = self.older.get(&key).copied().unwrap_or(fresh);
        let changed = change(&mut value);
        self.insert(key, value);
        changed
    }

    /// Put it in, or in the place of what was there.
    pub fn insert(&mut self, key: K, value: V) {
        if self.newer.len() >= self.most && !self.newer.contains_key(&key) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_again_stays() {
        let mut recent = Recent::new(100);
        for number in 0..10_000u32 {
            recent.insert(number, number);
            recent.insert(7, number);
            assert_eq!((recent.get(&7), recent.get(&number)), (Some(number), Some(number)));
            assert!(recent.newer.len() <= 100 && recent.older.len() <= 100);
            assert!(recent.get(&number.saturating_sub(99)).is_some(), "{number}");
        }
        assert_eq!(recent.get(&9_000), None);
    }
}
