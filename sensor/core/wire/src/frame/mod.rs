//! Frames taken apart: from frame bytes to addresses, ports and payload, through the tunnels that lie between.
//!
//! ```text
//! link ── tags, LLC/SNAP, HSR ── ip ── transport ── Frame
//!           │ MPLS, PPPoE        │ fragments ────── Piece
//!           └──── tunnel ────────┴ GRE, ERSPAN, IP in IP, VXLAN, GENEVE, GTP-U: once more from link or ip
//! ```
//!
//! What is read and what is not stands in `docs/frames.md`.

mod arp;
mod checksum;
mod digest;
mod duplicates;
mod fragments;
mod ip;
mod link;
mod path;
mod plain;
mod print;
mod redundancy;
mod seen;
mod transport;
mod tunnel;
mod view;

use std::net::IpAddr;

pub use checksum::{Checksums, Verdict};
pub use digest::Digest;
pub use duplicates::{Duplicates, PortRate};
pub use fragments::{Fragments, Joined, Whole};
pub use path::{Layer, Path, TunnelKind};
pub use plain::{brief, plain, Brief};
pub use print::{Print, Prints};
pub use redundancy::Redundancy;

use crate::cursor::Short;
use crate::ledger::Skip;
use crate::neighbours::Claim;
use crate::packet::Packet;
use crate::protocol::ARP;

/// One frame taken apart, as it is inside all tunnels. `segment` and `payload` borrow from the packet.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub source_mac: [u8; 6],
    pub destination_mac: [u8; 6],
    /// The innermost tag. Tags around it are in the path.
    pub vlan: Option<u16>,
    /// Digest of the path: 0 for a frame that nothing lay around.
    pub outside: u32,
    pub redundancy: Option<Redundancy>,
    pub source: IpAddr,
    pub destination: IpAddr,
    /// Identification of the IPv4 datagram; 0 for IPv6.
    pub ip_id: u16,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// IP fragments that the datagram was put together from; 1 for a datagram in one piece.
    pub pieces: u16,
    pub layer4: Layer4,
    /// Layer-4 header and payload.
    pub segment: &'a [u8],
    pub payload: &'a [u8],
    /// Bytes of the payload that the capture cut off.
    pub missing: u32,
    /// Its checksum is wrong, and was excused.
    pub excused: bool,
}

impl Frame<'_> {
    /// Of a [`plain`] frame: whether all that is known of it and its packet is told by the captured bytes.
    #[inline]
    pub fn is_in_its_bytes(&self, packet: &Packet<'_>) -> bool {
        self.redundancy.is_none() && packet.wire_len as usize == packet.data.len()
    }

    /// Everything but the bytes, to be kept while `segment` is copied; see [`Frame::over`].
    #[inline]
    pub fn without_bytes(&self) -> Frame<'static> {
        Frame { segment: &[], payload: &[], ..*self }
    }

    /// The same frame over a copy of its `segment`, of which the last `payload` bytes are payload.
    #[inline]
    pub fn over<'b>(&self, segment: &'b [u8], payload: usize) -> Frame<'b> {
        let header = segment.len().saturating_sub(payload);
        Frame { segment, payload: segment.get(header..).unwrap_or_default(), ..*self }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Layer4 {
    Tcp {
        source_port: u16,
        destination_port: u16,
        sequence: u32,
        acknowledgement: u32,
        flags: u8,
    },
    Udp {
        source_port: u16,
        destination_port: u16,
    },
    /// No datagram at all; what it says against what was said before is put in in front of the shards.
    Arp {
        claim: Claim,
    },
    /// What has no ports: ICMP. The payload is the whole message.
    Other {
        number: u8,
    },
}

impl Layer4 {
    /// As the IP header calls it; 0 for ARP.
    #[inline]
    pub fn number(&self) -> u8 {
        match self {
            Layer4::Tcp { .. } => 6,
            Layer4::Udp { .. } => 17,
            Layer4::Arp { .. } => ARP,
            Layer4::Other { number } => *number,
        }
    }

