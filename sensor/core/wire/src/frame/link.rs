//! Link layers: Ethernet with its tags, 802.2, and the headers of captures that have no Ethernet.
//! IEEE 802.3 3; IEEE 802.1Q-2022 9; IEEE 802.2 with RFC 1042; IEC 62439-3 5.7; the registry of pcap link types.

use super::redundancy::Redundancy;
use super::view::View;
use super::{arp, ip, skip, tunnel, Below, Layer, Outline, Path, Read, TunnelKind};
use crate::cursor::Short;
use crate::ledger::Skip;
use crate::packet::{LinkType, Packet, Tag};

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;
pub(super) const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
const HSR: u16 = 0x892f;
/// EtherTypes of tags: customer, service (802.1ad), and what switches older than 802.1ad put outside.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// From here on it is an EtherType; below 1501 a length (802.3 3.2.6).
pub(super) const FIRST_ETHERTYPE: u16 = 0x0600;

#[inline(never)]
pub(super) fn packet<'a>(packet: &Packet<'a>, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let view = View::new(packet.data, packet.wire_len as usize);
    let vlan = packet.vlan.map(Tag::id);
    match packet.link {
        LinkType::Ethernet => ethernet(view, vlan, outline, path),
        LinkType::Other(number) => other_link(number, view, vlan, outline, path),
    }
}

/// `vlan`: a tag that stood in front of the frame's own and was taken off.
#[inline]
pub(super) fn ethernet<'a>(mut view: View<'a>, vlan: Option<u16>, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let header = view.take::<14>()?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *header;
    let destination_mac = [d0, d1, d2, d3, d4, d5];
    let source_mac = [s0, s1, s2, s3, s4, s5];
    let below = Below { source_mac, destination_mac, vlan, ..Below::default() };
    network(u16::from_be_bytes([t0, t1]), view, below, outline, path)
}

/// What an EtherType announces.
#[inline]
pub(super) fn network<'a>(
    mut ethertype: u16,
    mut view: View<'a>,
    mut below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    // At most two tags; more is not a frame of a plant.
    for _ in 0..2 {
        if !TAGS.contains(&ethertype) {
            break;
        }
        let [c0, c1, t0, t1] = *view.take::<4>()?;
        let inner = u16::from_be_bytes([c0, c1]) & 0x0fff;
        if let Some(outer) = below.vlan.replace(inner) {
            let layer = layer(TunnelKind::ServiceVlan, outer.into(), None);
            if path.push(layer).is_none() {
                return skip(Skip::TunnelDepth);
            }
        }
        ethertype = u16::from_be_bytes([t0, t1]);
    }
    outline.ethertype = ethertype;
    outline.vlan = below.vlan;
    match ethertype {
        IPV4 => ip::v4(view, below, outline, path),
        IPV6 => ip::v6(view, below, outline, path),
        _ => other(ethertype, view, below, outline, path),
    }
}

/// A layer that no datagram carries.
pub(super) fn layer(kind: TunnelKind, id: u32, vlan: Option<u16>) -> Layer {
    Layer { kind, id, qfi: None, vlan, source: None, destination: None }
}

#[cold]
#[inline(never)]
fn other<'a>(ethertype: u16, mut view: View<'a>, mut below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    match ethertype {
        MPLS | MPLS_MULTICAST => tunnel::mpls(view, below, None, outline, path),
        PPPOE_SESSION => tunnel::pppoe(view, below, outline, path),
        // Path id and size (4 + 12 bits), sequence number, then the EtherType of the frame. One tag: more is a loop.
        HSR if below.redundancy.is_none() => {
            let lan = view.peek::<1>()?[0] >> 4;
            view.skip(2)?;
            below.redundancy = Some(Redundancy { sequence: view.u16()?, lan });
            let ethertype = view.u16()?;
            network(ethertype, view, below, outline, path)
        }
        length if length < FIRST_ETHERTYPE => {
            view.limit(length.into());
            llc(view, below, outline, path)
        }
        ARP => arp::read(view, &below, outline, path),
        _ => skip(Skip::NotIp),
    }
}

