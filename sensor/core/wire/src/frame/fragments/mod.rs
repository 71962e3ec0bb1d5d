//! Datagrams put together from their pieces. RFC 791 3.2, RFC 815, RFC 8200 4.5, RFC 5722.

mod datagram;

use std::collections::VecDeque;
use std::net::IpAddr;

pub use datagram::Whole;
use datagram::{Datagram, DATAGRAM_COST};

use super::{Path, Piece};
use crate::hash::Map;
use crate::ledger::{add, take, Ledger, Loss, Skip};
use crate::limits::FRAGMENT_NS;

/// Longest content of a datagram: its length field has 16 bits.
const LONGEST: u32 = 65_535;

/// What tells one datagram from another (RFC 791 3.2, RFC 8200 4.5), in one place of the plant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    segment: u16,
    vlan: Option<u16>,
    outside: u32,
    source: IpAddr,
    destination: IpAddr,
    /// IPv6 does not tell datagrams apart by it: 0 there.
    protocol: u8,
    id: u32,
}

/// What became of a piece.
#[derive(Debug)]
pub enum Joined {
    /// It is held until the others come.
    Waiting,
    /// It was the last one. The packet that brought it goes on with the whole datagram.
    Whole(Box<Whole>),
    /// It is not kept; the ledger has it.
    Dropped,
}

/// Unfinished datagrams, bounded in bytes. Beyond the budget the oldest goes: lost(`fragment_budget`).
///
/// Bytes that came first win. IPv4 datagrams whose pieces overlap with
/// different bytes are put together all the same, marked and counted; IPv6 datagrams with any overlap other than a
/// piece that comes twice are refused, as every IPv6 host must (RFC 5722 4, RFC 8200 4.5).
pub struct Fragments {
    datagrams: Map<Key, Datagram>,
    /// In order of their first piece; finished ones are still in it.
    order: VecDeque<(Key, u64)>,
    serial: u64,
    cost: usize,
    budget: usize,
}

impl Fragments {
    pub fn new(budget_bytes: usize) -> Self {
        Self { datagrams: Map::default(), order: VecDeque::new(), serial: 0, cost: 0, budget: budget_bytes }
    }

    /// Take a piece; `path` is what was filled with it, `number` the frame that brought it. The ledger is kept here: a
    /// piece that waits is held, and those before the last leave it as `fragment_joined`. Only for `Whole` the packet
    /// still has to be accounted for.
    pub fn add(
        &mut self,
        piece: &Piece<'_>,
        path: &Path,
        segment: u16,
        number: u64,
        now_ns: u64,
        ledger: &mut Ledger,
    ) -> Joined {
        let refused = |reason: Skip, ledger: &mut Ledger| {
            ledger.skip(reason);
            Joined::Dropped
        };
        if piece.missing > 0 {
            return refused(Skip::Truncated, ledger);
        }
        // A piece that others follow has a multiple of eight bytes; IPv4 hosts cut it down, IPv6 hosts refuse it.
        let odd = if piece.more { piece.bytes.len() & 7 } else { 0 };
        let bytes = piece.bytes.get(..piece.bytes.len().saturating_sub(odd)).unwrap_or_default();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let end = piece.offset.saturating_add(length);
        if end > LONGEST || bytes.is_empty() || (odd > 0 && piece.source.is_ipv6()) {
            return refused(Skip::BadFrame, ledger);
        }
        let key = key(piece, segment);
        self.datagrams.entry(key).or_insert_with(|| {
            self.serial = self.serial.wrapping_add(1);
            self.order.push_back((key, self.serial));
            self.cost = self.cost.saturating_add(DATAGRAM_COST);
            Datagram::new(piece, path, self.serial, number, now_ns)
        });
        let Some(datagram) = self.datagrams.get_mut(&key) else { return refused(Skip::Fragment, ledger) };
        if datagram.refused {
            return refused(Skip::Fragment, ledger);
        }
        let before = datagram.cost;
        let conflicts = datagram.conflict;
        datagram.put(piece, bytes, end);
        if datagram.conflict && !conflicts {
            add(&mut ledger.notes.fragment_conflicts, 1);
        }
        datagram.packets = datagram.packets.saturating_add(1);
        add(&mut ledger.held, 1);
        self.cost = self.cost.saturating_add(datagram.cost).saturating_sub(before);
        if datagram.refused {
            let packets = datagram.empty();
            self.cost = self.cost.saturating_sub(datagram.cost.saturating_sub(DATAGRAM_COST));
            datagram.cost = DATAGRAM_COST;
            leave(ledger, packets, |ledger| ledger.skip_many(Skip::Fragment, packets));
            self.keep_to_budget(ledger);
            return Joined::Dropped;
        }
        if datagram.end == Some(datagram.bytes) {
            if let Some(datagram) = self.remove(&key) {
                let earlier = u64::from(datagram.packets.saturating_sub(1));
                leave(ledger, earlier.saturating_add(1), |ledger| ledger.skip_many(Skip::FragmentJoined, earlier));
                return Joined::Whole(Box::new(datagram.whole(piece)));
            }
        }
        self.keep_to_budget(ledger);
        Joined::Waiting
    }

