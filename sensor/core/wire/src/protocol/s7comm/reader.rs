//! A cursor that also knows where its bytes lie: in the message, or in a buffer of parts put together.

use crate::cursor::Short;
use crate::value::{Record, Span, Value};

#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// What has not been read.
    rest: &'a [u8],
    /// Where `rest` ends in the message; `None` when it was put together from several.
    end: Option<usize>,
}

impl<'a> Reader<'a> {
    /// `base`: offset of the bytes in the message.
    #[inline]
    pub fn new(bytes: &'a [u8], base: Option<usize>) -> Self {
        Self { rest: bytes, end: base.map(|base| base.saturating_add(bytes.len())) }
    }

    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `N` bytes at once: one check for several fields.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Short> {
        let (found, rest) = self.rest.split_first_chunk::<N>().ok_or(Short)?;
        self.rest = rest;
        Ok(found)
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|[byte]| *byte)
    }

    #[inline]
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.array::<2>().map(|bytes| u16::from_be_bytes(*bytes))
    }

    #[inline]
    pub fn u24(&mut self) -> Result<u32, Short> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]))
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Short> {
        self.array::<4>().map(|bytes| u32::from_be_bytes(*bytes))
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Short)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.take(count).map(|_| ())
    }

    /// The next `count` bytes as a reader of their own.
    #[inline]
    pub fn part(&mut self, count: usize) -> Result<Reader<'a>, Short> {
        let rest = self.take(count)?;
        Ok(Reader { rest, end: self.end.map(|end| end.saturating_sub(self.rest.len())) })
    }

    /// What is left, as a value; nothing is left afterwards.
    #[inline]
    pub fn rest(&mut self, record: &mut Record) -> Value {
        let bytes = self.take_rest();
        match self.end {
            Some(end) => Value::Bytes(Span::new(end.saturating_sub(bytes.len()), bytes.len())),
            None => Value::Blob(record.push_bytes(bytes)),
        }
    }

    /// Put what is left into a slot; an empty rest is no value.
    #[inline]
    pub fn keep(&mut self, record: &mut Record, slot: usize) {
        if !self.is_empty() {
            let value = self.rest(record);
            record.set(slot, value);
        }
    }
}
