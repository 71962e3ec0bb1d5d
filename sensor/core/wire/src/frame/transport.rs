//! TCP and UDP: ports, payload. RFC 9293 3.1; RFC 768. ICMP as it is.

use super::ip::Ip;
use super::view::View;
use super::{skip, tunnel, Below, Decoded, Frame, Layer4, Outline, Path, Read};
use crate::ledger::Skip;
use crate::protocol::{ICMP, ICMP6};

#[inline]
pub(super) fn read<'a>(ip: &Ip, view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    match ip.protocol {
        6 => tcp(ip, view, &below, outline, path),
        17 => udp(ip, view, below, outline, path),
        ICMP if ip.source.is_ipv4() => icmp(ip, view, &below, path),
        ICMP6 if ip.source.is_ipv6() => icmp(ip, view, &below, path),
        _ => tunnel::over_ip(ip, view, below, outline, path),
    }
}

#[inline]
fn tcp<'a>(ip: &Ip, mut view: View<'a>, below: &Below, outline: &mut Outline, path: &Path) -> Read<'a> {
    let segment = view.bytes;
    // Ports first: a filter may ask for them where the rest is cut off.
    let [s0, s1, d0, d1] = *view.peek::<4>()?;
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    outline.source_port = Some(source_port);
    outline.destination_port = Some(destination_port);
    let [_, _, _, _, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags] = *view.peek::<14>()?;
    let header = usize::from(offset >> 4).wrapping_mul(4);
    if header < 20 {
        return skip(Skip::BadFrame);
    }
    view.skip(header)?;
    let (sequence, acknowledgement) = (u32::from_be_bytes([q0, q1, q2, q3]), u32::from_be_bytes([a0, a1, a2, a3]));
    let layer4 = Layer4::Tcp { source_port, destination_port, sequence, acknowledgement, flags };
    Ok(Decoded::Frame(frame(ip, below, path, layer4, segment, view)))
}

/// The length field tells the datagram from padding behind it. One that promises more than the IP header does is what no
/// receiver takes; 0 is left to offload and jumbograms.
#[inline]
fn udp<'a>(ip: &Ip, mut view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let [s0, s1, d0, d1] = *view.peek::<4>()?;
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    outline.source_port = Some(source_port);
    outline.destination_port = Some(destination_port);
    let [_, _, _, _, l0, l1, _, _] = *view.peek::<8>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if length != 0 {
        if length < 8 || length > view.on_wire {
            return skip(Skip::BadFrame);
        }
        view.limit(length);
    }
    let segment = view.bytes;
    view.skip(8)?;
    if tunnel::UDP_PORTS.contains(&destination_port) {
        if let Some(inside) = tunnel::over_udp(ip, destination_port, view, below, outline, path) {
            return Ok(inside);
        }
    }
    let layer4 = Layer4::Udp { source_port, destination_port };
    Ok(Decoded::Frame(frame(ip, &below, path, layer4, segment, view)))
}

/// RFC 792, RFC 4443: the message is all there is.
#[cold]
fn icmp<'a>(ip: &Ip, view: View<'a>, below: &Below, path: &Path) -> Read<'a> {
    let layer4 = Layer4::Other { number: ip.protocol };
    Ok(Decoded::Frame(frame(ip, below, path, layer4, view.bytes, view)))
}

#[inline]
fn frame<'a>(ip: &Ip, below: &Below, path: &Path, layer4: Layer4, segment: &'a [u8], payload: View<'a>) -> Frame<'a> {
    Frame {
        source_mac: below.source_mac,
        destination_mac: below.destination_mac,
        vlan: below.vlan,
        outside: path.digest(),
        redundancy: below.redundancy,
        source: ip.source,
        destination: ip.destination,
        ip_id: ip.id,
        ttl: ip.ttl,
        pieces: below.pieces.max(1),
        layer4,
        segment,
        payload: payload.bytes,
        missing: payload.missing(),
        excused: false,
    }
}
