//! A reader that cannot overrun: every read is checked, a failed read moves nothing.

/// Fewer bytes are there than the field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// Reads a slice from front to back.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

macro_rules! number {
    ($name:ident, $type:ty, $from:ident) => {
        #[inline]
        pub fn $name(&mut self) -> Result<$type, Short> {
            self.array().map(<$type>::$from)
        }
    };
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How far the cursor has come: an offset into the slice it was made of.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// What has not been read, without reading it.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    #[inline]
    pub fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest();
        self.position = self.bytes.len();
        rest
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let end = self.position.checked_add(count).ok_or(Short)?;
        let taken = self.bytes.get(self.position..end).ok_or(Short)?;
        self.position = end;
        Ok(taken)
    }

    #[inline]
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.take(count).map(|_| ())
    }

    #[inline]
    pub fn peek_u8(&self) -> Result<u8, Short> {
        self.rest().first().copied().ok_or(Short)
    }

    /// The next `N` bytes: one check for several fields.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let found = self.rest().first_chunk::<N>().ok_or(Short)?;
        self.position = self.position.saturating_add(N);
        Ok(*found)
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|[byte]| byte)
    }

    number!(u16_be, u16, from_be_bytes);
    number!(u16_le, u16, from_le_bytes);
    number!(u32_be, u32, from_be_bytes);
    number!(u32_le, u32, from_le_bytes);
    number!(u64_be, u64, from_be_bytes);
    number!(u64_le, u64, from_le_bytes);
    number!(i32_le, i32, from_le_bytes);
    number!(i64_le, i64, from_le_bytes);

    /// Three bytes, most significant first.
    #[inline]
    pub fn u24_be(&mut self) -> Result<u32, Short> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u32_be(), Err(Short));
        assert_eq!(cursor.position(), 0);
        assert_eq!(cursor.u24_be(), Ok(0x0001_0203));
        assert_eq!(cursor.take(usize::MAX), Err(Short));
        assert!(cursor.is_empty());
    }
}
