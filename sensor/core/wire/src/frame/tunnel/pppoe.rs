//! PPPoE, session stage. RFC 2516 4; PPP protocol numbers: RFC 1332, RFC 5072, RFC 3032 4.

use super::{link, network, skip};
use crate::frame::view::View;
use crate::frame::{Below, Outline, Path, Read, TunnelKind};
use crate::ledger::Skip;

const VERSION_AND_TYPE: u8 = 0x11;

/// ```text
/// | 0x11 | code 0 | session | length | PPP protocol |
/// ```
pub(in crate::frame) fn read<'a>(mut view: View<'a>, below: Below, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    let [version_and_type, code] = *view.take::<2>()?;
    if version_and_type != VERSION_AND_TYPE || code != 0 {
        return skip(Skip::BadFrame);
    }
    let (session, length) = (view.u16()?, view.u16()?);
    view.limit(length.into());
    let ethertype = match view.u16()? {
        0x0021 => link::IPV4,
        0x0057 => link::IPV6,
        0x0281 => link::MPLS,
        // Link and network control, compressed headers.
        _ => return skip(Skip::NotIp),
    };
    network(link::layer(TunnelKind::Pppoe, session.into(), below.vlan), ethertype, view, below, outline, path)
}
