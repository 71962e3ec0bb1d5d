//! The block format: draft-ietf-opsawg-pcapng (section header 4.1, interface description 4.2, simple packet 4.4,
//! enhanced packet 4.3, obsolete packet appendix A). Every other block (names, statistics, secrets, …) is passed over
//! without being kept, but for the statistics blocks that our own writer uses as ticks (4.6).

use super::buffer::Buffer;
use super::record::{link_type, longer_than_wire, longest_capture, stopped, too_long, Order, Record, Stop};
use super::resolution::Clock;
use crate::writer::TICK;
use wire::packet::LinkType;

/// Type of a section header block: reads the same in both byte orders.
pub(crate) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The shortest section header: type, length, byte-order magic, version, section length, length again.
pub(crate) const SECTION_HEADER_BYTES: usize = 28;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Options and padding behind a packet (comments, hashes) that one block may carry.
const MOST_OPTION_BYTES: u32 = 1024 * 1024;
/// An interface description is read whole, to find the clock among its options.
const MOST_DESCRIPTION_BYTES: usize = 1024 * 1024;
/// Interfaces per section. A hostile file could otherwise describe millions and never show a packet.
const MOST_INTERFACES: usize = 65_536;
/// A tick is one short comment; a longer statistics block is somebody else's.
const MOST_TICK_BYTES: u32 = 256;

pub(crate) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
    /// A simple packet has no time: it takes the one before it.
    last_ts_ns: u64,
}

#[derive(Clone, Copy)]
struct Interface {
    link: LinkType,
    snap_len: u32,
    longest: u32,
    clock: Clock,
}

/// The lengths of a packet block's fixed parts, and what stands in them.
struct Packet {
    data_at: usize,
    interface: usize,
    units: Option<u64>,
    captured: u32,
    wire_len: u32,
}

/// The byte order, if the 12 bytes are the start of a section header.
fn section_order(start: &[u8]) -> Option<Order> {
    if start.get(..4) != Some(&SECTION_HEADER) {
        return None;
    }
    match start.get(8..12) {
        Some([0x4d, 0x3c, 0x2b, 0x1a]) => Some(Order::Little),
        Some([0x1a, 0x2b, 0x3c, 0x4d]) => Some(Order::Big),
        _ => None,
    }
}

impl PcapNg {
    /// Look at the first section header, which stays in the buffer. `Err` is what is wrong with it, for a person.
    pub(crate) fn open(header: &[u8]) -> Result<Self, String> {
        let Some(order) = section_order(header) else {
            return Err("not a capture file (it begins like pcapng, but without a byte-order magic)".to_owned());
        };
        version(order, header)?;
        Ok(Self { order, interfaces: Vec::new(), last_ts_ns: 0 })
    }

    #[inline(always)]
    pub(crate) fn next(&mut self, buffer: &mut Buffer) -> Result<Record, Stop> {
        loop {
            if let Err(short) = buffer.need(12) {
                return Err(self.cut_in_head(short, buffer));
            }
            let head = buffer.bytes();
            let (kind, total) = (self.order.u32(head, 0), self.order.u32(head, 4));
            if kind == ENHANCED_PACKET && total >= 32 {
                if let Err(short) = buffer.need(28) {
                    return Err(stopped(short, buffer, true));
                }
                let head = buffer.bytes().first_chunk::<28>().unwrap_or(&[0; 28]);
                let packet = Packet {
                    data_at: 28,
                    interface: self.order.u32(head, 8) as usize,
                    units: Some(u64::from(self.order.u32(head, 12)) << 32 | u64::from(self.order.u32(head, 16))),
                    captured: self.order.u32(head, 20),
                    wire_len: self.order.u32(head, 24),
                };
                return self.packet(buffer, &packet, total);
            }
            if let Some(record) = self.rare(buffer)? {
                return Ok(record);
            }
        }
    }

