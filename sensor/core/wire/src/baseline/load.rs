//! From a compiled table's bytes to what can be asked per message, without its rows in between: read twice, first to
//! check and to count, then to fill. Links are taken shard by shard.

use std::borrow::Cow;

use super::codec::{self, Flawed, Head, Read, Reader};
use super::index::Index;
use super::knowledge::{packed, station_hash, unpacked, Knowledge, LinkKey, Operation, Row, Station};
use super::orders;
use super::poll::identity_of_one;
use super::stretches;
use super::table;
use super::touched::{Name, Touched, Touching};
use super::walk::{self, Inspector, Visitor};
use super::watched::{self, RequestKey, Shown, Watched};
use crate::cursor::Cursor;
use crate::hash::{shard_of, Map, SHARDS};
use crate::protocol;
use crate::value::{name_hash, Class};

const FULL: Flawed = Flawed::Content("more than fits");

fn place(number: usize) -> Read<u32> {
    u32::try_from(number).map_err(|_| FULL)
}

/// A link that will be loaded, and where its rows begin.
struct Plan<'a> {
    shard: usize,
    key: LinkKey,
    rows: Cursor<'a>,
}

/// `segments`: their names by the number that events carry. Links of other segments, and of protocols this version does
/// not speak, can never be met and are left out.
pub fn load(bytes: &[u8], segments: &[&str]) -> Result<Knowledge, String> {
    codec::read(bytes, |reader| {
        reader.front()?;
        let mut inspector = Inspector::default();
        let segment =
            |name: &str| segments.iter().position(|other| *other == name).and_then(|at| u16::try_from(at).ok());
        let stations = stations(reader, &mut inspector, segment)?;
        let mut plans = Vec::new();
        for _ in 0..reader.count()? {
            let head = reader.head()?;
            inspector.link(&head)?;
            let rows = reader.cursor;
            plans.extend(plan(&head, segment(head.segment), rows));
            walk::rows(reader, &mut inspector)?;
        }
        let end = reader.cursor;
        plans.sort_by_key(|plan| plan.shard);
        let known = Loader::new(&inspector, &plans).fill(reader, &plans)?;
        reader.cursor = end;
        let station_index = Index::new(stations.len(), |at, seed| hashed(&stations, at, |row| station_hash(row, seed)));
        let segments = segments.iter().map(|name| (*name).to_owned()).collect();
        Ok(Knowledge { stations, station_index, segments, ..known })
    })
}

fn stations<'a>(
    reader: &mut Reader<'a>,
    inspector: &mut Inspector<'a>,
    segment: impl Fn(&str) -> Option<u16>,
) -> Read<Vec<Station>> {
    let mut before = None;
    let mut stations = Vec::new();
    for _ in 0..reader.count()? {
        let asset = reader.asset()?;
        let name = borrowed(&asset.segment);
        inspector.asset(name, asset.ip, &asset.macs)?;
        // One segment's stations lie together: its name is looked up once.
        if before.is_none_or(|(known, _)| known != name) {
            before = Some((name, segment(name)));
        }
        if let Some(segment) = before.and_then(|(_, number)| number) {
            stations.push((segment, asset.ip));
        }
    }
    stations.shrink_to_fit();
    Ok(stations)
}

/// The hash of one row of a pool.
fn hashed<T>(rows: &[T], at: usize, hash: impl Fn(&T) -> u64) -> u64 {
    rows.get(at).map_or(0, hash)
}

fn plan<'a>(head: &Head<'a>, segment: Option<u16>, rows: Cursor<'a>) -> Option<Plan<'a>> {
    let protocol = protocol::place(head.protocol)?;
    let (segment, protocol) = (segment?, u16::try_from(protocol).ok()?);
    let key = LinkKey { segment, protocol, client: head.client, server: head.server };
    Some(Plan { shard: shard_of(segment, head.client, head.server), key, rows })
}

/// Fills the pools, link after link.
struct Loader<'a> {
    known: Knowledge,
    operation_names: Map<&'a str, u32>,
    /// The running link: its row, where its names of operations begin, and its running address space.
    row: Row,
    names: Vec<(Operation, &'a str)>,
    orders: Vec<table::Order>,
    space: Option<Space>,
}

struct Space {
    place: u64,
    stretches: usize,
    names: usize,
}

