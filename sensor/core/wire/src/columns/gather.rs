//! One column of the whole out of the same column of its parts: each type's values move in a loop of their own, and
//! what a part has no value of does not move at all.

use super::array::{Array, Items};
use super::bitmap::Bitmap;
use super::column::Data;
use super::order::{Move, Order};
use super::words::Strings;
use crate::value::Kind;

/// A column of one part; of dictionary keys also which key of the whole each of its keys is.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub data: &'a Data,
    pub keys: &'a [i32],
}

/// `sources`: by part, where it has the column.
pub fn gather(kind: Kind, many: bool, sources: &[Option<Source<'_>>], order: &Order) -> Data {
    let rows = order.rows.len();
    let present = known(sources, order);
    if present.is_unset() {
        return Data::none(kind, many, rows);
    }
    let mut data = Data::new(kind, many);
    match &mut data {
        Data::One(array) => {
            single(&mut array.items, sources, order);
            array.present = present;
        }
        Data::Many { offsets, present: lists, items } => {
            several(offsets, items, sources, order);
            *lists = present;
        }
    }
    data
}

/// Which rows have a value.
fn known(sources: &[Option<Source<'_>>], order: &Order) -> Bitmap {
    let parts = || sources.iter().zip(&order.moves).filter(|(_, moves)| !moves.is_empty());
    if parts().all(|(source, _)| source.is_some_and(|source| source.data.present().unset() == 0)) {
        return Bitmap::all(order.rows.len());
    }
    let mut known = Bitmap::unset_rows(order.rows.len());
    for (source, moves) in parts() {
        if let Some(source) = source {
            bits(source.data.present(), moves, &mut known);
        }
    }
    known.settle();
    known
}

fn bits(from: &Bitmap, moves: &[Move], here: &mut Bitmap) {
    let all = from.unset() == 0;
    if !from.is_unset() {
        moves.iter().filter(|step| all || from.get(step.row as usize)).for_each(|step| here.set(step.place as usize));
    }
}

fn single(here: &mut Items, sources: &[Option<Source<'_>>], order: &Order) {
    let rows = order.rows.len();
    match here {
        Items::Unsigned(here) => here.resize(rows, 0),
        Items::Signed(here) | Items::Time(here) => here.resize(rows, 0),
        Items::Float(here) => here.resize(rows, 0.0),
        Items::Word(here, _) => here.resize(rows, 0),
        Items::Boolean(here) => *here = Bitmap::unset_rows(rows),
        Items::Text(_) | Items::Bytes(_) => {}
    }
    for (source, moves) in sources.iter().zip(&order.moves) {
        let Some(Source { data: Data::One(Array { items, present }), keys }) = source else { continue };
        if present.is_unset() {
            continue;
        }
        match (&mut *here, items) {
            (Items::Unsigned(here), Items::Unsigned(there)) => scatter(here, there, moves),
            (Items::Signed(here), Items::Signed(there)) | (Items::Time(here), Items::Time(there)) => {
                scatter(here, there, moves);
            }
            (Items::Float(here), Items::Float(there)) => scatter(here, there, moves),
            (Items::Boolean(here), Items::Boolean(there)) => bits(there, moves, here),
            (Items::Word(here, _), Items::Word(there, _)) => words(here, there, present, keys, moves),
            _ => {}
        }
    }
    match here {
        Items::Boolean(here) => here.settle(),
        Items::Text(here) | Items::Bytes(here) => texts(here, sources, order),
        _ => {}
    }
}

fn scatter<T: Copy>(here: &mut [T], there: &[T], moves: &[Move]) {
    for step in moves {
        if let (Some(value), Some(place)) = (there.get(step.row as usize), here.get_mut(step.place as usize)) {
            *place = *value;
        }
    }
}

fn words(here: &mut [i32], there: &[i32], present: &Bitmap, keys: &[i32], moves: &[Move]) {
    let all = present.unset() == 0;
    for step in moves {
        let row = step.row as usize;
        let key = there.get(row).and_then(|key| keys.get(usize::try_from(*key).ok()?));
        if let (Some(key), Some(place)) = (key.filter(|_| all || present.get(row)), here.get_mut(step.place as usize)) {
            *place = *key;
        }
    }
}

/// Texts have their place behind one another, so that they come in order.
fn texts(here: &mut Strings, sources: &[Option<Source<'_>>], order: &Order) {
    for (part, row) in &order.rows {
        here.push(match sources.get(*part as usize) {
            Some(Some(Source { data: Data::One(array), .. })) => match &array.items {
                Items::Text(there) | Items::Bytes(there) => there.get(*row as usize),
                _ => &[],
            },
            _ => &[],
        });
    }
}

/// So do lists.
fn several(offsets: &mut Vec<i32>, here: &mut Array, sources: &[Option<Source<'_>>], order: &Order) {
    offsets.reserve(order.rows.len());
    for (part, row) in &order.rows {
        if let Some(Some(Source { data: Data::Many { offsets, items, .. }, .. })) = sources.get(*part as usize) {
            let bound = |row: usize| offsets.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or_default();
            let row = *row as usize;
            here.extend(items, bound(row)..bound(row.wrapping_add(1)));
        }
        offsets.push(i32::try_from(here.len()).unwrap_or(i32::MAX));
    }
}
