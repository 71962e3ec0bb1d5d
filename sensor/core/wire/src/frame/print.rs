//! Fingerprints of frames, by which copies are found.

use std::net::IpAddr;

use ahash::RandomState;

use super::{Digest, Frame, Redundancy};
use crate::hash::{folded, mixed};

/// Four numbers that nobody on the wire knows.
type Key = [u64; 4];

/// Makes fingerprints. They have 64 bits and a key out of the first frame (its capture time and bytes): the same capture
/// gives the same answers, and nobody on the wire can make two frames that collide.
#[derive(Default)]
pub struct Prints {
    key: Option<Key>,
}

/// What a frame shares with its copies, as numbers; 0: it has none of that kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Print {
    /// Of IP id, addresses and layer-4 bytes; for a frame with an IP id.
    pub by_id: u64,
    /// The same with the sequence number of a doubled frame (PRP, HSR) and its sender instead of the IP id.
    pub by_sequence: u64,
    /// What tells copies apart that were seen in different places: VLAN, tunnel, time to live, MAC addresses. The lowest
    /// bit is 0.
    pub place: u32,
    /// LAN of a doubled frame.
    pub lan: u8,
}

impl Prints {
    /// The digest that [`Prints::of`] wants of a frame.
    #[inline(always)]
    pub fn digest(&mut self, frame: &Frame<'_>, ts_ns: u64) -> Digest {
        let key = match &self.key {
            Some(key) => key,
            None => self.key.insert(keyed(frame.segment, ts_ns)),
        };
        let [first, second, ..] = *key;
        Digest::of(frame.segment, (first, second))
    }

    #[inline(always)]
    pub fn of(&self, frame: &Frame<'_>, digest: Digest) -> Print {
        let key = &self.key.unwrap_or_default();
        let by_id = if frame.ip_id == 0 { 0 } else { print(key, frame, digest, u64::from(frame.ip_id)) };
        let by_sequence = match frame.redundancy {
            Some(redundancy) => print(key, frame, digest, by_sequence(frame.source_mac, redundancy)),
            None => 0,
        };
        Print { by_id, by_sequence, place: place(frame), lan: frame.redundancy.map_or(0, |redundancy| redundancy.lan) }
    }
}

/// Set apart from IP ids, which fit in 16 bits.
fn by_sequence([a, b, c, d, e, f]: [u8; 6], redundancy: Redundancy) -> u64 {
    let [high, low] = redundancy.sequence.to_be_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, high, low]) | 1 << 63
}

#[inline(always)]
fn place(frame: &Frame<'_>) -> u32 {
    let mac = |[a, b, c, d, e, f]: [u8; 6]| {
        u64::from(u32::from_ne_bytes([a, b, c, d])) | u64::from(u16::from_ne_bytes([e, f])) << 32
    };
    let vlan = frame.vlan.map_or(0, |vlan| u64::from(vlan) | 1 << 16);
    let around = vlan << 32 | u64::from(frame.outside);
    let macs = folded(mac(frame.source_mac) ^ MACS.0, mac(frame.destination_mac) ^ MACS.1);
    #[allow(clippy::cast_possible_truncation)] // half of a hash is a hash
    let place = mixed(macs ^ around.rotate_left(16) ^ u64::from(frame.ttl)) as u32;
    place & !1
}

/// Any two numbers that no MAC address is.
const MACS: (u64, u64) = (0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03);

/// Nobody knows the nanosecond at which his first frame will be captured.
#[cold]
fn keyed(segment: &[u8], ts_ns: u64) -> Key {
    let first = RandomState::with_seeds(0x6475_706c, 0x6963_6174, 0x6573_6f66, 0x6672_616d);
    [1u64, 2, 3, 4].map(|salt| first.hash_one((salt, ts_ns, segment)))
}

/// Of what both copies share. Never 0.
#[inline(always)]
fn print(key: &Key, frame: &Frame<'_>, digest: Digest, id: u64) -> u64 {
    let [first, second, third, fourth] = *key;
    // Where the capture cut it, the length still tells.
    let addresses = folded(address(frame.source) ^ second, address(frame.destination) ^ first);
    folded(addresses ^ digest.hash, id ^ third ^ u64::from(frame.missing) << 32).wrapping_add(fourth).max(1)
}

#[inline]
pub(super) fn address(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => mixed(wide(ip.to_bits())) ^ wide(ip.to_bits() >> 64),
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // half of it is what is wanted
fn wide(number: u128) -> u64 {
    number as u64
}
