//! Flows: one per 5-tuple and segment, both directions in one.

mod table;
mod wheel;

pub use table::FlowTable;

use std::net::IpAddr;

use crate::event::Endpoint;
use crate::marks::Marks;
use crate::pairing::Pairing;
use crate::protocol::Parser;
use crate::stream::Half;

/// Equal for both directions: the smaller side first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    pub low: (IpAddr, u16),
    pub high: (IpAddr, u16),
    pub segment: u16,
    pub transport: u8,
}

impl FlowKey {
    /// The key, and whether the source is its low side.
    #[inline]
    pub fn new(segment: u16, transport: u8, source: (IpAddr, u16), destination: (IpAddr, u16)) -> (Self, bool) {
        let forward = source <= destination;
        let (low, high) = if forward { (source, destination) } else { (destination, source) };
        (Self { low, high, segment, transport }, forward)
    }

    /// Both ports in one number, the low side's first.
    #[inline]
    pub fn ports(&self) -> u32 {
        u32::from(self.low.1) << 16 | u32::from(self.high.1)
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
    /// Index 0 is the low side of the key, 1 the high side.
    pub sides: [Endpoint; 2],
    pub segment: u16,
    pub transport: u8,
    /// Index of the side that is the client; a guess from the ports until a handshake or the protocol tells.
    pub client: u8,
    /// Packets in a row that were nothing of the bound protocol.
    pub misfits: u8,
    /// Bytes that the parser keeps of unfinished messages, as last asked.
    pub kept: u32,
    /// Second of engine time under which the wheel knows this flow.
    queued_s: u32,
    /// Stream in each direction, by sending side.
    pub halves: [Half; 2],
    /// Engine time of the last packet.
    pub last_ns: u64,
    pub binding: Binding,
    pub marks: Marks,
    pub pairing: Pairing,
}

impl Flow {
    pub fn new(key: &FlowKey, sides: [Endpoint; 2], client: u8, now_ns: u64) -> Self {
        Self {
            sides,
            segment: key.segment,
            transport: key.transport,
            client,
            misfits: 0,
            kept: 0,
            queued_s: 0,
            halves: [Half::default(), Half::default()],
            last_ns: now_ns,
            binding: Binding::Unknown(0),
            marks: Marks::default(),
            pairing: Pairing::default(),
        }
    }

    #[inline]
    pub fn is(&self, key: &FlowKey) -> bool {
        let [low, high] = &self.sides;
        (low.port, high.port) == (key.low.1, key.high.1)
            && (low.ip, high.ip) == (key.low.0, key.high.0)
            && (self.segment, self.transport) == (key.segment, key.transport)
    }

    fn key(&self) -> FlowKey {
        let [low, high] = &self.sides;
        let (low, high) = ((low.ip, low.port), (high.ip, high.port));
        FlowKey { low, high, segment: self.segment, transport: self.transport }
    }

    /// The client's place in `sides` and `halves`.
    #[inline]
    pub fn client(&self) -> usize {
        usize::from(self.client)
    }
}
