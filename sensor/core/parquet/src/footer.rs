//! The file's index: `FileMetaData` of `parquet.thrift`.

use wire::columns::{Column, Data};
use wire::hash::Map;

use crate::chunk::{Form, Told};
use crate::thrift::{Compact, Type};

/// A column of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub name: &'static str,
    pub form: Form,
    /// A list in each row, not one value.
    pub many: bool,
}

impl Head {
    pub fn of(column: &Column) -> Self {
        let many = matches!(column.data, Data::Many { .. });
        Self { name: column.name, form: Form::of(&column.data), many }
    }
}

/// A row group that is written.
pub struct Group {
    pub rows: usize,
    pub chunks: Map<&'static str, Told>,
}

const BOOLEAN: i32 = 0;
const INT64: i32 = 2;
const DOUBLE: i32 = 5;
const BYTE_ARRAY: i32 = 6;
const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;
const LZ4_RAW: i32 = 7;
/// `ConvertedType`, for readers from before there were logical types.
const UTF8: i32 = 0;
const LIST: i32 = 3;
const UINT_64: i32 = 14;
const INT_64: i32 = 18;

fn physical(form: Form) -> i32 {
    match form {
        Form::Boolean => BOOLEAN,
        Form::Unsigned | Form::Signed | Form::Time => INT64,
        Form::Float => DOUBLE,
        Form::Word | Form::Text | Form::Bytes => BYTE_ARRAY,
    }
}

/// `notes`: what else readers may want to know, by name.
pub fn footer(columns: &[Head], groups: &[Group], notes: &[(&str, &str)]) -> Vec<u8> {
    let rows: usize = groups.iter().map(|group| group.rows).sum();
    Compact::structure(|file| {
        file.i32(1, 2); // version
        let elements = columns.iter().map(|column| if column.many { 3 } else { 1 }).sum::<usize>();
        file.list(2, Type::Struct, 1 + elements);
        file.element(|root| {
            root.bytes(4, b"schema");
            root.i32(5, i32::try_from(columns.len()).unwrap_or(i32::MAX));
        });
        columns.iter().for_each(|column| schema(file, column));
        file.count(3, rows as u64);
        file.list(4, Type::Struct, groups.len());
        for (number, group) in groups.iter().enumerate() {
            file.element(|it| row_group(it, columns, group, number));
        }
        if !notes.is_empty() {
            file.list(5, Type::Struct, notes.len());
            for (key, value) in notes {
                file.element(|note| {
                    note.bytes(1, key.as_bytes());
                    note.bytes(2, value.as_bytes());
                });
            }
        }
        file.bytes(6, concat!("otus version ", env!("CARGO_PKG_VERSION")).as_bytes());
        file.list(7, Type::Struct, columns.len()); // minima and maxima are in the order of the types
        columns.iter().for_each(|_| file.element(|order| order.empty(1)));
    })
}

/// A value is a leaf; a list is a leaf in a group in a group (Parquet, "Logical Types", "Lists").
fn schema(file: &mut Compact, column: &Head) {
    if column.many {
        file.element(|outer| {
            outer.i32(3, OPTIONAL);
            outer.bytes(4, column.name.as_bytes());
            outer.i32(5, 1);
            outer.i32(6, LIST);
            outer.within(10, |kind| kind.empty(3));
        });
        file.element(|middle| {
            middle.i32(3, REPEATED);
            middle.bytes(4, b"list");
            middle.i32(5, 1);
        });
    }
    let name = if column.many { "element" } else { column.name };
    file.element(|leaf| {
        leaf.i32(1, physical(column.form));
        leaf.i32(3, OPTIONAL);
        leaf.bytes(4, name.as_bytes());
        match column.form {
            Form::Word | Form::Text => {
                leaf.i32(6, UTF8);
                leaf.within(10, |kind| kind.empty(1));
            }
            Form::Unsigned | Form::Signed => {
                let signed = column.form == Form::Signed;
                leaf.i32(6, if signed { INT_64 } else { UINT_64 });
                leaf.within(10, |kind| {
                    kind.within(10, |whole| {
                        whole.byte(1, 64);
                        whole.bool(2, signed);
                    });
                });
            }
            Form::Time => leaf.within(10, |kind| {
                kind.within(8, |time| {
                    time.bool(1, true); // UTC
                    time.within(2, |unit| unit.empty(3)); // nanoseconds
                });
            }),
            Form::Float | Form::Boolean | Form::Bytes => {}
        }
    });
}

fn row_group(it: &mut Compact, columns: &[Head], group: &Group, number: usize) {
    let chunks = || columns.iter().filter_map(|column| Some((column, group.chunks.get(column.name)?)));
    it.list(1, Type::Struct, chunks().count());
    for (column, told) in chunks() {
        it.element(|chunk| {
            chunk.i64(2, 0);
            chunk.within(3, |it| column_metadata(it, column, told));
        });
    }
    it.count(2, chunks().map(|(_, told)| told.uncompressed).sum());
    it.count(3, group.rows as u64);
    it.count(5, chunks().map(|(_, told)| told.at).min().unwrap_or_default());
    it.count(6, chunks().map(|(_, told)| told.bytes).sum());
    if let Ok(number) = i16::try_from(number) {
        it.i16(7, number);
    }
}

fn column_metadata(it: &mut Compact, column: &Head, told: &Told) {
    it.i32(1, physical(column.form));
    it.list(2, Type::I32, told.encodings().count());
    told.encodings().for_each(|encoding| it.number(encoding));
    let path = if column.many { &[column.name, "list", "element"][..] } else { &[column.name] };
    it.list(3, Type::Binary, path.len());
    path.iter().for_each(|name| it.text(name.as_bytes()));
    it.i32(4, LZ4_RAW);
    it.count(5, told.entries);
    it.count(6, told.uncompressed);
    it.count(7, told.bytes);
    it.count(9, told.at + told.dictionary);
    if told.dictionary > 0 {
        it.count(11, told.at);
    }
    it.within(12, |statistics| {
        statistics.count(3, told.nulls);
        if let Some((least, most)) = told.bounds {
            statistics.bytes(5, &most.to_le_bytes());
            statistics.bytes(6, &least.to_le_bytes());
        }
    });
}
