//! Addresses in read, write and cyclic jobs.
//!
//! ```text
//!   0    1     2        3           4       6    8      9
//!   | 12 | len | syntax | transport | count | db | area | address(3) |      syntax 0x10, S7ANY, len 10
//! ```

use super::fields::{self as slot, flaw};
use super::names;
use super::reader::Reader;
use crate::cursor::Short;
use crate::value::{Record, Value};

pub const S7ANY: u8 = 0x10;
/// Several stretches of data blocks in one item.
const DB_READ: u8 = 0xb0;

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
fn bits(transport: u8) -> u64 {
    match transport {
        1 => 1,
        2 | 3 => 8,
        0x06..=0x08 | 0x0a | 0x0b => 32,
        0x0f => 64,
        _ => 16,
    }
}

impl Item {
    /// First and last byte that the item covers; numbers for timers and counters.
    fn stretch(&self) -> (u64, u64) {
        let (start, count) = (u64::from(self.address), u64::from(self.count.max(1)));
        if self.counted() {
            return (start, start.saturating_add(count).saturating_sub(1));
        }
        let first = start.saturating_mul(8).saturating_add(self.bit.into());
        let last = first.saturating_add(count.saturating_mul(bits(self.transport))).saturating_sub(1);
        (start, last / 8)
    }

    /// Timers and counters have numbers instead of byte and bit.
    fn counted(&self) -> bool {
        matches!(self.area, 0x1c..=0x1f)
    }

    fn list(&self, slot: usize) -> Value {
        match slot {
            slot::ITEM_TRANSPORT => Value::Unsigned(self.transport.into()),
            slot::ITEM_LENGTH => Value::Unsigned(self.count.into()),
            slot::ITEM_AREA => Value::Name(names::area(self.area)),
            slot::ITEM_AREA_CODE => Value::Unsigned(self.area.into()),
            slot::ITEM_DB => Value::Unsigned(self.db.into()),
            slot::ITEM_ADDRESS => Value::Unsigned(self.address.into()),
            _ => Value::Unsigned(self.bit.into()),
        }
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
        let mut item = Item { syntax: body.u8()?, ..Item::default() };
        if item.syntax == S7ANY && length == 10 {
            item.transport = body.u8()?;
            item.count = body.u16()?;
            item.db = body.u16()?;
            item.area = body.u8()?;
            let address = body.u24()?;
            (item.address, item.bit) =
                if item.counted() { (address, 0) } else { (address >> 3, (address & 7).to_le_bytes()[0]) };
        } else if item.syntax == S7ANY {
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

/// Put the items' fields side by side into their lists and name what they touch. Returns the reader behind them.
/// Address lists hold one entry for each S7ANY item, in order; other items are in `item.raw`.
pub fn specifications<'a>(reader: Reader<'a>, count: u8, record: &mut Record) -> Reader<'a> {
    record.set_u(slot::ITEM_COUNT, count);
    if count == 0 {
        record.flaw(flaw::ITEM_COUNT);
    }
    let all = Items::new(reader, count);
    let mut end = all;
    for (item, body) in end.by_ref() {
        record.push(slot::ITEM_SYNTAX, Value::Unsigned(item.syntax.into()));
        touch(&item, body, record);
    }
    match end.broken {
        Some(Broken::Odd) => record.flaw(flaw::ITEM),
        Some(Broken::Short) => record.flaw(flaw::SHORT_PARAMETER),
        None => {}
    }
    for list in [
        slot::ITEM_TRANSPORT,
        slot::ITEM_LENGTH,
        slot::ITEM_AREA,
        slot::ITEM_AREA_CODE,
        slot::ITEM_DB,
        slot::ITEM_ADDRESS,
        slot::ITEM_BIT,
    ] {
        for (item, _) in all.filter(|(item, _)| item.syntax == S7ANY) {
            record.push(list, item.list(list));
        }
    }
    for (_, mut body) in all.filter(|(item, _)| item.syntax != S7ANY) {
        let value = body.rest(record);
        record.push(slot::ITEM_RAW, value);
    }
    end.reader
}

fn touch(item: &Item, mut body: Reader<'_>, record: &mut Record) {
    match item.syntax {
        S7ANY => {
            let (start, end) = item.stretch();
            let index = if matches!(item.area, 0x84 | 0x85) { item.db.into() } else { 0 };
            record.push_stretch(names::area(item.area), index, start, end);
        }
        // Syntax, number of areas, then length in bytes, data block and first byte of each.
        DB_READ => {
            let mut areas = || -> Result<(), Short> {
                body.skip(1)?;
                for _ in 0..body.u8()? {
                    let (length, db, start) = (body.u8()?, body.u16()?, u64::from(body.u16()?));
                    let end = start.saturating_add(length.max(1).into()).saturating_sub(1);
                    record.push_stretch("db", db.into(), start, end);
                }
                Ok(())
            };
            if areas().is_err() {
                record.flaw(flaw::ITEM);
            }
        }
        _ => {}
    }
}
