//! The stations of one shard, while one window is closed: each conversation is added to both of its sides.

use std::net::IpAddr;

use crate::hash::Map;
use crate::value::Class;

use super::assets::AssetPart;
use super::operations::{by_class, told};
use super::places::Key;
use super::window::Window;

/// Hash places of a station's operations: two of them rarely share one, and a station cannot fill memory.
const PLACES: u16 = 4096;

/// The stations of one shard, while one window is closed.
pub(super) struct Stations {
    start_ns: u64,
    end_ns: u64,
    places: Map<(u16, IpAddr), usize>,
    parts: Vec<AssetPart>,
}

impl Stations {
    pub fn new(start_ns: u64, end_ns: u64) -> Self {
        Self { start_ns, end_ns, places: Map::default(), parts: Vec::new() }
    }

    fn part(&mut self, segment: u16, ip: IpAddr) -> Option<&mut AssetPart> {
        let place = *self.places.entry((segment, ip)).or_insert(self.parts.len());
        if place == self.parts.len() {
            self.parts.push(AssetPart::new(segment, ip, self.start_ns, self.end_ns));
        }
        self.parts.get_mut(place)
    }

    /// Add one conversation to both of its stations; to one that speaks with itself, once.
    pub fn add(&mut self, key: &Key, window: &Window) {
        let classes = by_class(&window.operations, window.more_operations());
        let requests = classes.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
        let writes = [Class::Write, Class::Control, Class::Program]
            .into_iter()
            .filter_map(|class| classes.get(class as usize))
            .fold(0u64, |sum, count| sum.saturating_add(*count));
        let itself = key.client == key.server;
        if let Some(client) = self.part(key.segment, key.client) {
            client.as_client = client.as_client.saturating_add(requests);
            client.as_server = client.as_server.saturating_add(if itself { requests } else { 0 });
            client.conversation(key.protocol, window, writes);
        }
        if let (false, Some(server)) = (itself, self.part(key.segment, key.server)) {
            server.as_server = server.as_server.saturating_add(requests);
            server.conversation(key.protocol, window, writes);
        }
    }

    /// Two stations spoke; `new`: they did not in the window before.
    pub fn pair(&mut self, segment: u16, stations: [IpAddr; 2], new: bool) {
        for ip in stations {
            if let Some(part) = self.part(segment, ip) {
                part.peers = part.peers.saturating_add(1);
                part.new_peers = part.new_peers.saturating_add(new.into());
            }
        }
    }

    pub fn finish(mut self) -> Vec<AssetPart> {
        self.parts.iter_mut().for_each(AssetPart::tidy);
        self.parts
    }
}

impl AssetPart {
    fn conversation(&mut self, protocol: u8, window: &Window, writes: u64) {
        self.messages.iter_mut().zip(window.eighths()).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        self.protocols |= 1u64.wrapping_shl(protocol.into());
        self.bytes = self.bytes.saturating_add(window.bytes);
        self.failures = self.failures.saturating_add(window.failures.into());
        self.writes = self.writes.saturating_add(writes);
        if let Some(more) = &window.more {
            self.retransmissions = self.retransmissions.saturating_add(more.retransmissions.into());
            self.gap_bytes = self.gap_bytes.saturating_add(more.gap_bytes);
        }
        let told = told(&window.operations, window.more_operations());
        self.operations.extend(told.map(|(code, count)| (place(protocol, code), u64::from(count))));
        if self.operations.len() / 2 > usize::from(PLACES) {
            self.tidy();
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // the low bits are taken
fn place(protocol: u8, code: u32) -> u16 {
    let hash = (u64::from(protocol) << 32 | u64::from(code)).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((hash ^ hash >> 29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as u16 & (PLACES - 1)
}
