//! Flows: one per 5-tuple and segment, both directions in one.

mod table;
mod volume;
mod wheel;

pub use table::FlowTable;
pub use volume::Volume;

use std::net::IpAddr;
use std::slice;

use prefetch_index::prefetch_index;

use crate::event::Endpoint;
use crate::marks::Marks;
use crate::pairing::Pairing;
use crate::protocol::{Parser, TCP};
use crate::stream::Half;

/// Who speaks with whom: what tells a conversation from all others, whichever side sent.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// `hash::flow_hash` of the rest.
    pub hash: u64,
    pub source: (IpAddr, u16),
    pub destination: (IpAddr, u16),
    pub segment: u16,
    pub transport: u8,
}

impl Address {
    /// Place of the sender in [`Flow::sides`] of a flow that this opens: the smaller side stands first.
    pub fn side(&self) -> usize {
        usize::from(self.source > self.destination)
    }
}

/// What is known about who speaks on a flow.
pub enum Binding {
    /// Nothing fitted yet; so many payloads were looked at.
    Unknown(u8),
    /// Index into `PROTOCOLS`, and the parser of this conversation.
    Bound(u8, Box<dyn Parser>),
    /// Looked at long enough.
    Nobody,
}

/// One conversation. A million of them are budgeted: every byte here is a megabyte there.
pub struct Flow {
    /// `hash::flow_hash` of its address.
    hash: u64,
    /// The smaller address, or of equal ones the smaller port, first.
    pub sides: [Endpoint; 2],
    pub segment: u16,
    pub transport: u8,
    /// Index of the side that is the client; a guess from the ports until a handshake or the protocol tells.
    pub client: u8,
    /// Packets in a row that were nothing of the bound protocol.
    pub misfits: u8,
    /// Time to live of each side's packets, as last seen; 0: of none yet.
    pub ttl: [u8; 2],
    /// How often one of them has changed.
    pub ttl_changes: u8,
    /// Bytes that the parser keeps of unfinished messages, as last asked.
    pub kept: u32,
    /// Second of engine time under which the wheel knows this flow.
    queued_s: u32,
    /// Second of engine time of its first packet.
    opened_s: u32,
    pub volume: Volume,
    /// Stream in each direction, by sending side.
    pub halves: [Half; 2],
    /// Engine time of the last packet.
    pub last_ns: u64,
    pub binding: Binding,
    pub marks: Marks,
    pub pairing: Pairing,
}

impl Flow {
    pub fn new(address: &Address, sides: [Endpoint; 2], client: u8, now_ns: u64) -> Self {
        Self {
            hash: address.hash,
            sides,
            segment: address.segment,
            transport: address.transport,
            client,
            misfits: 0,
            ttl: [0; 2],
            ttl_changes: 0,
            kept: 0,
            queued_s: 0,
            opened_s: u32::try_from(now_ns / 1_000_000_000).unwrap_or(u32::MAX),
            volume: Volume::default(),
            halves: [Half::default(), Half::default()],
            last_ns: now_ns,
            binding: Binding::Unknown(0),
            marks: Marks::default(),
            pairing: Pairing::default(),
        }
    }

    /// The sender's place in `sides`, if this flow has that address.
    #[inline]
    pub fn sender(&self, address: &Address) -> Option<usize> {
        if self.hash != address.hash || (self.segment, self.transport) != (address.segment, address.transport) {
            return None;
        }
        let [low, high] = &self.sides;
        let is = |side: &Endpoint, (ip, port)| side.port == port && side.ip == ip;
        if is(low, address.source) && is(high, address.destination) {
            return Some(0);
        }
        (is(high, address.source) && is(low, address.destination)).then_some(1)
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Engine time of its first packet, to the second.
    pub fn opened_ns(&self) -> u64 {
        u64::from(self.opened_s).saturating_mul(1_000_000_000)
    }

    /// Second of engine time of its first packet.
    pub fn opened_s(&self) -> u32 {
        self.opened_s
    }

    /// The client's SYN was seen.
    pub fn begins_with_syn(&self) -> bool {
        self.halves.get(self.client()).is_some_and(|half| half.initial().is_some())
    }

    /// Of one that nobody has answered: whether the one who asked is the side that counts as the client. Of datagrams
    /// that is a guess from the ports.
    pub fn began_by_client(&self) -> bool {
        self.transport == TCP || self.volume.of(usize::from(self.client == 0)) == 0
    }

    /// Nothing waits and nothing is about to end: a segment at `sequence` is next in line and only has to be read.
    #[inline]
    pub fn runs(&self, side: usize, sequence: u32) -> bool {
        let [low, high] = &self.halves;
        let half = if side == 0 { low } else { high };
        half.next == sequence && half.is_plain() && low.held.is_none() && high.held.is_none() && self.is_bound()
    }

    /// Ask for the rest of its memory.
    #[inline]
    pub fn prefetch(&self) {
        prefetch_index(&self.halves, 0);
        prefetch_index(&self.halves, 1);
        prefetch_index(slice::from_ref(&self.marks), 0);
        prefetch_index(slice::from_ref(&self.last_ns), 0);
        self.pairing.prefetch();
    }

    #[inline]
    fn is_bound(&self) -> bool {
        matches!(self.binding, Binding::Bound(..))
    }

    /// A message told that the roles are the other way round.
    #[cold]
    pub fn turn(&mut self) {
        self.client ^= 1;
        // What rooms remembered was about the roles before.
        self.marks = Marks { evidence: self.marks.evidence, ..Marks::default() };
    }

    /// The client's place in `sides` and `halves`.
    #[inline]
    pub fn client(&self) -> usize {
        usize::from(self.client)
    }
}
