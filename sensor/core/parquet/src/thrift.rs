//! Thrift's compact protocol, as far as Parquet's metadata needs it (thrift/doc/specs/thrift-compact-protocol.md).

/// Type numbers of fields and list elements.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Type {
    True = 1,
    False = 2,
    Byte = 3,
    I16 = 4,
    I32 = 5,
    I64 = 6,
    Binary = 8,
    List = 9,
    Struct = 12,
}

/// One struct being written: each field says how far its number lies behind the last one's.
#[derive(Default)]
pub struct Compact {
    pub out: Vec<u8>,
    last: u8,
}

impl Compact {
    /// A whole struct.
    pub fn structure(write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut compact = Self::default();
        compact.element(write);
        compact.out
    }

    /// A struct in a list.
    pub fn element(&mut self, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.last);
        write(self);
        self.out.push(0);
        self.last = outer;
    }

    /// Field numbers rise by 15 at most in what is written here, so that the short form always does.
    fn field(&mut self, number: u8, kind: Type) {
        self.out.push((number - self.last) << 4 | kind as u8);
        self.last = number;
    }

    pub fn within(&mut self, number: u8, write: impl FnOnce(&mut Self)) {
        self.field(number, Type::Struct);
        self.element(write);
    }

    /// A union's member without fields of its own.
    pub fn empty(&mut self, number: u8) {
        self.within(number, |_| {});
    }

    pub fn bool(&mut self, number: u8, is: bool) {
        self.field(number, if is { Type::True } else { Type::False });
    }

    pub fn byte(&mut self, number: u8, value: u8) {
        self.field(number, Type::Byte);
        self.out.push(value);
    }

    pub fn i16(&mut self, number: u8, value: i16) {
        self.field(number, Type::I16);
        zigzag(&mut self.out, value.into());
    }

    pub fn i32(&mut self, number: u8, value: i32) {
        self.field(number, Type::I32);
        zigzag(&mut self.out, value.into());
    }

    pub fn i64(&mut self, number: u8, value: i64) {
        self.field(number, Type::I64);
        zigzag(&mut self.out, value);
    }

    /// A count or an offset, which stays far below 2^63.
    pub fn count(&mut self, number: u8, value: u64) {
        self.i64(number, i64::try_from(value).unwrap_or(i64::MAX));
    }

    pub fn bytes(&mut self, number: u8, bytes: &[u8]) {
        self.field(number, Type::Binary);
        self.text(bytes);
    }

    /// Bytes in a list.
    pub fn text(&mut self, bytes: &[u8]) {
        varint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// An enum's number in a list.
    pub fn number(&mut self, value: i32) {
        zigzag(&mut self.out, value.into());
    }

    /// A list, whose elements follow.
    pub fn list(&mut self, number: u8, kind: Type, len: usize) {
        self.field(number, Type::List);
        match u8::try_from(len) {
            Ok(short @ ..15) => self.out.push(short << 4 | kind as u8),
            _ => {
                self.out.push(0xf0 | kind as u8);
                varint(&mut self.out, len as u64);
            }
        }
    }
}

pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign are short.
pub fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, (value << 1 ^ value >> 63) as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_is_what_the_specification_says() {
        let bytes = Compact::structure(|it| {
            it.i32(1, -1); // field 1, i32: zigzag 1
            it.bytes(4, b"ab"); // three further, binary
            it.within(5, |it| it.bool(2, false));
            it.list(6, Type::I32, 2);
            it.number(0);
            it.number(300); // zigzag 600: d8 04
        });
        assert_eq!(bytes, [0x15, 1, 0x38, 2, b'a', b'b', 0x1c, 0x22, 0, 0x19, 0x25, 0, 0xd8, 4, 0]);
        let mut long = Compact::default();
        long.list(1, Type::Struct, 200);
        assert_eq!(long.out, [0x19, 0xfc, 0xc8, 1]);
    }
}
