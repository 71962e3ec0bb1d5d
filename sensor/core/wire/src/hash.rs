//! Hash tables that behave the same on every run.
//!
//! Fixed seeds: the same input takes the same path through every table. Keys come from the wire, so somebody who knows
//! the seeds can make long chains; each table's budget bounds what that costs.

use std::hash::BuildHasher;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Seeded(ahash::RandomState);

impl Default for Seeded {
    fn default() -> Self {
        Self(ahash::RandomState::with_seeds(0x6f74_7573, 0x7363_6f70, 0x7369_7474, 0x7374_696c))
    }
}

impl BuildHasher for Seeded {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

pub type Map<K, V> = hashbrown::HashMap<K, V, Seeded>;
pub type Set<K> = hashbrown::HashSet<K, Seeded>;

/// Logical shards, whatever the number of threads: budgets, timers and folds are per shard, so threads change nothing.
pub const SHARDS: usize = 64;

/// Both halves of a 128-bit product, folded: one multiplication mixes all bits of both factors.
#[inline]
pub fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    #[allow(clippy::cast_possible_truncation)] // the two halves are what is wanted
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd1b5_4a32_d192_ed03;

/// All bits of a number, mixed.
#[inline]
pub fn mixed(number: u64) -> u64 {
    folded(number ^ FIRST, SECOND)
}

/// A number for two stations of a segment, the same in both directions. Conversations of one pair share a shard.
#[inline]
pub fn pair_hash(segment: u16, a: IpAddr, b: IpAddr) -> u64 {
    let wide = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let (a, b) = (a.to_bits(), b.to_bits());
            u64::from(a.min(b)) << 32 | u64::from(a.max(b))
        }
        _ => {
            let number = |ip| match ip {
                IpAddr::V4(ip) => u128::from(ip.to_bits()),
                IpAddr::V6(ip) => ip.to_bits(),
            };
            let (low, high) = (number(a).min(number(b)), number(a).max(number(b)));
            let half = |number: u128| {
                #[allow(clippy::cast_possible_truncation)] // both halves go in
                folded(number as u64 ^ FIRST, (number >> 64) as u64 ^ SECOND)
            };
            half(low) ^ half(high).rotate_left(29)
        }
    };
    folded(wide ^ FIRST, u64::from(segment) ^ SECOND)
}

/// The shard of a pair.
#[inline]
pub fn shard_of_pair(pair: u64) -> usize {
    // The topmost bits; the tables inside a shard use the others.
    usize::try_from(pair >> 58).unwrap_or(0)
}

/// Number of the flow, the same in both directions: the pair's, with both ports and the transport mixed in.
#[inline]
pub fn flow_hash(pair: u64, ports: (u16, u16), transport: u8) -> u64 {
    let ports = u64::from(ports.0.min(ports.1)) << 16 | u64::from(ports.0.max(ports.1));
    folded(pair ^ (ports << 8 | u64::from(transport)), FIRST)
}

/// The shard, below [`SHARDS`], that owns what two stations of a segment say to each other: the same either way round
/// and on every machine.
#[inline]
pub fn shard_of(segment: u16, a: IpAddr, b: IpAddr) -> usize {
    shard_of_pair(pair_hash(segment, a, b))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn four(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
        Ipv4Addr::new(a, b, c, d).into()
    }

    #[test]
    fn both_directions_are_one_shard_and_segments_are_apart() {
        let six: IpAddr = "fd00::1".parse().unwrap();
        let pairs = [(four(10, 0, 0, 1), four(10, 0, 0, 2)), (six, four(10, 0, 0, 2)), (six, six)];
        for (a, b) in pairs {
            assert_eq!(shard_of(3, a, b), shard_of(3, b, a));
            assert!((0..50).any(|segment| shard_of(segment, a, b) != shard_of(0, a, b)));
        }
        // Written down: a change moves every conversation, and with it the order in which alerts leave.
        assert_eq!(shard_of(0, four(10, 0, 0, 1), four(10, 0, 0, 2)), 29);
    }

    /// What plants look like: a few masters and a row of controllers with neighbouring addresses.
    #[test]
    fn neighbours_are_spread() {
        let even = |shards: &[usize], what: &str| {
            let mut load = [0usize; SHARDS];
            shards.iter().for_each(|shard| load[*shard] += 1);
            let most = load.iter().max().copied().unwrap_or(0);
            assert!(most * SHARDS < shards.len() * 2, "{what}: {load:?}");
        };
        let row =
            |far: u8| (0..40u8).flat_map(move |a| (50..250u8).map(move |b| (four(10, 0, 0, a), four(10, 0, far, b))));
        for far in [0, 1, 7] {
            even(&row(far).map(|(a, b)| shard_of(0, a, b)).collect::<Vec<_>>(), "rows");
        }
        let cells = (0..200u8).flat_map(|c| (1..41u8).map(move |d| (four(192, 168, c, 1), four(192, 168, c, 10 + d))));
        even(&cells.map(|(a, b)| shard_of(0, a, b)).collect::<Vec<_>>(), "cells");
        let segments =
            (0..800u16).flat_map(|s| (2..12u8).map(move |d| shard_of(s, four(192, 168, 0, 1), four(192, 168, 0, d))));
        even(&segments.collect::<Vec<_>>(), "segments");
        let six = |number: u128| IpAddr::from(Ipv6Addr::from_bits(0xfd00 << 112 | number));
        let sixes = (0..80u128).flat_map(|a| (100..200u128).map(move |b| shard_of(0, six(a), six(b))));
        even(&sixes.collect::<Vec<_>>(), "sixes");
    }
}
