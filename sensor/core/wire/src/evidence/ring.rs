//! The latest packets of one shard in one allocation, each linked to the one before it in its conversation.

use crate::packet::{LinkType, Packet, Tag};

/// ```text
///   0     4          8    16       24         32      34     36              38            40
///   | len | wire len | ts | number | previous | input | link | tag protocol | tag control | frame …
/// ```
const HEADER: usize = 40;
/// Behind it, of [`Keeps::Places`]: where the frame stands in its file.
const PLACE: usize = 8;
/// Below this a ring could not hold one ordinary frame and its neighbours.
const LEAST_BYTES: usize = 4096;
/// A frame may use this part of the ring (as a shift): a giant one must not push out everything else.
const FRAME_SHARE: u32 = 2;

/// What the ring keeps of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// The frame itself.
    Frames,
    /// Where it stands in its capture file: eight bytes instead of the frame.
    Places,
}

/// One packet in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub position: u64,
    /// The packet of the same conversation before this one; 0: there is none.
    pub previous: u64,
    pub ts_ns: u64,
    pub number: u64,
    pub input: u16,
    pub link: LinkType,
    pub vlan: Option<Tag>,
    pub wire_len: u32,
    /// Bytes captured. Of a frame larger than its share of the ring, those that were kept.
    pub len: u32,
    /// The frame; of [`Keeps::Places`] empty.
    pub bytes: &'a [u8],
    /// Of [`Keeps::Places`]: where the frame stands in its file.
    pub offset: u64,
}

/// Positions count bytes ever written and never come twice; 0 means "none".
pub struct Ring {
    bytes: Vec<u8>,
    /// Size minus one; the size is a power of two, so that a position's place costs no division.
    mask: u64,
    /// Where the next packet goes.
    head: u64,
    longest: usize,
    keeps: Keeps,
}

impl Ring {
    /// A ring of at most `budget` bytes: the power of two below it. Memory that was never written costs nothing.
    pub fn new(budget: usize, keeps: Keeps) -> Self {
        let budget = budget.max(LEAST_BYTES);
        let size = if budget.is_power_of_two() { budget } else { budget.next_power_of_two() >> 1 };
        let longest = (size >> FRAME_SHARE).saturating_sub(HEADER);
        let size_u64 = size as u64;
        Self { bytes: vec![0; size], mask: size_u64.wrapping_sub(1), head: size_u64, longest, keeps }
    }

    /// Bytes of the ring.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub fn keeps(&self) -> Keeps {
        self.keeps
    }

    /// Put a packet in behind `previous` of its conversation; returns its position.
    #[inline]
    pub fn push(&mut self, previous: u64, packet: &Packet<'_>) -> u64 {
        match self.keeps {
            Keeps::Places => {
                let Some((position, room)) = self.room(HEADER.wrapping_add(PLACE)) else { return previous };
                let Some((header, rest)) = room.split_first_chunk_mut::<HEADER>() else { return previous };
                write_head(header, packet, packet.data.len(), previous);
                if let Some(place) = rest.first_chunk_mut::<PLACE>() {
                    *place = packet.offset.to_le_bytes();
                }
                position
            }
            Keeps::Frames => self.push_frame(previous, packet),
        }
    }

    #[inline(never)]
    fn push_frame(&mut self, previous: u64, packet: &Packet<'_>) -> u64 {
        let data = packet.data.get(..self.longest).unwrap_or(packet.data);
        let Some((position, room)) = self.room(HEADER.wrapping_add(data.len())) else { return previous };
        let Some((header, rest)) = room.split_first_chunk_mut::<HEADER>() else { return previous };
        write_head(header, packet, data.len(), previous);
        if let Some(rest) = rest.get_mut(..data.len()) {
            rest.copy_from_slice(data);
        }
        position
    }

    /// Room for an entry of that many bytes, and its position.
    #[inline(always)]
    fn room(&mut self, bytes: usize) -> Option<(u64, &mut [u8])> {
        let total = bytes.wrapping_add(7) & !7;
        let mut position = self.head;
        let mut at = self.place(position);
        if at.wrapping_add(total) > self.bytes.len() {
            // An entry lies in one piece: what is left at the end is passed over.
            position = (position | self.mask).wrapping_add(1);
            at = 0;
        }
        let room = self.bytes.get_mut(at..at.wrapping_add(total))?;
        self.head = position.wrapping_add(total as u64);
        Some((position, room))
    }

    /// The packet at `position`, unless it was overwritten since (or never was one).
    pub fn get(&self, position: u64) -> Option<Entry<'_>> {
        if position == 0 || position >= self.head || position.saturating_add(self.bytes.len() as u64) < self.head {
            return None;
        }
        let at = self.place(position);
        let (header, rest) = self.bytes.get(at..)?.split_first_chunk::<HEADER>()?;
        let len = u32::from_le_bytes(part(header, 0));
        let (bytes, offset): (&[u8], u64) = match self.keeps {
            Keeps::Frames => (rest.get(..len as usize)?, 0),
            Keeps::Places => (&[], u64::from_le_bytes(*rest.first_chunk::<8>()?)),
        };
        let tag = Tag { protocol: u16::from_le_bytes(part(header, 36)), control: u16::from_le_bytes(part(header, 38)) };
        Some(Entry {
            position,
            previous: u64::from_le_bytes(part(header, 24)),
            ts_ns: u64::from_le_bytes(part(header, 8)),
            number: u64::from_le_bytes(part(header, 16)),
            input: u16::from_le_bytes(part(header, 32)),
            link: match u16::from_le_bytes(part(header, 34)) {
                ETHERNET => LinkType::Ethernet,
                other => LinkType::Other(other),
            },
            vlan: (tag.protocol != 0).then_some(tag),
            wire_len: u32::from_le_bytes(part(header, 4)),
            len,
            bytes,
            offset,
        })
    }

    /// The packets of a conversation from its latest one back, for as long as they are kept.
    pub fn back(&self, latest: u64) -> impl Iterator<Item = Entry<'_>> {
        let mut next = latest;
        std::iter::from_fn(move || {
            let entry = self.get(next)?;
            // Links lead back and nowhere else: whatever stands there, this ends.
            next = if entry.previous < entry.position { entry.previous } else { 0 };
            Some(entry)
        })
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // the mask is smaller than the allocation
    fn place(&self, position: u64) -> usize {
        (position & self.mask) as usize
    }
}

/// As in the header of a pcap file.
const ETHERNET: u16 = 1;

/// Five words, written where they belong.
#[inline]
fn write_head(header: &mut [u8; HEADER], packet: &Packet<'_>, len: usize, previous: u64) {
    let tag = packet.vlan.map_or(0, |tag| u64::from(tag.protocol) | u64::from(tag.control) << 16);
    let link = match packet.link {
        LinkType::Ethernet => ETHERNET,
        LinkType::Other(number) => number,
    };
    let words = [
        len as u64 | u64::from(packet.wire_len) << 32,
        packet.ts_ns,
        packet.number,
        previous,
        u64::from(packet.input) | u64::from(link) << 16 | tag << 32,
    ];
    for (place, word) in header.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
}

#[inline(always)]
fn part<const N: usize>(header: &[u8; HEADER], at: usize) -> [u8; N] {
    header.get(at..).and_then(<[u8]>::first_chunk::<N>).copied().unwrap_or([0; N])
}
