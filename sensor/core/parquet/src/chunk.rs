//! One column of one row group: pages as they come, and what the file's index says of them.

use std::ops::Range;

use wire::columns::{Array, Bitmap, Data, Items, Strings};

use crate::dictionary::Dictionary;
use crate::page::{Encoding, Press};
use crate::{delta, levels, plain};

/// How a column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Unsigned,
    Signed,
    Float,
    Boolean,
    /// Nanoseconds in UTC.
    Time,
    /// Texts that repeat: each once, and keys.
    Word,
    Text,
    Bytes,
}

impl Form {
    pub fn of(data: &Data) -> Self {
        let (Data::One(array) | Data::Many { items: array, .. }) = data;
        match array.items {
            Items::Unsigned(_) => Form::Unsigned,
            Items::Signed(_) => Form::Signed,
            Items::Float(_) => Form::Float,
            Items::Boolean(_) => Form::Boolean,
            Items::Time(_) => Form::Time,
            Items::Word(..) => Form::Word,
            Items::Text(_) => Form::Text,
            Items::Bytes(_) => Form::Bytes,
        }
    }
}

/// What the index says of a chunk. Places count from its first byte.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub at: u64,
    /// Bytes of the dictionary page, which stands in front of the others; 0: there is none.
    pub dictionary: u64,
    pub bytes: u64,
    pub uncompressed: u64,
    /// Values and places without one.
    pub entries: u64,
    pub nulls: u64,
    /// Least and most of whole numbers, as they are stored.
    pub bounds: Option<(i64, i64)>,
    encodings: u16,
}

impl Told {
    /// Levels are always there, as is the encoding of an empty page.
    pub fn encodings(&self) -> impl Iterator<Item = i32> + '_ {
        (0..16).filter(|number| self.encodings >> number & 1 == 1)
    }

    fn page(&mut self, entries: usize, encoding: Encoding, uncompressed: u64) {
        self.entries += entries as u64;
        self.uncompressed += uncompressed;
        self.encodings |= 1 << encoding as u8 | 1 << Encoding::Rle as u8;
    }
}

pub struct Chunk {
    many: bool,
    /// Numbers that rise from row to row.
    rising: bool,
    pages: Vec<u8>,
    words: Dictionary,
    /// Rows without a value since the last page.
    empty: usize,
    told: Told,
}

impl Chunk {
    pub fn new(many: bool, rising: bool) -> Self {
        let (pages, words, told) = (Vec::new(), Dictionary::default(), Told::default());
        Self { many, rising, pages, words, empty: 0, told }
    }

    /// Bytes that wait here.
    pub fn held(&self) -> usize {
        self.pages.len() + self.words.page.len()
    }

    /// Rows without a value: they cost nothing before the next one that has one.
    pub fn skip(&mut self, rows: usize) {
        self.empty += rows;
    }

    /// The next rows.
    pub fn push(&mut self, data: Data, press: &mut Press) {
        let rows = data.len();
        if data.present().is_unset() {
            return self.skip(rows);
        }
        self.end_gap(press);
        let (entries, values, encoding) = match data {
            Data::One(Array { items, present }) => {
                let unset = present.unset();
                let bits = (unset > 0).then(|| present.clone().into_bytes());
                levels::single(&mut press.body, rows, bits.as_deref());
                let encoding = match bits {
                    None => self.single(&items, rows, press),
                    Some(bits) => self.single(&packed(items, &bits), rows - unset, press),
                };
                (rows, rows - unset, encoding)
            }
            Data::Many { offsets, present, items } => {
                let (entries, values) = levels::several(&mut press.body, &offsets, &present, &items.present);
                (entries, values, self.several(items, press))
            }
        };
        self.told.nulls += (entries - values) as u64;
        let uncompressed = press.data(&mut self.pages, entries, encoding);
        self.told.page(entries, encoding, uncompressed);
    }

    fn end_gap(&mut self, press: &mut Press) {
        let rows = std::mem::take(&mut self.empty);
        if rows > 0 {
            levels::none(&mut press.body, rows, self.many);
            let uncompressed = press.data(&mut self.pages, rows, Encoding::Plain);
            self.told.page(rows, Encoding::Plain, uncompressed);
            self.told.nulls += rows as u64;
        }
    }

    /// `items`: one for each row that has a value.
    fn single(&mut self, items: &Items, values: usize, press: &mut Press) -> Encoding {
        let out = &mut press.body;
        match items {
            Items::Unsigned(items) => {
                let bounds = bounds(items);
                let alike = bounds.is_some_and(|(least, most)| least == most);
                self.widen(bounds.map(|(least, most)| (least as i64, most as i64)), |number| number as u64);
                whole(out, items, self.rising || alike, |number| number as i64)
            }
            Items::Signed(items) | Items::Time(items) => {
                let bounds = bounds(items);
                let alike = bounds.is_some_and(|(least, most)| least == most);
                self.widen(bounds, |number| number);
                whole(out, items, self.rising || alike, |number| number)
            }
            Items::Word(keys, words) if !self.words.is_full() => {
                self.words.keys(out, keys, words);
                Encoding::RleDictionary
            }
            Items::Word(keys, words) => {
                plain::texts(out, keys.iter().map(|key| usize::try_from(*key).unwrap_or(usize::MAX)), words);
                Encoding::Plain
            }
            other => rest(out, other, values),
        }
    }

