//! IPv4 and IPv6: addresses, lengths, fragments.
//! RFC 791 3.1; RFC 8200 3 and 4 (extension headers); RFC 6946 (atomic fragments); RFC 2675 (length 0).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::view::View;
use super::{redundancy, skip, transport, Below, Decoded, Outline, Path, Piece, Read, Whole};
use crate::cursor::Short;
use crate::ledger::Skip;

/// What an IP header says to the layers above it.
#[derive(Clone, Copy)]
pub(super) struct Ip {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub id: u16,
    pub ttl: u8,
}

/// Extension headers of one datagram. A longer chain is an attack on the reader, not an address.
const CHAIN: usize = 8;
/// Bit of IPv6's fragment header: more fragments follow.
const MORE6: u16 = 0x0001;

/// A total length of 0 is what offload leaves behind (the frame was larger than 65535 before it was cut): then the
/// captured length counts.
#[inline]
pub(super) fn v4<'a>(mut view: View<'a>, mut below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let lsdu = view.bytes;
    let [first, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *view.peek::<20>()?;
    let source = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
    let destination = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));
    outline.source = Some(source);
    outline.destination = Some(destination);
    outline.transport = Some(protocol);
    let header = usize::from(first & 0x0f).wrapping_mul(4);
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    if first >> 4 != 4 || header < 20 || (total != 0 && total < header) {
        return skip(Skip::BadFrame);
    }
    if total != 0 {
        if total < lsdu.len() && view.on_wire == lsdu.len() && below.redundancy.is_none() {
            below.redundancy = redundancy::trailer(lsdu, total);
        }
        view.limit(total);
    }
    view.skip(header)?;
    let id = u16::from_be_bytes([i0, i1]);
    let fragment = u16::from_be_bytes([f0, f1]);
    let ip = Ip { source, destination, protocol, id, ttl };
    if fragment & 0x3fff != 0 {
        // More-fragments flag or an offset.
        let (offset, more) = (u32::from(fragment & 0x1fff).wrapping_mul(8), fragment & 0x2000 != 0);
        return Ok(Decoded::Piece(piece(&ip, id.into(), offset, more, view, &below, path)));
    }
    transport::read(&ip, view, below, outline, path)
}

#[inline]
pub(super) fn v6<'a>(mut view: View<'a>, mut below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let lsdu = view.bytes;
    let [first, _, _, _, l0, l1, next, ttl] = *view.take::<8>()?;
    let source = IpAddr::V6(Ipv6Addr::from(*view.take::<16>()?));
    let destination = IpAddr::V6(Ipv6Addr::from(*view.take::<16>()?));
    outline.source = Some(source);
    outline.destination = Some(destination);
    if first >> 4 != 6 {
        return skip(Skip::BadFrame);
    }
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if length != 0 {
        if length < view.bytes.len() && view.on_wire == view.bytes.len() && below.redundancy.is_none() {
            below.redundancy = redundancy::trailer(lsdu, length.saturating_add(40));
        }
        view.limit(length);
    }
    let ip = Ip { source, destination, protocol: next, id: 0, ttl };
    match next {
        6 | 17 => {
            outline.transport = Some(next);
            transport::read(&ip, view, below, outline, path)
        }
        _ => chain(ip, view, below, outline, path),
    }
}

#[cold]
#[inline(never)]
fn transport_of<'a>(ip: &Ip, view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    transport::read(ip, view, below, outline, path)
}

