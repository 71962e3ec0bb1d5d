//! The body of a message: OPC 10000-6, 5.2.2 (built-in types of fixed length, strings, arrays).

use crate::limits::TEXT_BYTES;
use crate::value::{Record, Span, Value};

/// Why a body could not be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Short,
    Encoding,
    Nesting,
}

pub type Read<T> = Result<T, Trouble>;

/// Reads a message body. Knows whether the body lies in the message's bytes or was put together from chunks.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// What has not been read.
    rest: &'a [u8],
    /// Where `rest` ends in the message's bytes; `None` when it came in several chunks.
    end: Option<usize>,
}

macro_rules! number {
    ($name:ident, $type:ty) => {
        #[inline]
        pub fn $name(&mut self) -> Read<$type> {
            Ok(<$type>::from_le_bytes(*self.array()?))
        }
    };
}

impl<'a> Body<'a> {
    /// `start`: where the bytes lie in the message.
    #[inline]
    pub fn new(bytes: &'a [u8], start: Option<usize>) -> Self {
        Self { rest: bytes, end: start.map(|start| start.saturating_add(bytes.len())) }
    }

    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What has not been read, without reading it.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `N` bytes at once: one check for several fields.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Read<&'a [u8; N]> {
        let (found, rest) = self.rest.split_first_chunk::<N>().ok_or(Trouble::Short)?;
        self.rest = rest;
        Ok(found)
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Trouble::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Read<()> {
        self.take(count).map(|_| ())
    }

    number!(u8, u8);
    number!(u16, u16);
    number!(u32, u32);
    number!(u64, u64);
    number!(i32, i32);
    number!(i64, i64);

    #[inline]
    pub fn f64(&mut self) -> Read<f64> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// 5.2.2.4: a length, −1 for a null string, then UTF-8. ByteString is the same.
    #[inline]
    pub fn string(&mut self) -> Read<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| Trouble::Encoding)?;
                Ok(Some(self.take(length)?))
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
        let count = self.i32()?;
        let count = if count == -1 { 0 } else { usize::try_from(count).map_err(|_| Trouble::Encoding)? };
        if count > self.remaining() {
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
    #[inline]
    pub fn part(&mut self, length: usize) -> Read<Body<'a>> {
        let rest = self.take(length)?;
        Ok(Body { rest, end: self.end.map(|end| end.saturating_sub(self.rest.len())) })
    }

    /// Raw bytes as a value: a span of the message where they lie in it, a copy where they do not. Of long ones the
    /// beginning.
    pub fn bytes_value(&mut self, length: usize, record: &mut Record) -> Read<Value> {
        let at = self.end.map(|end| end.saturating_sub(self.rest.len()));
        let bytes = self.take(length)?;
        let length = length.min(TEXT_BYTES);
        let bytes = bytes.get(..length).unwrap_or(bytes);
        Ok(match at {
            Some(at) => Value::Bytes(Span::new(at, length)),
            None => Value::Blob(record.push_bytes(bytes)),
        })
    }
}
