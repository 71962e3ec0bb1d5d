//! Addresses in read, write and cyclic jobs.
//!
//! ```text
//!   0    1     2        3           4       6    8      9
//!   | 12 | len | syntax | transport | count | db | area | address(3) |      syntax 0x10, S7ANY, len 10
//! ```

use super::address::Columns;
use super::fields::{self as slot, flaw};
use super::names;
use super::reader::Reader;
use crate::cursor::Short;
use crate::site::points::memory;
use crate::value::{Part, Record, Value};

pub const S7ANY: u8 = 0x10;

/// One address. Of other syntaxes than S7ANY only `syntax` is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Item {
    pub syntax: u8,
    pub transport: u8,
    pub count: u16,
    pub db: u16,
    pub area: u8,
    /// Byte, or the number of a timer or counter.
    pub address: u32,
    pub bit: u8,
}

/// Bytes of one element, in bits for single bits.
#[inline]
fn bits(transport: u8) -> u64 {
    match transport {
        1 => 1,
        2 | 3 => 8,
        0x06..=0x08 | 0x0a | 0x0b => 32,
        0x0f => 64,
        _ => 16,
    }
}

/// An item of syntax S7ANY with the two bytes before it.
const ANY: usize = 12;

impl Item {
    #[inline]
    fn any(bytes: &[u8; ANY]) -> Self {
        let [_, _, syntax, transport, count1, count0, db1, db0, area, a2, a1, a0] = *bytes;
        let address = u32::from_be_bytes([0, a2, a1, a0]);
        let mut item = Item {
            syntax,
            transport,
            count: u16::from_be_bytes([count1, count0]),
            db: u16::from_be_bytes([db1, db0]),
            area,
            address,
            bit: 0,
        };
        if !item.counted() {
            item.address = address >> 3;
            item.bit = a0 & 7;
        }
        item
    }

    /// First and last byte that the item covers; numbers for timers and counters. Addresses have 24 bits and counts 16.
    #[inline]
    fn stretch(&self) -> (u64, u64) {
        let (start, count) = (u64::from(self.address), u64::from(self.count.max(1)));
        if self.counted() {
            return (start, start.wrapping_add(count).wrapping_sub(1));
        }
        let first = (start << 3).wrapping_add(self.bit.into());
        let last = first.wrapping_add(count.wrapping_mul(bits(self.transport))).wrapping_sub(1);
        (start, last >> 3)
    }

    /// For the table of points.
    #[cold]
    pub fn part(&self) -> Part {
        let (bit, width) = if self.counted() {
            (self.address.wrapping_mul(memory::WORD), memory::WORD.into())
        } else {
            (self.address << 3 | u32::from(self.bit), bits(self.transport))
        };
        let start = memory::place(self.area, self.db, bit);
        let bits = u32::try_from(u64::from(self.count).wrapping_mul(width)).unwrap_or(0);
        Part { start, bits, ..Part::default() }
    }

    /// Timers and counters have numbers instead of byte and bit.
    #[inline]
    fn counted(&self) -> bool {
        matches!(self.area, 0x1c..=0x1f)
    }
}

/// The specifications of `left` items, one after the other; ends early at the first that cannot be read.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    pub reader: Reader<'a>,
    pub left: usize,
    /// The last item read was cut off, or was no item.
    pub broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Short,
    Odd,
}

impl<'a> Items<'a> {
    pub fn new(reader: Reader<'a>, count: u8) -> Self {
        Self { reader, left: count.into(), broken: None }
    }

