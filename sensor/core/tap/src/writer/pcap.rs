//! Writing captures: plain pcap with nanoseconds.

use super::frame::{link_number, whole, SNAP_BYTES};
use crate::error::{printable, unwritable, Error};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use wire::packet::{LinkType, Packet};

const BUFFER_BYTES: usize = 256 * 1024;

/// Writes packets of one link type to a new pcap file. What counts as kept is what stood before [`PcapWriter::close`].
pub struct PcapWriter {
    file: BufWriter<File>,
    name: String,
    link: LinkType,
}

impl PcapWriter {
    /// Create the file, or begin it anew.
    ///
    /// # Errors
    /// When it cannot be created or written.
    pub fn create(path: &Path, link: LinkType) -> Result<Self, Error> {
        let name = printable(path);
        let file = File::create(path).map_err(|error| unwritable(&name, &error))?;
        let mut writer = Self { file: BufWriter::with_capacity(BUFFER_BYTES, file), name, link };
        let mut header = Vec::with_capacity(24);
        header.extend_from_slice(&0xa1b2_3c4d_u32.to_le_bytes()); // nanoseconds
        header.extend_from_slice(&2_u16.to_le_bytes());
        header.extend_from_slice(&4_u16.to_le_bytes());
        header.extend_from_slice(&[0; 8]); // time zone and accuracy: never used by anyone
        header.extend_from_slice(&SNAP_BYTES.to_le_bytes());
        header.extend_from_slice(&u32::from(link_number(link)).to_le_bytes());
        writer.put(&header)?;
        Ok(writer)
    }

    /// Add one packet. A VLAN tag that the kernel took off is put back where it stood on the wire.
    ///
    /// # Errors
    /// When the disk is full, or the packet is of another link type than the file.
    pub fn write(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        if packet.link != self.link {
            let problem = format!("holds {:?}, a packet of {:?} needs a file of its own", self.link, packet.link);
            return Err(Error::about(&self.name, problem));
        }
        let frame = whole(packet);
        let seconds = u32::try_from(packet.ts_ns / 1_000_000_000).unwrap_or(u32::MAX);
        let mut header = [0; 16];
        header[0..4].copy_from_slice(&seconds.to_le_bytes());
        header[4..8].copy_from_slice(&((packet.ts_ns % 1_000_000_000) as u32).to_le_bytes());
        header[8..12].copy_from_slice(&frame.captured.to_le_bytes());
        header[12..16].copy_from_slice(&frame.wire_len.to_le_bytes());
        self.put(&header)?;
        self.put(frame.addresses)?;
        self.put(frame.tag())?;
        self.put(frame.rest)
    }

    /// Bring everything to the disk.
    ///
    /// # Errors
    /// When the disk is full: the file then ends early.
    pub fn close(mut self) -> Result<(), Error> {
        let flushed = self.file.flush();
        flushed.and_then(|()| self.file.get_ref().sync_all()).map_err(|error| unwritable(&self.name, &error))
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|error| unwritable(&self.name, &error))
    }
}
