//! What a shard writes down of messages that count together with those of other shards, in order of arrival.

use super::{Ends, Key, Message, Moment};

/// One message under one rule.
#[derive(Debug)]
pub struct Seen {
    /// Place in the order of everything.
    pub order: u64,
    pub rule: u32,
    pub key: Key,
    pub steps: u16,
    pub at: Moment,
    pub ends: Ends,
    /// How it ended, when it says that itself.
    pub outcome: &'static str,
    /// Of the message's bytes.
    pub digest: u64,
    /// Where its packet stands among those kept for evidence; 0: none are.
    pub packet: u64,
    pub transport: u8,
}

#[derive(Debug, Default)]
pub struct Reduced {
    /// Each with the ends of its parts in the two below, which begin where those of the one before end.
    seen: Vec<(Seen, usize, usize)>,
    values: Vec<u64>,
    /// The messages themselves, of those that an alert could open with.
    messages: Vec<Message>,
}

impl Reduced {
    pub fn push(&mut self, seen: Seen, values: &[u64], message: Option<Message>) {
        self.values.extend_from_slice(values);
        self.messages.extend(message);
        self.seen.push((seen, self.values.len(), self.messages.len()));
    }

    pub fn len(&self) -> usize {
        self.seen.len()
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    pub fn orders(&self) -> impl Iterator<Item = u64> + '_ {
        self.seen.iter().map(|(seen, ..)| seen.order)
    }

    /// One of them, with its values and its message.
    pub fn get(&self, place: usize) -> Option<(&Seen, &[u64], Option<&Message>)> {
        let (seen, values_end, messages_end) = self.seen.get(place)?;
        let before = place.checked_sub(1).and_then(|before| self.seen.get(before));
        let (values, messages) = before.map_or((0, 0), |(_, values, messages)| (*values, *messages));
        let message = self.messages.get(messages..*messages_end).and_then(<[Message]>::first);
        Some((seen, self.values.get(values..*values_end).unwrap_or_default(), message))
    }
}
