//! A base field's column while it is made out of heads, some of them at a time.

use std::sync::Arc;

use super::array::{Array, Items};
use super::column::Data;
use super::heads::{column, Head};
use super::words::{Dictionary, Strings};
use crate::print::Names;
use crate::value::{FieldDef, Kind};

/// Heads that are looked at together: as many as stay in the nearest cache while each column takes its share of them.
pub const HEADS: usize = 256;

pub struct Joined {
    number: u16,
    pub field: &'static FieldDef,
    array: Array,
    /// Rows, of which the last ones may have no value and not be in `array` yet.
    rows: usize,
    words: Dictionary,
}

impl Joined {
    pub fn new(number: u16, field: &'static FieldDef) -> Self {
        Self { number, field, array: Array::new(field.kind, field.many), rows: 0, words: Dictionary::default() }
    }

    /// The next rows.
    pub fn push(&mut self, heads: &[Head], names: &Names) {
        if !self.field.many {
            if let Some(next) = column(self.number, heads, &mut self.words, names) {
                self.array.fill(self.rows);
                self.array.append(next);
            }
        }
        self.rows = self.rows.saturating_add(heads.len());
    }

    /// The whole column. Addresses are keys into `ips` and `macs`.
    pub fn end(mut self, rows: usize, ips: &Arc<Strings>, macs: &Arc<Strings>) -> Data {
        if self.array.present.is_unset() {
            return Data::none(self.field.kind, self.field.many, rows);
        }
        self.array.fill(rows);
        if let Items::Word(_, words) = &mut self.array.items {
            *words = match self.field.kind {
                Kind::Ip => Arc::clone(ips),
                _ if self.field.is_mac() => Arc::clone(macs),
                _ => self.words.words(),
            };
        }
        Data::One(self.array)
    }
}
