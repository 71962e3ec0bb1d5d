//! GRE. RFC 2784 2, RFC 2890 2 (key, sequence number), RFC 7637 3.2 (NVGRE).

use super::{carried, erspan, ethernet, link, network, skip, TRANSPARENT_ETHERNET};
use crate::frame::ip::Ip;
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, Read, TunnelKind};
use crate::ledger::Skip;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const VERSION: u16 = 0x0007;
/// Virtual subnets below are reserved (RFC 7637 3.2): such a key is a number an administrator chose.
const FIRST_SUBNET: u32 = 0x1000;

/// ```text
/// | C . K S ... version | protocol | checksum, 0 if C | key if K | sequence number if S |
/// ```
///
/// Routing (RFC 1701) and version 1 (PPTP, RFC 2637) are not read.
pub(super) fn read<'a>(
    outer: &Ip,
    mut view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    let (flags, protocol) = (view.u16()?, view.u16()?);
    if flags & (VERSION | ROUTING) != 0 {
        return skip(Skip::Transport);
    }
    if flags & CHECKSUM != 0 {
        view.skip(4)?;
    }
    let key = if flags & KEY != 0 { Some(view.u32()?) } else { None };
    let sequence = flags & SEQUENCE != 0;
    if sequence {
        view.skip(4)?;
    }
    let gre = carried(TunnelKind::Gre, key.unwrap_or(0), outer, &below);
    match protocol {
        erspan::TYPE_I_II => erspan::one_or_two(gre, sequence, view, outline, path),
        erspan::TYPE_III => erspan::three(gre, view, below, outline, path),
        TRANSPARENT_ETHERNET => {
            let subnet = key.map(|key| key >> 8).filter(|subnet| *subnet >= FIRST_SUBNET);
            let layer = match subnet {
                Some(id) if flags & (CHECKSUM | SEQUENCE) == 0 => carried(TunnelKind::Nvgre, id, outer, &below),
                _ => gre,
            };
            ethernet(layer, view, None, outline, path)
        }
        // No EtherType: keep-alives and the like.
        length if length < link::FIRST_ETHERTYPE => skip(Skip::NotIp),
        ethertype => network(gre, ethertype, view, below, outline, path),
    }
}
