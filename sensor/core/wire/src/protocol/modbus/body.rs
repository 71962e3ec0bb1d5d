//! What is left of a PDU. It also knows where its bytes lie: in the message, or, of an ASCII frame, in a buffer they
//! were decoded into.

use crate::cursor::Short;
use crate::value::{Record, Span, Value};

#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// What has not been read.
    rest: &'a [u8],
    /// Where `rest` ends in the message; `None` when it was decoded.
    end: Option<usize>,
}

impl<'a> Body<'a> {
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
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (found, rest) = self.rest.split_first_chunk::<N>().ok_or(Short)?;
        self.rest = rest;
        Ok(*found)
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    /// UMAS counts from the other end.
    pub fn u16_le(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_le_bytes)
    }

    /// Two numbers side by side: an address and a quantity, as a rule.
    #[inline]
    pub fn pair(&mut self) -> Result<(u16, u16), Short> {
        self.array().map(|[a, b, c, d]| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Short)?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.take(count).map(|_| ())
    }

    /// The next `count` bytes by themselves.
    #[inline]
    pub fn part(&mut self, count: usize) -> Result<Body<'a>, Short> {
        let rest = self.take(count)?;
        Ok(Body { rest, end: self.end.map(|end| end.saturating_sub(self.rest.len())) })
    }

    /// Put what is left into a slot as raw bytes; an empty rest is no value.
    pub fn keep(&mut self, record: &mut Record, slot: usize) {
        let bytes = self.take_rest();
        if !bytes.is_empty() {
            let value = match self.end {
                Some(end) => Value::Bytes(Span::new(end.saturating_sub(bytes.len()), bytes.len())),
                None => Value::Blob(record.push_bytes(bytes)),
            };
            record.set(slot, value);
        }
    }

    /// Put what is left into a slot as registers.
    #[inline]
    pub fn words(&self, record: &mut Record, slot: usize) {
        match self.end {
            Some(end) => {
                let start = end.saturating_sub(self.rest.len());
                record.set(slot, Value::Words(Span::new(start, self.rest.len())));
            }
            None => self.push_words(record, slot),
        }
    }

    /// Go on with what is left as registers, in one go (no other list between).
    pub fn push_words(&self, record: &mut Record, slot: usize) {
        for word in self.rest.as_chunks::<2>().0 {
            record.push(slot, Value::Unsigned(u16::from_be_bytes(*word).into()));
        }
    }

    /// Put what is left into a slot as bits, least significant first; at most `most` of them.
    #[inline]
    pub fn bits(&self, record: &mut Record, slot: usize, most: u32) {
        let Some(end) = self.end else { return self.push_bits(record, slot, most) };
        let span = Span::new(end.saturating_sub(self.rest.len()), self.rest.len());
        let count = most.min(span.len.saturating_mul(8));
        record.set(slot, Value::Bits { start: span.start, count });
    }

    #[cold]
    fn push_bits(&self, record: &mut Record, slot: usize, most: u32) {
        let bits = self.rest.iter().flat_map(|byte| (0..8u32).map(move |bit| byte.wrapping_shr(bit) & 1));
        for bit in bits.take(most as usize) {
            record.push(slot, Value::Unsigned(bit.into()));
        }
    }
}
