//! Captures made by hand, and a sink that keeps what it is given.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // every test binary uses its own part

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use wire::packet::{LinkType, Lost, Packet, Sink, Tag};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub ts_ns: u64,
    pub number: u64,
    pub input: u16,
    pub link: LinkType,
    pub wire_len: u32,
    pub data: Vec<u8>,
    pub vlan: Option<Tag>,
    pub offset: u64,
}

#[derive(Default)]
pub struct Keep {
    pub packets: Vec<Seen>,
    pub ticks: Vec<u64>,
    pub lost: Vec<(Lost, u64)>,
}

impl Sink for Keep {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.packets.push(Seen {
            ts_ns: packet.ts_ns,
            number: packet.number,
            input: packet.input,
            link: packet.link,
            wire_len: packet.wire_len,
            data: packet.data.to_vec(),
            vlan: packet.vlan,
            offset: packet.offset,
        });
    }

    fn tick(&mut self, ts_ns: u64) {
        self.ticks.push(ts_ns);
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        self.lost.push((place, packets));
    }
}

/// A folder of its own per test, removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("otus-tap-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes numbers in the byte order of the file that is being made.
#[derive(Clone)]
pub struct Bytes {
    pub big: bool,
    pub content: Vec<u8>,
}

impl Bytes {
    pub fn new(big: bool) -> Self {
        Self { big, content: Vec::new() }
    }

    pub fn u16(mut self, number: u16) -> Self {
        self.content.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        self
    }

    pub fn u32(mut self, number: u32) -> Self {
        self.content.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        self
    }

    pub fn u64(mut self, number: u64) -> Self {
        self.content.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.content.extend_from_slice(bytes);
        self
    }

    /// Zeros up to the next multiple of four, as pcapng pads.
    pub fn padded(mut self) -> Self {
        self.content.resize(self.content.len().next_multiple_of(4), 0);
        self
    }
}

/// A classic file: magic, then one record per `(seconds, fraction, wire length, data)`.
pub fn pcap(big: bool, magic: u32, records: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
    let mut file = Bytes::new(big)
        .u32(magic)
        .u16(2) // major version
        .u16(4) // minor version
        .u32(0) // time zone
        .u32(0) // accuracy
        .u32(65_535) // snap length
        .u32(1); // Ethernet
    for (seconds, fraction, wire_len, data) in records {
        file = file.u32(*seconds).u32(*fraction).u32(data.len() as u32).u32(*wire_len);
        if magic == 0xa1b2_cd34 {
            file = file.u32(7).u16(0x0800).raw(&[0, 0]); // interface, protocol, packet type, padding
        }
        file = file.raw(data);
    }
    file.content
}

/// One pcapng block around `body`.
pub fn block(big: bool, kind: u32, body: Bytes) -> Vec<u8> {
    let body = body.padded().content;
    let total = body.len() as u32 + 12;
    Bytes::new(big).u32(kind).u32(total).raw(&body).u32(total).content
}

pub fn section(big: bool) -> Vec<u8> {
    // byte-order magic, version 1.0, section length unknown
    block(big, 0x0a0d_0d0a, Bytes::new(big).u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX))
}

/// `options` as they stand in the file: code, length, value, padded.
pub fn interface(big: bool, link: u16, snap_len: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Bytes::new(big).u16(link).u16(0).u32(snap_len);
    for (code, value) in options {
        body = body.u16(*code).u16(value.len() as u16).raw(value).padded();
    }
    block(big, 1, if options.is_empty() { body } else { body.u16(0).u16(0) })
}

pub fn enhanced(big: bool, interface: u32, units: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
    let body = Bytes::new(big)
        .u32(interface)
        .u32((units >> 32) as u32)
        .u32(units as u32)
        .u32(data.len() as u32)
        .u32(wire_len)
        .raw(data);
    block(big, 6, body)
}

pub fn obsolete(big: bool, interface: u16, units: u64, wire_len: u32, data: &[u8]) -> Vec<u8> {
    let body = Bytes::new(big)
        .u16(interface)
        .u16(0) // drops
        .u32((units >> 32) as u32)
        .u32(units as u32)
        .u32(data.len() as u32)
        .u32(wire_len)
        .raw(data);
    block(big, 2, body)
}

pub fn simple(big: bool, wire_len: u32, data: &[u8]) -> Vec<u8> {
    block(big, 3, Bytes::new(big).u32(wire_len).raw(data))
}

/// Read everything, a few packets at a time; the warnings come with it.
pub fn read_all<P: AsRef<Path>>(paths: &[P], at_once: usize) -> (Keep, Vec<String>) {
    let mut files = tap::Files::open(paths).unwrap();
    let mut sink = Keep::default();
    while files.read(at_once, &mut sink) != tap::Progress::End {}
    (sink, files.warnings())
}

/// The one error line that opening gives.
pub fn refusal<P: AsRef<Path>>(paths: &[P]) -> String {
    match tap::Files::open(paths) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

/// Say past the test harness, which hides what a passing test prints, that something was not tested here.
pub fn skipped(why: &str) {
    let line = format!("SKIPPED: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