    /// Everything but an enhanced packet: `None` when the block was no packet and is behind us now.
    #[inline(never)]
    fn rare(&mut self, buffer: &mut Buffer) -> Result<Option<Record>, Stop> {
        let head = buffer.bytes();
        if head[..4] == SECTION_HEADER {
            return self.section(buffer).map(|()| None);
        }
        let (kind, total) = (self.order.u32(head, 0), self.order.u32(head, 4));
        let (kind_name, least) = match kind {
            INTERFACE_DESCRIPTION => ("an interface description", 20),
            OBSOLETE_PACKET | ENHANCED_PACKET => ("a packet block", 32),
            SIMPLE_PACKET => ("a packet block", 16),
            _ => ("a block", 12),
        };
        if total < least || !total.is_multiple_of(4) {
            return Err(Stop::Damaged(format!("{kind_name} with a length of {total} bytes")));
        }
        match kind {
            INTERFACE_DESCRIPTION => self.interface(buffer, total as usize).map(|()| None),
            OBSOLETE_PACKET => self.obsolete(buffer, total).map(Some),
            SIMPLE_PACKET => self.simple(buffer, total).map(Some),
            STATISTICS if (24..=MOST_TICK_BYTES).contains(&total) => self.statistics(buffer, total),
            _ => {
                buffer.consume(total as usize);
                Ok(None)
            }
        }
    }

    fn section(&mut self, buffer: &mut Buffer) -> Result<(), Stop> {
        if let Err(short) = buffer.need(SECTION_HEADER_BYTES) {
            return Err(stopped(short, buffer, false));
        }
        let head = buffer.bytes();
        let Some(order) = section_order(head) else {
            return Err(Stop::Damaged("a section header without a byte-order magic".to_owned()));
        };
        version(order, head).map_err(Stop::Damaged)?;
        let total = order.u32(head, 4);
        if (total as usize) < SECTION_HEADER_BYTES || !total.is_multiple_of(4) {
            return Err(Stop::Damaged(format!("a section header with a length of {total} bytes")));
        }
        self.order = order;
        self.interfaces.clear();
        buffer.consume(total as usize);
        Ok(())
    }

    /// ```text
    ///   0      4        8           10         12         16
    ///   | type | length | link type | reserved | snap len | options …  | length |
    /// ```
    fn interface(&mut self, buffer: &mut Buffer, total: usize) -> Result<(), Stop> {
        if total > MOST_DESCRIPTION_BYTES {
            return Err(Stop::Damaged(format!("an interface description with a length of {total} bytes")));
        }
        if self.interfaces.len() == MOST_INTERFACES {
            return Err(Stop::Damaged(format!("more than {MOST_INTERFACES} interfaces in one section")));
        }
        if let Err(short) = buffer.need(total) {
            return Err(stopped(short, buffer, false));
        }
        let block = &buffer.bytes()[..total];
        let snap_len = self.order.u32(block, 12);
        self.interfaces.push(Interface {
            link: link_type(self.order.u16(block, 8)),
            snap_len,
            longest: longest_capture(snap_len),
            clock: self.clock(&block[16..total - 4]),
        });
        buffer.consume(total);
        Ok(())
    }

    /// Find `if_tsresol` (9) and `if_tsoffset` (14); microseconds since 1970 without them.
    fn clock(&self, options: &[u8]) -> Clock {
        let (mut resolution, mut offset_s) = (6, 0);
        for (code, value) in self.options(options) {
            match (code, value) {
                (9, [exponent]) => resolution = *exponent,
                (14, [_, _, _, _, _, _, _, _]) => {
                    let (first, second) = (self.order.u32(value, 0), self.order.u32(value, 4));
                    let (high, low) = if self.order == Order::Big { (first, second) } else { (second, first) };
                    offset_s = (u64::from(high) << 32 | u64::from(low)) as i64;
                }
                _ => {}
            }
        }
        Clock::new(resolution, offset_s)
    }

