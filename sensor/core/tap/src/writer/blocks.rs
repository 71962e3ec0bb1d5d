//! The blocks of a pcapng file: draft-ietf-opsawg-pcapng (section header 4.1, interface description 4.2, enhanced
//! packet 4.3, interface statistics 4.6, options 3.5). Little-endian, nanoseconds since 1970.

use super::frame::{link_number, whole, SNAP_BYTES};
use wire::packet::{LinkType, Packet};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
const INTERFACE_NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const APPLICATION: u16 = 4;

/// Comment of the statistics block that is a tick: its time says that no packet before it comes any more.
pub(crate) const TICK: &str = "otus:tick";

/// Which way a frame went over the interface that saw it (`epb_flags`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Unknown,
    Inbound,
    Outbound,
}

/// What is said beside a packet. An option holds at most 65,535 bytes; a longer comment is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remark<'a> {
    pub comment: &'a str,
    pub direction: Direction,
}

/// Type, length twice, and the body in between, padded to 32 bits.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    pad(out, begin);
    // A frame of at most 256 KiB and options of at most 128 KiB.
    let total = ((out.len() - begin + 4) as u32).to_le_bytes();
    out[begin + 4..begin + 8].copy_from_slice(&total);
    out.extend_from_slice(&total);
}

fn pad(out: &mut Vec<u8>, begin: usize) {
    out.resize(begin + (out.len() - begin).next_multiple_of(4), 0);
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    let begin = out.len();
    out.extend_from_slice(value);
    pad(out, begin);
}

fn text(out: &mut Vec<u8>, code: u16, text: &str) {
    let mut end = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    option(out, code, &text.as_bytes()[..end]);
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 4]);
}

/// Upper half first, whatever the byte order.
fn time(out: &mut Vec<u8>, ts_ns: u64) {
    out.extend_from_slice(&((ts_ns >> 32) as u32).to_le_bytes());
    out.extend_from_slice(&(ts_ns as u32).to_le_bytes());
}

pub(super) fn section(out: &mut Vec<u8>) {
    block(out, SECTION_HEADER, |out| {
        out.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        out.extend_from_slice(&1_u16.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(&u64::MAX.to_le_bytes()); // length of the section: not known yet
        text(out, APPLICATION, "Otus");
        end_of_options(out);
    });
}

pub(super) fn interface(out: &mut Vec<u8>, name: &str, link: LinkType) {
    block(out, INTERFACE_DESCRIPTION, |out| {
        out.extend_from_slice(&link_number(link).to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&SNAP_BYTES.to_le_bytes());
        text(out, INTERFACE_NAME, name);
        option(out, RESOLUTION, &[9]);
        end_of_options(out);
    });
}

#[inline]
pub(super) fn packet(out: &mut Vec<u8>, interface: u32, packet: &Packet<'_>, remark: &Remark<'_>) {
    let frame = whole(packet);
    block(out, ENHANCED_PACKET, |out| {
        out.extend_from_slice(&interface.to_le_bytes());
        time(out, packet.ts_ns);
        out.extend_from_slice(&frame.captured.to_le_bytes());
        out.extend_from_slice(&frame.wire_len.to_le_bytes());
        let begin = out.len();
        out.extend_from_slice(frame.addresses);
        out.extend_from_slice(frame.tag());
        out.extend_from_slice(frame.rest);
        pad(out, begin);
        if *remark != Remark::default() {
            remarks(out, remark);
        }
    });
}

#[cold]
fn remarks(out: &mut Vec<u8>, remark: &Remark<'_>) {
    if !remark.comment.is_empty() {
        text(out, COMMENT, remark.comment);
    }
    let direction = match remark.direction {
        Direction::Unknown => 0_u32,
        Direction::Inbound => 1,
        Direction::Outbound => 2,
    };
    if direction != 0 {
        option(out, FLAGS, &direction.to_le_bytes());
    }
    end_of_options(out);
}

pub(super) fn tick(out: &mut Vec<u8>, interface: u32, ts_ns: u64) {
    block(out, STATISTICS, |out| {
        out.extend_from_slice(&interface.to_le_bytes());
        time(out, ts_ns);
        text(out, COMMENT, TICK);
        end_of_options(out);
    });
}

/// Of a row of blocks that may break off: bytes of those that are all there, and how many of them are packets.
pub(crate) fn whole_blocks(bytes: &[u8]) -> (u64, u64) {
    let (mut end, mut packets) = (0, 0);
    while let Some(&[a, b, c, d, e, f, g, h]) = bytes.get(end..end + 8) {
        let (kind, total) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]) as usize);
        if total == 0 || end + total > bytes.len() {
            break;
        }
        end += total;
        packets += u64::from(kind == ENHANCED_PACKET);
    }
    (end as u64, packets)
}