    /// Give up what has waited too long; returns how many pieces that were.
    pub fn tick(&mut self, now_ns: u64, ledger: &mut Ledger) -> u64 {
        let mut given_up = 0u64;
        while let Some(&(key, serial)) = self.order.front() {
            match self.datagrams.get(&key).filter(|datagram| datagram.serial == serial) {
                Some(datagram) if now_ns.saturating_sub(datagram.born_ns) < FRAGMENT_NS => break,
                Some(_) => {
                    given_up = given_up.saturating_add(self.give_up(&key, ledger));
                }
                None => {}
            }
            self.order.pop_front();
        }
        given_up
    }

    /// Nothing more will come.
    pub fn finish(&mut self, ledger: &mut Ledger) {
        while let Some((key, _)) = self.order.pop_front() {
            self.give_up(&key, ledger);
        }
    }

    /// Unfinished datagrams.
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Bytes of the budget that are used.
    pub fn used_bytes(&self) -> usize {
        self.cost
    }

    fn give_up(&mut self, key: &Key, ledger: &mut Ledger) -> u64 {
        let packets = self.remove(key).map_or(0, |datagram| u64::from(datagram.packets));
        leave(ledger, packets, |ledger| ledger.skip_many(Skip::Fragment, packets));
        packets
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.datagrams.remove(key)?;
        self.cost = self.cost.saturating_sub(datagram.cost);
        Some(datagram)
    }

    fn keep_to_budget(&mut self, ledger: &mut Ledger) {
        while self.cost > self.budget {
            let Some((key, serial)) = self.order.pop_front() else { break };
            if self.datagrams.get(&key).is_some_and(|datagram| datagram.serial == serial) {
                let packets = self.remove(&key).map_or(0, |datagram| u64::from(datagram.packets));
                leave(ledger, packets, |ledger| ledger.lose(Loss::FragmentBudget, packets));
            }
        }
        // Finished datagrams leave their place in the order behind.
        if self.order.len() > self.datagrams.len().saturating_mul(2).saturating_add(64) {
            let datagrams = &self.datagrams;
            self.order.retain(|(key, serial)| datagrams.get(key).is_some_and(|found| found.serial == *serial));
        }
    }
}

fn key(piece: &Piece<'_>, segment: u16) -> Key {
    Key {
        segment,
        vlan: piece.vlan,
        outside: piece.outside,
        source: piece.source,
        destination: piece.destination,
        protocol: if piece.source.is_ipv4() { piece.protocol } else { 0 },
        id: piece.id,
    }
}

/// Packets that waited go into a class.
fn leave(ledger: &mut Ledger, packets: u64, class: impl FnOnce(&mut Ledger)) {
    take(&mut ledger.held, packets);
    class(ledger);
}
