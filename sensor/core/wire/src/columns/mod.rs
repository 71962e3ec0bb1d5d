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
mod order;
mod spread;
mod words;

pub use array::{Array, Items};
pub use bitmap::Bitmap;
pub use column::{Column, Data};
pub use interleave::{interleave, Told};
pub use words::Strings;

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
    /// For each row the number of the packet's arrival, where parts of several shards are to be put in order.
    pub arrivals: Vec<u64>,
    /// Values that did not fit their column and are missing.
    pub mistyped: u64,
}

/// Batches under construction.
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
    closed: Vec<Batch>,
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

    /// One more row.
    pub fn push(&mut self, event: &Event<'_>, names: &Names) {
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

    /// One more row, which `interleave` will put in its place among those of other shards.
    pub fn push_at(&mut self, event: &Event<'_>, names: &Names, arrival: u64) {
        self.arrivals.push(arrival);
        self.push(event, names);
    }

    fn kept(&self, of: impl Fn(&Builder) -> usize) -> usize {
        let builders = self.base.iter().map(|(_, builder)| builder).chain(self.protocols.iter().flatten());
        let heads = self.heads.len().saturating_mul(size_of::<Head>());
        builders.map(of).fold(self.addresses.bytes().saturating_add(heads), usize::saturating_add)
    }

    fn close(&mut self, names: &Names) {
        for (number, builder) in &mut self.base {
            if let Some(array) = heads::column(*number, &self.heads, builder.own_words(), names) {
                // Of what every event has, only a time may not fit.
                let missing = if *number == base::TIMESTAMP { array.present.unset() } else { 0 };
                self.mistyped = self.mistyped.saturating_add(missing as u64);
                builder.write(array);
            }
        }
        self.heads.clear();
        // Words are numbered on from batch to batch, until keeping them costs half of what a batch may.
        let forget = self.kept(Builder::word_bytes) > COLUMN_BYTES / 2;
        let Self { base, protocols, addresses, rows, .. } = self;
        let input = base.iter_mut().find(|(number, _)| *number == base::FILE_NAME);
        if let Some((_, builder)) = input.filter(|_| !names.files) {
            builder.renamed(INTERFACE);
        }
        let builders = base.iter_mut().map(|(_, builder)| builder).chain(protocols.iter_mut().flatten());
        let columns = builders.map(|builder| builder.close(*rows, addresses, forget)).collect();
        if forget {
            self.addresses = Addresses::default();
        }
        self.begun = true;
        let room = Vec::with_capacity(self.arrivals.len());
        let (arrivals, mistyped) = (std::mem::replace(&mut self.arrivals, room), std::mem::take(&mut self.mistyped));
        self.closed.push(Batch { rows: std::mem::take(&mut self.rows), columns, arrivals, mistyped });
    }

    /// Rows that wait to be taken.
    pub fn waiting(&self) -> usize {
        self.closed.iter().map(|batch| batch.rows).fold(self.rows, usize::saturating_add)
    }

    /// Full batches, and with `rest` what there is of the last; at least one in all, for the sake of its columns.
    pub fn take(&mut self, names: &Names, rest: bool) -> Vec<Batch> {
        if rest && (self.rows > 0 || !self.begun) {
            self.close(names);
        }
        std::mem::take(&mut self.closed)
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
