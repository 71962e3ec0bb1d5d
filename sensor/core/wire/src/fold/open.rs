//! The open folds, each at a place that does not change: who hit one before finds it again without a hash.

use super::{FoldKey, Hit, Mark};
use crate::limits;

/// Bits of a handle that say the place; the others count whose turn it is there, so that a handle outlives its fold
/// without meaning another one.
const PLACE_BITS: u32 = 12;
const PLACES: u32 = 1 << PLACE_BITS;
const _: () = assert!(limits::per_shard(limits::FOLDS) <= PLACES as usize);

/// One open fold: what a hit touches, and behind a pointer what is only told.
pub struct Fold {
    /// What conversations and waiting requests know it by.
    pub handle: u32,
    /// The fold that was hit after this one, the last time. It usually is again: a conversation repeats itself.
    pub next: u32,
    pub key: FoldKey,
    pub count: u64,
    pub last: Mark,
    /// Engine time of the last equal hit.
    pub last_ns: u64,
    /// How much its outcome says (`super::said`).
    pub said: u8,
    pub told: Box<Told>,
}

/// What Python knows of a fold.
pub struct Told {
    /// Without what only the first hit carries.
    pub hit: Hit,
    pub count: u64,
    /// Engine time of the first hit's request, while its answer is awaited.
    pub asked_ns: Option<u64>,
    /// Nanoseconds without an equal hit after which it ends.
    pub idle_ns: u64,
}

#[derive(Default)]
struct Place {
    turn: u32,
    fold: Option<Fold>,
}

#[derive(Default)]
pub struct Open {
    places: Vec<Place>,
    free: Vec<u32>,
}

impl Open {
    #[inline]
    pub fn get(&self, handle: u32) -> Option<&Fold> {
        self.places.get((handle % PLACES) as usize)?.fold.as_ref().filter(|fold| fold.handle == handle)
    }

    #[inline]
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut Fold> {
        self.places.get_mut((handle % PLACES) as usize)?.fold.as_mut().filter(|fold| fold.handle == handle)
    }

    pub fn len(&self) -> usize {
        self.places.len().saturating_sub(self.free.len())
    }

    pub fn handles(&self) -> impl Iterator<Item = u32> + '_ {
        self.places.iter().filter_map(|place| place.fold.as_ref()).map(|fold| fold.handle)
    }

    /// Keep a fold; returns its handle, which is never 0.
    pub fn put(&mut self, fold: Fold) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(0) % PLACES
        });
        let Some(place) = self.places.get_mut(number as usize) else { return 0 };
        // A turn of 0 would make the handle of the first place "no fold".
        place.turn = (place.turn.wrapping_add(1) % (1 << (u32::BITS - PLACE_BITS))).max(1);
        let handle = place.turn << PLACE_BITS | number;
        place.fold = Some(Fold { handle, next: handle, ..fold });
        handle
    }

    pub fn take(&mut self, handle: u32) -> Option<Fold> {
        let place = self.places.get_mut((handle % PLACES) as usize)?;
        let fold = place.fold.take_if(|fold| fold.handle == handle)?;
        self.free.push(handle % PLACES);
        Some(fold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::{Cause, HitKind};

    fn fold(key: u64) -> Fold {
        let mark = Mark { ts_ns: 0, number: 0, input: 0 };
        let hit = Hit {
            kind: HitKind::First,
            fold: 0,
            order: 0,
            spanning: None,
            id: [0; 16],
            cause: "rule:x".into(),
            rule: None,
            first: mark,
            last: mark,
            count: 1,
            outcome: "unknown",
            segment: 0,
            protocol: "modbus",
            client: None,
            server: None,
            source: None,
            destination: None,
            fields: String::new(),
            params: Vec::new(),
        };
        let key = FoldKey { cause: Cause::Rule(0), key, segment: 0, client: None, server: None };
        let told = Box::new(Told { hit, count: 1, asked_ns: None, idle_ns: 1 });
        Fold { handle: 0, next: 0, key, count: 1, last: mark, last_ns: 0, said: 0, told }
    }

    #[test]
    fn a_handle_outlives_its_fold_without_meaning_another() {
        let mut open = Open::default();
        let mut gone = vec![0];
        for round in 0..5_000u64 {
            let (first, second) = (open.put(fold(round)), open.put(fold(round)));
            assert!(first != second && !gone.contains(&first) && !gone.contains(&second));
            assert_eq!((open.get(first).map(|fold| fold.key.key), open.len()), (Some(round), 2));
            assert!(open.take(first).is_some() && open.take(first).is_none() && open.take(second).is_some());
            assert!(open.get(first).is_none() && open.get_mut(second).is_none() && open.get(0).is_none());
            if round % 100 == 0 {
                gone.extend([first, second]);
            }
        }
        assert_eq!((open.len(), open.handles().count(), open.places.len()), (0, 0, 2));
    }

    #[test]
    fn turns_begin_again_and_no_handle_is_none() {
        let mut open = Open::default();
        let handle = open.put(fold(1));
        open.take(handle);
        if let Some(place) = open.places.first_mut() {
            place.turn = u32::MAX;
        }
        let handle = open.put(fold(2));
        assert!(handle != 0 && open.get(handle).is_some());
    }
}
