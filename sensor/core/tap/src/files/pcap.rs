//! The classic format: draft-ietf-opsawg-pcap, 4 (file header) and 5 (packet record).
//!
//! Also Alexey Kuznetzov's modified format (magic 0xa1b2cd34, 24-byte record headers), and the swapped lengths of
//! files of version 2.2 and older.

use super::buffer::Buffer;
use super::record::{link_type, longer_than_wire, longest_capture, stopped, too_long, Order, Record, Stop};
use wire::packet::LinkType;

pub(crate) const FILE_HEADER_BYTES: usize = 24;

pub(crate) struct Pcap {
    order: Order,
    /// Nanoseconds per unit of the second half of the timestamp.
    unit_ns: u64,
    record_header_bytes: usize,
    lengths: Lengths,
    longest: u32,
    link: LinkType,
}

/// Which of a record's two lengths comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Version 2.2 and older.
    WireFirst,
    /// Version 2.3: some writers did it one way, some the other; the smaller one is the captured length.
    Either,
}

/// Is this how a pcap file begins?
pub(crate) fn is_magic(start: [u8; 4]) -> bool {
    magic(start).is_some()
}

fn magic(start: [u8; 4]) -> Option<(Order, u64, usize)> {
    for (order, number) in [(Order::Little, u32::from_le_bytes(start)), (Order::Big, u32::from_be_bytes(start))] {
        match number {
            0xa1b2_c3d4 => return Some((order, 1_000, 16)),
            0xa1b2_3c4d => return Some((order, 1, 16)),
            0xa1b2_cd34 => return Some((order, 1_000, 24)),
            _ => {}
        }
    }
    None
}

impl Pcap {
    /// Read the file header. `Err` is what is wrong with it, for a person.
    ///
    /// ```text
    ///   0       4       6       8          12        16         20         24
    ///   | magic | major | minor | reserved | reserved | snap len | link type |
    /// ```
    pub(crate) fn open(header: &[u8; FILE_HEADER_BYTES]) -> Result<Self, String> {
        let Some((order, unit_ns, record_header_bytes)) = magic([header[0], header[1], header[2], header[3]]) else {
            return Err("not a pcap file".to_owned());
        };
        let (major, minor) = (order.u16(header, 4), order.u16(header, 6));
        if major != 2 {
            return Err(format!(
                "pcap version {major}.{minor} is not known (2.4 is); convert it with `editcap -F pcap` or `-F pcapng`"
            ));
        }
        // The upper 16 bits of the link type say how long the frame check sequence is; it stays in the data.
        let link = link_type((order.u32(header, 20) & 0xffff) as u16);
        let lengths = match minor {
            0..=2 => Lengths::WireFirst,
            3 => Lengths::Either,
            _ => Lengths::CapturedFirst,
        };
        Ok(Self { order, unit_ns, record_header_bytes, lengths, longest: longest_capture(order.u32(header, 16)), link })
    }

    /// ```text
    ///   0         4               8              12         16
    ///   | seconds | micro or nano | captured len | wire len | data …
    /// ```
    #[inline(always)]
    pub(crate) fn next(&mut self, buffer: &mut Buffer) -> Result<Record, Stop> {
        if let Err(short) = buffer.need(self.record_header_bytes) {
            return Err(stopped(short, buffer, true));
        }
        // Of the long header, too, only the first 16 bytes matter. They are here: `need` has said so.
        let header = buffer.bytes().first_chunk::<16>().unwrap_or(&[0; 16]);
        let seconds = self.order.u32(header, 0);
        let fraction = self.order.u32(header, 4);
        let (mut captured, mut wire_len) = (self.order.u32(header, 8), self.order.u32(header, 12));
        if self.lengths != Lengths::CapturedFirst && (self.lengths == Lengths::WireFirst || captured > wire_len) {
            std::mem::swap(&mut captured, &mut wire_len);
        }
        if captured > self.longest {
            return Err(too_long(captured, self.longest));
        }
        if captured > wire_len {
            return Err(longer_than_wire(captured, wire_len));
        }
        let total = self.record_header_bytes + captured as usize;
        if let Err(short) = buffer.need(total) {
            return Err(stopped(short, buffer, true));
        }
        Ok(Record {
            // The largest sum is 2106 and four seconds: far below 2^64.
            ts_ns: u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit_ns,
            wire_len,
            data_len: captured,
            data_at: self.record_header_bytes as u32,
            total: total as u32,
            link: self.link,
        })
    }
}
