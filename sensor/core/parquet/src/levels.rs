//! Which rows have a value, and where lists begin: repetition and definition levels (Parquet, "Nested Encoding"), each
//! behind its length as version 1 data pages have them.

use wire::columns::Bitmap;

use crate::hybrid::{self, Bits};
use crate::thrift::varint;

/// Of single values: 0 none, 1 a value. `bits`: where some rows have none.
pub fn single(out: &mut Vec<u8>, rows: usize, bits: Option<&[u8]>) {
    sized(out, |out| match bits {
        None => hybrid::run(out, 1, rows, 1),
        Some(bits) => hybrid::bits(out, bits),
    });
}

/// Rows that have none.
pub fn none(out: &mut Vec<u8>, rows: usize, many: bool) {
    if many {
        sized(out, |out| hybrid::run(out, 0, rows, 1));
    }
    sized(out, |out| hybrid::run(out, 0, rows, 1));
}

/// Of lists: 0 no list, 1 an empty one, 2 a place in it without a value, 3 a value. How many entries there are, and how
/// many of them are values.
pub fn several(out: &mut Vec<u8>, offsets: &[i32], present: &Bitmap, items: &Bitmap) -> (usize, usize) {
    let (mut repeats, mut defined) = (Vec::new(), Vec::new());
    let (mut entries, mut values) = (0usize, 0usize);
    let (mut first, mut level) = (Bits::new(&mut repeats, 1), Bits::new(&mut defined, 2));
    let all = items.unset() == 0;
    for (row, bounds) in offsets.windows(2).enumerate() {
        let (start, end) = (bounds[0], bounds[1]);
        if start >= end {
            first.push(0);
            level.push(present.get(row).into());
            entries += 1;
            continue;
        }
        for place in start..end {
            let has = all || usize::try_from(place).is_ok_and(|place| items.get(place));
            first.push((place != start).into());
            level.push(if has { 3 } else { 2 });
            entries += 1;
            values += usize::from(has);
        }
    }
    first.end();
    level.end();
    let groups = entries.div_ceil(8);
    for (bytes, width) in [(&mut repeats, 1), (&mut defined, 2)] {
        bytes.resize(groups * width, 0);
        sized(out, |out| {
            varint(out, (groups as u64) << 1 | 1);
            out.extend_from_slice(bytes);
        });
    }
    (entries, values)
}

fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[7, none], no list, [], [8]`.
    #[test]
    fn lists_are_told_by_two_numbers_an_entry() {
        let (present, items) = (Bitmap::of(&[1, 0, 1, 1], |row| *row == 1), Bitmap::of(&[7, 0, 8], |item| *item > 0));
        let mut out = Vec::new();
        assert_eq!(several(&mut out, &[0, 2, 2, 2, 3], &present, &items), (5, 2));
        let repeats = [2, 0, 0, 0, 0b11, 0b00010]; // one group of eight: its header, a bit an entry
        let defined = [3, 0, 0, 0, 0b11, 0b01_00_10_11, 0b11]; // 3 2 0 1 3, two bits each
        assert_eq!(out, [&repeats[..], &defined].concat());
    }

    #[test]
    fn rows_without_a_value_are_one_run() {
        let mut out = Vec::new();
        none(&mut out, 1_000_000, true);
        assert_eq!(out, [4, 0, 0, 0, 0x80, 0x89, 0x7a, 0, 4, 0, 0, 0, 0x80, 0x89, 0x7a, 0]);
        out.clear();
        single(&mut out, 3, Some(&[0b101]));
        assert_eq!(out, [2, 0, 0, 0, 0b11, 0b101]);
    }
}