    #[inline]
    pub fn ports(&self) -> (u16, u16) {
        match *self {
            Layer4::Tcp { source_port, destination_port, .. } | Layer4::Udp { source_port, destination_port } => {
                (source_port, destination_port)
            }
            Layer4::Arp { .. } | Layer4::Other { .. } => (0, 0),
        }
    }
}

/// TCP flags (RFC 9293 3.1).
pub mod tcp {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const ACK: u8 = 0x10;
}

/// A fragment of an IPv4 or IPv6 datagram. What lies around it is in the path that was filled with it.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    pub source_mac: [u8; 6],
    pub destination_mac: [u8; 6],
    pub vlan: Option<u16>,
    /// Digest of the path, as in [`Frame`].
    pub outside: u32,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub ttl: u8,
    /// IPv4: protocol. IPv6: the header that the fragmentable part begins with.
    pub protocol: u8,
    /// 16 bits in IPv4, 32 in IPv6.
    pub id: u32,
    /// Place of `bytes` in the datagram's content, in bytes.
    pub offset: u32,
    /// More pieces follow behind this one.
    pub more: bool,
    pub bytes: &'a [u8],
    /// Bytes of this piece that the capture cut off.
    pub missing: u32,
}

/// What a frame turned out to be.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    Frame(Frame<'a>),
    Piece(Piece<'a>),
    Skip(Skip),
}

/// What a filter can ask of a frame before it is known to be TCP or UDP: of the innermost headers that were read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline {
    pub ethertype: u16,
    pub vlan: Option<u16>,
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
    pub transport: Option<u8>,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
}

impl Outline {
    /// Of a frame that was read to its ports, behind this EtherType.
    pub fn of(frame: &Frame<'_>, ethertype: u16) -> Self {
        let (source_port, destination_port) = frame.layer4.ports();
        Self {
            ethertype,
            vlan: frame.vlan,
            source: Some(frame.source),
            destination: Some(frame.destination),
            transport: Some(frame.layer4.number()),
            source_port: Some(source_port),
            destination_port: Some(destination_port),
        }
    }
}

/// Take a frame apart. `outline` is filled as far as the frame could be read, also when it is skipped; `path` is emptied
/// first and then has what lies around the innermost frame, outermost first.
#[inline]
pub fn decode<'a>(packet: &Packet<'a>, outline: &mut Outline, path: &mut Path) -> Decoded<'a> {
    path.clear();
    match plain(packet) {
        Some(frame) => {
            *outline = Outline::of(&frame, 0x0800);
            Decoded::Frame(frame)
        }
        None => settled(link::packet(packet, outline, path)),
    }
}

/// Go on where the pieces of a datagram had to be waited for: with its transport header, or with the tunnel in it.
pub fn decode_datagram<'a>(whole: &'a Whole, outline: &mut Outline, path: &mut Path) -> Decoded<'a> {
    *path = whole.path();
    settled(ip::whole(whole, outline, path))
}

/// [`decode`] for callers that put no pieces together.
#[inline]
pub fn frame<'a>(packet: &Packet<'a>, outline: &mut Outline) -> Result<Frame<'a>, Skip> {
    match decode(packet, outline, &mut Path::default()) {
        Decoded::Frame(frame) => Ok(frame),
        Decoded::Piece(_) => Err(Skip::Fragment),
        Decoded::Skip(reason) => Err(reason),
    }
}

#[inline]
fn settled(read: Read<'_>) -> Decoded<'_> {
    read.unwrap_or(Decoded::Skip(Skip::BadFrame))
}

/// What a layer's reader gives back. `Short`: the headers end before they should.
type Read<'a> = Result<Decoded<'a>, Short>;

fn skip<'a>(reason: Skip) -> Read<'a> {
    Ok(Decoded::Skip(reason))
}

/// What the layers below IP say about a frame.
#[derive(Clone, Copy, Default)]
struct Below {
    source_mac: [u8; 6],
    destination_mac: [u8; 6],
    vlan: Option<u16>,
    redundancy: Option<Redundancy>,
    /// Fragments that the datagram below was put together from; 0 for none.
    pieces: u16,
}
