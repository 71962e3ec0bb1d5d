//! Messages in several chunks: OPC 10000-6, 6.7.2.2 and 6.7.3 (a message is put together per channel and request id).

use crate::limits::{OPCUA_MESSAGE_BYTES, OPCUA_UNFINISHED};

/// A message of which the last chunk has not come.
#[derive(Debug)]
pub struct Unfinished {
    from_client: bool,
    channel: u32,
    request: u32,
    pub body: Vec<u8>,
    pub chunks: u32,
    /// Bytes of all chunks, headers included.
    pub size: u64,
    /// Its body passed the budget: the rest was not kept.
    pub is_cut: bool,
    /// Not readable: only counted.
    pub is_encrypted: bool,
}

/// Unfinished messages of one conversation, both directions, oldest first.
#[derive(Debug, Default)]
pub struct Chunks {
    open: Vec<Unfinished>,
    kept: usize,
    /// Given up for newer ones since the last finished message.
    pub given_up: bool,
}

impl Chunks {
    /// Bytes kept of unfinished messages.
    pub fn kept_bytes(&self) -> usize {
        self.kept
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The unfinished message that a chunk belongs to. An encrypted chunk does not show its request id: all encrypted
    /// chunks of one direction in a row are one message.
    pub fn find(&mut self, from_client: bool, channel: u32, request: Option<u32>) -> Option<&mut Unfinished> {
        self.open.iter_mut().find(|one| one.belongs(from_client, channel, request))
    }

    /// Keep an intermediate chunk.
    pub fn keep(&mut self, from_client: bool, channel: u32, request: Option<u32>, body: &[u8], size: usize) {
        if self.find(from_client, channel, request).is_none() {
            if self.open.len() >= OPCUA_UNFINISHED {
                self.give_up_oldest();
            }
            self.open.push(Unfinished {
                from_client,
                channel,
                request: request.unwrap_or(0),
                body: Vec::new(),
                chunks: 0,
                size: 0,
                is_cut: false,
                is_encrypted: request.is_none(),
            });
        }
        // All unfinished messages share the budget of one: who opens many cannot hold more.
        let own = self.find(from_client, channel, request).map_or(0, |one| one.body.len());
        let fits = own.saturating_add(body.len()) <= OPCUA_MESSAGE_BYTES;
        while fits && self.open.len() > 1 && self.kept.saturating_add(body.len()) > OPCUA_MESSAGE_BYTES {
            let oldest_is_own = self.open.first().is_some_and(|one| one.belongs(from_client, channel, request));
            if oldest_is_own {
                self.open.rotate_left(1);
            }
            self.give_up_oldest();
        }
        let Some(one) = self.find(from_client, channel, request) else { return };
        one.chunks = one.chunks.saturating_add(1);
        one.size = one.size.saturating_add(u64::try_from(size).unwrap_or(0));
        if fits && !one.is_cut {
            one.body.extend_from_slice(body);
            self.kept = self.kept.saturating_add(body.len());
        } else {
            one.is_cut = true;
        }
    }

    /// Take the unfinished message out: its last chunk has come, or its sender gave it up.
    pub fn take(&mut self, from_client: bool, channel: u32, request: Option<u32>) -> Option<Unfinished> {
        let place = self.open.iter().position(|one| one.belongs(from_client, channel, request))?;
        let one = self.open.remove(place);
        self.kept = self.kept.saturating_sub(one.body.len());
        Some(one)
    }

    /// Bytes of this direction were lost: what was unfinished stays so.
    pub fn forget(&mut self, from_client: bool) {
        self.open.retain(|one| one.from_client != from_client);
        self.kept = self.open.iter().map(|one| one.body.len()).sum();
    }

    /// Client and server are the other way round.
    pub fn turn(&mut self) {
        for one in &mut self.open {
            one.from_client = !one.from_client;
        }
    }

    fn give_up_oldest(&mut self) {
        if !self.open.is_empty() {
            let one = self.open.remove(0);
            self.kept = self.kept.saturating_sub(one.body.len());
            self.given_up = true;
        }
    }
}

impl Unfinished {
    fn belongs(&self, from_client: bool, channel: u32, request: Option<u32>) -> bool {
        self.from_client == from_client
            && self.channel == channel
            && match request {
                Some(request) => !self.is_encrypted && self.request == request,
                None => self.is_encrypted,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_unfinished_messages_stay_within_the_budget_of_one() {
        let mut chunks = Chunks::default();
        let body = vec![7u8; OPCUA_MESSAGE_BYTES / 4];
        for request in 0..100 {
            chunks.keep(true, 1, Some(request), &body, body.len());
            assert!(chunks.kept_bytes() <= OPCUA_MESSAGE_BYTES);
            assert_eq!(chunks.kept_bytes(), chunks.open.iter().map(|one| one.body.len()).sum::<usize>());
        }
        assert!(chunks.given_up);
        assert!(chunks.take(true, 1, Some(0)).is_none());
        assert_eq!(chunks.take(true, 1, Some(99)).unwrap().body.len(), body.len());
    }

    #[test]
    fn a_message_beyond_the_budget_is_cut_and_ends_nobody_elses() {
        let mut chunks = Chunks::default();
        chunks.keep(true, 1, Some(1), b"first", 5);
        let body = vec![7u8; OPCUA_MESSAGE_BYTES / 4];
        for _ in 0..5 {
            chunks.keep(true, 1, Some(2), &body, body.len());
        }
        let large = chunks.take(true, 1, Some(2)).unwrap();
        assert!(large.is_cut && large.chunks == 5 && large.body.len() <= OPCUA_MESSAGE_BYTES);
    }

    #[test]
    fn directions_and_channels_are_apart() {
        let mut chunks = Chunks::default();
        chunks.keep(true, 1, Some(1), b"a", 1);
        chunks.keep(false, 1, Some(1), b"b", 1);
        chunks.keep(true, 2, Some(1), b"c", 1);
        chunks.keep(true, 1, Some(1), b"d", 1);
        assert_eq!(chunks.take(true, 1, Some(1)).unwrap().body, b"ad");
        chunks.forget(true);
        assert!(chunks.take(true, 2, Some(1)).is_none());
        assert_eq!(chunks.take(false, 1, Some(1)).unwrap().body, b"b");
        assert_eq!(chunks.kept_bytes(), 0);
    }
}
