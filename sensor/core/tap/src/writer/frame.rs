//! One packet as it stood on the wire.

use wire::packet::{LinkType, Packet};

/// No frame that a kernel or a reader hands over is longer: 256 KiB, what libpcap and Wireshark allow a packet.
pub(super) const SNAP_BYTES: u32 = 256 * 1024;
const TAG_BYTES: u32 = 4;

/// A frame in three parts: a VLAN tag that the kernel took off stands again behind the addresses.
pub(super) struct Whole<'a> {
    pub addresses: &'a [u8],
    tag: [u8; TAG_BYTES as usize],
    /// 0 where there is none.
    tag_len: u32,
    pub rest: &'a [u8],
    pub captured: u32,
    /// Never less than `captured`.
    pub wire_len: u32,
}

impl Whole<'_> {
    pub(super) fn tag(&self) -> &[u8] {
        &self.tag[..self.tag_len as usize]
    }
}

pub(super) fn whole<'a>(packet: &Packet<'a>) -> Whole<'a> {
    let data = packet.data.get(..(SNAP_BYTES - TAG_BYTES) as usize).unwrap_or(packet.data);
    let (addresses, tag, rest) = match (packet.vlan, packet.link, data.split_at_checked(12)) {
        (Some(tag), LinkType::Ethernet, Some((addresses, rest))) => (addresses, Some(tag.bytes()), rest),
        _ => (data, None, &data[..0]),
    };
    let tag_len = if tag.is_some() { TAG_BYTES } else { 0 };
    let captured = data.len() as u32 + tag_len; // both are below SNAP_BYTES
    let wire_len = packet.wire_len.saturating_add(tag_len).max(captured);
    Whole { addresses, tag: tag.unwrap_or_default(), tag_len, rest, captured, wire_len }
}

/// The number that stands for a link type in capture files.
pub(super) fn link_number(link: LinkType) -> u16 {
    match link {
        LinkType::Ethernet => 1,
        LinkType::Other(number) => number,
    }
}
