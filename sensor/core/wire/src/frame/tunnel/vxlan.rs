//! VXLAN. RFC 7348 5; draft-smith-vxlan-group-policy-05 2.1 (the group that may stand in reserved bits).

use super::{carried, ethernet, Found};
use crate::frame::ip::Ip;
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, TunnelKind};

/// The network's number is valid.
const NETWORK: u8 = 0x08;
/// A group's number stands in bytes 2 and 3.
const GROUP: u8 = 0x80;
/// Another protocol than Ethernet (VXLAN-GPE): not VXLAN.
const OTHER_PROTOCOL: u8 = 0x04;

/// ```text
/// | flags | reserved or group 3 | network 3 | reserved | Ethernet
/// ```
pub(super) fn read<'a>(
    outer: &Ip,
    mut view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Found<'a> {
    let [flags, r0, r1, r2, v0, v1, v2, r3] = *view.take::<8>()?;
    let empty = flags & GROUP != 0 || [r0, r1, r2] == [0; 3];
    if flags & (NETWORK | OTHER_PROTOCOL) != NETWORK || !empty || r3 != 0 {
        return Ok(None);
    }
    let layer = carried(TunnelKind::Vxlan, u32::from_be_bytes([0, v0, v1, v2]), outer, &below);
    ethernet(layer, view, None, outline, path).map(Some)
}
