//! MPLS. RFC 3032 2.1 (label stack), RFC 4385 3 (control word), RFC 6790 4 (entropy labels), RFC 4928 3 (first nibble).

use super::{carried, ethernet, ip, link, skip};
use crate::frame::ip::Ip;
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, Read, TunnelKind};
use crate::ledger::Skip;

/// The next label spreads load and names nothing.
const ENTROPY_FOLLOWS: u32 = 7;

/// Labels (20 bits, traffic class 3, bottom of stack 1, time to live 8), then what nobody names: an IP datagram by its
/// version, a pseudowire's Ethernet frame with or without a control word in front of it.
pub(in crate::frame) fn read<'a>(
    mut view: View<'a>,
    below: Below,
    outer: Option<&Ip>,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    let (mut id, mut previous) = (0, 0);
    loop {
        let entry = view.u32()?;
        let label = entry >> 12;
        if label != ENTROPY_FOLLOWS && previous != ENTROPY_FOLLOWS {
            id = label;
        }
        previous = label;
        if entry & 0x100 != 0 {
            break;
        }
    }
    let layer = match outer {
        Some(outer) => carried(TunnelKind::Mpls, id, outer, &below),
        None => link::layer(TunnelKind::Mpls, id, below.vlan),
    };
    let plain = link::looks_like_ethernet(view.bytes);
    match view.peek::<1>()?[0] >> 4 {
        4 | 6 if !plain || ip::looks_like_ip(view).is_some() => {
            if path.push(layer).is_none() {
                return skip(Skip::TunnelDepth);
            }
            let below = super::inside(below, outline);
            ip::by_version(view, below, outline, path)
        }
        0 => match controlled(view) {
            Some(view) => ethernet(layer, view, None, outline, path),
            None if plain => ethernet(layer, view, None, outline, path),
            None => skip(Skip::NotIp),
        },
        _ if plain => ethernet(layer, view, None, outline, path),
        _ => skip(Skip::NotIp),
    }
}

/// What lies behind a control word: 0, flags, no fragmentation, a length below 64 or 0, a sequence number; and behind it
/// something that can be Ethernet. A MAC address may begin with the same four bits.
fn controlled(mut view: View<'_>) -> Option<View<'_>> {
    let [_, length, _, _] = *view.take::<4>().ok()?;
    (length & 0xc0 == 0 && link::looks_like_ethernet(view.bytes)).then_some(view)
}
