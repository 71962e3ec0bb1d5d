//! The body of a message: OPC 10000-6, 5.2.2 (built-in types of fixed length, strings, arrays).

use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::value::{Record, Span, Value};

/// Why a body could not be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Short,
    Encoding,
    Nesting,
}

impl From<Short> for Trouble {
    fn from(_: Short) -> Self {
        Trouble::Short
    }
}

pub type Read<T> = Result<T, Trouble>;

/// Reads a message body. Knows whether the body lies in the message's bytes or was put together from chunks.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    cursor: Cursor<'a>,
    /// Where the body starts in the message's bytes; `None` when it came in several chunks.
    start: Option<usize>,
}

impl<'a> Body<'a> {
    pub fn new(bytes: &'a [u8], start: Option<usize>) -> Self {
        Self { cursor: Cursor::new(bytes), start }
    }

    #[inline]
    pub fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Read<()> {
        Ok(self.cursor.skip(count)?)
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        Ok(self.cursor.take(count)?)
    }

    #[inline]
    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.cursor.u8()?)
    }

    #[inline]
    pub fn u16(&mut self) -> Read<u16> {
        Ok(self.cursor.u16_le()?)
    }

    #[inline]
    pub fn u32(&mut self) -> Read<u32> {
        Ok(self.cursor.u32_le()?)
    }

    #[inline]
    pub fn u64(&mut self) -> Read<u64> {
        Ok(self.cursor.u64_le()?)
    }

    #[inline]
    pub fn i32(&mut self) -> Read<i32> {
        Ok(self.cursor.i32_le()?)
    }

    #[inline]
    pub fn i64(&mut self) -> Read<i64> {
        Ok(self.cursor.i64_le()?)
    }

    #[inline]
    pub fn f64(&mut self) -> Read<f64> {
        Ok(f64::from_bits(self.cursor.u64_le()?))
    }

    /// 5.2.2.4: a length, −1 for a null string, then UTF-8. ByteString is the same.
    #[inline]
    pub fn string(&mut self) -> Read<Option<&'a [u8]>> {
        match self.cursor.i32_le()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| Trouble::Encoding)?;
                Ok(Some(self.cursor.take(length)?))
            }
        }
    }

    #[inline]
    pub fn skip_string(&mut self) -> Read<()> {
        self.string().map(|_| ())
    }

    /// 5.2.5: the number of elements, −1 for a null array. Every element has at least one byte, so a number beyond
    /// what is left is refused at once.
    #[inline]
    pub fn count(&mut self) -> Read<usize> {
        let count = self.cursor.i32_le()?;
        let count = if count == -1 { 0 } else { usize::try_from(count).map_err(|_| Trouble::Encoding)? };
        if count > self.cursor.remaining() {
            return Err(Trouble::Short);
        }
        Ok(count)
    }

    /// Skip an array whose elements all have `size` bytes.
    pub fn skip_array(&mut self, size: usize) -> Read<()> {
        let count = self.count()?;
        self.skip(count.saturating_mul(size))
    }

    pub fn skip_strings(&mut self) -> Read<()> {
        for _ in 0..self.count()? {
            self.skip_string()?;
        }
        Ok(())
    }

    /// A part of this body with a length of its own; this body goes on behind it.
    pub fn part(&mut self, length: usize) -> Read<Body<'a>> {
        let start = self.start.map(|start| start.saturating_add(self.cursor.position()));
        Ok(Body { cursor: Cursor::new(self.take(length)?), start })
    }

    /// Raw bytes as a value: a span of the message where they lie in it, a copy where they do not. Of long ones the
    /// beginning.
    pub fn bytes_value(&mut self, length: usize, record: &mut Record) -> Read<Value> {
        let at = self.start.map(|start| start.saturating_add(self.cursor.position()));
        let bytes = self.take(length)?;
        let length = length.min(TEXT_BYTES);
        let bytes = bytes.get(..length).unwrap_or(bytes);
        Ok(match at {
            Some(at) => Value::Bytes(Span::new(at, length)),
            None => Value::Blob(record.push_bytes(bytes)),
        })
    }
}
