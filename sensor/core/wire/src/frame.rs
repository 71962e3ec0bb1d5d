//! Ethernet, 802.1Q, IPv4, IPv6, TCP, UDP: from frame bytes to addresses, ports and payload.
//! IEEE 802.3, 802.1Q-2018 9.6; RFC 791, RFC 8200 (extension headers, 4), RFC 9293 3.1, RFC 768.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cursor::{Cursor, Short};
use crate::ledger::Skip;
use crate::packet::{LinkType, Packet, Tag};

/// One frame taken apart. `payload` borrows from the packet.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub source_mac: [u8; 6],
    pub destination_mac: [u8; 6],
    pub vlan: Option<u16>,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub layer4: Layer4,
    pub payload: &'a [u8],
    /// Bytes of the payload that the capture cut off.
    pub missing: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Layer4 {
    Tcp { source_port: u16, destination_port: u16, sequence: u32, acknowledgement: u32, flags: u8 },
    Udp { source_port: u16, destination_port: u16 },
}

impl Layer4 {
    pub fn ports(&self) -> (u16, u16) {
        match *self {
            Layer4::Tcp { source_port, destination_port, .. } | Layer4::Udp { source_port, destination_port } => {
                (source_port, destination_port)
            }
        }
    }
}

/// TCP flags (RFC 9293 3.1).
pub mod tcp {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const ACK: u8 = 0x10;
}

/// What a filter can ask of a frame before it is known to be TCP or UDP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline {
    pub ethertype: u16,
    pub vlan: Option<u16>,
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
    pub transport: Option<u8>,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
}

const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
/// Outer tag of switches older than 802.1ad.
const OLD_SERVICE_VLAN: u16 = 0x9100;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// Take a frame apart; `outline` is filled as far as the frame could be read, also when it is skipped.
#[inline]
pub fn frame<'a>(packet: &Packet<'a>, outline: &mut Outline) -> Result<Frame<'a>, Skip> {
    read(packet, outline).unwrap_or(Err(Skip::BadFrame))
}

#[inline]
fn read<'a>(packet: &Packet<'a>, outline: &mut Outline) -> Result<Result<Frame<'a>, Skip>, Short> {
    let mut cursor = Cursor::new(packet.data);
    let Some(Link { source_mac, destination_mac, mut ethertype }) = link(&mut cursor, packet.link)? else {
        return Ok(Err(Skip::LinkType));
    };
    let mut vlan = packet.vlan.map(Tag::id);
    // At most two tags; more is not a frame of a plant.
    for _ in 0..2 {
        if !matches!(ethertype, VLAN | SERVICE_VLAN | OLD_SERVICE_VLAN) {
            break;
        }
        vlan = Some(cursor.u16_be()? & 0x0fff);
        ethertype = cursor.u16_be()?;
    }
    outline.ethertype = ethertype;
    outline.vlan = vlan;
    let (source, destination, protocol, datagram) = match ethertype {
        IPV4 => match ipv4(&mut cursor, packet, outline)? {
            Ok(parts) => parts,
            Err(skip) => return Ok(Err(skip)),
        },
        IPV6 => match ipv6(&mut cursor, packet, outline)? {
            Ok(parts) => parts,
            Err(skip) => return Ok(Err(skip)),
        },
        _ => return Ok(Err(Skip::NotIp)),
    };
    outline.transport = Some(protocol);
    let Datagram { bytes, missing } = datagram;
    let mut segment = Cursor::new(bytes);
    let layer4 = match protocol {
        6 => {
            let (source_port, destination_port) = (segment.u16_be()?, segment.u16_be()?);
            outline.source_port = Some(source_port);
            outline.destination_port = Some(destination_port);
            let (sequence, acknowledgement) = (segment.u32_be()?, segment.u32_be()?);
            let offset = usize::from(segment.u8()? >> 4).saturating_mul(4);
            let flags = segment.u8()?;
            if offset < 20 {
                return Ok(Err(Skip::BadFrame));
            }
            segment.skip(offset.saturating_sub(14))?;
            Layer4::Tcp { source_port, destination_port, sequence, acknowledgement, flags }
        }
        17 => {
            let (source_port, destination_port) = (segment.u16_be()?, segment.u16_be()?);
            outline.source_port = Some(source_port);
            outline.destination_port = Some(destination_port);
            segment.skip(4)?;
            Layer4::Udp { source_port, destination_port }
        }
        _ => return Ok(Err(Skip::Transport)),
    };
    let payload = segment.rest();
    Ok(Ok(Frame { source_mac, destination_mac, vlan, source, destination, layer4, payload, missing }))
}

/// What the link layer says: stations where it knows them, and what follows.
struct Link {
    source_mac: [u8; 6],
    destination_mac: [u8; 6],
    ethertype: u16,
}

