//! Values of some rows as a column of all rows. A column under construction holds only what came, and which rows it came
//! for: a gap costs nothing until its batch closes, and then no more than the room for it.

use super::array::{Array, Items};
use super::bitmap::Bitmap;
use super::column::Data;
use super::words::Strings;

/// `at`: for each value its row, rising. A column without any value has no room either, only its rows.
pub fn spread(mut data: Data, at: &[u32], rows: usize) -> Data {
    match data {
        Data::One(Array { ref mut present, .. }) | Data::Many { ref mut present, .. } if at.is_empty() => {
            present.fill(rows);
            data
        }
        Data::One(Array { items, present }) => {
            let items = match items {
                Items::Unsigned(items) => Items::Unsigned(fixed(&items, at, rows)),
                Items::Signed(items) => Items::Signed(fixed(&items, at, rows)),
                Items::Time(items) => Items::Time(fixed(&items, at, rows)),
                Items::Float(items) => Items::Float(fixed(&items, at, rows)),
                Items::Word(items, words) => Items::Word(fixed(&items, at, rows), words),
                Items::Boolean(items) => Items::Boolean(bits(&items, at, rows)),
                Items::Text(texts) => Items::Text(strings(texts, at, rows)),
                Items::Bytes(texts) => Items::Bytes(strings(texts, at, rows)),
            };
            Data::One(Array { items, present: bits(&present, at, rows) })
        }
        Data::Many { offsets, present, items } => {
            Data::Many { offsets: bounds(&offsets, at, rows), present: bits(&present, at, rows), items }
        }
    }
}

fn fixed<T: Copy + Default>(values: &[T], at: &[u32], rows: usize) -> Vec<T> {
    let mut all = vec![T::default(); rows];
    for (value, row) in values.iter().zip(at) {
        if let Some(place) = all.get_mut(*row as usize) {
            *place = *value;
        }
    }
    all
}

fn bits(from: &Bitmap, at: &[u32], rows: usize) -> Bitmap {
    let mut all = Bitmap::unset_rows(rows);
    for (index, row) in at.iter().enumerate() {
        if from.get(index) {
            all.set(*row as usize);
        }
    }
    all.settle();
    all
}

fn strings(texts: Strings, at: &[u32], rows: usize) -> Strings {
    Strings { offsets: bounds(&texts.offsets, at, rows), bytes: texts.bytes }
}

/// A row in a gap ends where it begins.
fn bounds(offsets: &[i32], at: &[u32], rows: usize) -> Vec<i32> {
    let mut all = Vec::with_capacity(rows.saturating_add(1));
    for (offset, row) in offsets.iter().zip(at) {
        all.resize((*row as usize).saturating_add(1), *offset);
    }
    all.resize(rows.saturating_add(1), offsets.last().copied().unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Kind;

    /// Values `from..` in rows 1, 2 and 5 of seven.
    const AT: [u32; 3] = [1, 2, 5];

    #[test]
    fn spreading_is_filling_the_gaps_on_the_way() {
        let value = |array: &mut Array, number: u32| {
            match &mut array.items {
                Items::Unsigned(items) => items.push(number.into()),
                Items::Boolean(items) => items.push(number % 2 == 1),
                Items::Bytes(texts) | Items::Text(texts) => texts.push(&[7; 9][..number as usize]),
                other => panic!("{other:?}"),
            }
            array.present.push(true);
        };
        for kind in [Kind::Unsigned, Kind::Boolean, Kind::Bytes] {
            let (mut dense, mut filled) = (Array::new(kind, false), Array::new(kind, false));
            for row in AT {
                value(&mut dense, row);
                filled.fill(row as usize);
                value(&mut filled, row);
            }
            filled.fill(7);
            assert_eq!(spread(Data::One(dense), &AT, 7), Data::One(filled));
        }
    }

    #[test]
    fn lists_in_between_are_empty() {
        let offsets = vec![0, 2, 2, 3];
        assert_eq!(bounds(&offsets, &AT, 7), [0, 0, 2, 2, 2, 2, 3, 3]);
        assert_eq!(bounds(&[0], &[], 2), [0, 0, 0]);
    }
}
