//! One column's values, in the layout of Arrow's columnar format (1.5, "Physical Memory Layout"): a value or a
//! placeholder a row, and a bit that says which it is. A column nobody writes to costs nothing until its batch closes.

use std::ops::Range;
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
    /// One a row; none at all where no row has a value.
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
            Kind::Text | Kind::Any | Kind::Ip => Items::Word(Vec::new(), Strings::none()),
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

    /// The rows of another array of the same kind come next; keys are of the same words.
    pub fn append(&mut self, next: Array) {
        match (&mut self.items, next.items) {
            (Items::Unsigned(here), Items::Unsigned(there)) => here.extend(there),
            (Items::Signed(here), Items::Signed(there)) | (Items::Time(here), Items::Time(there)) => here.extend(there),
            (Items::Float(here), Items::Float(there)) => here.extend(there),
            (Items::Word(here, _), Items::Word(there, _)) => here.extend(there),
            (Items::Boolean(here), Items::Boolean(there)) => here.append(there),
            _ => return self.fill(self.len().saturating_add(next.present.len())),
        }
        self.present.append(next.present);
    }

    /// The values of these rows of another array of the same kind become the next rows here. Not for keys, whose words
    /// may be others.
    pub fn extend(&mut self, from: &Array, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        match (&mut self.items, &from.items) {
            (Items::Unsigned(here), Items::Unsigned(there)) => copy(here, there, &rows),
            (Items::Signed(here), Items::Signed(there)) | (Items::Time(here), Items::Time(there)) => {
                copy(here, there, &rows);
            }
            (Items::Float(here), Items::Float(there)) => copy(here, there, &rows),
            (Items::Boolean(here), Items::Boolean(there)) => rows.clone().for_each(|row| here.push(there.get(row))),
            (Items::Text(here), Items::Text(there)) | (Items::Bytes(here), Items::Bytes(there)) => {
                rows.clone().for_each(|row| here.push(there.get(row)));
            }
            _ => return self.fill(self.len().saturating_add(rows.len())),
        }
        if from.present.unset() == 0 && self.present.unset() == 0 {
            self.present.extend_set(rows.len());
        } else {
            rows.for_each(|row| self.present.push(from.present.get(row)));
        }
    }
}

fn copy<T: Copy + Default>(here: &mut Vec<T>, there: &[T], rows: &Range<usize>) {
    let end = here.len().saturating_add(rows.len());
    here.extend_from_slice(there.get(rows.clone()).unwrap_or_default());
    here.resize(end, T::default());
}
