//! From a path to records: what the file is says its content, never its name.

use super::buffer::{Buffer, Short};
use super::pcap::{self, Pcap};
use super::pcapng::{self, PcapNg};
use super::record::{Record, Stop};
use super::zstd::Zstd;
use crate::error::{printable, Error};
use crate::poll;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

const PACKED_BUFFER_BYTES: usize = 128 * 1024;
/// How long one read of a pipe waits before the caller gets to look around.
const PIPE_WAIT_MS: u16 = 100;

pub(crate) enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl Format {
    #[inline(always)]
    pub(crate) fn next(&mut self, buffer: &mut Buffer) -> Result<Record, Stop> {
        match self {
            Format::Pcap(pcap) => pcap.next(buffer),
            Format::PcapNg(pcapng) => pcapng.next(buffer),
        }
    }
}

/// Open a capture; `-` is standard input. The flag says that its bytes can be read again where they stand.
pub(crate) fn open(path: &Path, buffer_bytes: usize) -> Result<(Buffer, Format, bool), Error> {
    let name = printable(path);
    let (mut raw, regular) = open_raw(path, &name)?;
    let start = first_bytes(&mut raw, &name)?;
    let (stream, packed) = unpack(raw, regular, start, &name)?;
    let mut buffer = Buffer::new(stream, buffer_bytes);
    let format = recognise(&mut buffer, &name, packed)?;
    Ok((buffer, format, regular && !packed && path.as_os_str() != "-"))
}

fn open_raw(path: &Path, name: &str) -> Result<(File, bool), Error> {
    let opened = if path.as_os_str() == "-" {
        io::stdin().as_fd().try_clone_to_owned().map(File::from)
    } else {
        File::open(path)
    };
    let file = opened.map_err(|error| Error::of_file(name, &error))?;
    let metadata = file.metadata().map_err(|error| Error::of_file(name, &error))?;
    if metadata.is_dir() {
        return Err(Error::of_file(name, &io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, metadata.is_file()))
}

/// Up to four bytes; fewer when the file is shorter.
fn first_bytes(raw: &mut File, name: &str) -> Result<Vec<u8>, Error> {
    let mut start = Vec::with_capacity(4);
    while start.len() < 4 {
        let mut rest = [0; 4];
        let missing = 4 - start.len();
        match raw.read(&mut rest[..missing]).map_err(|error| Error::of_file(name, &error))? {
            0 => break,
            count => start.extend_from_slice(&rest[..count]),
        }
    }
    if start.is_empty() {
        return Err(Error::about(name, "is empty; the capture was not written, or not copied"));
    }
    Ok(start)
}

/// Put the right unpacker in front. The flag says that there is one.
fn unpack(raw: File, regular: bool, start: Vec<u8>, name: &str) -> Result<(Box<dyn Read + Send>, bool), Error> {
    let gzip = start.starts_with(&[0x1f, 0x8b]);
    let zstd = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || matches!(start[..], [0x50..=0x5f, 0x2a, 0x4d, 0x18]);
    let start = Cursor::new(start);
    if zstd {
        // This decoder cannot be interrupted in the middle of a block, so a pipe is read without a time limit.
        let packed = BufReader::with_capacity(PACKED_BUFFER_BYTES, start.chain(raw));
        return Ok((Box::new(Zstd::new(packed).map_err(|error| Error::of_file(name, &error))?), true));
    }
    let whole: Box<dyn Read + Send> =
        if regular { Box::new(start.chain(raw)) } else { Box::new(start.chain(Pipe(raw))) };
    if gzip {
        let packed = BufReader::with_capacity(PACKED_BUFFER_BYTES, whole);
        return Ok((Box::new(flate2::bufread::MultiGzDecoder::new(packed)), true));
    }
    Ok((whole, false))
}

/// A pipe that says "later" when nothing arrives, so that a stop or a signal is seen.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let descriptor: BorrowedFd<'_> = self.0.as_fd();
        if poll::wait(&[descriptor], PIPE_WAIT_MS)?.iter().any(|ready| *ready != poll::Ready::No) {
            self.0.read(out)
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
}

/// Read the file header. Opening waits for it: a file that is no capture is refused before anything is set up.
fn recognise(buffer: &mut Buffer, name: &str, packed: bool) -> Result<Format, Error> {
    wait_for(buffer, 4);
    if buffer.bytes().starts_with(&pcapng::SECTION_HEADER) {
        wait_for(buffer, pcapng::SECTION_HEADER_BYTES);
        if buffer.bytes().len() < pcapng::SECTION_HEADER_BYTES {
            return Err(cut_header(buffer, name));
        }
        return PcapNg::open(buffer.bytes()).map(Format::PcapNg).map_err(|problem| Error::about(name, problem));
    }
    if let [a, b, c, d, ..] = *buffer.bytes() {
        if pcap::is_magic([a, b, c, d]) {
            wait_for(buffer, pcap::FILE_HEADER_BYTES);
            let Some(header) = buffer.bytes().first_chunk().copied() else {
                return Err(cut_header(buffer, name));
            };
            let pcap = Pcap::open(&header).map_err(|problem| Error::about(name, problem))?;
            buffer.consume(pcap::FILE_HEADER_BYTES);
            return Ok(Format::Pcap(pcap));
        }
    }
    if let Some(trouble) = buffer.trouble() {
        return Err(Error::about(name, format_args!("cannot be read ({trouble}); copy it again from its source")));
    }
    let here = buffer.bytes();
    Err(Error::about(name, not_a_capture(&here[..here.len().min(4)], packed)))
}

/// Read until `wanted` bytes are here or the file ends, however long a pipe takes to deliver them.
fn wait_for(buffer: &mut Buffer, wanted: usize) {
    while buffer.need(wanted) == Err(Short::Wait) {}
}

fn cut_header(buffer: &Buffer, name: &str) -> Error {
    let why = buffer.trouble().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
    Error::about(name, format_args!("is cut off inside its file header{why}; copy it again from its source"))
}

fn not_a_capture(start: &[u8], packed: bool) -> String {
    let hex: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    let packer = match start {
        [0xfd, b'7', b'z', b'X'] => Some("xz"),
        [b'B', b'Z', b'h', ..] => Some("bzip2"),
        [0x04, 0x22, 0x4d, 0x18] => Some("lz4"),
        [b'P', b'K', 0x03, 0x04] => Some("zip"),
        [b'7', b'z', 0xbc, 0xaf] => Some("7-zip"),
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] => Some("packed twice"),
        _ => None,
    };
    if let Some(packer) = packer {
        return format!("not a capture file (it is packed: {packer}); unpack it first, or pack it with gzip or zstd");
    }
    let unpacked = if packed { "unpacked, " } else { "" };
    format!(
        "not a capture file ({unpacked}it starts with {}; expected pcap or pcapng, plain, .gz or .zst)",
        hex.join(" ")
    )
}
