//! A pcapng file that grows by whole blocks.

use super::blocks::{self, Remark};
use crate::error::{printable, unwritable, Error};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use wire::packet::{LinkType, Packet};

/// Blocks are handed on in pieces of about this size.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes packets of any inputs and link types, with remarks, and ticks.
///
/// An input gets its interface description (name, link type, nanoseconds) when the first packet of it comes, and a
/// further one for each further link type. Only whole blocks are handed on. After an error the writer takes nothing
/// more: what [`PcapngWriter::create`] made is then cut behind its last whole block, so that it can be read.
pub struct PcapngWriter<W: Write> {
    out: W,
    name: String,
    names: Vec<String>,
    /// Position in this list: number of the interface in the file.
    interfaces: Vec<(u16, LinkType)>,
    /// Interface of the packet before.
    last: usize,
    buffer: Vec<u8>,
    /// Bytes of whole blocks that `out` has taken, and the packets in them.
    taken: u64,
    packets: u64,
    /// Packets in the buffer.
    held: u64,
    broken: Option<Error>,
    rescue: fn(&mut W, u64) -> io::Result<()>,
}

impl PcapngWriter<File> {
    /// Create the file, or begin it anew. `names` are those of the inputs, by `Packet.input`.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path, names: &[String]) -> Result<Self, Error> {
        let name = printable(path);
        let file = File::create(path).map_err(|error| unwritable(&name, &error))?;
        let mut writer = Self::new(file, &name, names);
        writer.rescue = |file, whole| {
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole)).map(|_| ())
        };
        Ok(writer)
    }

    /// Bring everything to the disk. Bytes of the file.
    ///
    /// # Errors
    /// When the disk is full, now or before.
    pub fn close(mut self) -> Result<u64, Error> {
        self.flush()?;
        self.out.sync_all().map_err(|error| unwritable(&self.name, &error))?;
        Ok(self.taken)
    }
}

impl<W: Write> PcapngWriter<W> {
    /// `name` is what errors call the output.
    pub fn new(out: W, name: &str, names: &[String]) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
        blocks::section(&mut buffer);
        Self {
            out,
            name: name.to_owned(),
            names: names.to_vec(),
            interfaces: Vec::new(),
            last: 0,
            buffer,
            taken: 0,
            packets: 0,
            held: 0,
            broken: None,
            rescue: |_, _| Ok(()),
        }
    }

    /// Add one packet. A VLAN tag that the kernel took off is put back where it stood on the wire.
    ///
    /// # Errors
    /// When the output takes no more (the disk is full), now or before.
    #[inline]
    pub fn write(&mut self, packet: &Packet<'_>, remark: &Remark<'_>) -> Result<(), Error> {
        let interface = self.interface(packet.input, packet.link);
        blocks::packet(&mut self.buffer, interface, packet, remark);
        self.held += 1;
        self.flush_full()
    }

    /// No packet before `ts_ns` (UTC nanoseconds) comes any more: a reader of ours gets that tick at this place.
    ///
    /// # Errors
    /// As [`PcapngWriter::write`].
    pub fn tick(&mut self, ts_ns: u64) -> Result<(), Error> {
        // It counts for all inputs; in the file it has to stand at one of them.
        let interface = match self.interfaces.len() {
            0 => self.interface(0, LinkType::Ethernet),
            _ => 0,
        };
        blocks::tick(&mut self.buffer, interface, ts_ns);
        self.flush_full()
    }

    /// Hand on what is held.
    ///
    /// # Errors
    /// As [`PcapngWriter::write`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.hand_on()?;
        self.out.flush().map_err(|error| self.give_up(&error))
    }

    /// Bytes so far, those included that are still held.
    pub fn bytes(&self) -> u64 {
        self.taken + self.buffer.len() as u64
    }

    /// Packets that the output has taken whole.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Hand on what is held, and give the output back.
    ///
    /// # Errors
    /// As [`PcapngWriter::write`].
    pub fn into_inner(mut self) -> Result<W, Error> {
        self.flush().map(|()| self.out)
    }

    #[inline]
    fn interface(&mut self, input: u16, link: LinkType) -> u32 {
        if self.interfaces.get(self.last) != Some(&(input, link)) {
            self.last = self.find_or_describe(input, link);
        }
        self.last as u32
    }

    #[cold]
    fn find_or_describe(&mut self, input: u16, link: LinkType) -> usize {
        if let Some(known) = self.interfaces.iter().position(|interface| *interface == (input, link)) {
            return known;
        }
        let name = self.names.get(usize::from(input)).map_or("", String::as_str);
        blocks::interface(&mut self.buffer, name, link);
        self.interfaces.push((input, link));
        self.interfaces.len() - 1
    }

    #[inline]
    fn flush_full(&mut self) -> Result<(), Error> {
        if self.buffer.len() < BUFFER_BYTES && self.broken.is_none() {
            return Ok(());
        }
        self.hand_on()
    }

    #[cold]
    fn hand_on(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.broken {
            self.buffer.clear();
            self.held = 0;
            return Err(error.clone());
        }
        let mut written = 0;
        while written < self.buffer.len() {
            match self.out.write(&self.buffer[written..]) {
                Ok(0) => return Err(self.cut_short(written, &io::ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.cut_short(written, &error)),
            }
        }
        self.taken += written as u64;
        self.packets += std::mem::take(&mut self.held);
        self.buffer.clear();
        Ok(())
    }

    #[cold]
    fn cut_short(&mut self, written: usize, error: &io::Error) -> Error {
        let (bytes, packets) = blocks::whole_blocks(&self.buffer[..written]);
        self.taken += bytes;
        self.packets += packets;
        self.give_up(error)
    }

    #[cold]
    fn give_up(&mut self, error: &io::Error) -> Error {
        let error = unwritable(&self.name, error);
        self.buffer.clear();
        self.held = 0;
        // The first error is the one to tell: a file that cannot even be cut can still be read up to its last block.
        let _ = (self.rescue)(&mut self.out, self.taken);
        self.broken = Some(error.clone());
        error
    }
}
