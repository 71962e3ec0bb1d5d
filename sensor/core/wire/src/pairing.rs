//! Requests waiting for their answers, per conversation.

use std::slice;

use prefetch_index::prefetch_index;

use crate::event::Asked;
use crate::hash::{folded, mixed};
use crate::limits;
use crate::value::{Object, Record};

/// One request that was not answered yet. Most conversations have one at a time, a million have a million.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    pub reference: u64,
    /// Engine time of the request.
    pub now_ns: u64,
    /// What its answer's event says about it.
    pub asked: Asked,
    /// Fingerprint of the first object; 0: it has none.
    pub object: u64,
    /// Folds that wait for the outcome: the alerts this request raised.
    pub folds: Folds,
    /// Sent by the client of the conversation. (An S7 controller asks too, during a download.)
    pub from_client: bool,
    /// `Record::long_poll`: it may wait as long as it likes.
    pub long_poll: bool,
}

/// Requests that lie no further apart were sent without waiting for answers. Who waits for one in vain waits longer.
const IN_ONE_GO_NS: u64 = 20_000_000;
/// No fold.
pub const NO_FOLD: u32 = 0;

/// The first few alerts that a message raised, of those that want to hear how it was answered. A message rarely raises
/// more than two, and nearly all raise none.
///
/// Two numbers of two halves each, as they fit into a processor's registers: as an array they would go through memory,
/// written in one width and read in another, for every message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    first: u64,
    second: u64,
}

impl Folds {
    /// So many fit.
    pub const MOST: usize = 4;

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first == 0
    }

    /// One more, behind the others. Returns whether there was room.
    #[inline]
    pub fn add(&mut self, fold: u32) -> bool {
        let word = if self.first >> 32 == 0 { &mut self.first } else { &mut self.second };
        if *word >> 32 != 0 {
            return false;
        }
        *word |= if *word == 0 { fold.into() } else { u64::from(fold) << 32 };
        true
    }

    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        #[allow(clippy::cast_possible_truncation)] // halves
        let halves = [self.first, self.second].map(|word| [word as u32, (word >> 32) as u32]);
        halves.into_iter().flatten().filter(|fold| *fold != NO_FOLD)
    }
}

#[derive(Debug, Default)]
pub struct Pairing {
    /// The only one that waits: most masters wait for one answer at a time.
    one: Option<Pending>,
    /// Where several have waited at a time: all of them, in order, and none in `one`.
    #[allow(clippy::box_collection)] // a word, not three, in a million conversations that have none
    several: Option<Box<Vec<Pending>>>,
    /// A request was seen: from then on an answer to nothing is odd.
    asked_before: bool,
}

/// What came of looking for an answer's request.
pub enum Match {
    /// Where it stands: see [`Pairing::at`] and [`Pairing::forget`].
    Found(Waiting),
    /// The conversation was picked up in the middle: its request may have gone by before.
    BeforeOurTime,
    Missing,
}

/// Place of a request that waits; good until the next request or answer.
#[derive(Clone, Copy, Debug)]
pub enum Waiting {
    One,
    Among(usize),
}

impl Pairing {
    /// Remember a request. Returns how many older ones were given up: unanswered for too long, and pushed out.
    ///
    /// A function makes it, so that it is written where it will stay and nowhere before.
    #[inline(always)]
    pub fn ask(&mut self, pending: impl Fn() -> Pending) -> (u64, u64) {
        self.asked_before = true;
        if self.one.is_none() && self.several.is_none() {
            self.one = Some(pending());
            return (0, 0);
        }
        self.ask_more(pending())
    }

    #[inline(never)]
    fn ask_more(&mut self, pending: Pending) -> (u64, u64) {
        if self.one.is_some_and(|one| too_old(&one, pending.now_ns)) {
            self.one = Some(pending);
            return (1, 0);
        }
        let several = self.several.get_or_insert_default();
        several.extend(self.one.take());
        let (mut unanswered, mut evicted) = (0, 0);
        let oldest = several.iter().find(|waiting| !waiting.long_poll);
        if oldest.is_some_and(|oldest| too_old(oldest, pending.now_ns)) {
            let before = several.len();
            several.retain(|waiting| !too_old(waiting, pending.now_ns));
            unanswered = before.saturating_sub(several.len()) as u64;
        }
        if several.len() >= limits::PENDING_REQUESTS {
            several.remove(0);
            evicted = 1;
        }
        several.push(pending);
        (unanswered, evicted)
    }

