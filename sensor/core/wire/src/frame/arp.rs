//! ARP for IPv4 over Ethernet (RFC 826): a frame whose addresses are those that its content is about.

use std::net::{IpAddr, Ipv4Addr};

use super::view::View;
use super::{skip, Below, Decoded, Frame, Layer4, Outline, Path, Read};
use crate::ledger::Skip;
use crate::neighbours::Claim;

const LENGTH: usize = 28;

/// Padding behind it is left out.
pub(super) fn read<'a>(mut view: View<'a>, below: &Below, outline: &mut Outline, path: &Path) -> Read<'a> {
    view.limit(LENGTH);
    let message = view.bytes;
    // Hardware type Ethernet or IEEE 802, as hosts take both, and protocol type IPv4. That the lengths behind them fit is
    // for the parser to say: whoever sends others is worth an event.
    let [0, 1 | 6, 8, 0, _, _, _, _] = *view.take::<8>()? else {
        return skip(Skip::NotIp);
    };
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
        layer4: Layer4::Arp { claim: Claim::default() },
        segment: message,
        payload: message,
        missing: 0,
        excused: false,
    }))
}
