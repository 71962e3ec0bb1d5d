//! Whole numbers as differences (Parquet, "Delta Encoding", DELTA_BINARY_PACKED): for those that rise, those that are
//! all alike, and registers, which fill two of their eight bytes.

use crate::hybrid::{width, Bits};
use crate::thrift::{varint, zigzag};

const BLOCK: usize = 128;
const PARTS: usize = 4;
const PART: usize = BLOCK / PARTS;

/// `value`: of a place below `count`, in two's complement.
pub fn encode(out: &mut Vec<u8>, count: usize, value: impl Fn(usize) -> i64) {
    varint(out, BLOCK as u64);
    varint(out, PARTS as u64);
    varint(out, count as u64);
    let mut last = if count > 0 { value(0) } else { 0 };
    zigzag(out, last);
    let mut at = 1;
    while at < count {
        let here = (count - at).min(BLOCK);
        let mut deltas = [0i64; BLOCK];
        for (place, delta) in deltas.iter_mut().take(here).enumerate() {
            let next = value(at + place);
            *delta = next.wrapping_sub(last);
            last = next;
        }
        block(out, &deltas[..here]);
        at += here;
    }
}

/// The least difference, the width of each part, and how far the others lie above it.
fn block(out: &mut Vec<u8>, deltas: &[i64]) {
    let least = deltas.iter().copied().min().unwrap_or_default();
    let above = |delta: &i64| delta.wrapping_sub(least) as u64;
    zigzag(out, least);
    let widths = out.len();
    out.resize(widths + PARTS, 0); // parts beyond the last number have no bits
    for (number, part) in deltas.chunks(PART).enumerate() {
        let bits = width(part.iter().map(above).fold(0, |all, one| all | one));
        out[widths + number] = bits as u8;
        let end = out.len() + bits as usize * PART / 8;
        let mut packed = Bits::new(out, bits);
        part.iter().for_each(|delta| packed.push(above(delta)));
        packed.end();
        out.resize(end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_encoded_as_the_specification_does_it() {
        let example = [7, 5, 3, 1, 2, 3, 4, 5]; // its second example: differences -2 -2 -2 1 1 1 1
        let mut out = Vec::new();
        encode(&mut out, example.len(), |place| example[place]);
        let packed = [0b1100_0000, 0b11_1111, 0, 0, 0, 0, 0, 0]; // 0 0 0 3 3 3 3, two bits each
        assert_eq!(out, [&[0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0][..], &packed].concat());
    }

    #[test]
    fn numbers_that_are_alike_take_five_bytes_a_block() {
        let mut out = Vec::new();
        encode(&mut out, 1 + 10 * BLOCK, |_| 502);
        assert_eq!(out.len(), 2 + 1 + 2 + 2 + 10 * 5);
        out.clear();
        encode(&mut out, 0, |_| 1);
        assert_eq!(out, [0x80, 1, 4, 0, 0]);
    }
}
