//! Which request is repeated: the identity of a poll.

use std::hash::{Hash, Hasher};

use super::space::{code, mix};
use crate::event::Event;
use crate::value::{Class, Object};

/// A poll inside its link. Two requests are the same poll when operation, class and all their objects are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollKey {
    pub link: u32,
    pub operation: u32,
    pub identity: u64,
    pub class: Class,
}

/// Few, wide words: this is hashed per message.
impl Hash for PollKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.identity ^ (self.class as u64) << 56);
        state.write_u64(u64::from(self.link) << 32 | u64::from(self.operation));
    }
}

impl PollKey {
    #[inline]
    pub fn of(link: u32, event: &Event<'_>) -> Self {
        let record = event.record;
        Self { link, operation: record.operation, identity: identity(record.objects()), class: record.class }
    }
}

/// Which objects exactly a request touches, as one number. Baselines keep it: it may not change.
#[inline]
pub fn identity(objects: &[Object]) -> u64 {
    // Objects of one message lie in the same address space more often than not.
    let mut before: Option<(&Object, u64)> = None;
    objects.iter().fold(objects.len() as u64, |hash, object| {
        let space = match before {
            Some((known, space)) if std::ptr::eq(known.space, object.space) => space,
            _ => code(object.space),
        };
        before = Some((object, space));
        touch(hash, space, object.index, (object.start, object.end))
    })
}

/// The identity of a request that touches one stretch.
pub fn identity_of_one(space: &str, index: u32, stretch: (u64, u64)) -> u64 {
    touch(1, code(space), index, stretch)
}

#[inline]
fn touch(hash: u64, space: u64, index: u32, (start, end): (u64, u64)) -> u64 {
    mix(mix(mix(hash, space), u64::from(index) ^ start.rotate_left(32)), end)
}

/// The poll without its link: what an alert's fold is keyed by.
pub fn fold(operation: u32, class: Class, identity: u64) -> u64 {
    mix(mix(identity, u64::from(operation)), class as u64)
}
