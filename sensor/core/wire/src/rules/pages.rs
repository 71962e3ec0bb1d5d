//! From a value to its row: tables by the value's leading bytes, and bisection where a table would not be small.

/// Tables of one field; 512 bytes each. Beyond it values are found by bisection.
const TABLES: usize = 4096;
const TABLE: u16 = 0x8000;
const SPAN: u16 = 0xc000;
const PLACE: u16 = 0x3fff;
/// Levels of tables. What is left of the value is found by bisection.
const LEVELS: u32 = 3;

/// Unsigned integers of 16 or 32 bits to row numbers.
///
/// An entry is a row, a table for the next byte, or a span of points to bisect.
#[derive(Debug)]
pub struct Pages {
    first: u16,
    /// Bits behind the first byte: 8 or 24.
    shift: u32,
    tables: Vec<[u16; 256]>,
    spans: Vec<(u32, u32)>,
    points: Points<u32>,
}

/// Where another row begins, and which one. Before the first point lies nothing.
#[derive(Debug)]
pub struct Points<T> {
    starts: Box<[T]>,
    rows: Box<[u16]>,
}

impl<T: Copy + Ord> Points<T> {
    pub fn new((starts, rows): (Vec<T>, Vec<u16>)) -> Self {
        Self { starts: starts.into_boxed_slice(), rows: rows.into_boxed_slice() }
    }

    #[inline]
    pub fn find(&self, value: T) -> u16 {
        if let [only] = self.rows.as_ref() {
            return *only;
        }
        self.row_before(self.starts.partition_point(|start| *start <= value))
    }

    #[inline]
    fn row_before(&self, after: usize) -> u16 {
        after.checked_sub(1).and_then(|at| self.rows.get(at)).copied().unwrap_or(super::rows::ANY)
    }
}

impl Pages {
    pub fn new(points: (Vec<u32>, Vec<u16>), bits: u32) -> Self {
        let shift = bits.saturating_sub(8);
        let mut pages = Self { first: 0, shift, tables: Vec::new(), spans: Vec::new(), points: Points::new(points) };
        pages.first = pages.entry(0, 1u64 << bits, LEVELS);
        pages
    }

    /// The entry for the values from `low` on, `size` of them.
    fn entry(&mut self, low: u32, size: u64, levels: u32) -> u16 {
        let high = u64::from(low).saturating_add(size);
        let begins = self.points.starts.partition_point(|start| *start <= low);
        let ends = self.points.starts.partition_point(|start| u64::from(*start) < high);
        if begins == ends {
            return self.points.row_before(begins);
        }
        let place = |list: usize| u16::try_from(list).ok().filter(|place| *place <= PLACE);
        if levels > 0 && self.tables.len() < TABLES {
            if let Some(place) = place(self.tables.len()) {
                self.tables.push([0; 256]);
                let step = size >> 8;
                for byte in 0..256u64 {
                    let start = u32::try_from(u64::from(low).saturating_add(byte.saturating_mul(step)));
                    let entry = self.entry(start.unwrap_or(u32::MAX), step, levels.saturating_sub(1));
                    let table = self.tables.get_mut(usize::from(place));
                    if let Some(slot) = table.and_then(|table| table.get_mut(usize::try_from(byte).unwrap_or(0))) {
                        *slot = entry;
                    }
                }
                return TABLE | place;
            }
        }
        let span = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match place(self.spans.len()) {
            None => super::rows::ANY,
            Some(place) => {
                self.spans.push((span(begins), span(ends)));
                SPAN | place
            }
        }
    }

    #[inline]
    pub fn find(&self, value: u32) -> u16 {
        let (mut entry, mut shift) = (self.first, self.shift);
        loop {
            if entry < TABLE {
                return entry;
            }
            let place = usize::from(entry & PLACE);
            if entry >= SPAN {
                return self.bisect(place, value);
            }
            let byte = (value >> shift & 0xff) as usize;
            entry = self.tables.get(place).and_then(|table| table.get(byte)).copied().unwrap_or(super::rows::ANY);
            shift = shift.wrapping_sub(8) & 31;
        }
    }

    fn bisect(&self, place: usize, value: u32) -> u16 {
        let (begins, ends) = self.spans.get(place).copied().unwrap_or_default();
        let span = self.points.starts.get(begins as usize..ends as usize).unwrap_or_default();
        let inside = span.partition_point(|start| *start <= value);
        self.points.row_before((begins as usize).saturating_add(inside))
    }

    /// The row of every value, if it is the same.
    #[inline]
    pub fn only(&self) -> Option<u16> {
        (self.first < TABLE).then_some(self.first)
    }
}
