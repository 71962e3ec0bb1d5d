//! The last questions of a connection, so that an answer can be read: a bare acknowledgement names no function, and
//! the types of values that were read stand in the question only.

use super::cyclic::Cyclic;
use super::transfer::Transferred;
use crate::limits;
use crate::value::Class;

/// Jobs one connection may have open; S7 stations agree on 1 to 8, larger ones on 16 or more and rarely use them.
const QUESTIONS: usize = 8;
/// Items of one job whose types are remembered; S7 stations allow 20.
const ITEMS: usize = 20;

#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    pub operation: u32,
    pub class: Class,
    /// Asks for the next part of an answer that is already under way.
    pub continues: bool,
    pub items: u8,
    /// Transport sizes of the items, 0 where it is not known.
    pub sizes: [u8; ITEMS],
}

impl Question {
    pub fn size(&self, item: u8) -> u8 {
        self.sizes.get(usize::from(item)).copied().unwrap_or(0)
    }

    #[inline]
    pub fn remember(&mut self, size: u8) {
        if let Some(place) = self.sizes.get_mut(usize::from(self.items)) {
            *place = size;
        }
        self.items = self.items.saturating_add(1);
    }
}

/// What tells a connection's questions apart: PDU reference, who asked, job or userdata or S7comm-plus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key(u32);

impl Key {
    const USERDATA: u32 = 1 << 17;
    /// Never the key of a free place.
    const TAKEN: u32 = 1 << 18;
    const PLUS: u32 = 1 << 19;

    #[inline]
    pub fn new(pdu_reference: u16, by_client: bool, userdata: bool) -> Self {
        let userdata = if userdata { Self::USERDATA } else { 0 };
        Self(u32::from(pdu_reference) | u32::from(by_client) << 16 | userdata | Self::TAKEN)
    }

    /// Of an S7comm-plus message, by its sequence number.
    pub fn plus(sequence: u16, by_client: bool) -> Self {
        Self(Self::new(sequence, by_client, false).0 | Self::PLUS)
    }

    pub fn is_userdata(self) -> bool {
        self.0 & Self::USERDATA != 0
    }
}

#[derive(Debug, Default)]
struct Questions {
    /// Apart from what they stand for, so that one look goes over all of them.
    keys: [Key; QUESTIONS],
    questions: [Question; QUESTIONS],
    /// The place that is taken next: the oldest, once all are taken.
    next: usize,
}

#[derive(Default)]
pub struct Memory {
    /// Empty until the first question: most connections that look like S7 never ask one.
    questions: Option<Box<Questions>>,
    pub transferred: Transferred,
    pub list: List,
    pub cyclic: Cyclic,
}

/// A part of the system state list that comes in several messages.
#[derive(Default)]
pub struct List(Vec<u8>);

impl List {
    /// The first part, or one that goes on from what is kept. Gives what there is in all when it is the last.
    pub fn part(&mut self, first: bool, last: bool, part: &[u8]) -> Option<Vec<u8>> {
        if first {
            self.0.clear();
        } else if self.0.is_empty() {
            // Nobody saw it begin.
            return None;
        }
        if self.0.len().saturating_add(part.len()) > limits::S7_PDU_BYTES {
            self.0 = Vec::new();
            return None;
        }
        self.0.extend_from_slice(part);
        last.then(|| std::mem::take(&mut self.0))
    }
}

impl Memory {
    #[inline]
    pub fn ask(&mut self, key: Key, question: Question) {
        let known = self.questions.get_or_insert_default();
        let place = known.place(key).unwrap_or_else(|| {
            let next = known.next;
            known.next = next.wrapping_add(1) % QUESTIONS;
            next
        });
        if let (Some(own), Some(asked)) = (known.keys.get_mut(place), known.questions.get_mut(place)) {
            *own = key;
            *asked = question;
        }
    }

    #[inline]
    pub fn asked(&self, key: Key) -> Option<&Question> {
        let known = self.questions.as_ref()?;
        known.questions.get(known.place(key)?)
    }

    /// A bare acknowledgement does not say whether it answers a job or userdata.
    #[cold]
    pub fn acknowledged(&self, pdu_reference: u16, by_client: bool) -> Option<(Key, &Question)> {
        let wanted = Key::new(pdu_reference, by_client, true);
        let known = self.questions.as_ref()?;
        let place = known.keys.iter().position(|key| key.0 | Key::USERDATA == wanted.0)?;
        Some((*known.keys.get(place)?, known.questions.get(place)?))
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes were lost: what was put together from parts has a hole.
    #[cold]
    pub fn gap(&mut self) {
        self.transferred.forget();
        self.list = List::default();
    }

    pub fn kept_bytes(&self) -> usize {
        let questions = self.questions.as_ref().map_or(0, |known| size_of_val(known.as_ref()));
        questions
            .saturating_add(self.transferred.kept_bytes())
            .saturating_add(self.list.0.capacity())
            .saturating_add(self.cyclic.kept_bytes())
    }
}

impl Questions {
    /// A key has one place at most, so all of them are looked at without stopping.
    #[inline]
    fn place(&self, key: Key) -> Option<usize> {
        let same = u64::from_le_bytes(self.keys.map(|known| u8::from(known == key)));
        (same != 0).then(|| (same.trailing_zeros() >> 3) as usize)
    }
}
