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
        let identity = record.objects().iter().fold(record.objects().len() as u64, |hash, object| {
            let Object { space, index, start, end, .. } = *object;
            mix(mix(mix(hash, code(space)), u64::from(index) ^ start.rotate_left(32)), end)
        });
        Self { link, operation: record.operation, identity, class: record.class }
    }

    /// The poll without its link: what an alert's fold is keyed by.
    pub fn fold(&self) -> u64 {
        mix(mix(self.identity, u64::from(self.operation)), self.class as u64)
    }
}