/// Hop-by-hop, routing, destination options, mobility, host identity, shim6, authentication, fragment.
fn chain<'a>(mut ip: Ip, mut view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    for _ in 0..CHAIN {
        match ip.protocol {
            0 | 43 | 60 | 135 | 139 | 140 => {
                let [next, words] = *view.peek::<2>()?;
                view.skip(usize::from(words).saturating_add(1).saturating_mul(8))?;
                ip.protocol = next;
            }
            51 => {
                let [next, words] = *view.peek::<2>()?;
                view.skip(usize::from(words).saturating_add(2).saturating_mul(4))?;
                ip.protocol = next;
            }
            44 => {
                let [next, _, o0, o1, i0, i1, i2, i3] = *view.take::<8>()?;
                ip.protocol = next;
                outline.transport = Some(next);
                let fragment = u16::from_be_bytes([o0, o1]);
                let (offset, more) = (u32::from(fragment & 0xfff8), fragment & MORE6 != 0);
                // An atomic fragment is whole: offset 0, nothing follows.
                if offset != 0 || more {
                    let id = u32::from_be_bytes([i0, i1, i2, i3]);
                    // In a datagram that was put together, another fragment header is a loop.
                    let looped = below.pieces > 0;
                    return if looped {
                        skip(Skip::BadFrame)
                    } else {
                        Ok(Decoded::Piece(piece(&ip, id, offset, more, view, &below, path)))
                    };
                }
            }
            _ => break,
        }
    }
    outline.transport = Some(ip.protocol);
    transport_of(&ip, view, below, outline, path)
}

#[cold]
fn piece<'a>(ip: &Ip, id: u32, offset: u32, more: bool, view: View<'a>, below: &Below, path: &Path) -> Piece<'a> {
    Piece {
        source_mac: below.source_mac,
        destination_mac: below.destination_mac,
        vlan: below.vlan,
        outside: path.digest(),
        source: ip.source,
        destination: ip.destination,
        ttl: ip.ttl,
        protocol: ip.protocol,
        id,
        offset,
        more,
        bytes: view.bytes,
        missing: view.missing(),
    }
}

/// The content of a datagram that was put together.
pub(super) fn whole<'a>(whole: &'a Whole, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let view = View::new(&whole.bytes, whole.bytes.len());
    let below = Below {
        source_mac: whole.source_mac,
        destination_mac: whole.destination_mac,
        vlan: whole.vlan,
        redundancy: None,
        pieces: u16::try_from(whole.pieces).unwrap_or(u16::MAX),
    };
    let (source, destination) = (whole.source, whole.destination);
    *outline = Outline {
        vlan: whole.vlan,
        source: Some(source),
        destination: Some(destination),
        transport: Some(whole.protocol),
        ..Outline::default()
    };
    let ip = |id| Ip { source, destination, protocol: whole.protocol, id, ttl: whole.ttl };
    if source.is_ipv4() {
        outline.ethertype = super::link::IPV4;
        let id = u16::try_from(whole.id).unwrap_or(0);
        transport_of(&ip(id), view, below, outline, path)
    } else {
        outline.ethertype = super::link::IPV6;
        chain(ip(0), view, below, outline, path)
    }
}

/// Whether these bytes can be an IP datagram of the length that is here: for where nothing says what lies inside.
pub(super) fn looks_like_ip(view: View<'_>) -> Option<u16> {
    match view.bytes.first()? >> 4 {
        4 => {
            let [first, _, l0, l1, ..] = *view.peek::<20>().ok()?;
            let total = usize::from(u16::from_be_bytes([l0, l1]));
            (first & 0x0f >= 5 && (20..=view.on_wire).contains(&total)).then_some(super::link::IPV4)
        }
        6 => {
            let [_, _, _, _, l0, l1, ..] = *view.peek::<40>().ok()?;
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            (length.saturating_add(40) <= view.on_wire).then_some(super::link::IPV6)
        }
        _ => None,
    }
}

/// As [`looks_like_ip`], where that is all that can be inside.
pub(super) fn by_version<'a>(view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    match view.bytes.first().ok_or(Short)? >> 4 {
        4 => {
            outline.ethertype = super::link::IPV4;
            v4(view, below, outline, path)
        }
        6 => {
            outline.ethertype = super::link::IPV6;
            v6(view, below, outline, path)
        }
        _ => skip(Skip::NotIp),
    }
}
