//! Parts that several shards made, put back into the order in which the packets arrived.
//!
//! A shard that is alone needs none of this: its rows and lines are in order.

use std::sync::Arc;

use super::array::{Array, Items};
use super::column::{Column, Data};
use super::gather::{gather, Source};
use super::joined::{Joined, HEADS};
use super::order::{orders, Order};
use super::words::{Dictionary, Strings};
use super::{Batch, Part};
use crate::limits::COLUMN_ROWS;
use crate::print::{shown, Names};
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

/// Which protocols the whole has columns of, these parts being the next.
pub fn tell(parts: &[Part], told: &mut Told) {
    fields(parts, told).for_each(drop);
}

/// All rows, in order of arrival, in batches of at most `limits::COLUMN_ROWS`. A column that a part does not have is
/// empty in its rows. `told`: of all batches of the whole so far. Parts without rows make a batch without rows.
pub fn interleave(parts: &[Part], told: &mut Told, names: &Names) -> Vec<Batch> {
    if parts.is_empty() {
        return Vec::new();
    }
    let mut orders = orders(parts, COLUMN_ROWS);
    if orders.is_empty() {
        orders.push(Order::default());
    }
    let ips: Vec<Option<&Arc<Strings>>> = parts.iter().map(|part| Some(&part.ip_words)).collect();
    let macs: Vec<Option<&Arc<Strings>>> = parts.iter().map(|part| Some(&part.mac_words)).collect();
    let mut merged = vec![Merged::new(&ips), Merged::new(&macs)];
    let mut batches: Vec<Batch> = match merged.as_slice() {
        [ips, macs] => orders.iter().map(|order| base(parts, order, [ips, macs], names)).collect(),
        _ => Vec::new(),
    };
    for (place, (field, columns)) in fields(parts, told).enumerate() {
        let name = columns.iter().flatten().next().map_or(field.name, |column| column.name);
        let nowhere = columns.iter().flatten().all(|column| column.data.present().is_unset());
        if let (true, Some(first)) = (nowhere, batches.first()) {
            if place < first.columns.len() {
                continue; // made of heads
            }
        }
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
            let column = Column { name, kind: field.kind, data };
            match batch.columns.get_mut(place) {
                Some(known) => *known = column,
                None => batch.columns.push(column),
            }
        }
    }
    batches
}

/// The base fields' columns, out of heads.
fn base(parts: &[Part], order: &Order, [ips, macs]: [&Merged<'_>; 2], names: &Names) -> Batch {
    let rows = order.rows.len();
    let mut columns: Vec<Joined> = shown().map(|(number, field)| Joined::new(number, field)).collect();
    let mut heads = Vec::with_capacity(HEADS);
    for rows in order.rows.chunks(HEADS) {
        heads.clear();
        heads.extend(rows.iter().filter_map(|(part, row)| {
            let (number, part) = (*part as usize, parts.get(*part as usize)?);
            Some(part.heads.get(*row as usize)?.renumbered(ips.keys.get(number)?, macs.keys.get(number)?))
        }));
        columns.iter_mut().for_each(|column| column.push(&heads, names));
    }
    let named = |place: usize, name: &'static str| {
        parts.iter().find_map(|part| part.columns.get(place)).map_or(name, |column| column.name)
    };
    let columns = columns.into_iter().enumerate();
    let columns = columns.map(|(place, joined)| {
        let (field, name) = (joined.field, named(place, joined.field.name));
        Column { name, kind: field.kind, data: joined.end(rows, &ips.words, &macs.words) }
    });
    Batch { rows, columns: columns.collect() }
}

type Columns<'a> = Vec<Option<&'a Column>>;

/// Every field with its column in each part: the base fields come first in all of them (one is named by the input), then
/// the protocols in the order of their list, each with all of its fields or none.
fn fields<'a>(parts: &'a [Part], told: &'a mut Told) -> impl Iterator<Item = (&'static FieldDef, Columns<'a>)> {
    let base = shown().enumerate().map(|(place, (_, field))| (field, vec![place; parts.len()]));
    let mut next = vec![shown().count(); parts.len()];
    let protocols = protocol::all().enumerate().flat_map(move |(place, protocol)| {
        let first = protocol.fields.first().map(|field| field.name);
        let has = |(part, next): (&Part, &mut usize)| {
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
