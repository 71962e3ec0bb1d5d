//! What the two formats have in common: one record, how a file stops, limits, byte order.

use super::buffer::{Buffer, Short};
use wire::packet::LinkType;

/// Bytes by which a captured length may exceed the file's own snap length before it counts as damage.
/// 256 KiB is what libpcap and Wireshark allow a packet at all.
const SLACK_BYTES: u32 = 256 * 1024;
/// A snap length beyond this is not believed: it bounds what one packet can make the buffer grow to.
const MOST_SNAP_BYTES: u32 = 16 * 1024 * 1024;

/// Where a packet lies in the buffer, counted from the next unread byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub ts_ns: u64,
    pub wire_len: u32,
    pub data_len: u32,
    /// 0 where there is no packet but a tick: "no packet before `ts_ns`".
    pub data_at: u32,
    /// Bytes of the whole record.
    pub total: u32,
    pub link: LinkType,
}

impl Record {
    pub(crate) fn tick(ts_ns: u64, total: u32) -> Self {
        Self { ts_ns, wire_len: 0, data_len: 0, data_at: 0, total, link: LinkType::Ethernet }
    }

    #[inline(always)]
    pub(crate) fn is_tick(&self) -> bool {
        self.data_at == 0
    }
}

/// Why there is no next record.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Ask again later.
    Wait,
    End,
    /// The file ends inside a record; `packet` when a packet is missing because of it.
    Cut {
        packet: bool,
    },
    /// The file cannot be believed from here on.
    Damaged(String),
}

/// The stream ended before a record was whole: a clean end if the record had not begun.
#[cold]
pub(crate) fn stopped(short: Short, buffer: &Buffer, packet: bool) -> Stop {
    match short {
        Short::Wait => Stop::Wait,
        Short::Ended if buffer.owes() => Stop::Cut { packet: false },
        Short::Ended if buffer.bytes().is_empty() => Stop::End,
        Short::Ended => Stop::Cut { packet },
    }
}

/// The longest captured length that is believed in a file with this snap length.
pub(crate) fn longest_capture(snap_len: u32) -> u32 {
    snap_len.min(MOST_SNAP_BYTES) + SLACK_BYTES
}

#[cold]
pub(crate) fn too_long(captured: u32, longest: u32) -> Stop {
    Stop::Damaged(format!("a captured length of {captured} bytes, more than the {longest} this file may hold"))
}

#[cold]
pub(crate) fn longer_than_wire(captured: u32, wire_len: u32) -> Stop {
    Stop::Damaged(format!("a captured length of {captured} bytes, more than the packet had on the wire ({wire_len})"))
}

pub(crate) fn link_type(number: u16) -> LinkType {
    match number {
        1 => LinkType::Ethernet,
        other => LinkType::Other(other),
    }
}

/// The byte order of the machine that wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// The caller has made sure that the bytes are there; what is missing would read as 0.
    #[inline(always)]
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let raw = u16::from_le_bytes(chunk(bytes, at));
        match self {
            Order::Little => raw,
            Order::Big => raw.swap_bytes(),
        }
    }

    #[inline(always)]
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let raw = u32::from_le_bytes(chunk(bytes, at));
        match self {
            Order::Little => raw,
            Order::Big => raw.swap_bytes(),
        }
    }
}

/// One load, not a load for each byte.
#[inline(always)]
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}
