//! ERSPAN: mirrored frames in GRE. draft-foschiano-erspan-03 4 (types I to III).

use super::{ethernet, ip, skip};
use crate::frame::view::View;
use crate::frame::{Below, Layer, Outline, Path, Read, TunnelKind};
use crate::ledger::Skip;

pub(super) const TYPE_I_II: u16 = 0x88be;
pub(super) const TYPE_III: u16 = 0x22eb;

/// Frame types of type III.
const ETHERNET: u8 = 0;
const IP: u8 = 2;

/// What types II and III begin with.
///
/// ```text
/// | version 4, VLAN 12 | class of service 3, encapsulation 2, truncated 1, session 10 |
/// ```
struct Front {
    version: u8,
    /// Of the mirrored frame, whose own tag may have been taken off; 0 where there was none.
    vlan: Option<u16>,
    session: u16,
}

fn front(view: &mut View<'_>) -> Result<Front, crate::cursor::Short> {
    let (first, second) = (view.u16()?, view.u16()?);
    let [high, _] = first.to_be_bytes();
    let vlan = Some(first & 0x0fff).filter(|vlan| *vlan != 0);
    Ok(Front { version: high >> 4, vlan, session: second & 0x03ff })
}

/// Type I is GRE without sequence number and has no header of its own. Type II: the front, then 12 reserved bits and a
/// port index.
pub(super) fn one_or_two<'a>(
    gre: Layer,
    sequence: bool,
    mut view: View<'a>,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    if !sequence {
        return ethernet(Layer { kind: TunnelKind::Erspan, id: 0, ..gre }, view, None, outline, path);
    }
    let Front { version, vlan, session } = front(&mut view)?;
    if version != 1 {
        return skip(Skip::BadFrame);
    }
    view.skip(4)?;
    let layer = Layer { kind: TunnelKind::Erspan, id: session.into(), ..gre };
    ethernet(layer, view, vlan, outline, path)
}

/// The front, a timestamp, a group tag, and
///
/// ```text
/// | P 1, frame type 5, hardware 6, direction 1, granularity 2, O 1 | platform: 8 bytes if O |
/// ```
pub(super) fn three<'a>(
    gre: Layer,
    mut view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    let Front { version, vlan, session } = front(&mut view)?;
    if version != 2 {
        return skip(Skip::BadFrame);
    }
    view.skip(6)?;
    let [high, low] = *view.take::<2>()?;
    if low & 1 != 0 {
        view.skip(8)?;
    }
    let layer = Layer { kind: TunnelKind::Erspan, id: session.into(), ..gre };
    match high >> 2 & 0x1f {
        ETHERNET => ethernet(layer, view, vlan, outline, path),
        IP => {
            if path.push(layer).is_none() {
                return skip(Skip::TunnelDepth);
            }
            let below = super::inside(Below { vlan, ..below }, outline);
            ip::by_version(view, below, outline, path)
        }
        _ => skip(Skip::NotIp),
    }
}
