//! One field as a column under construction: single values, or lists of them.

use super::array::{Array, Items};
use super::bitmap::Bitmap;
use super::spread::spread;
use super::words::{Addresses, Dictionary, Strings};
use crate::print::values;
use crate::value::{FieldDef, Kind, Record, Value};

/// A column as it leaves: its field, and one value or one list a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    One(Array),
    /// List `n` is `items[offsets[n]..offsets[n + 1]]`. Without any list there are no such offsets.
    Many {
        offsets: Vec<i32>,
        present: Bitmap,
        items: Array,
    },
}

impl Data {
    pub fn new(kind: Kind, many: bool) -> Self {
        let array = Array::new(kind, many);
        if many {
            Data::Many { offsets: vec![0], present: Bitmap::default(), items: array }
        } else {
            Data::One(array)
        }
    }

    /// No value in any of `rows`: no room for any either, whoever takes it knows how it looks.
    pub fn none(kind: Kind, many: bool, rows: usize) -> Self {
        let mut data = Self::new(kind, many);
        match &mut data {
            Data::One(Array { present, .. }) | Data::Many { present, .. } => present.fill(rows),
        }
        data
    }

    pub fn len(&self) -> usize {
        self.present().len()
    }

    /// Which rows have a value, or a list.
    pub fn present(&self) -> &Bitmap {
        match self {
            Data::One(array) => &array.present,
            Data::Many { present, .. } => present,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Room for so many values or lists.
    pub fn reserve(&mut self, rows: usize) {
        match self {
            Data::One(Array { items, .. }) => match items {
                Items::Unsigned(items) => items.reserve(rows),
                Items::Signed(items) | Items::Time(items) => items.reserve(rows),
                Items::Float(items) => items.reserve(rows),
                Items::Word(items, _) => items.reserve(rows),
                Items::Text(texts) | Items::Bytes(texts) => texts.offsets.reserve(rows),
                Items::Boolean(_) => {}
            },
            Data::Many { offsets, .. } => offsets.reserve(rows),
        }
    }

    #[inline]
    pub fn fill(&mut self, len: usize) {
        match self {
            Data::One(array) => array.fill(len),
            Data::Many { offsets, present, .. } => {
                if len > present.len() {
                    let end = offsets.last().copied().unwrap_or_default();
                    offsets.resize(len.saturating_add(1), end);
                    present.fill(len);
                }
            }
        }
    }
}

/// Whose words a column's keys point at.
#[derive(Debug)]
enum Words {
    Own(Box<Dictionary>),
    Ips,
    Macs,
}

#[derive(Debug)]
pub struct Builder {
    field: &'static FieldDef,
    name: &'static str,
    data: Data,
    words: Words,
    /// For each value in `data` its row, where values come one by one.
    at: Vec<u32>,
    /// How many came in the batch before.
    room: usize,
}

impl Builder {
    pub fn new(field: &'static FieldDef) -> Self {
        let words = match field.kind {
            Kind::Ip if !field.many => Words::Ips,
            _ if field.is_mac() => Words::Macs,
            _ => Words::Own(Box::default()),
        };
        Self { field, name: field.name, data: Data::new(field.kind, field.many), words, at: Vec::new(), room: 0 }
    }

    pub fn renamed(&mut self, name: &'static str) {
        self.name = name;
    }

    /// The next value is that of `row`.
    #[inline]
    fn begin(&mut self, row: usize) {
        if self.at.is_empty() {
            self.make_room();
        }
        self.at.push(u32::try_from(row).unwrap_or(u32::MAX));
    }

    /// As much as the batch before took: this one is likely to be its like.
    #[cold]
    fn make_room(&mut self) {
        self.at.reserve(self.room);
        self.data.reserve(self.room);
    }

    /// The value of `row`, which is beyond every row set before. False: it does not fit the field's type.
    #[inline]
    pub fn set(&mut self, row: usize, value: Value, record: &Record, bytes: &[u8], addresses: &mut Addresses) -> bool {
        self.begin(row);
        let Self { data, words, .. } = self;
        match (&mut *data, value) {
            (Data::One(Array { items: Items::Unsigned(items), present }), Value::Unsigned(number)) => {
                items.push(number);
                present.push(true);
                return true;
            }
            (
                Data::Many { offsets, present, items: Array { items: Items::Unsigned(items), present: known } },
                Value::Words(span),
            ) => {
                for word in values::words(span, bytes) {
                    items.push(word);
                    known.push(true);
                }
                offsets.push(i32::try_from(items.len()).unwrap_or(i32::MAX));
                present.push(true);
                return true;
            }
            _ => {}
        }
        match data {
            Data::One(array) => put(array, value, record, bytes, words, addresses),
            Data::Many { offsets, present, items } => {
                let mut fits = true;
                match value {
                    Value::Words(span) => {
                        for word in values::words(span, bytes) {
                            fits &= put(items, Value::Unsigned(word), record, bytes, words, addresses);
                        }
                    }
                    Value::Bits { start, count } => {
                        for bit in values::bits(start, count, bytes) {
                            fits &= put(items, Value::Unsigned(bit.into()), record, bytes, words, addresses);
                        }
                    }
                    Value::List(span) => {
                        for item in record.list(span) {
                            fits &= put(items, *item, record, bytes, words, addresses);
                        }
                    }
                    one => fits = put(items, one, record, bytes, words, addresses),
                }
                offsets.push(i32::try_from(items.len()).unwrap_or(i32::MAX));
                present.push(true);
                fits
            }
        }
    }

    /// Several texts of ours.
    pub fn set_texts(&mut self, row: usize, texts: impl Iterator<Item = &'static str>) {
        self.begin(row);
        if let Data::Many { offsets, present, items } = &mut self.data {
            if let Items::Text(strings) = &mut items.items {
                for text in texts {
                    strings.push(text.as_bytes());
                    items.present.push(true);
                }
            }
            offsets.push(i32::try_from(items.len()).unwrap_or(i32::MAX));
            present.push(true);
        }
    }

    /// Bytes of the words that are kept from batch to batch.
    pub fn word_bytes(&self) -> usize {
        match &self.words {
            Words::Own(words) => words.bytes(),
            Words::Ips | Words::Macs => 0,
        }
    }

    /// Bytes that the batch holds so far, words included.
    pub fn kept_bytes(&self) -> usize {
        let array = match &self.data {
            Data::One(array) => array,
            Data::Many { items, .. } => items,
        };
        let values = match &array.items {
            Items::Text(strings) | Items::Bytes(strings) => strings.bytes.len(),
            _ => array.len().max(self.at.last().map_or(0, |row| *row as usize)).saturating_mul(8),
        };
        self.word_bytes().saturating_add(values)
    }

    /// The column of a batch of `rows`; the next row is its successor's first. `forget`: words are numbered anew.
    pub fn close(&mut self, rows: usize, addresses: &mut Addresses, forget: bool) -> Column {
        let data = std::mem::replace(&mut self.data, Data::new(self.field.kind, self.field.many));
        let mut data = if data.len() == rows { data } else { spread(data, &self.at, rows) };
        self.room = self.at.len();
        self.at.clear();
        if let Data::One(Array { items: Items::Word(_, words), present }) = &mut data {
            *words = match &mut self.words {
                _ if present.is_unset() => Strings::none(),
                Words::Own(own) => own.words(),
                Words::Ips => addresses.ip_words.words(),
                Words::Macs => addresses.mac_words.words(),
            };
        }
        if let (true, Words::Own(own)) = (forget, &mut self.words) {
            **own = Dictionary::default();
        }
        Column { name: self.name, kind: self.field.kind, data }
    }
}

#[inline]
#[allow(clippy::cast_precision_loss)] // a field declared as a float has no more digits to lose
fn put(
    array: &mut Array,
    value: Value,
    record: &Record,
    bytes: &[u8],
    words: &mut Words,
    addresses: &mut Addresses,
) -> bool {
    match (&mut array.items, value) {
        (Items::Unsigned(items), Value::Unsigned(number)) => items.push(number),
        (Items::Signed(items), Value::Signed(number)) => items.push(number),
        (Items::Float(items), Value::Float(number)) => items.push(number),
        (Items::Float(items), Value::Unsigned(number)) => items.push(number as f64),
        (Items::Boolean(items), Value::Bool(is)) => items.push(is),
        // Times beyond the year 2262 have no place in 64 bits.
        (Items::Time(items), Value::Unsigned(ns)) => match i64::try_from(ns) {
            Ok(ns) => items.push(ns),
            Err(_) => return none(array),
        },
        (Items::Bytes(items), Value::Bytes(span)) => items.push(span.of(bytes)),
        (Items::Bytes(items), Value::Blob(span)) => items.push(record.blob(span)),
        (Items::Word(keys, _), Value::Ip(ip)) if matches!(words, Words::Ips) => keys.push(addresses.ip(ip)),
        (Items::Word(keys, _), _) => {
            let Words::Own(own) = words else { return none(array) };
            keys.push(match value {
                Value::Name(name) => own.name(name),
                Value::Text(span) => own.number(record.text(span).as_bytes()),
                Value::List(_) | Value::Words(_) | Value::Bits { .. } => return none(array),
                other => {
                    let mut text = Vec::new();
                    values::text(&mut text, other, record, bytes);
                    own.number(&text)
                }
            });
        }
        (Items::Text(_), Value::List(_) | Value::Words(_) | Value::Bits { .. }) => return none(array),
        (Items::Text(items), other) => items.push_with(|out| values::text(out, other, record, bytes)),
        _ => return none(array),
    }
    array.present.push(true);
    true
}

/// What does not fit is no value, and counted by the caller.
#[cold]
fn none(array: &mut Array) -> bool {
    array.fill(array.len().saturating_add(1));
    false
}
