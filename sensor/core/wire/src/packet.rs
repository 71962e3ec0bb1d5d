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
    /// VLAN tag that the kernel took off before the frame reached us (12-bit id).
    pub vlan: Option<u16>,
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
