//! One column's values, in the layout of Arrow's columnar format (1.5, "Physical Memory Layout"): a value or a
//! placeholder a row, and a bit that says which it is. A column nobody writes to costs nothing until its batch closes.

use std::sync::Arc;

use super::bitmap::Bitmap;
use super::words::Strings;
use crate::value::Kind;

#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    Unsigned(Vec<u64>),
    Signed(Vec<i64>),
    Float(Vec<f64>),
    Boolean(Bitmap),
    /// Nanoseconds since 1970, UTC.
    Time(Vec<i64>),
    /// Keys into the words, which the batch gets when it closes.
    Word(Vec<i32>, Arc<Strings>),
    Text(Strings),
    Bytes(Strings),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub items: Items,
    /// Which rows have a value.
    pub present: Bitmap,
}

impl Array {
    /// Room for `rows`, for a field of that kind. Texts of single fields repeat and become keys; those in lists do not.
    pub fn new(kind: Kind, many: bool) -> Self {
        let items = match kind {
            Kind::Unsigned => Items::Unsigned(Vec::new()),
            Kind::Signed => Items::Signed(Vec::new()),
            Kind::Float => Items::Float(Vec::new()),
            Kind::Boolean => Items::Boolean(Bitmap::default()),
            Kind::Timestamp => Items::Time(Vec::new()),
            Kind::Bytes => Items::Bytes(Strings::default()),
            Kind::Text | Kind::Any | Kind::Ip if many => Items::Text(Strings::default()),
            Kind::Text | Kind::Any | Kind::Ip => Items::Word(Vec::new(), Arc::default()),
        };
        Self { items, present: Bitmap::default() }
    }

    pub fn len(&self) -> usize {
        self.present.len()
    }

    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// Rows without a value, up to `len`.
    #[inline]
    pub fn fill(&mut self, len: usize) {
        if len <= self.present.len() {
            return;
        }
        self.present.fill(len);
        match &mut self.items {
            Items::Unsigned(items) => items.resize(len, 0),
            Items::Signed(items) | Items::Time(items) => items.resize(len, 0),
            Items::Float(items) => items.resize(len, 0.0),
            Items::Boolean(items) => items.fill(len),
            Items::Word(items, _) => items.resize(len, 0),
            Items::Text(items) | Items::Bytes(items) => items.fill(len),
        }
    }

    /// The value of row `index` of another array of the same kind becomes the next row here; `words` says which key
    /// here each of its keys is.
    pub fn append(&mut self, from: &Array, index: usize, words: &[i32]) {
        let present = from.present.get(index);
        match (&mut self.items, &from.items) {
            (Items::Unsigned(here), Items::Unsigned(there)) => here.push(there.get(index).copied().unwrap_or_default()),
            (Items::Signed(here), Items::Signed(there)) | (Items::Time(here), Items::Time(there)) => {
                here.push(there.get(index).copied().unwrap_or_default());
            }
            (Items::Float(here), Items::Float(there)) => here.push(there.get(index).copied().unwrap_or_default()),
            (Items::Boolean(here), Items::Boolean(there)) => here.push(there.get(index)),
            (Items::Word(here, _), Items::Word(there, _)) => {
                let key = there.get(index).and_then(|key| usize::try_from(*key).ok());
                let key = key.filter(|_| present).and_then(|key| words.get(key));
                here.push(key.copied().unwrap_or_default());
            }
            (Items::Text(here), Items::Text(there)) | (Items::Bytes(here), Items::Bytes(there)) => {
                here.push(there.get(index));
            }
            _ => return self.fill(self.len().saturating_add(1)),
        }
        self.present.push(present);
    }
}
