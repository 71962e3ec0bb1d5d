//! One page: a header and a compressed body.

use crate::thrift::Compact;

/// Numbers of `parquet.thrift`'s `Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    Plain = 0,
    Rle = 3,
    DeltaBinaryPacked = 5,
    RleDictionary = 8,
}

const DATA: i32 = 0;
const DICTIONARY: i32 = 2;

/// Appends pages; keeps its room from one to the next.
#[derive(Default)]
pub struct Press {
    /// The body of the next page.
    pub body: Vec<u8>,
    packed: Vec<u8>,
}

/// Room that is kept: a page of a whole batch of numbers is half of it.
const KEPT: usize = 1 << 20;

impl Press {
    /// A data page of `entries`, levels and values being in `body`; how many bytes it would take uncompressed.
    pub fn data(&mut self, out: &mut Vec<u8>, entries: usize, encoding: Encoding) -> u64 {
        self.press(out, DATA, |header| {
            header.within(5, |header| {
                header.i32(1, narrow(entries));
                header.i32(2, encoding as i32);
                header.i32(3, Encoding::Rle as i32);
                header.i32(4, Encoding::Rle as i32);
            });
        })
    }

    /// A dictionary page of so many words.
    pub fn dictionary(&mut self, out: &mut Vec<u8>, words: usize) -> u64 {
        self.press(out, DICTIONARY, |header| {
            header.within(7, |header| {
                header.i32(1, narrow(words));
                header.i32(2, Encoding::Plain as i32);
            });
        })
    }

    fn press(&mut self, out: &mut Vec<u8>, kind: i32, rest: impl FnOnce(&mut Compact)) -> u64 {
        let room = lz4_flex::block::get_maximum_output_size(self.body.len());
        if self.packed.len() < room {
            self.packed.resize(room, 0);
        }
        // It fails only without that room.
        let len = lz4_flex::block::compress_into(&self.body, &mut self.packed).unwrap_or_default();
        let header = Compact::structure(|header| {
            header.i32(1, kind);
            header.i32(2, narrow(self.body.len()));
            header.i32(3, narrow(len));
            rest(header);
        });
        out.extend_from_slice(&header);
        out.extend_from_slice(&self.packed[..len]);
        let whole = header.len() + self.body.len();
        self.body.clear();
        self.body.shrink_to(KEPT);
        if self.packed.len() > KEPT {
            self.packed = Vec::new();
        }
        whole as u64
    }
}

/// A batch, and so a page, is far below 2 GiB (`wire::limits::COLUMN_BYTES`).
fn narrow(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
