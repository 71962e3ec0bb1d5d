//! Events as columns, made while they are read: what Parquet files and Arrow streams are written from.
//!
//! The columns are the base fields and, for each protocol, all of its fields or none: a query that names a field finds
//! it whatever this capture happens to contain, and a capture of one protocol does not carry the fields of the others.

mod array;
mod bitmap;
mod column;
mod gather;
mod heads;
mod interleave;
mod joined;
mod order;
mod parts;
mod spread;
mod words;

pub use array::{Array, Items};
pub use bitmap::Bitmap;
pub use column::{Column, Data};
pub use interleave::Told;
pub use parts::Parts;
pub use words::Strings;

use std::mem::{replace, take};
use std::sync::Arc;

use crate::event::{base, Event, FieldId};
use crate::limits::{COLUMN_BYTES, COLUMN_ROWS};
use crate::print::{shown, Names, INTERFACE};
use crate::protocol;
use crate::value::Record;
use column::Builder;
use heads::Head;
use words::Addresses;

/// Rows of events, a column a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub rows: usize,
    pub columns: Vec<Column>,
}

/// Rows of one shard, as [`Parts`] take them.
#[derive(Debug, Default)]
pub struct Part {
    pub rows: usize,
    /// Values that did not fit their column and are missing.
    pub mistyped: u64,
    /// What every event has: its columns are made when the rows of all shards come together.
    heads: Vec<Head>,
    /// A column a field; those that heads become are empty.
    columns: Vec<Column>,
    /// For each row the number of the packet's arrival.
    arrivals: Vec<u64>,
    ip_words: Arc<Strings>,
    mac_words: Arc<Strings>,
}

/// Parts under construction.
pub struct Columns {
    base: Vec<(u16, Builder)>,
    /// What the base columns will be made of.
    heads: Vec<Head>,
    /// By place in `PROTOCOLS`; empty until the protocol is seen.
    protocols: Vec<Vec<Builder>>,
    addresses: Addresses,
    rows: usize,
    mistyped: u64,
    arrivals: Vec<u64>,
    closed: Vec<Part>,
    begun: bool,
}

impl Columns {
    /// `protocols` (places in `PROTOCOLS`) have their columns from the first batch on, others once they are seen.
    pub fn new(protocols: &[usize]) -> Self {
        let mut columns = Self {
            base: shown().map(|(number, field)| (number, Builder::new(field))).collect(),
            heads: Vec::new(),
            protocols: protocol::all().map(|_| Vec::new()).collect(),
            addresses: Addresses::default(),
            rows: 0,
            mistyped: 0,
            arrivals: Vec::new(),
            closed: Vec::new(),
            begun: false,
        };
        protocols.iter().for_each(|place| columns.admit(*place));
        columns
    }

    fn admit(&mut self, protocol: usize) {
        if let (Some(builders), Some(entry)) = (self.protocols.get_mut(protocol), protocol::at(protocol)) {
            *builders = entry.fields.iter().map(Builder::new).collect();
        }
    }

    /// One more row. `arrival` says its place among those of other shards.
    pub fn push(&mut self, event: &Event<'_>, names: &Names, arrival: u64) {
        self.arrivals.push(arrival);
        let Self { base, addresses, rows, heads, .. } = self;
        let (row, record) = (*rows, event.record);
        let (client, server) = (addresses.side(event.client), addresses.side(event.server));
        heads.push(Head::new(event, client, server));
        if (record.flaws != 0 || event.stream_flaws != 0) && event.flaws().next().is_some() {
            if let Some((_, builder)) = base.iter_mut().find(|(number, _)| *number == base::FLAWS) {
                builder.set_texts(row, event.flaws());
            }
        }
        if record.user.is_some() || record.password.is_some() || record.points.is_some() {
            for number in [base::USER, base::PASSWORD, base::POINT_NAMES, base::POINT_VALUES, base::POINT_UNITS] {
                let builder = base.iter_mut().find(|(known, _)| *known == number);
                if let (Some((_, builder)), Some(value)) = (builder, event.get(FieldId(number))) {
                    builder.set(row, value, record, event.bytes, addresses);
                }
            }
        }
        if self.protocols.get(event.protocol).is_some_and(Vec::is_empty) {
            self.admit(event.protocol);
        }
        if let Some(builders) = self.protocols.get_mut(event.protocol) {
            let misfits = fill(builders, row, record, event.bytes, &mut self.addresses);
            self.mistyped = self.mistyped.saturating_add(misfits);
        }
        self.rows = row.wrapping_add(1);
        let looked_at = self.rows.is_multiple_of(256);
        if self.rows >= COLUMN_ROWS || (looked_at && self.kept(Builder::kept_bytes) > COLUMN_BYTES) {
            self.close(names);
        }
    }

    fn kept(&self, of: impl Fn(&Builder) -> usize) -> usize {
        let builders = self.base.iter().map(|(_, builder)| builder).chain(self.protocols.iter().flatten());
        let heads = self.heads.len().saturating_mul(size_of::<Head>());
        builders.map(of).fold(self.addresses.bytes().saturating_add(heads), usize::saturating_add)
    }

    fn close(&mut self, names: &Names) {
        // Words are numbered on from batch to batch, until keeping them costs half of what a batch may.
        let forget = self.kept(Builder::word_bytes) > COLUMN_BYTES / 2;
        let Self { base, protocols, addresses, rows, .. } = self;
        let input = base.iter_mut().find(|(number, _)| *number == base::FILE_NAME);
        if let Some((_, builder)) = input.filter(|_| !names.files) {
            builder.renamed(INTERFACE);
        }
        let builders = base.iter_mut().map(|(_, builder)| builder).chain(protocols.iter_mut().flatten());
        let columns = builders.map(|builder| builder.close(*rows, addresses, forget)).collect();
        let (ip_words, mac_words) = (addresses.ip_words.words(), addresses.mac_words.words());
        if forget {
            self.addresses = Addresses::default();
        }
        self.begun = true;
        // The next part is likely to be as long.
        let (arrivals, heads) = (Vec::with_capacity(self.arrivals.len()), Vec::with_capacity(self.heads.len()));
        let (arrivals, heads) = (replace(&mut self.arrivals, arrivals), replace(&mut self.heads, heads));
        // Of what every event has, only a time may not fit.
        let timeless = heads.iter().filter(|head| !head.has_time()).count() as u64;
        let (rows, mistyped) = (take(&mut self.rows), take(&mut self.mistyped).saturating_add(timeless));
        self.closed.push(Part { rows, mistyped, heads, columns, arrivals, ip_words, mac_words });
    }

    /// Rows that wait to be taken.
    pub fn waiting(&self) -> usize {
        self.closed.iter().map(|batch| batch.rows).fold(self.rows, usize::saturating_add)
    }

    /// Full parts, and with `rest` what there is of the last; at least one in all, for the sake of its columns.
    pub fn take(&mut self, names: &Names, rest: bool) -> Vec<Part> {
        if rest && (self.rows > 0 || !self.begun) {
            self.close(names);
        }
        take(&mut self.closed)
    }
}

fn fill(builders: &mut [Builder], row: usize, record: &Record, bytes: &[u8], addresses: &mut Addresses) -> u64 {
    let mut misfits = 0u64;
    for slot in record.present() {
        if let (Some(builder), Some(value)) = (builders.get_mut(slot), record.get(slot)) {
            misfits = misfits.wrapping_add(u64::from(!builder.set(row, value, record, bytes, addresses)));
        }
    }
    misfits
}
