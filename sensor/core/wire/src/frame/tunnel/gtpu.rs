//! GTP-U. 3GPP TS 29.281 V17, 5.1 (header), 5.2 (extension headers); TS 38.415 V17, 5.5.2 (PDU session information).

use super::{carried, ethernet, ip, link, network, Found};
use crate::frame::ip::Ip;
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, TunnelKind};

/// Version 1, protocol type GTP.
const VERSION_AND_TYPE: u8 = 0x30;
const EXTENSION: u8 = 0x04;
/// Extension, sequence number or N-PDU number: each brings four more bytes.
const OPTIONAL: u8 = 0x07;
/// A user's packet.
const G_PDU: u8 = 255;
const PDU_SESSION_CONTAINER: u8 = 0x85;

/// ```text
/// | version 3, PT, 0, E, S, PN | type | length 2 | TEID 4 | sequence 2, N-PDU, next extension: if E, S or PN |
/// ```
///
/// The length counts from behind the TEID. An extension: its length in words, content, type of the next. What the user
/// sent is an IP datagram, or in a 5G LAN an Ethernet frame; the session's set-up told which, the packet does not.
pub(super) fn read<'a>(
    outer: &Ip,
    mut view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Found<'a> {
    let [flags, kind, l0, l1] = *view.take::<4>()?;
    let teid = view.u32()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if flags & 0xf0 != VERSION_AND_TYPE || kind != G_PDU || length > view.on_wire {
        return Ok(None);
    }
    view.limit(length);
    let mut layer = carried(TunnelKind::GtpU, teid, outer, &below);
    if flags & OPTIONAL != 0 {
        let [_, _, _, mut next] = *view.take::<4>()?;
        while flags & EXTENSION != 0 && next != 0 {
            let words = usize::from(view.peek::<1>()?[0]);
            let bytes = words.saturating_mul(4);
            let (Some(content), true) = (view.bytes.get(..bytes), words > 0) else { return Ok(None) };
            if next == PDU_SESSION_CONTAINER {
                // Length, type and flags, then the QoS flow in the lower six bits, both up and down.
                layer.qfi = content.get(2).map(|byte| byte & 0x3f);
            }
            next = content.last().copied().unwrap_or(0);
            view.skip(bytes)?;
        }
    }
    if let Some(ethertype) = ip::looks_like_ip(view) {
        network(layer, ethertype, view, below, outline, path).map(Some)
    } else if link::looks_like_ethernet(view.bytes) {
        ethernet(layer, view, None, outline, path).map(Some)
    } else {
        Ok(None)
    }
}
