//! The frame that nearly all frames are, read in one look: untagged Ethernet, IPv4 without options, TCP, all of it here.
//!
//! Only a short cut. Whatever is odd goes the long way, and a test holds the two to the same answer.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::{redundancy, Frame, Layer4};
use crate::packet::{LinkType, Packet};

/// Ethernet, IPv4 and TCP headers without options.
const HEADERS: usize = 54;
const ETHERNET: usize = 14;
const IP: usize = 20;

/// `None`: not such a frame.
#[inline(always)]
pub fn plain<'a>(packet: &Packet<'a>) -> Option<Frame<'a>> {
    let head = packet.data.first_chunk::<HEADERS>()?;
    let total = usize::from(u16::from_be_bytes([head[16], head[17]]));
    let header = usize::from(head[46] >> 4).wrapping_mul(4);
    // Compared as two numbers, which is what a processor does in one step each.
    let kind = u32::from_be_bytes([head[12], head[13], head[14], head[15]]) >> 8;
    let fragment = u32::from_be_bytes([head[20], head[21], head[22], head[23]]) & 0x3fff_00ff;
    let plain = packet.link == LinkType::Ethernet
        && packet.vlan.is_none()
        && packet.wire_len as usize <= packet.data.len()
        // EtherType, version and header length; no fragment, protocol.
        && (kind, fragment) == (0x0008_0045, 6)
        && header >= 20;
    if !plain {
        return None;
    }
    let datagram = packet.data.get(ETHERNET..ETHERNET.wrapping_add(total))?;
    let segment = datagram.get(IP..)?;
    let payload = segment.get(header..)?;
    let lsdu = packet.data.get(ETHERNET..)?;
    let redundancy = if lsdu.len() > total { redundancy::trailer(lsdu, total) } else { None };
    let source = IpAddr::V4(Ipv4Addr::new(head[26], head[27], head[28], head[29]));
    let destination = IpAddr::V4(Ipv4Addr::new(head[30], head[31], head[32], head[33]));
    let source_port = u16::from_be_bytes([head[34], head[35]]);
    let destination_port = u16::from_be_bytes([head[36], head[37]]);
    Some(Frame {
        source_mac: [head[6], head[7], head[8], head[9], head[10], head[11]],
        destination_mac: [head[0], head[1], head[2], head[3], head[4], head[5]],
        vlan: None,
        outside: 0,
        redundancy,
        source,
        destination,
        ip_id: u16::from_be_bytes([head[18], head[19]]),
        ttl: head[22],
        pieces: 1,
        layer4: Layer4::Tcp {
            source_port,
            destination_port,
            sequence: u32::from_be_bytes([head[38], head[39], head[40], head[41]]),
            acknowledgement: u32::from_be_bytes([head[42], head[43], head[44], head[45]]),
            flags: head[47],
        },
        segment,
        payload,
        missing: 0,
        excused: false,
    })
}

/// What the way of a plain frame's payload needs of its headers.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    pub source: (IpAddr, u16),
    pub destination: (IpAddr, u16),
    pub sequence: u32,
    pub flags: u8,
    /// Time to live.
    pub ttl: u8,
    pub payload: &'a [u8],
}

/// Read the headers of a frame that [`plain`] has read before; its payload lies there in `data`.
#[inline(always)]
pub fn brief(data: &[u8], payload: Range<usize>) -> Option<Brief<'_>> {
    let head = data.first_chunk::<HEADERS>()?;
    let source_ip = IpAddr::V4(Ipv4Addr::new(head[26], head[27], head[28], head[29]));
    let destination_ip = IpAddr::V4(Ipv4Addr::new(head[30], head[31], head[32], head[33]));
    let source = (source_ip, u16::from_be_bytes([head[34], head[35]]));
    let destination = (destination_ip, u16::from_be_bytes([head[36], head[37]]));
    let sequence = u32::from_be_bytes([head[38], head[39], head[40], head[41]]);
    Some(Brief { source, destination, sequence, flags: head[47], ttl: head[22], payload: data.get(payload)? })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::super::{link, settled, Decoded, Outline, Path};
    use super::*;

    /// Ethernet, IPv4, TCP, four bytes of payload, and `padding`.
    fn frame(padding: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
        bytes.extend([0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend([0x9c, 0x40, 1, 0xf6, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(padding);
        bytes
    }

    fn payload_of(frame: &Frame<'_>, data: &[u8]) -> Range<usize> {
        let start = ETHERNET + IP + frame.segment.len() - frame.payload.len();
        assert!(start + frame.payload.len() <= data.len());
        start..start + frame.payload.len()
    }

    #[test]
    fn the_short_cut_says_what_the_long_way_says() {
        // A PRP trailer: sequence 7, LAN A, 50 bytes from the IP header to the trailer's end.
        let paddings: [&[u8]; 3] = [&[], &[0; 6], &[0, 7, 0xa0, 50, 0x88, 0xfb]];
        let mut taken = 0;
        for whole in paddings.map(frame) {
            let flips = (0..whole.len() * 8).map(Some).chain([None]);
            for (flip, length) in flips.flat_map(|flip| [(flip, whole.len()), (flip, whole.len() - 3)]) {
                let mut data = whole.clone();
                if let Some(bit) = flip {
                    data[bit / 8] ^= 1 << (bit % 8);
                }
                for wire_len in [length, whole.len()].map(|length| u32::try_from(length).unwrap()) {
                    let (link, data) = (LinkType::Ethernet, &data[..length]);
                    let packet = Packet { ts_ns: 0, number: 1, input: 0, link, wire_len, data, vlan: None, offset: 0 };
                    let mut far = Outline::default();
                    let Some(short) = plain(&packet) else { continue };
                    let near = Outline::of(&short, 0x0800);
                    taken += 1;
                    let brief = brief(data, payload_of(&short, data)).unwrap();
                    let ends = ((short.source, brief.source.1), (short.destination, brief.destination.1));
                    assert_eq!((brief.source, brief.destination, brief.payload), (ends.0, ends.1, short.payload));
                    let Layer4::Tcp { source_port, destination_port, sequence, flags, .. } = short.layer4 else {
                        panic!("not TCP")
                    };
                    assert_eq!(brief.ttl, short.ttl);
                    let (ports, numbers) = ((brief.source.1, brief.destination.1), (brief.sequence, brief.flags));
                    assert_eq!((ports, numbers), ((source_port, destination_port), (sequence, flags)));
                    match settled(link::packet(&packet, &mut far, &mut Path::default())) {
                        Decoded::Frame(long) => assert_eq!(format!("{short:?}{near:?}"), format!("{long:?}{far:?}")),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        assert!(taken > 1000, "{taken}");
    }
}