    fn read(&mut self) -> Result<(Item, Reader<'a>), Short> {
        let mut ahead = self.reader;
        if let Ok(bytes @ [0x12, 10, S7ANY, ..]) = ahead.array::<ANY>() {
            self.reader.skip(2)?;
            return Ok((Item::any(bytes), self.reader.part(10)?));
        }
        let odd = self.reader.u8()? != 0x12;
        let length = self.reader.u8()?;
        if odd || length == 0 {
            self.broken = Some(Broken::Odd);
            return Err(Short);
        }
        let mut body = self.reader.part(length.into())?;
        let whole = body;
        // An odd item is followed by a filling byte, unless it is the last.
        if length % 2 == 1 && self.left > 1 {
            self.reader.skip(1)?;
        }
        let item = Item { syntax: body.u8()?, ..Item::default() };
        if item.syntax == S7ANY {
            self.broken = Some(Broken::Odd);
            return Err(Short);
        }
        Ok((item, whole))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (Item, Reader<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.read() {
            Ok(found) => Some(found),
            Err(Short) => {
                self.left = 0;
                self.broken.get_or_insert(Broken::Short);
                None
            }
        }
    }
}

/// Put the items' fields side by side into their lists and name what they touch; `see` is shown each item. Returns the
/// reader behind them. Address lists hold one entry for each S7ANY item, in order; other items are in `item.raw`.
#[inline]
pub fn specifications<'a>(
    mut reader: Reader<'a>,
    count: u8,
    record: &mut Record,
    mut see: impl FnMut(&Item, &mut Record),
) -> Reader<'a> {
    record.set_u(slot::ITEM_COUNT, count);
    let before = reader;
    let plain = reader.take(usize::from(count).wrapping_mul(ANY)).unwrap_or_default().as_chunks::<ANY>().0;
    if plain.is_empty() || plain.iter().any(|item| !matches!(item, [0x12, 10, S7ANY, ..])) {
        return mixed(Items::new(before, count), record, &mut see);
    }
    record.set_all(slot::ITEM_SYNTAX, plain.iter().map(|_| Value::Unsigned(S7ANY.into())));
    if let [only] = plain {
        let item = Item::any(only);
        see(&item, record);
        touch(&item, record);
        addresses(std::iter::once(item), record);
        return reader;
    }
    let items = plain.iter().map(Item::any);
    for item in items.clone() {
        see(&item, record);
        touch(&item, record);
    }
    addresses(items, record);
    reader
}

/// Items that are not all S7ANY, or of which some cannot be read.
#[cold]
fn mixed<'a>(mut all: Items<'a>, record: &mut Record, see: &mut dyn FnMut(&Item, &mut Record)) -> Reader<'a> {
    if all.left == 0 {
        record.flaw(flaw::ITEM_COUNT);
    }
    let items: Vec<(Item, Reader<'a>)> = all.by_ref().collect();
    match all.broken {
        Some(Broken::Odd) => record.flaw(flaw::ITEM),
        Some(Broken::Short) => record.flaw(flaw::SHORT_PARAMETER),
        None => {}
    }
    record.set_all(slot::ITEM_SYNTAX, items.iter().map(|(item, _)| Value::Unsigned(item.syntax.into())));
    let mut columns = Columns::default();
    let (mut any, mut other) = (Vec::new(), Vec::new());
    for (item, body) in &items {
        see(item, record);
        if item.syntax == S7ANY {
            touch(item, record);
            any.push(*item);
        } else if !columns.item(*body, record) {
            other.push(*body);
        }
    }
    if any.is_empty() {
        columns.finish(record);
    } else {
        // Kinds that do not come together in one message: what is not S7ANY stays as it is.
        addresses(any.into_iter(), record);
        other = items.iter().filter(|(item, _)| item.syntax != S7ANY).map(|(_, body)| *body).collect();
    }
    for mut body in other {
        let value = body.rest(record);
        record.append(slot::ITEM_RAW, std::iter::once(value));
    }
    all.reader
}

/// A list for each field of the S7ANY items.
#[inline]
fn addresses(items: impl ExactSizeIterator<Item = Item> + Clone, record: &mut Record) {
    record.set_all(slot::ITEM_TRANSPORT, items.clone().map(|item| Value::Unsigned(item.transport.into())));
    record.set_all(slot::ITEM_LENGTH, items.clone().map(|item| Value::Unsigned(item.count.into())));
    record.set_all(slot::ITEM_AREA, items.clone().map(|item| Value::Name(names::area(item.area))));
    record.set_all(slot::ITEM_AREA_CODE, items.clone().map(|item| Value::Unsigned(item.area.into())));
    record.set_all(slot::ITEM_DB, items.clone().map(|item| Value::Unsigned(item.db.into())));
    record.set_all(slot::ITEM_ADDRESS, items.clone().map(|item| Value::Unsigned(item.address.into())));
    record.set_all(slot::ITEM_BIT, items.map(|item| Value::Unsigned(item.bit.into())));
}

#[inline]
fn touch(item: &Item, record: &mut Record) {
    let (start, end) = item.stretch();
    let index = if matches!(item.area, 0x84 | 0x85) { item.db.into() } else { 0 };
    record.push_stretch(names::area(item.area), index, start, end);
}
