//! ARP for IPv4 over Ethernet (RFC 826): a frame whose addresses are those that its content is about.

use std::net::{IpAddr, Ipv4Addr};

use super::view::View;
use super::{skip, Below, Decoded, Frame, Layer4, Outline, Path, Read};
use crate::ledger::Skip;
use crate::protocol::ARP;

/// Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
const LENGTH: usize = 28;

/// Padding behind it is left out.
pub(super) fn read<'a>(mut view: View<'a>, below: &Below, outline: &mut Outline, path: &Path) -> Read<'a> {
    view.limit(LENGTH);
    let message = view.bytes;
    let kind = *view.take::<6>()?;
    if kind != ETHERNET_IPV4 {
        return skip(Skip::NotIp);
    }
    view.skip(2)?;
    let [_, _, _, _, _, _, s0, s1, s2, s3] = *view.take::<10>()?;
    let [_, _, _, _, _, _, d0, d1, d2, d3] = *view.take::<10>()?;
    let source = IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3));
    let destination = IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3));
    outline.source = Some(source);
    outline.destination = Some(destination);
    Ok(Decoded::Frame(Frame {
        source_mac: below.source_mac,
        destination_mac: below.destination_mac,
        vlan: below.vlan,
        outside: path.digest(),
        redundancy: below.redundancy,
        source,
        destination,
        ip_id: 0,
        ttl: 0,
        pieces: 1,
        layer4: Layer4::Other { number: ARP },
        segment: message,
        payload: message,
        missing: 0,
    }))
}
