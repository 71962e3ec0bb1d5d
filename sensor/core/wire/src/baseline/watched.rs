//! A learned poll as it is found and watched: one cache line holds all that a request of it is compared with.

use super::index::blend;
use crate::value::{Class, Object};

/// Where in a link's objects something lies, as one word: number of the space, index and class of operation.
#[inline]
pub fn place(class: Class, space: u16, index: u32) -> u64 {
    u64::from(index) << 32 | u64::from(space) << 16 | u64::from(class as u8) << 8
}

/// What makes a request one poll and no other, in words that are compared and hashed. One that touches a single stretch
/// is told by it exactly, any other by its identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestKey {
    /// Link and operation.
    who: u64,
    /// As [`place`], with how it is told in the lowest byte.
    place: u64,
    /// The stretch; or the identity, then nothing.
    pub what: (u64, u64),
}

const BY_STRETCH: u64 = 1;
const BY_IDENTITY: u64 = 2;

impl RequestKey {
    #[inline]
    pub fn exact(link: u32, operation: u32, place: u64, stretch: (u64, u64)) -> Self {
        Self { who: who(link, operation), place: place | BY_STRETCH, what: stretch }
    }

    #[inline]
    pub fn by_identity(link: u32, operation: u32, class: Class, identity: u64) -> Self {
        Self { who: who(link, operation), place: place(class, 0, 0) | BY_IDENTITY, what: (identity, 0) }
    }

    /// The same as `==`, with one branch.
    #[inline]
    pub fn is(&self, other: &Self) -> bool {
        let apart = (self.what.0 ^ other.what.0) | (self.what.1 ^ other.what.1);
        apart | (self.who ^ other.who) | (self.place ^ other.place) == 0
    }

    #[inline]
    pub fn hash(&self, seed: u64) -> u64 {
        blend(seed, self.who, self.place, self.what.0, self.what.1)
    }

    /// One of 32 bits, for asking many polls at once whether a request may be one of them.
    #[inline]
    pub fn bit(&self) -> u32 {
        let mixed = self.what.0 ^ self.what.1.rotate_left(32) ^ self.who;
        1 << (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59)
    }

    pub fn is_exact(&self) -> bool {
        self.place & BY_STRETCH != 0
    }

    /// [`place`] of the stretch of an exact one.
    #[inline]
    pub fn touched(&self) -> u64 {
        self.place & !0xff
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // one half
    pub fn link(&self) -> u32 {
        (self.who >> 32) as u32
    }

    #[allow(clippy::cast_possible_truncation)] // one half
    pub fn operation(&self) -> u32 {
        self.who as u32
    }

    pub fn class(&self) -> Class {
        Class::ALL.get((self.place >> 8 & 0xff) as usize).copied().unwrap_or_default()
    }
}

#[inline]
fn who(link: u32, operation: u32) -> u64 {
    u64::from(link) << 32 | u64::from(operation)
}

/// The only object of a request, if that is a stretch: what most polls are.
#[inline]
pub fn only_stretch(objects: &[Object]) -> Option<&Object> {
    match objects {
        [object] if object.text.is_none() => Some(object),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct Watched {
    pub key: RequestKey,
    pub period_us: u32,
    pub low_us: u32,
    pub high_us: u32,
    pub stopped_us: u32,
    pub operation_name: u32,
    /// What people are shown of one that is told by its identity: a place in `Knowledge::shown`.
    pub shown: u32,
    pub changed_from: u8,
    pub irregular_from: u8,
    /// Operation and, of an exact one, stretch were learned: nothing more needs to be asked of them.
    pub learned: bool,
    /// The link's client writes.
    pub writes: bool,
}

/// The first object of a poll, for people.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub space: u16,
    pub index: u32,
    pub start: u64,
    pub end: u64,
    /// The object's name in `Knowledge::text`, empty where it is a stretch.
    pub name: (u32, u32),
}

impl RequestKey {
    /// What an exact one shows.
    #[allow(clippy::cast_possible_truncation)] // parts of a word
    pub fn shown(&self) -> Shown {
        let (space, index) = ((self.place >> 16) as u16, (self.place >> 32) as u32);
        Shown { space, index, start: self.what.0, end: self.what.1, name: (0, 0) }
    }
}

const _: () = assert!(size_of::<Watched>() == 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_what_it_was_made_of() {
        for class in Class::ALL {
            let key = RequestKey::exact(u32::MAX, 0x8000_0001, place(class, u16::MAX, 7), (1, u64::MAX));
            assert_eq!((key.link(), key.operation(), key.class()), (u32::MAX, 0x8000_0001, class));
            assert_eq!((key.shown().space, key.shown().index, key.shown().end), (u16::MAX, 7, u64::MAX));
            assert_eq!((key.is_exact(), key.touched()), (true, place(class, u16::MAX, 7)));
            let other = RequestKey::by_identity(u32::MAX, 0x8000_0001, class, 1);
            assert!(!other.is_exact() && !other.is(&key) && other.is(&other) && other.class() == class);
        }
    }
}
