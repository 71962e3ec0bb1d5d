//! Which payload a recording can do without: bulk transfers that no plant protocol speaks.
//!
//! A backup, a software update or a video stream fills a quota in minutes and shows nothing that its headers would
//! not. Of each such conversation the first bytes are kept whole (who, what, how it began); from then on headers only.

use wire::frame::{frame, Outline};
use wire::hash::{flow_hash, pair_hash};
use wire::packet::Packet;
use wire::protocol::{Probe, Protocol, Scope, PROTOCOLS};

/// Payload of a conversation that is kept whole: a login and a certificate go in, an update does not.
const WHOLE_BYTES: u64 = 64 * 1024;
/// Conversations that are remembered. A conversation that is pushed out begins anew: more is kept, never less.
const SLOTS: usize = 1 << 16;

/// Ports of plant protocols that no parser of ours reads yet: what they carry is not bulk IT payload. Registered at
/// IANA unless said otherwise.
const PLANT_PORTS: &[u16] = &[
    102, // ISO transport: S7, IEC 61850 MMS, ICCP
    502, // Modbus
    789, // Red Lion Crimson (vendor's use)
    802, // Modbus over TLS
    1089, 1090, 1091, // Foundation Fieldbus HSE
    1911, // Niagara Fox (vendor's use)
    1962, // PC Worx
    2222, // EtherNet/IP, implicit messages
    2404, // IEC 60870-5-104
    4000, // ROC Plus (vendor's use)
    4840, 4843, // OPC UA
    4911, // Niagara Fox over TLS
    5006, 5007,  // MELSEC (vendor's use)
    5094,  // HART-IP
    9600,  // FINS (vendor's use)
    18245, // GE SRTP (vendor's use)
    19998, 19999, 20000, // DNP3
    34962, 34963, 34964, // PROFINET
    34980, // EtherCAT
    44818, // EtherNet/IP
    47808, // BACnet
    48898, // ADS
];

#[derive(Clone, Copy, Default)]
struct Slot {
    /// Upper half of the conversation's hash; 0 and no bytes: free.
    tag: u32,
    plant: bool,
    payload: u64,
}

pub(super) struct Thinner {
    slots: Vec<Slot>,
}

impl Default for Thinner {
    fn default() -> Self {
        Self { slots: vec![Slot::default(); SLOTS] }
    }
}

impl Thinner {
    /// How many bytes of the packet are to be kept. What is not TCP or UDP is kept whole.
    pub(super) fn keep(&mut self, packet: &Packet<'_>) -> usize {
        let whole = packet.data.len();
        let Ok(frame) = frame(packet, &mut Outline::default()) else { return whole };
        if frame.payload.is_empty() {
            return whole;
        }
        let (source, destination) = frame.layer4.ports();
        let pair = pair_hash(0, frame.source, frame.destination);
        let hash = flow_hash(pair, (source, destination), frame.layer4.number());
        let tag = (hash >> 32) as u32;
        let place = &mut self.slots[hash as usize % SLOTS];
        if place.tag != tag {
            *place = Slot { tag, plant: [source, destination].iter().any(plant_port), payload: 0 };
        }
        // The first payloads tell what it is; later ones look like anything.
        if !place.plant && place.payload < WHOLE_BYTES {
            let transport = frame.layer4.number();
            place.plant = plants().any(|protocol| protocol.probe(frame.payload, transport) == Probe::Sure);
        }
        place.payload = place.payload.saturating_add(frame.payload.len() as u64);
        if place.plant || place.payload <= WHOLE_BYTES {
            return whole;
        }
        // The payload lies inside the packet's own bytes.
        (frame.payload.as_ptr() as usize).saturating_sub(packet.data.as_ptr() as usize).min(whole)
    }
}

fn plants() -> impl Iterator<Item = &'static Protocol> {
    PROTOCOLS.iter().filter(|protocol| protocol.scope == Scope::Plant)
}

fn plant_port(port: &u16) -> bool {
    PLANT_PORTS.binary_search(port).is_ok() || plants().any(|protocol| protocol.ports().contains(port))
}

#[cfg(test)]
mod tests {
    use super::PLANT_PORTS;

    #[test]
    fn the_list_is_in_order() {
        assert!(PLANT_PORTS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
