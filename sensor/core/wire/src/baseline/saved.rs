//! State that survives a restart: bytes with a kind, a version and a digest. What was not written by this version, or
//! not in full, is refused as a whole.
//!
//! ```text
//! kind 8 bytes | version u16 | content | SHA-256 of all before it
//! ```
//! In the content, numbers are little-endian; a text is its length (u32) and UTF-8; an address is 4 or 6, then 4 or 16
//! bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::cursor::{Cursor, Short};
use crate::protocol;

const VERSION: u16 = 3;
const DIGEST: usize = 32;

pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new(kind: &[u8; 8]) -> Self {
        let mut bytes = kind.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        Self { bytes }
    }

    pub fn u8(&mut self, number: u8) {
        self.bytes.push(number);
    }

    pub fn u16(&mut self, number: u16) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub fn u64(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub fn f64(&mut self, number: f64) {
        self.u64(number.to_bits());
    }

    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub fn rows<T>(&mut self, rows: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.count(rows.len());
        rows.iter().for_each(|row| write(self, row));
    }

    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(four) => {
                self.u8(4);
                self.raw(&four.octets());
            }
            IpAddr::V6(six) => {
                self.u8(6);
                self.raw(&six.octets());
            }
        }
    }

    /// 0, or 1 and the value.
    pub fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub fn seal(mut self) -> Vec<u8> {
        let digest = Sha256::digest(&self.bytes);
        self.bytes.extend_from_slice(&digest);
        self.bytes
    }
}

pub struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
    /// The content, when the bytes are what they say.
    pub fn open(bytes: &'a [u8], kind: &[u8; 8]) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("the saved state {what} and is not used"));
        let Some((sealed, digest)) = bytes.split_last_chunk::<DIGEST>() else { return wrong("is cut off") };
        let mut cursor = Cursor::new(sealed);
        if cursor.take(kind.len()) != Ok(kind) {
            return wrong("is of another kind");
        }
        if cursor.u16_le() != Ok(VERSION) {
            return wrong("is of another version");
        }
        if Sha256::digest(sealed).as_slice() != digest {
            return wrong("is damaged");
        }
        Ok(Self { cursor })
    }

    /// Read all of the content. `None` from `content`: it says what no version ever wrote.
    pub fn all<T>(mut self, content: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, String> {
        let read = content(&mut self).filter(|_| self.cursor.is_empty());
        read.ok_or_else(|| "the saved state contradicts itself and is not used".to_owned())
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.cursor.u8().ok()
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.cursor.u16_le().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.cursor.u32_le().ok()
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.cursor.u64_le().ok()
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    /// How many rows follow: each takes a byte at least.
    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok().filter(|count| *count <= self.cursor.remaining())
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.raw(length)?).ok()
    }

    pub fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        self.cursor.take(length).map_err(|Short| ()).ok()
    }

    pub fn ip(&mut self) -> Option<IpAddr> {
        match self.u8()? {
            4 => self.raw(4)?.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes).into()),
            6 => self.raw(16)?.first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes).into()),
            _ => None,
        }
    }

    pub fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    /// The number of a protocol by its name; `Some(None)` when this version does not speak it.
    pub fn protocol(&mut self) -> Option<Option<usize>> {
        let name = self.text()?;
        Some(protocol::place(name))
    }
}