    /// Code and value of each option, up to the end mark or the first one that does not fit.
    fn options<'a>(&self, mut rest: &'a [u8]) -> impl Iterator<Item = (u16, &'a [u8])> {
        let order = self.order;
        std::iter::from_fn(move || {
            if rest.len() < 4 {
                return None;
            }
            let (code, length) = (order.u16(rest, 0), usize::from(order.u16(rest, 2)));
            let value = rest.get(4..4 + length).filter(|_| code != 0)?;
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }

    /// A tick, or what somebody counted.
    ///
    /// ```text
    ///   0      4        8           12     16    20
    ///   | type | length | interface | high | low | options …  | length |
    /// ```
    fn statistics(&mut self, buffer: &mut Buffer, total: u32) -> Result<Option<Record>, Stop> {
        if let Err(short) = buffer.need(total as usize) {
            return Err(stopped(short, buffer, false));
        }
        let block = &buffer.bytes()[..total as usize];
        let units = u64::from(self.order.u32(block, 12)) << 32 | u64::from(self.order.u32(block, 16));
        let marked = self.options(&block[20..block.len() - 4]).any(|option| option == (1, TICK.as_bytes()));
        match self.interfaces.get(self.order.u32(block, 8) as usize) {
            Some(interface) if marked => Ok(Some(Record::tick(interface.clock.utc_ns(units), total))),
            _ => {
                buffer.consume(total as usize);
                Ok(None)
            }
        }
    }

    /// ```text
    ///   0      4        8           10      12     16    20             24         28
    ///   | type | length | interface | drops | high | low | captured len | wire len | data …
    /// ```
    fn obsolete(&mut self, buffer: &mut Buffer, total: u32) -> Result<Record, Stop> {
        if let Err(short) = buffer.need(28) {
            return Err(stopped(short, buffer, true));
        }
        let head = buffer.bytes();
        let packet = Packet {
            data_at: 28,
            interface: usize::from(self.order.u16(head, 8)),
            units: Some(u64::from(self.order.u32(head, 12)) << 32 | u64::from(self.order.u32(head, 16))),
            captured: self.order.u32(head, 20),
            wire_len: self.order.u32(head, 24),
        };
        self.packet(buffer, &packet, total)
    }

    /// ```text
    ///   0      4        8          12
    ///   | type | length | wire len | data …      (no time, no captured length, interface 0)
    /// ```
    fn simple(&mut self, buffer: &mut Buffer, total: u32) -> Result<Record, Stop> {
        if let Err(short) = buffer.need(12) {
            return Err(stopped(short, buffer, true));
        }
        let wire_len = self.order.u32(buffer.bytes(), 8);
        let captured = match self.interfaces.first() {
            Some(interface) if interface.snap_len != 0 => wire_len.min(interface.snap_len),
            _ => wire_len,
        };
        self.packet(buffer, &Packet { data_at: 12, interface: 0, units: None, captured, wire_len }, total)
    }

    /// The data behind a packet block's fixed part.
    #[inline(always)]
    fn packet(&mut self, buffer: &mut Buffer, packet: &Packet, total: u32) -> Result<Record, Stop> {
        let Some(interface) = self.interfaces.get(packet.interface) else {
            return Err(Stop::Damaged(format!(
                "a packet on interface {}, but {} are described",
                packet.interface,
                self.interfaces.len()
            )));
        };
        if packet.captured > interface.longest {
            return Err(too_long(packet.captured, interface.longest));
        }
        if packet.captured > packet.wire_len {
            return Err(longer_than_wire(packet.captured, packet.wire_len));
        }
        let data_end = packet.data_at + packet.captured as usize;
        let whole = total as usize;
        if data_end.next_multiple_of(4) + 4 > whole || !whole.is_multiple_of(4) {
            return Err(Stop::Damaged(format!("a block of {total} bytes around {} captured bytes", packet.captured)));
        }
        if whole - data_end > MOST_OPTION_BYTES as usize {
            return Err(Stop::Damaged(format!("a packet block with a length of {total} bytes")));
        }
        match buffer.need(whole) {
            Ok(()) if self.order.u32(buffer.bytes(), whole - 4) != total => {
                return Err(Stop::Damaged("a packet block whose two lengths differ".to_owned()));
            }
            Ok(()) => {}
            // The packet is here, only what comes behind it is not: deliver it, the next call finds the cut.
            Err(super::buffer::Short::Ended) if buffer.bytes().len() >= data_end => {}
            Err(short) => return Err(stopped(short, buffer, true)),
        }
        let ts_ns = match packet.units {
            Some(units) => interface.clock.utc_ns(units),
            None => self.last_ts_ns,
        };
        let link = interface.link;
        self.last_ts_ns = ts_ns;
        Ok(Record {
            ts_ns,
            wire_len: packet.wire_len,
            data_len: packet.captured,
            data_at: packet.data_at as u32,
            total,
            link,
        })
    }

    /// The file ends within the first 12 bytes of a block: was it to be a packet?
    #[cold]
    fn cut_in_head(&self, short: super::buffer::Short, buffer: &Buffer) -> Stop {
        let here = buffer.bytes();
        let packet =
            here.len() < 4 || { matches!(self.order.u32(here, 0), OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) };
        stopped(short, buffer, packet)
    }
}

/// Major version 1 is all there is; 2 would be another format.
fn version(order: Order, header: &[u8]) -> Result<(), String> {
    let (major, minor) = (order.u16(header, 12), order.u16(header, 14));
    if major == 1 {
        return Ok(());
    }
    Err(format!("pcapng version {major}.{minor} is not known (1.0 is); convert it with `editcap -F pcap`"))
}