/// Ethernet, and the headers that captures have where there is none (numbers: the pcap link-type registry).
/// `None`: a link type we do not read.
#[inline]
fn link(cursor: &mut Cursor<'_>, link: LinkType) -> Result<Option<Link>, Short> {
    let bare = |ethertype| Link { source_mac: [0; 6], destination_mac: [0; 6], ethertype };
    Ok(Some(match link {
        LinkType::Ethernet => {
            let destination_mac = mac(cursor)?;
            let source_mac = mac(cursor)?;
            Link { source_mac, destination_mac, ethertype: cursor.u16_be()? }
        }
        // BSD loopback: the address family in the capturing machine's byte order (108: in network order).
        LinkType::Other(0 | 108) => {
            let family = cursor.take(4)?;
            match family.iter().copied().max() {
                Some(2) => bare(IPV4),
                Some(24 | 28 | 30) => bare(IPV6),
                _ => bare(0),
            }
        }
        // Raw IP: the version stands in the first four bits.
        LinkType::Other(12 | 14 | 101 | 228 | 229) => match cursor.peek_u8()? >> 4 {
            4 => bare(IPV4),
            6 => bare(IPV6),
            _ => bare(0),
        },
        // Linux cooked: packet type, device type, address length, address, protocol.
        LinkType::Other(113) => {
            cursor.skip(6)?;
            let source_mac = mac(cursor)?;
            cursor.skip(2)?;
            Link { source_mac, destination_mac: [0; 6], ethertype: cursor.u16_be()? }
        }
        // Linux cooked, version 2: protocol, reserved, interface, device type, packet type, address length, address.
        LinkType::Other(276) => {
            let ethertype = cursor.u16_be()?;
            cursor.skip(10)?;
            let source_mac = mac(cursor)?;
            cursor.skip(2)?;
            Link { source_mac, destination_mac: [0; 6], ethertype }
        }
        LinkType::Other(_) => return Ok(None),
    }))
}

struct Datagram<'a> {
    bytes: &'a [u8],
    missing: u32,
}

type Parts<'a> = Result<(IpAddr, IpAddr, u8, Datagram<'a>), Skip>;

fn mac(cursor: &mut Cursor<'_>) -> Result<[u8; 6], Short> {
    let bytes = cursor.take(6)?;
    bytes.first_chunk::<6>().copied().ok_or(Short)
}

/// RFC 791 3.1. A total length of 0 is what offload leaves behind (the frame was larger than 65535 before it was cut):
/// then the captured length counts.
#[inline]
fn ipv4<'a>(cursor: &mut Cursor<'a>, packet: &Packet<'a>, outline: &mut Outline) -> Result<Parts<'a>, Short> {
    let start = cursor.position();
    let first = cursor.u8()?;
    let header = usize::from(first & 0x0f).saturating_mul(4);
    cursor.skip(1)?;
    let total = usize::from(cursor.u16_be()?);
    cursor.skip(2)?;
    let fragment = cursor.u16_be()?;
    cursor.skip(1)?;
    let protocol = cursor.u8()?;
    cursor.skip(2)?;
    let source = IpAddr::V4(Ipv4Addr::from(cursor.u32_be()?));
    let destination = IpAddr::V4(Ipv4Addr::from(cursor.u32_be()?));
    outline.source = Some(source);
    outline.destination = Some(destination);
    outline.transport = Some(protocol);
    if first >> 4 != 4 || header < 20 || (total != 0 && total < header) {
        return Ok(Err(Skip::BadFrame));
    }
    // More-fragments flag or an offset: put together by a later room, said in the ledger until then.
    if fragment & 0x3fff != 0 {
        return Ok(Err(Skip::Fragment));
    }
    cursor.skip(header.saturating_sub(20))?;
    Ok(Ok((source, destination, protocol, datagram(cursor, packet, start, total, header))))
}

/// RFC 8200 3 and 4: fixed header, then hop-by-hop, routing, destination options, authentication.
fn ipv6<'a>(cursor: &mut Cursor<'a>, packet: &Packet<'a>, outline: &mut Outline) -> Result<Parts<'a>, Short> {
    let start = cursor.position();
    let first = cursor.u8()?;
    cursor.skip(3)?;
    let length = usize::from(cursor.u16_be()?);
    let mut next = cursor.u8()?;
    cursor.skip(1)?;
    let source = IpAddr::V6(address6(cursor)?);
    let destination = IpAddr::V6(address6(cursor)?);
    outline.source = Some(source);
    outline.destination = Some(destination);
    if first >> 4 != 6 {
        return Ok(Err(Skip::BadFrame));
    }
    // A chain longer than this is an attack on the reader, not an address.
    for _ in 0..8 {
        match next {
            0 | 43 | 60 => {
                next = cursor.u8()?;
                let words = usize::from(cursor.u8()?);
                cursor.skip(words.saturating_mul(8).saturating_add(6))?;
            }
            51 => {
                next = cursor.u8()?;
                let words = usize::from(cursor.u8()?);
                cursor.skip(words.saturating_add(2).saturating_mul(4).saturating_sub(2))?;
            }
            44 => {
                next = cursor.u8()?;
                cursor.skip(1)?;
                // An atomic fragment (RFC 6946) is whole: offset 0, nothing follows.
                if cursor.u16_be()? & 0xfff9 != 0 {
                    return Ok(Err(Skip::Fragment));
                }
                cursor.skip(4)?;
            }
            _ => break,
        }
    }
    let header = cursor.position().saturating_sub(start);
    let total = if length == 0 { 0 } else { length.saturating_add(40) };
    Ok(Ok((source, destination, next, datagram(cursor, packet, start, total, header))))
}

fn address6(cursor: &mut Cursor<'_>) -> Result<Ipv6Addr, Short> {
    let bytes = cursor.take(16)?;
    bytes.first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes)).ok_or(Short)
}

/// What follows the IP header: never more than the length says (the rest is Ethernet padding), never more than is here.
#[inline]
fn datagram<'a>(cursor: &Cursor<'a>, packet: &Packet<'a>, start: usize, total: usize, header: usize) -> Datagram<'a> {
    let rest = cursor.rest();
    let on_wire = (packet.wire_len as usize).saturating_sub(start).saturating_sub(header);
    let claimed = if total == 0 { on_wire } else { total.saturating_sub(header).min(on_wire.max(rest.len())) };
    let bytes = rest.get(..claimed).unwrap_or(rest);
    let missing = u32::try_from(claimed.saturating_sub(bytes.len())).unwrap_or(u32::MAX);
    Datagram { bytes, missing }
}