    /// Find the request of an answer.
    ///
    /// Many masters use one transaction id for ever. Of several requests with it, one that asked for this operation and
    /// object was meant; of requests sent in one go the first, otherwise the last: the others' answers were lost, and
    /// a single lost answer must not shift all that follow by one.
    #[inline]
    pub fn answer(&self, reference: u64, request_from_client: bool, record: &Record) -> Match {
        let fits = |pending: &Pending| pending.reference == reference && pending.from_client == request_from_client;
        match self.one.as_ref().is_some_and(fits) {
            true => Match::Found(Waiting::One),
            false => self.answer_of_several(reference, request_from_client, record),
        }
    }

    /// Something was asked, and nothing waits for its answer: whoever answers is there. What may wait as long as it likes
    /// says nothing.
    pub fn all_answered(&self) -> bool {
        let several = self.several.iter().flat_map(|several| several.iter());
        self.asked_before && self.one.iter().chain(several).all(|pending| pending.long_poll)
    }

    /// Ask for its memory.
    #[inline]
    pub fn prefetch(&self) {
        prefetch_index(slice::from_ref(&self.one), 0);
        prefetch_index(slice::from_ref(&self.several), 0);
    }

    #[inline]
    pub fn at(&self, place: Waiting) -> Option<&Pending> {
        match place {
            Waiting::One => self.one.as_ref(),
            Waiting::Among(place) => self.several.as_ref().and_then(|several| several.get(place)),
        }
    }

    /// It was answered.
    #[inline]
    pub fn forget(&mut self, place: Waiting) {
        match (place, self.several.as_mut()) {
            (Waiting::One, _) => self.one = None,
            (Waiting::Among(place), Some(several)) if place < several.len() => {
                several.remove(place);
            }
            _ => {}
        }
    }

    #[inline(never)]
    fn answer_of_several(&self, reference: u64, request_from_client: bool, record: &Record) -> Match {
        let fits = |pending: &Pending| pending.reference == reference && pending.from_client == request_from_client;
        let missing = if self.asked_before { Match::Missing } else { Match::BeforeOurTime };
        let Some(several) = self.several.as_ref() else { return missing };
        let mut place = several.iter().rposition(fits);
        if place.is_some_and(|last| several.iter().take(last).any(fits)) {
            let object = first_object(record.objects());
            let operation = record.operation;
            let newest_ns = place.and_then(|last| several.get(last)).map_or(0, |last| last.now_ns);
            let fit = |place: usize, pending: &Pending| {
                let same_operation = operation == 0 || pending.asked.operation == operation;
                let same_object = object == 0 || pending.object == object;
                let in_one_go = newest_ns.saturating_sub(pending.now_ns) <= IN_ONE_GO_NS;
                let order = if in_one_go { usize::MAX.saturating_sub(place) } else { place };
                (same_operation, same_object, in_one_go, order)
            };
            let candidates = several.iter().enumerate().filter(|(_, pending)| fits(pending));
            place = candidates.max_by_key(|(place, pending)| fit(*place, pending)).map(|(place, _)| place);
        }
        place.map_or(missing, |place| Match::Found(Waiting::Among(place)))
    }

    /// Forget everything; returns how many requests had no answer.
    pub fn clear(&mut self) -> u64 {
        let several = self.several.take().map_or(0, |several| several.len() as u64);
        let one = u64::from(self.one.take().is_some());
        self.asked_before = false;
        several.saturating_add(one)
    }
}

#[inline]
fn too_old(pending: &Pending, now_ns: u64) -> bool {
    !pending.long_poll && now_ns.saturating_sub(pending.now_ns) > limits::ANSWER_NS
}

/// Fingerprint of the first object of a message, the same for the same object; 0: there is none.
#[inline]
pub fn first_object(objects: &[Object]) -> u64 {
    let Some(object) = objects.first() else { return 0 };
    // Spaces that one operation may touch have names of different lengths.
    let space = (object.space.len() as u64) << 32 | u64::from(object.index);
    folded(object.start ^ space.rotate_left(24), mixed(object.end ^ space)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_keep_their_order_and_their_number() {
        let mut folds = Folds::default();
        for count in 0..=Folds::MOST {
            assert_eq!(
                folds.iter().collect::<Vec<_>>(),
                [7, u32::MAX, 1, 9].iter().take(count).copied().collect::<Vec<_>>()
            );
            assert_eq!(folds.is_empty(), count == 0);
            let fold = [7, u32::MAX, 1, 9, 5].get(count).copied().unwrap_or(0);
            assert_eq!(folds.add(fold), count < Folds::MOST);
        }
    }
}
