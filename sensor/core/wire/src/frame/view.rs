//! Bytes still to be read, with their length on the wire.

use crate::cursor::Short;

/// Reads from the front. `on_wire` is larger than `bytes.len()` when the capture cut the frame.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub bytes: &'a [u8],
    pub on_wire: usize,
}

impl<'a> View<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8], on_wire: usize) -> Self {
        Self { bytes, on_wire: on_wire.max(bytes.len()) }
    }

    /// The next `N` bytes, left where they are.
    #[inline]
    pub fn peek<const N: usize>(&self) -> Result<&'a [u8; N], Short> {
        self.bytes.first_chunk::<N>().ok_or(Short)
    }

    #[inline]
    pub fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Short> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(Short)?;
        self.bytes = rest;
        self.on_wire = self.on_wire.saturating_sub(N);
        Ok(taken)
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.bytes = self.bytes.get(count..).ok_or(Short)?;
        self.on_wire = self.on_wire.saturating_sub(count);
        Ok(())
    }

    #[inline]
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.take::<2>().map(|bytes| u16::from_be_bytes(*bytes))
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Short> {
        self.take::<4>().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A length field says that no more than `claimed` bytes belong to it; what lies behind is padding. It is believed
    /// only where it says less than is here.
    #[inline]
    pub fn limit(&mut self, claimed: usize) {
        if claimed < self.on_wire {
            self.on_wire = claimed;
            self.bytes = self.bytes.get(..claimed).unwrap_or(self.bytes);
        }
    }

    /// Bytes that the capture cut off.
    #[inline]
    pub fn missing(&self) -> u32 {
        u32::try_from(self.on_wire.saturating_sub(self.bytes.len())).unwrap_or(u32::MAX)
    }
}
