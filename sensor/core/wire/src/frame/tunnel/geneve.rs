//! GENEVE. RFC 8926 3.4.

use super::{carried, ethernet, link, network, Found, TRANSPARENT_ETHERNET};
use crate::frame::ip::Ip;
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, TunnelKind};

/// ```text
/// | version 2, options' length in words 6 | O C reserved 6 | protocol 2 | network 3 | reserved | options
/// ```
pub(super) fn read<'a>(
    outer: &Ip,
    mut view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Found<'a> {
    let [first, flags, p0, p1, v0, v1, v2, _] = *view.take::<8>()?;
    if first >> 6 != 0 || flags & 0x3f != 0 {
        return Ok(None);
    }
    view.skip(usize::from(first & 0x3f).saturating_mul(4))?;
    let layer = carried(TunnelKind::Geneve, u32::from_be_bytes([0, v0, v1, v2]), outer, &below);
    match u16::from_be_bytes([p0, p1]) {
        TRANSPARENT_ETHERNET => ethernet(layer, view, None, outline, path).map(Some),
        ethertype @ (link::IPV4 | link::IPV6 | link::MPLS) => {
            network(layer, ethertype, view, below, outline, path).map(Some)
        }
        _ => Ok(None),
    }
}
