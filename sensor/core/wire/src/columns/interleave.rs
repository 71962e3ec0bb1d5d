//! Parts that several shards made, put back into the order in which the packets arrived.
//!
//! A shard that is alone needs none of this: its rows and lines are in order.

use std::sync::Arc;

use super::array::{Array, Items};
use super::column::{Column, Data};
use super::words::Dictionary;
use super::Batch;
use crate::limits::COLUMN_ROWS;
use crate::print::shown;
use crate::protocol::PROTOCOLS;

/// Where the n-th row of the whole stands: part and row. Rows of one packet keep their part's order.
fn order<'a>(arrivals: impl Iterator<Item = &'a [u64]>) -> Vec<(usize, usize)> {
    let mut all: Vec<(u64, usize, usize)> = Vec::new();
    for (part, arrivals) in arrivals.enumerate() {
        all.extend(arrivals.iter().enumerate().map(|(row, arrival)| (*arrival, part, row)));
    }
    all.sort_unstable();
    all.into_iter().map(|(_, part, row)| (part, row)).collect()
}

/// All rows, in order of arrival, in batches of at most `limits::COLUMN_ROWS`. A column that a part does not have is
/// empty in its rows.
pub fn interleave(parts: &[Batch]) -> Vec<Batch> {
    let order = order(parts.iter().map(|part| part.arrivals.as_slice()));
    let base = shown().count();
    let fields = shown().map(|(_, field)| field).chain(PROTOCOLS.iter().flat_map(|protocol| protocol.fields));
    let mut batches = Vec::new();
    for rows in order.chunks(COLUMN_ROWS) {
        let mut batch = Batch { rows: rows.len(), ..Batch::default() };
        let arrival = |(part, row): &(usize, usize)| parts.get(*part)?.arrivals.get(*row).copied();
        batch.arrivals.extend(rows.iter().filter_map(arrival));
        for (place, field) in fields.clone().enumerate() {
            // The base columns come first in every part, and one of them is named by the input.
            let found = |part: &'_ Batch| -> Option<usize> {
                if place < base {
                    Some(place)
                } else {
                    part.columns.iter().position(|column| column.name == field.name)
                }
            };
            let sources: Vec<Option<&Column>> = parts.iter().map(|part| part.columns.get(found(part)?)).collect();
            if let Some(first) = sources.iter().flatten().next() {
                let data = gather(Data::new(field.kind, field.many), &sources, rows);
                batch.columns.push(Column { name: first.name, kind: field.kind, data });
            }
        }
        batches.push(batch);
    }
    if let Some(first) = batches.first_mut() {
        first.mistyped = parts.iter().map(|part| part.mistyped).fold(0, u64::saturating_add);
    }
    batches
}

fn gather(mut data: Data, sources: &[Option<&Column>], rows: &[(usize, usize)]) -> Data {
    let mut words = Dictionary::default();
    let keys: Vec<Vec<i32>> =
        sources.iter().map(|column| column.map_or_else(Vec::new, |column| keys(column, &mut words))).collect();
    for (place, (part, row)) in rows.iter().enumerate() {
        let (Some(Some(column)), Some(keys)) = (sources.get(*part), keys.get(*part)) else { continue };
        data.fill(place);
        match (&mut data, &column.data) {
            (Data::One(here), Data::One(there)) => here.append(there, *row, keys),
            (Data::Many { offsets, present, items }, Data::Many { offsets: bounds, present: known, items: all }) => {
                let bound = |row: usize| bounds.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or_default();
                for index in bound(*row)..bound(row.wrapping_add(1)) {
                    items.append(all, index, keys);
                }
                offsets.push(i32::try_from(items.len()).unwrap_or(i32::MAX));
                present.push(known.get(*row));
            }
            _ => {}
        }
    }
    data.fill(rows.len());
    if let Data::One(Array { items: Items::Word(_, kept), .. }) = &mut data {
        *kept = words.words();
    }
    data
}

/// Which key of the whole each key of a part is.
fn keys(column: &Column, words: &mut Dictionary) -> Vec<i32> {
    match &column.data {
        Data::One(Array { items: Items::Word(_, own), .. }) => {
            let own: &Arc<_> = own;
            (0..own.len()).map(|index| words.number(own.get(index))).collect()
        }
        _ => Vec::new(),
    }
}
