//! What one class of operations may touch in one address space of a link.

use super::watched::RequestKey;

#[derive(Clone, Copy, Debug)]
pub struct Touched {
    /// As `watched::place` makes it; a link's rows are in its order.
    pub place: u64,
    /// The only stretch; or first and count of the stretches, then of the names.
    pub inside: (u64, u64),
    /// The link's operations of this class with codes below 64, a bit each: most requests need not look further.
    codes: u64,
    /// A bit for each exact poll in here, see [`RequestKey::bit`].
    polls: u32,
    pub kind: Touching,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touching {
    OneStretch,
    Several,
}

/// A learned name, found by its hash and then compared: hashes of names can be made to collide.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    pub hash: u64,
    pub start: u32,
    pub length: u32,
}

impl Name {
    /// Its bytes: `text` has those of all names.
    #[inline]
    pub fn of(self, text: &[u8]) -> Option<&[u8]> {
        let start = self.start as usize;
        text.get(start..start.saturating_add(self.length as usize))
    }
}

#[inline]
fn bit(code: u32) -> u64 {
    if code < u64::BITS {
        1 << code
    } else {
        0
    }
}

impl Touched {
    pub fn new(place: u64, kind: Touching, inside: (u64, u64)) -> Self {
        Self { place, inside, codes: 0, polls: 0, kind }
    }

    pub fn is_of(&self, class: u8) -> bool {
        self.place >> 8 & 0xff == u64::from(class)
    }

    /// An operation of the link that is of this class.
    pub fn operates(&mut self, code: u32) {
        self.codes |= bit(code);
    }

    /// Whether it was told of this operation; `false` is no answer.
    #[inline]
    pub fn surely_operates(&self, code: u32) -> bool {
        self.codes & bit(code) != 0
    }

    /// An exact poll in here.
    pub fn polled(&mut self, key: &RequestKey) {
        self.polls |= key.bit();
    }

    #[inline]
    pub fn maybe_polled(&self, key: &RequestKey) -> bool {
        self.polls & key.bit() != 0
    }
}
