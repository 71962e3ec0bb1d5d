//! Parts that several shards made, put back into the order in which the packets arrived.
//!
//! A shard that is alone needs none of this: its rows and lines are in order.

use std::sync::Arc;

use super::array::{Array, Items};
use super::column::{Column, Data};
use super::gather::{gather, Source};
use super::order::orders;
use super::words::{Dictionary, Strings};
use super::Batch;
use crate::limits::COLUMN_ROWS;
use crate::print::shown;
use crate::protocol;
use crate::value::FieldDef;

/// Protocols, by their place, whose columns a batch of the whole has had. Every later one has them too: which shards
/// bring rows to a batch is a matter of when it is taken, and must not be seen in it.
#[derive(Clone, Debug, Default)]
pub struct Told(Vec<bool>);

impl Told {
    /// Whether the whole has the columns of that protocol, where some part has them (`here`) or none.
    fn has(&mut self, protocol: usize, here: bool) -> bool {
        if protocol >= self.0.len() {
            self.0.resize(protocol.saturating_add(1), false);
        }
        self.0.get_mut(protocol).is_some_and(|told| {
            *told |= here;
            *told
        })
    }
}

/// All rows, in order of arrival, in batches of at most `limits::COLUMN_ROWS`. A column that a part does not have is
/// empty in its rows. `told`: of all batches of the whole so far.
pub fn interleave(parts: &[Batch], told: &mut Told) -> Vec<Batch> {
    if parts.is_empty() {
        return Vec::new();
    }
    let orders = orders(parts, COLUMN_ROWS);
    let mut batches: Vec<Batch> =
        orders.iter().map(|order| Batch { rows: order.rows.len(), ..Batch::default() }).collect();
    for (order, batch) in orders.iter().zip(&mut batches) {
        let arrival = |(part, row): &(u32, u32)| parts.get(*part as usize)?.arrivals.get(*row as usize).copied();
        batch.arrivals.extend(order.rows.iter().filter_map(arrival));
    }
    let mut merged: Vec<Merged> = Vec::new();
    for (field, columns) in fields(parts, told) {
        let name = columns.iter().flatten().next().map_or(field.name, |column| column.name);
        let own: Vec<Option<&Arc<Strings>>> = columns.iter().map(|column| own_words(column.as_ref()?)).collect();
        let known = merged.iter().position(|merged| merged.is_of(&own)).unwrap_or_else(|| {
            merged.push(Merged::new(&own));
            merged.len().saturating_sub(1)
        });
        let Some(merged) = merged.get(known) else { continue };
        let sources: Vec<Option<Source<'_>>> = columns
            .iter()
            .zip(&merged.keys)
            .map(|(column, keys)| column.map(|column| Source { data: &column.data, keys }))
            .collect();
        for (order, batch) in orders.iter().zip(&mut batches) {
            let mut data = gather(field.kind, field.many, &sources, order);
            if let Data::One(Array { items: Items::Word(_, words), .. }) = &mut data {
                *words = Arc::clone(&merged.words);
            }
            batch.columns.push(Column { name, kind: field.kind, data });
        }
    }
    if let Some(first) = batches.first_mut() {
        first.mistyped = parts.iter().map(|part| part.mistyped).fold(0, u64::saturating_add);
    }
    batches
}

type Columns<'a> = Vec<Option<&'a Column>>;

/// Every field with its column in each part: the base fields come first in all of them (one is named by the input), then
/// the protocols in the order of their list, each with all of its fields or none.
fn fields<'a>(parts: &'a [Batch], told: &'a mut Told) -> impl Iterator<Item = (&'static FieldDef, Columns<'a>)> {
    let base = shown().enumerate().map(|(place, (_, field))| (field, vec![place; parts.len()]));
    let mut next = vec![shown().count(); parts.len()];
    let protocols = protocol::all().enumerate().flat_map(move |(place, protocol)| {
        let first = protocol.fields.first().map(|field| field.name);
        let has = |(part, next): (&Batch, &mut usize)| {
            let here = part.columns.get(*next).is_some_and(|column| Some(column.name) == first);
            let start = if here { *next } else { usize::MAX };
            *next = next.saturating_add(if here { protocol.fields.len() } else { 0 });
            start
        };
        let starts: Vec<usize> = parts.iter().zip(&mut next).map(has).collect();
        let here = starts.iter().any(|start| *start != usize::MAX);
        let fields = if told.has(place, here) { protocol.fields } else { &[] };
        fields
            .iter()
            .enumerate()
            .map(move |(slot, field)| (field, starts.iter().map(|start| start.saturating_add(slot)).collect()))
    });
    base.chain(protocols)
        .map(|(field, places)| (field, parts.iter().zip(places).map(|(part, place)| part.columns.get(place)).collect()))
}

fn own_words(column: &Column) -> Option<&Arc<Strings>> {
    match &column.data {
        Data::One(Array { items: Items::Word(_, own), .. }) => Some(own),
        _ => None,
    }
}

/// The words of all parts, each once.
struct Merged<'a> {
    of: Vec<Option<&'a Arc<Strings>>>,
    words: Arc<Strings>,
    /// For each part, which word of the whole each of its words is.
    keys: Vec<Vec<i32>>,
}

impl<'a> Merged<'a> {
    fn new(of: &[Option<&'a Arc<Strings>>]) -> Self {
        let mut words = Dictionary::default();
        let mut keys = |own: &Arc<Strings>| (0..own.len()).map(|index| words.number(own.get(index))).collect();
        let keys = of.iter().map(|own| own.map_or_else(Vec::new, &mut keys)).collect();
        Self { of: of.to_vec(), words: words.words(), keys }
    }

    /// Columns of addresses share their words, within a part and so in the whole.
    fn is_of(&self, of: &[Option<&Arc<Strings>>]) -> bool {
        self.of.iter().zip(of).all(|(here, there)| match (here, there) {
            (Some(here), Some(there)) => Arc::ptr_eq(here, there),
            (here, there) => here.is_none() && there.is_none(),
        })
    }
}
