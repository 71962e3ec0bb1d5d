//! Levels and keys: runs of one value, or values bit by bit (Parquet, "Run Length Encoding / Bit-Packing Hybrid").

use crate::thrift::varint;

/// Bits that numbers up to `most` take.
pub fn width(most: u64) -> u32 {
    u64::BITS - most.leading_zeros()
}

/// `count` times the same.
pub fn run(out: &mut Vec<u8>, value: u32, count: usize, width: u32) {
    varint(out, (count as u64) << 1);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// One bit each, as a bitmap has them.
pub fn bits(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, (bytes.len() as u64) << 1 | 1);
    out.extend_from_slice(bytes);
}

/// `width` bits each, of 32 at most.
pub fn packed(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let groups = values.len().div_ceil(8);
    varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    out.reserve(end - out.len() + 8);
    let mut bits = Bits::new(out, width);
    values.iter().for_each(|value| bits.push(u64::from(*value)));
    bits.end();
    out.resize(end, 0);
}

/// Numbers of one width, least significant bit first.
pub struct Bits<'a> {
    out: &'a mut Vec<u8>,
    width: u32,
    held: u64,
    used: u32,
}

impl<'a> Bits<'a> {
    pub fn new(out: &'a mut Vec<u8>, width: u32) -> Self {
        Self { out, width, held: 0, used: 0 }
    }

    #[inline]
    pub fn push(&mut self, value: u64) {
        self.held |= value << self.used;
        self.used += self.width;
        if self.used >= 64 {
            self.out.extend_from_slice(&self.held.to_le_bytes());
            self.used -= 64;
            // What did not fit any more.
            self.held = if self.used == 0 { 0 } else { value >> (self.width - self.used) };
        }
    }

    /// The last byte is filled with zeros.
    pub fn end(self) {
        let left = self.used.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..left]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_packed_as_the_specification_does_it() {
        let mut out = Vec::new();
        packed(&mut out, &[0, 1, 2, 3, 4, 5, 6, 7], 3);
        assert_eq!(out, [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010], "the example of the specification");
        out.clear();
        packed(&mut out, &[5; 9], 3);
        assert_eq!(out.len(), 1 + 2 * 3, "whole groups of eight");
        out.clear();
        run(&mut out, 0x1234, 100, 13);
        assert_eq!(out, [0xc8, 1, 0x34, 0x12]);
        assert_eq!([width(0), width(1), width(255), width(256)], [0, 1, 8, 9]);
    }

    #[test]
    fn numbers_of_all_widths_come_back() {
        for width in 0..=64u32 {
            let most = if width == 64 { u64::MAX } else { (1 << width) - 1 };
            let values: Vec<u64> = (0..77u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & most).collect();
            let mut out = Vec::new();
            let mut bits = Bits::new(&mut out, width);
            values.iter().for_each(|value| bits.push(*value));
            bits.end();
            let bit = |at: usize| u64::from(out[at / 8] >> (at % 8) & 1);
            let read = |n: usize| (0..width as usize).map(|at| bit(n * width as usize + at) << at).sum::<u64>();
            assert!(values.iter().enumerate().all(|(n, value)| read(n) == *value), "{width}");
        }
    }
}