impl<'a> Loader<'a> {
    /// Room for all that was counted, so that nothing is grown.
    fn new(inspector: &Inspector<'a>, plans: &[Plan<'a>]) -> Self {
        let counts = &inspector.counts;
        let mut known = Knowledge::default();
        known.keys.reserve_exact(plans.len());
        known.rows.reserve_exact(plans.len().saturating_add(1));
        known.operations.reserve_exact(counts.operations);
        known.touched.reserve_exact(counts.spaces);
        known.names.reserve_exact(counts.names);
        known.text.reserve_exact(counts.name_bytes);
        known.polls.reserve_exact(counts.polls);
        let (operation_names, row) = (Map::default(), Row::default());
        Self { known, operation_names, row, names: Vec::new(), orders: Vec::new(), space: None }
    }

    fn fill(mut self, reader: &mut Reader<'a>, plans: &[Plan<'a>]) -> Read<Knowledge> {
        self.known.shards.reserve_exact(SHARDS.saturating_add(1));
        for plan in plans {
            let number = place(self.known.keys.len())?;
            while self.known.shards.len() <= plan.shard {
                self.known.shards.push(number);
            }
            self.known.keys.push(plan.key);
            self.row = self.begin()?;
            self.names.clear();
            self.orders.clear();
            reader.cursor = plan.rows;
            walk::rows(reader, &mut self)?;
            self.end_space()?;
            self.end_orders()?;
            self.end_link();
        }
        let end = self.begin()?;
        self.known.rows.push(end);
        let count = place(self.known.keys.len())?;
        self.known.shards.resize(SHARDS.saturating_add(1), count);
        Ok(self.settle())
    }

    fn begin(&self) -> Read<Row> {
        let known = &self.known;
        let (operations, polls) = (place(known.operations.len())?, place(known.polls.len())?);
        let (touched, ways) = (place(known.touched.len())?, place(known.ways.len())?);
        Ok(Row { operations, polls, touched, ways, ..Row::default() })
    }

    /// All rows of a link were read: let those of its objects know what is asked for there.
    fn end_link(&mut self) {
        let (known, row) = (&mut self.known, &mut self.row);
        let touched = known.touched.get_mut(row.touched as usize..).unwrap_or_default();
        touched.sort_unstable_by_key(|touched| touched.place);
        let operations = known.operations.get(row.operations as usize..).unwrap_or_default();
        for operation in operations {
            let class = |touched: &&mut Touched| touched.is_of(operation.class);
            touched.iter_mut().filter(class).for_each(|touched| touched.operates(operation.code));
        }
        for poll in known.polls.get_mut(row.polls as usize..).unwrap_or_default() {
            let wanted = Operation { code: poll.key.operation(), class: poll.key.class() as u8 };
            let operates = operations.binary_search(&wanted).is_ok();
            poll.writes = row.writes;
            if !poll.key.is_exact() {
                poll.learned = operates;
                continue;
            }
            let Ok(at) = touched.binary_search_by_key(&poll.key.touched(), |touched| touched.place) else {
                row.loose = true;
                continue;
            };
            let Some(touched) = touched.get_mut(at) else { continue };
            touched.polled(&poll.key);
            let (start, end) = poll.key.what;
            let inside = match touched.kind {
                Touching::OneStretch => stretches::contains(&[touched.inside], start, end),
                Touching::Several => stretches::contains(unpacked(&known.stretches, touched.inside.0), start, end),
            };
            poll.learned = inside && operates;
        }
        known.rows.push(*row);
    }

    fn end_orders(&mut self) -> Read<()> {
        let mut names = Vec::new();
        for order in &std::mem::take(&mut self.orders) {
            let table::Place::Operation { code, class } = order.next else { continue };
            let name = self.operation_name(Operation { code, class: class as u8 })?;
            names.push((order.next, name));
            self.orders.push(*order);
        }
        let name = |place| names.iter().find(|(known, _)| *known == place).map_or(0, |(_, name)| *name);
        self.known.ways.extend(orders::compiled(&self.orders, name));
        Ok(())
    }

    /// Lay out the tables.
    fn settle(self) -> Knowledge {
        let mut known = self.known;
        known.touched.shrink_to_fit();
        known.ways.shrink_to_fit();
        known.stretches.shrink_to_fit();
        known.shown.shrink_to_fit();
        known.link_index = Index::new(known.keys.len(), |at, seed| hashed(&known.keys, at, |key| key.hash(seed)));
        known.poll_index =
            Index::new(known.polls.len(), |at, seed| hashed(&known.polls, at, |poll| poll.key.hash(seed)));
        known
    }

    fn keep(&mut self, text: &str) -> Read<(u32, u32)> {
        let kept = (place(self.known.text.len())?, place(text.len())?);
        self.known.text.push_str(text);
        Ok(kept)
    }

    /// The address space whose rows were just read is complete. One without rows knows nothing.
    fn end_space(&mut self) -> Read<()> {
        let Some(Space { place: at, stretches, names }) = self.space.take() else { return Ok(()) };
        let known = &mut self.known;
        let count = |from: usize, to: usize| place(to.saturating_sub(from));
        let (many, named) = (count(stretches, known.stretches.len())?, count(names, known.names.len())?);
        let touched = match (many, named) {
            (0, 0) => return Ok(()),
            (1, 0) => Touched::new(at, Touching::OneStretch, known.stretches.pop().unwrap_or_default()),
            _ => {
                if let Some(own) = known.names.get_mut(names..) {
                    own.sort_unstable_by_key(|name| (name.hash, name.start));
                }
                let inside = (packed(place(stretches)?, many), packed(place(names)?, named));
                Touched::new(at, Touching::Several, inside)
            }
        };
        known.touched.push(touched);
        Ok(())
    }

    fn link(&self) -> Read<u32> {
        place(self.known.keys.len().saturating_sub(1))
    }

    fn operation_name(&mut self, operation: Operation) -> Read<u32> {
        let name = self.names.binary_search_by_key(&operation, |known| known.0).ok();
        let name = name.and_then(|at| self.names.get(at)).map_or("unknown", |known| known.1);
        if let Some(number) = self.operation_names.get(name) {
            return Ok(*number);
        }
        let (kept, number) = (self.keep(name)?, place(self.known.operation_names.len())?);
        self.known.operation_names.push(kept);
        self.operation_names.insert(name, number);
        Ok(number)
    }
}

