//! One bit a row, least significant first, as Arrow keeps validity and booleans.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    /// Empty as long as every row is set, or none is: so it is in most columns.
    bits: Vec<u8>,
    len: usize,
    unset: usize,
}

impl Bitmap {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many rows are not set.
    pub fn unset(&self) -> usize {
        self.unset
    }

    /// All bits, one for each row.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.write_out();
        self.bits
    }

    /// No row is set.
    pub fn is_unset(&self) -> bool {
        self.unset == self.len
    }

    pub fn get(&self, row: usize) -> bool {
        row < self.len && (self.unset == 0 || self.bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1))
    }

    /// Rows that are all set.
    pub fn all(len: usize) -> Self {
        Self { bits: Vec::new(), len, unset: 0 }
    }

    /// What `set` says of each of `rows`.
    pub fn of<T>(rows: &[T], set: impl Fn(&T) -> bool) -> Self {
        let byte = |rows: &[T]| rows.iter().rev().fold(0u8, |byte, row| byte << 1 | u8::from(set(row)));
        let bits: Vec<u8> = rows.chunks(8).map(byte).collect();
        let set = bits.iter().map(|byte| byte.count_ones() as usize).fold(0, usize::wrapping_add);
        let mut bitmap = Self { bits, len: rows.len(), unset: rows.len().saturating_sub(set) };
        bitmap.settle();
        bitmap
    }

    /// Rows that are not set: for those that are set one by one, wherever they are.
    pub fn unset_rows(len: usize) -> Self {
        Self { bits: Vec::new(), len, unset: len }
    }

    /// Set a row of `unset_rows`, at most once.
    #[inline]
    pub fn set(&mut self, row: usize) {
        self.write_out();
        if let Some(byte) = self.bits.get_mut(row / 8) {
            *byte |= 1 << (row % 8);
            self.unset = self.unset.wrapping_sub(1);
        }
    }

    /// After the last `set`.
    pub fn settle(&mut self) {
        if self.unset == 0 || self.is_unset() {
            self.bits = Vec::new();
        }
    }

    /// More rows that are set, behind rows that all are.
    pub fn extend_set(&mut self, rows: usize) {
        self.len = self.len.saturating_add(rows);
    }

    /// The rows of another one come next.
    pub fn append(&mut self, other: Bitmap) {
        if other.unset == 0 && self.unset == 0 {
            self.extend_set(other.len);
        } else if other.is_unset() {
            self.fill(self.len.saturating_add(other.len));
        } else if self.len.is_multiple_of(8) {
            self.write_out();
            self.len = self.len.saturating_add(other.len);
            self.unset = self.unset.saturating_add(other.unset);
            self.bits.extend(other.into_bytes());
        } else {
            (0..other.len).for_each(|row| self.push(other.get(row)));
        }
    }

    #[inline]
    pub fn push(&mut self, set: bool) {
        if !set {
            return self.fill(self.len.saturating_add(1));
        }
        if self.unset > 0 {
            self.write_out();
            let place = self.len % 8;
            match self.bits.last_mut() {
                Some(last) if place != 0 => *last |= 1 << place,
                _ => self.bits.push(1),
            }
        }
        self.len = self.len.wrapping_add(1);
    }

    /// Rows that are not set, up to `len` rows.
    #[inline]
    pub fn fill(&mut self, len: usize) {
        if len > self.len {
            if !self.is_unset() {
                self.write_out();
                self.bits.resize(len.div_ceil(8), 0);
            }
            self.unset = self.unset.saturating_add(len.saturating_sub(self.len));
            self.len = len;
        }
    }

    /// The bits of the rows so far, where they are not written yet.
    #[inline]
    fn write_out(&mut self) {
        if self.bits.is_empty() {
            self.write_alike();
        }
    }

    /// All of the rows are set, or none is.
    #[cold]
    fn write_alike(&mut self) {
        if self.unset > 0 {
            return self.bits.resize(self.len.div_ceil(8), 0);
        }
        self.bits.resize(self.len / 8, 0xff);
        if !self.len.is_multiple_of(8) {
            self.bits.push((1u8 << (self.len % 8)).wrapping_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_that_were_set() {
        for first_gap in [0, 1, 7, 8, 9, 40] {
            let mut bitmap = Bitmap::default();
            let rows: Vec<bool> = (0..40).map(|row| row != first_gap && row % 11 != 10 || row < first_gap).collect();
            rows.iter().for_each(|set| bitmap.push(*set));
            assert!(rows.iter().enumerate().all(|(row, set)| bitmap.get(row) == *set), "{first_gap}");
            assert_eq!((bitmap.len(), bitmap.unset()), (40, rows.iter().filter(|set| !**set).count()));
            assert_eq!(bitmap, Bitmap::of(&rows, |set| *set));
            let mut scattered = Bitmap::unset_rows(40);
            (0..40).rev().filter(|row| rows[*row]).for_each(|row| scattered.set(row));
            scattered.settle();
            assert_eq!(bitmap, scattered);
            for middle in [0, 8, 13, 16, 40] {
                let (first, rest) = rows.split_at(middle);
                let mut joined = Bitmap::of(first, |set| *set);
                joined.append(Bitmap::of(rest, |set| *set));
                assert_eq!(joined.len(), 40);
                assert_eq!(joined.into_bytes(), bitmap.clone().into_bytes(), "{first_gap}, {middle}");
            }
            let bytes = bitmap.into_bytes();
            assert!(rows.iter().enumerate().all(|(row, set)| (bytes[row / 8] >> (row % 8) & 1 == 1) == *set));
        }
    }

    /// A column that nobody writes to costs nothing, however many rows there are.
    #[test]
    fn rows_that_are_alike_take_no_room() {
        let mut none = Bitmap::default();
        none.fill(9);
        none.push(false);
        let mut all = Bitmap::default();
        (0..10).for_each(|_| all.push(true));
        for (bitmap, byte) in [(none, [0, 0]), (Bitmap::of(&[0; 10], |_| false), [0, 0]), (all, [0xff, 0b11])] {
            assert_eq!((bitmap.bits.capacity(), bitmap.len()), (0, 10));
            assert_eq!((0..10).filter(|row| bitmap.get(*row)).count(), if byte[0] == 0 { 0 } else { 10 });
            assert_eq!(bitmap.clone().into_bytes(), byte);
            let mut longer = bitmap;
            longer.push(byte[0] == 0);
            assert_eq!((longer.get(9), longer.get(10)), (byte[0] != 0, byte[0] == 0));
        }
    }
}