    /// What lists hold.
    fn several(&mut self, items: Array, press: &mut Press) -> Encoding {
        let Array { items, present } = items;
        let values = present.len() - present.unset();
        let items = if present.unset() > 0 { packed(items, &present.into_bytes()) } else { items };
        let out = &mut press.body;
        match &items {
            Items::Unsigned(items) => whole(out, items, true, |number| number as i64),
            Items::Signed(items) | Items::Time(items) => whole(out, items, true, |number| number),
            other => rest(out, other, values),
        }
    }

    /// Numbers between these came, too. `order`: what they are compared by.
    fn widen<T: Ord>(&mut self, bounds: Option<(i64, i64)>, order: impl Fn(i64) -> T) {
        self.told.bounds = match (self.told.bounds, bounds) {
            (Some((least, most)), Some((low, high))) => Some((
                if order(low) < order(least) { low } else { least },
                if order(high) > order(most) { high } else { most },
            )),
            (known, new) => known.or(new),
        };
    }

    /// Its bytes, dictionary first, and what the index says of it.
    pub fn end(mut self, press: &mut Press) -> (Vec<u8>, Vec<u8>, Told) {
        self.end_gap(press);
        let mut first = Vec::new();
        if self.words.len() > 0 {
            press.body.extend_from_slice(&self.words.page);
            self.told.uncompressed += press.dictionary(&mut first, self.words.len());
            self.told.encodings |= 1 << Encoding::Plain as u8;
        }
        self.told.dictionary = first.len() as u64;
        self.told.bytes = (first.len() + self.pages.len()) as u64;
        (first, self.pages, self.told)
    }
}

fn bounds<T: Copy + Ord>(items: &[T]) -> Option<(T, T)> {
    let first = *items.first()?;
    Some(items.iter().fold((first, first), |(least, most), item| (least.min(*item), most.max(*item))))
}

/// Differences of numbers that neither rise nor are alike are soon written, too, but what comes again and again, as in
/// polls, is then seen no more by the compression.
fn whole<T: Copy>(out: &mut Vec<u8>, items: &[T], differences: bool, number: impl Fn(T) -> i64) -> Encoding {
    if differences {
        delta::encode(out, items.len(), |place| number(items[place]));
        return Encoding::DeltaBinaryPacked;
    }
    plain::words(out, items, |item| number(item).to_le_bytes());
    Encoding::Plain
}

fn rest(out: &mut Vec<u8>, items: &Items, values: usize) -> Encoding {
    match items {
        Items::Float(items) => plain::words(out, items, f64::to_le_bytes),
        Items::Boolean(items) => plain::booleans(out, 0..values, items),
        Items::Text(items) | Items::Bytes(items) => plain::texts(out, 0..values, items),
        Items::Unsigned(_) | Items::Signed(_) | Items::Time(_) | Items::Word(..) => {}
    }
    Encoding::Plain
}

/// Only the items whose bit is set.
fn packed(items: Items, bits: &[u8]) -> Items {
    match items {
        Items::Unsigned(items) => Items::Unsigned(chosen(&items, bits)),
        Items::Signed(items) => Items::Signed(chosen(&items, bits)),
        Items::Time(items) => Items::Time(chosen(&items, bits)),
        Items::Float(items) => Items::Float(chosen(&items, bits)),
        Items::Word(items, words) => Items::Word(chosen(&items, bits), words),
        Items::Boolean(items) => {
            let mut left = Bitmap::default();
            places(bits, 0..items.len()).for_each(|place| left.push(items.get(place)));
            Items::Boolean(left)
        }
        Items::Text(items) => Items::Text(texts(&items, bits)),
        Items::Bytes(items) => Items::Bytes(texts(&items, bits)),
    }
}

fn texts(items: &Strings, bits: &[u8]) -> Strings {
    let mut left = Strings::default();
    places(bits, 0..items.len()).for_each(|place| left.push(items.get(place)));
    left
}

fn places(bits: &[u8], within: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    within.filter(|place| bits.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1))
}

fn chosen<T: Copy + Default>(items: &[T], bits: &[u8]) -> Vec<T> {
    // Every item is written behind the last one that stays: no branch to guess.
    let mut left = vec![T::default(); items.len()];
    let mut end = 0;
    for (eight, byte) in items.chunks(8).zip(bits) {
        for (place, item) in eight.iter().enumerate() {
            left[end] = *item;
            end += usize::from(byte >> place & 1);
        }
    }
    left.truncate(end);
    left
}