/// Texts of a table being read are never owned.
fn borrowed<'a>(text: &Cow<'a, str>) -> &'a str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(_) => "",
    }
}

impl<'a> Visitor<'a> for Loader<'a> {
    fn operation(&mut self, row: &table::Operation<'a>) -> Read<()> {
        let operation = Operation { code: row.code, class: row.class as u8 };
        self.known.operations.push(operation);
        self.names.push((operation, borrowed(&row.name)));
        self.row.writes |= row.class == Class::Write;
        Ok(())
    }

    fn space(&mut self, class: Class, space: &'a str, index: u32) -> Read<()> {
        self.end_space()?;
        let space = self.known.spaces.intern(space).ok_or(FULL)?;
        let (stretches, names) = (self.known.stretches.len(), self.known.names.len());
        self.space = Some(Space { place: watched::place(class, space, index), stretches, names });
        Ok(())
    }

    fn stretch(&mut self, stretch: (u64, u64)) -> Read<()> {
        self.known.stretches.push(stretch);
        Ok(())
    }

    fn name(&mut self, name: &'a str) -> Read<()> {
        let (start, length) = self.keep(name)?;
        self.known.names.push(Name { hash: name_hash(name.as_bytes()), start, length });
        Ok(())
    }

    fn poll(&mut self, row: &table::Poll<'a>) -> Read<()> {
        self.end_space()?;
        let operation = Operation { code: row.operation, class: row.class as u8 };
        let (link, name) = (self.link()?, self.keep(&row.name)?);
        let space = self.known.spaces.intern(&row.space).ok_or(FULL)?;
        // Whoever edited a table may have changed what a poll says of its object: the identity is what counts.
        let exact = name.1 == 0 && identity_of_one(&row.space, row.index, (row.start, row.end)) == row.identity;
        let key = if exact {
            let place = watched::place(row.class, space, row.index);
            RequestKey::exact(link, row.operation, place, (row.start, row.end))
        } else {
            RequestKey::by_identity(link, row.operation, row.class, row.identity)
        };
        let shown = place(self.known.shown.len())?;
        if !exact {
            self.row.compound = true;
            self.known.shown.push(Shown { space, index: row.index, start: row.start, end: row.end, name });
        }
        let poll = Watched {
            key,
            period_us: row.period_us,
            low_us: row.low_us,
            high_us: row.high_us,
            stopped_us: row.stopped_us,
            operation_name: self.operation_name(operation)?,
            shown,
            changed_from: row.changed_from,
            irregular_from: row.irregular_from,
            ..Watched::default()
        };
        self.known.polls.push(poll);
        Ok(())
    }

    fn order(&mut self, row: &table::Order) -> Read<()> {
        self.end_space()?;
        self.orders.push(*row);
        Ok(())
    }
}
