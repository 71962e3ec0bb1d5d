//! Requests waiting for their answers, per conversation.

use crate::event::Asked;
use crate::limits;
use crate::value::Object;

/// One request that was not answered yet.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    pub reference: u64,
    /// Sent by the client of the conversation. (An S7 controller asks too, during a download.)
    pub from_client: bool,
    /// Engine time of the request.
    pub now_ns: u64,
    pub asked: Asked,
    /// `Record::long_poll`: it may wait as long as it likes.
    pub long_poll: bool,
    /// Folds that wait for the outcome: the alerts this request raised.
    pub folds: [u32; FOLDS],
}

/// Alerts of one request that learn its outcome. A message rarely has more than two.
pub const FOLDS: usize = 4;
/// Requests that lie no further apart were sent without waiting for answers. Who waits for one in vain waits longer.
const IN_ONE_GO_NS: u64 = 20_000_000;
/// No fold.
pub const NO_FOLD: u32 = 0;

#[derive(Debug, Default)]
pub struct Pairing {
    waiting: Vec<Pending>,
    /// A request was seen: from then on an answer to nothing is odd.
    asked_before: bool,
}

/// What came of looking for an answer's request.
pub enum Match {
    Found(Pending),
    /// The conversation was picked up in the middle: its request may have gone by before.
    BeforeOurTime,
    Missing,
}

impl Pairing {
    /// Remember a request. Returns how many older ones were given up: unanswered for too long, and pushed out.
    #[inline]
    pub fn ask(&mut self, pending: Pending) -> (u64, u64) {
        self.asked_before = true;
        let (mut unanswered, mut evicted) = (0, 0);
        let oldest = self.waiting.iter().find(|waiting| !waiting.long_poll);
        if oldest.is_some_and(|oldest| too_old(oldest, pending.now_ns)) {
            unanswered = self.expire(pending.now_ns);
        }
        if self.waiting.len() >= limits::PENDING_REQUESTS {
            self.waiting.remove(0);
            evicted = 1;
        }
        if self.waiting.len() == self.waiting.capacity() {
            // Most masters wait for one answer at a time: room for one, not for the four that a vector begins with.
            self.waiting.reserve_exact(self.waiting.len().max(1));
        }
        self.waiting.push(pending);
        (unanswered, evicted)
    }

    /// Find the request of an answer and forget it.
    ///
    /// Many masters use one transaction id for ever. Of several requests with it, one that asked for this operation and
    /// object was meant; of requests sent in one go the first, otherwise the last: the others' answers were lost, and
    /// a single lost answer must not shift all that follow by one.
    #[inline]
    pub fn answer(&mut self, reference: u64, request_from_client: bool, operation: u32, objects: &[Object]) -> Match {
        let fits = |pending: &Pending| pending.reference == reference && pending.from_client == request_from_client;
        let mut place = self.waiting.iter().rposition(fits);
        if place.is_some_and(|last| self.waiting.iter().take(last).any(fits)) {
            let object = first_object(objects);
            let newest_ns = place.and_then(|last| self.waiting.get(last)).map_or(0, |last| last.now_ns);
            let fit = |place: usize, pending: &Pending| {
                let same_operation = operation == 0 || pending.asked.operation == operation;
                let same_object = object.is_none() || pending.asked.object == object;
                let in_one_go = newest_ns.saturating_sub(pending.now_ns) <= IN_ONE_GO_NS;
                let order = if in_one_go { usize::MAX.saturating_sub(place) } else { place };
                (same_operation, same_object, in_one_go, order)
            };
            let candidates = self.waiting.iter().enumerate().filter(|(_, pending)| fits(pending));
            place = candidates.max_by_key(|(place, pending)| fit(*place, pending)).map(|(place, _)| place);
        }
        match place {
            Some(place) => Match::Found(self.waiting.remove(place)),
            None if self.asked_before => Match::Missing,
            None => Match::BeforeOurTime,
        }
    }

    fn expire(&mut self, now_ns: u64) -> u64 {
        let before = self.waiting.len();
        self.waiting.retain(|pending| !too_old(pending, now_ns));
        before.saturating_sub(self.waiting.len()) as u64
    }

    /// Forget everything; returns how many requests had no answer.
    pub fn clear(&mut self) -> u64 {
        let left = self.waiting.len() as u64;
        self.waiting.clear();
        self.asked_before = false;
        left
    }
}

fn too_old(pending: &Pending, now_ns: u64) -> bool {
    !pending.long_poll && now_ns.saturating_sub(pending.now_ns) > limits::ANSWER_NS
}

/// The first object of a message without its text, which lives in the record.
pub fn first_object(objects: &[Object]) -> Option<Object> {
    objects.first().map(|object| Object { text: None, ..*object })
}
