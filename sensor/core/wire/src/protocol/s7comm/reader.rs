//! A cursor that also knows where its bytes lie: in the message, or in a buffer of parts put together.

use crate::cursor::{Cursor, Short};
use crate::value::{Record, Span, Value};

#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    /// Offset of the cursor's slice in the message; `None` when it was put together from several.
    base: Option<usize>,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], base: Option<usize>) -> Self {
        Self { cursor: Cursor::new(bytes), base }
    }

    pub fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }

    pub fn u8(&mut self) -> Result<u8, Short> {
        self.cursor.u8()
    }

    pub fn u16(&mut self) -> Result<u16, Short> {
        self.cursor.u16_be()
    }

    pub fn u24(&mut self) -> Result<u32, Short> {
        self.cursor.u24_be()
    }

    pub fn u32(&mut self) -> Result<u32, Short> {
        self.cursor.u32_be()
    }

    pub fn peek(&self) -> Option<u8> {
        self.cursor.peek_u8().ok()
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        self.cursor.take(count)
    }

    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.cursor.skip(count)
    }

    /// The next `count` bytes as a reader of their own.
    pub fn part(&mut self, count: usize) -> Result<Reader<'a>, Short> {
        let base = self.base.map(|base| base.saturating_add(self.cursor.position()));
        self.cursor.take(count).map(|bytes| Reader::new(bytes, base))
    }

    /// What is left, as a value; nothing is left afterwards.
    pub fn rest(&mut self, record: &mut Record) -> Value {
        let at = self.cursor.position();
        let bytes = self.cursor.take_rest();
        match self.base {
            Some(base) => Value::Bytes(Span::new(base.saturating_add(at), bytes.len())),
            None => Value::Blob(record.push_bytes(bytes)),
        }
    }

    /// Put what is left into a slot; an empty rest is no value.
    pub fn keep(&mut self, record: &mut Record, slot: usize) {
        if !self.is_empty() {
            let value = self.rest(record);
            record.set(slot, value);
        }
    }
}
