//! What the tap hands over: one captured frame with its capture time, and ticks between frames.

/// How the first bytes of a frame are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    Ethernet,
    /// A link type of the capture file that no reader knows (raw number as in the pcap header).
    Other(u16),
}

/// One captured frame. Borrowed from the capture buffer: valid for the length of one call.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Capture time, UTC nanoseconds since 1970.
    pub ts_ns: u64,
    /// Position in its own file or on its own interface, counted from 1 (as Wireshark counts).
    pub number: u64,
    /// Index into the list of inputs (files, or interfaces) that the tap was opened with.
    pub input: u16,
    pub link: LinkType,
    /// Length on the wire; larger than `data.len()` when the capture cut the frame.
    pub wire_len: u32,
    pub data: &'a [u8],
    /// VLAN tag that the kernel took off before the frame reached us: the outermost one.
    pub vlan: Option<Tag>,
    /// Where `data` stands in its (unpacked) capture file, in bytes; 0 where there is no file.
    pub offset: u64,
}

/// A VLAN tag as it stood on the wire (IEEE 802.1Q-2022, 9.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// EtherType of the tag: 0x8100 (customer) or 0x88a8 (service), or what the plant uses instead.
    pub protocol: u16,
    /// Priority (3 bits), drop eligibility (1), id (12).
    pub control: u16,
}

impl Tag {
    /// The VLAN's number.
    pub fn id(self) -> u16 {
        self.control & 0x0fff
    }

    /// The four bytes behind the addresses that the kernel took off.
    pub fn bytes(self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.protocol.to_be_bytes(), self.control.to_be_bytes());
        [a, b, c, d]
    }
}

/// Where packets were lost before they reached the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The kernel's ring was full (`PACKET_STATISTICS`).
    Kernel,
    /// The capture file ended in the middle of a record.
    FileCut,
    /// Arrived too late for the merge of several inputs to put it in its place. (Counted, still delivered.)
    Late,
}

/// Who takes packets: the engine. The tap drives it.
pub trait Sink {
    fn packet(&mut self, packet: &Packet<'_>);
    /// "No packet before `ts_ns`": engine time moves although nothing came.
    fn tick(&mut self, ts_ns: u64);
    /// `packets` that never arrive here. They count as received and as lost.
    fn lost(&mut self, place: Lost, packets: u64);
}
