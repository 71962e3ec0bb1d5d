//! What is remembered of a conversation between its messages.

/// What is remembered of one direction.
#[derive(Debug, Default)]
pub struct Side {
    pub last_sequence: Option<u32>,
    /// Nothing was lost since the opening: a message that makes no sense is the sender's doing, not ours.
    pub is_whole: bool,
    /// Bytes still to come of a chunk too large to be held.
    pub skipping: usize,
    /// Flaws of intermediate chunks, for the message they belong to.
    pub carried: u64,
}

/// Which service the last requests asked for, by request id: clients count them up, so each has its own place until
/// 16 more were sent. Only for answers that do not say what they answer.
#[derive(Debug, Default)]
pub struct Asked([(u32, u32); 16]);

impl Asked {
    #[inline]
    pub fn note(&mut self, request: u32, service: u32) {
        if let Some(place) = self.0.get_mut((request & 15) as usize) {
            *place = (request, service);
        }
    }

    pub fn find(&self, request: u32) -> Option<u32> {
        self.0.get((request & 15) as usize).filter(|(id, service)| *id == request && *service != 0).map(|place| place.1)
    }
}
