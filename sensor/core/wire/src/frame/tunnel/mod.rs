//! Tunnels: headers between an outer datagram and the frame it carries. One file each.

mod erspan;
mod geneve;
mod gre;
mod gtpu;
mod mpls;
mod pppoe;
mod vxlan;

use super::ip::Ip;
use super::view::View;
use super::{ip, link, skip, Below, Decoded, Layer, Outline, Path, Read, TunnelKind};
use crate::cursor::Short;
use crate::ledger::Skip;

pub(super) use mpls::read as mpls;
pub(super) use pppoe::read as pppoe;

const VXLAN: u16 = 4789;
/// What Linux took for VXLAN before the number was assigned.
const OLD_VXLAN: u16 = 8472;
const GENEVE: u16 = 6081;
const GTP_U: u16 = 2152;
/// Destination ports that announce a tunnel.
pub(super) const UDP_PORTS: [u16; 4] = [VXLAN, OLD_VXLAN, GENEVE, GTP_U];

/// EtherType of bridged Ethernet in GRE and GENEVE.
const TRANSPARENT_ETHERNET: u16 = 0x6558;

/// What a tunnel over UDP found. `None`: not its bytes.
type Found<'a> = Result<Option<Decoded<'a>>, Short>;

/// Tunnels with an IP protocol number of their own: IP in IP (RFC 2003, 2473, 4213), GRE, MPLS in IP (RFC 4023).
#[cold]
#[inline(never)]
pub(super) fn over_ip<'a>(
    outer: &Ip,
    view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    match outer.protocol {
        47 => gre::read(outer, view, below, outline, path),
        137 => mpls::read(view, below, Some(outer), outline, path),
        protocol @ (4 | 41) => {
            if path.push(carried(TunnelKind::Ip, 0, outer, &below)).is_none() {
                return skip(Skip::TunnelDepth);
            }
            let below = inside(below, outline);
            match protocol {
                4 => link::network(link::IPV4, view, below, outline, path),
                _ => link::network(link::IPV6, view, below, outline, path),
            }
        }
        _ => skip(Skip::Transport),
    }
}

/// What lies in a datagram to a tunnel's port; `None` where it is a datagram like any other.
#[cold]
#[inline(never)]
pub(super) fn over_udp<'a>(
    outer: &Ip,
    port: u16,
    view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Option<Decoded<'a>> {
    let (before, layers) = (*outline, path.len());
    let found = match port {
        GENEVE => geneve::read(outer, view, below, outline, path),
        GTP_U => gtpu::read(outer, view, below, outline, path),
        _ => vxlan::read(outer, view, below, outline, path),
    };
    match found {
        Ok(Some(decoded)) if !matches!(decoded, Decoded::Skip(Skip::BadFrame)) => Some(decoded),
        _ => {
            *outline = before;
            path.cut(layers);
            None
        }
    }
}

/// The layer that a datagram's tunnel adds to the path.
fn carried(kind: TunnelKind, id: u32, outer: &Ip, below: &Below) -> Layer {
    let (source, destination) = (Some(outer.source), Some(outer.destination));
    Layer { kind, id, qfi: None, vlan: below.vlan, source, destination }
}

/// Without Ethernet inside, the stations stay those of the frame outside. A filter asks of what is inside.
fn inside(below: Below, outline: &mut Outline) -> Below {
    *outline = Outline { vlan: below.vlan, ..Outline::default() };
    Below { pieces: 0, ..below }
}

/// An Ethernet frame behind a tunnel's header; `vlan`: a tag that was taken off before it went in.
fn ethernet<'a>(layer: Layer, view: View<'a>, vlan: Option<u16>, outline: &mut Outline, path: &mut Path) -> Read<'a> {
    if path.push(layer).is_none() {
        return skip(Skip::TunnelDepth);
    }
    *outline = Outline::default();
    link::ethernet(view, vlan, outline, path)
}

/// What an EtherType announces behind a tunnel's header.
fn network<'a>(
    layer: Layer,
    ethertype: u16,
    view: View<'a>,
    below: Below,
    outline: &mut Outline,
    path: &mut Path,
) -> Read<'a> {
    if path.push(layer).is_none() {
        return skip(Skip::TunnelDepth);
    }
    let below = inside(below, outline);
    link::network(ethertype, view, below, outline, path)
}