/// 802.2 with IP inside: by its own service access point, or by SNAP (RFC 1042; 00-00-F8 is what bridges wrote).
fn llc<'a>(mut view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let ethertype = match *view.take::<3>()? {
        [0x06, 0x06, 0x03] => IPV4,
        [0xaa, 0xaa, 0x03] => match *view.take::<5>()? {
            [0, 0, 0 | 0xf8, t0, t1] => u16::from_be_bytes([t0, t1]),
            _ => return skip(Skip::NotIp),
        },
        _ => return skip(Skip::NotIp),
    };
    outline.ethertype = ethertype;
    match ethertype {
        IPV4 => ip::v4(view, below, outline, path),
        IPV6 => ip::v6(view, below, outline, path),
        _ => skip(Skip::NotIp),
    }
}

/// Link types other than Ethernet that lead to IP, by their number in the capture file.
#[cold]
#[inline(never)]
fn other_link<'a>(
    number: u16,
    mut view: View<'a>,
    vlan: Option<u16>,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    let mut below = Below { vlan, ..Below::default() };
    let ethertype = match number {
        // BSD loopback: the address family in the capturing machine's byte order (108: in network order).
        0 | 108 => match view.take::<4>()?.iter().copied().max() {
            Some(2) => IPV4,
            Some(24 | 28 | 30) => IPV6,
            _ => return skip(Skip::NotIp),
        },
        // Raw IP: the version stands in the first four bits.
        12 | 14 | 101 | 228 | 229 => version(view)?,
        // Linux cooked: packet type, device type, address length, address, protocol.
        113 => {
            view.skip(4)?;
            below.source_mac = cooked_mac(view.u16()?, view.take::<8>()?);
            view.u16()?
        }
        // Version 2: protocol, reserved, interface, device type, packet type, address length, address.
        276 => {
            let ethertype = view.u16()?;
            view.skip(9)?;
            let length = view.take::<1>()?[0];
            below.source_mac = cooked_mac(length.into(), view.take::<8>()?);
            ethertype
        }
        _ => return skip(Skip::LinkType),
    };
    network(ethertype, view, below, outline, path)
}

/// EtherType by the version of an IP header; 0 where it is none.
fn version(view: View<'_>) -> Result<u16, Short> {
    Ok(match view.peek::<1>()?[0] >> 4 {
        4 => IPV4,
        6 => IPV6,
        _ => 0,
    })
}

/// An address field of eight bytes, of which six are used where the device is Ethernet.
fn cooked_mac(length: u16, field: &[u8; 8]) -> [u8; 6] {
    let [a, b, c, d, e, f, ..] = *field;
    if length == 6 {
        [a, b, c, d, e, f]
    } else {
        [0; 6]
    }
}

/// Whether these bytes can be an Ethernet frame: for where nothing else says what lies inside.
pub(super) fn looks_like_ethernet(bytes: &[u8]) -> bool {
    /// ARP, PPPoE, LLDP, PROFINET, EtherCAT, GOOSE, sampled values, PTP, PRP supervision …
    const KNOWN: [u16; 12] =
        [0x0806, 0x8863, PPPOE_SESSION, 0x88cc, 0x8892, 0x88a4, 0x88b8, 0x88ba, 0x88f7, 0x88fb, HSR, 0x888e];
    let Some((_, &[t0, t1])) = bytes.get(..14).and_then(|header| header.split_last_chunk::<2>()) else { return false };
    let ethertype = u16::from_be_bytes([t0, t1]);
    matches!(ethertype, IPV4 | IPV6 | MPLS | MPLS_MULTICAST) || TAGS.contains(&ethertype) || KNOWN.contains(&ethertype)
}
