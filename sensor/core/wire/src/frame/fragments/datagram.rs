//! One datagram: its pieces in their places, and the whole.

use std::net::IpAddr;

use crate::frame::{Path, Piece};
use crate::limits::FRAGMENT_PIECES;

/// Bytes that keeping a datagram, and keeping one piece of it, costs beside the content.
pub(super) const DATAGRAM_COST: usize = 512;
const PIECE_COST: usize = 64;

/// A datagram whose pieces have not all come.
pub(super) struct Datagram {
    pub born_ns: u64,
    /// Arrival number of the datagram among all, to tell it from a later one of the same key.
    pub serial: u64,
    /// Fresh bytes by offset, without overlaps.
    parts: Vec<(u32, Box<[u8]>)>,
    /// Bytes in `parts`.
    pub bytes: u32,
    /// Length of the whole, once the last piece came.
    pub end: Option<u32>,
    pub packets: u32,
    /// Header that the content begins with, as the piece at offset 0 says.
    protocol: u8,
    ttl: u8,
    source_mac: [u8; 6],
    destination_mac: [u8; 6],
    first_number: u64,
    path: Option<Box<Path>>,
    /// Two pieces said different things about one byte.
    pub conflict: bool,
    /// Never to be put together: what comes for it is dropped.
    pub refused: bool,
    pub cost: usize,
}

/// A datagram put together.
#[derive(Debug)]
pub struct Whole {
    pub source_mac: [u8; 6],
    pub destination_mac: [u8; 6],
    pub vlan: Option<u16>,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub ttl: u8,
    pub id: u32,
    /// Content behind the IP header.
    pub bytes: Vec<u8>,
    pub pieces: u32,
    /// Frame that brought the first of them.
    pub first_number: u64,
    /// Pieces overlapped with different bytes; the first copy is what is here.
    pub conflict: bool,
    path: Option<Box<Path>>,
}

impl Whole {
    /// What lay around the pieces.
    pub fn path(&self) -> Path {
        self.path.as_deref().copied().unwrap_or_default()
    }
}

impl Datagram {
    pub fn new(piece: &Piece<'_>, path: &Path, serial: u64, number: u64, now_ns: u64) -> Self {
        Self {
            born_ns: now_ns,
            serial,
            parts: Vec::new(),
            bytes: 0,
            end: None,
            packets: 0,
            protocol: piece.protocol,
            ttl: piece.ttl,
            source_mac: piece.source_mac,
            destination_mac: piece.destination_mac,
            first_number: number,
            path: (!path.is_empty()).then(|| Box::new(*path)),
            conflict: false,
            refused: false,
            cost: DATAGRAM_COST,
        }
    }

    /// Put a piece in its place. Overlaps and contradictory ends are conflicts.
    pub fn put(&mut self, piece: &Piece<'_>, bytes: &[u8], end: u32) {
        let version6 = piece.source.is_ipv6();
        if piece.offset == 0 {
            // RFC 8200 4.5: the first fragment's header counts.
            (self.protocol, self.ttl) = (piece.protocol, piece.ttl);
        }
        let furthest = self.parts.last().map_or(0, |(from, part)| stop(*from, part));
        let beyond = self.end.is_some_and(|known| end > known || (!piece.more && end != known));
        if beyond || (!piece.more && end < furthest) {
            self.conflict = true;
            self.refused = version6;
            return;
        }
        if !piece.more {
            self.end = Some(end);
        }
        if version6 && self.parts.iter().any(|(from, part)| *from == piece.offset && **part == *bytes) {
            return;
        }
        let (mut at, mut fresh) = (piece.offset, Vec::new());
        for (from, part) in &self.parts {
            let (from, to) = (*from, stop(*from, part));
            if to <= at || from >= end {
                continue;
            }
            if from > at {
                fresh.push((at, from));
            }
            let (low, high) = (from.max(at), to.min(end));
            self.conflict |= part_of(part, from, low, high) != part_of(bytes, piece.offset, low, high);
            self.refused |= version6;
            at = high;
        }
        if at < end {
            fresh.push((at, end));
        }
        for (low, high) in fresh {
            let place = self.parts.partition_point(|(from, _)| *from < low);
            let part: Box<[u8]> = part_of(bytes, piece.offset, low, high).into();
            self.bytes = self.bytes.saturating_add(high.saturating_sub(low));
            self.cost = self.cost.saturating_add(part.len()).saturating_add(PIECE_COST);
            self.parts.insert(place, (low, part));
        }
        self.refused |= self.parts.len() > FRAGMENT_PIECES;
    }

    /// Drop the bytes; returns the packets that had brought them.
    pub fn empty(&mut self) -> u64 {
        self.parts = Vec::new();
        let packets = u64::from(self.packets);
        self.packets = 0;
        packets
    }

    pub fn whole(self, last: &Piece<'_>) -> Whole {
        let mut bytes = Vec::with_capacity(self.bytes as usize);
        self.parts.iter().for_each(|(_, part)| bytes.extend_from_slice(part));
        Whole {
            source_mac: self.source_mac,
            destination_mac: self.destination_mac,
            vlan: last.vlan,
            source: last.source,
            destination: last.destination,
            protocol: self.protocol,
            ttl: self.ttl,
            id: last.id,
            bytes,
            pieces: self.packets,
            first_number: self.first_number,
            conflict: self.conflict,
            path: self.path,
        }
    }
}

fn stop(from: u32, part: &[u8]) -> u32 {
    from.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX))
}

/// Bytes `low..high` of a datagram, out of a part that begins at `from`.
fn part_of(part: &[u8], from: u32, low: u32, high: u32) -> &[u8] {
    part.get(low.saturating_sub(from) as usize..high.saturating_sub(from) as usize).unwrap_or_default()
}
