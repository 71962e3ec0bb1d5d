//! From the table's rows to what can be asked per message: hash tables over small keys.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use super::poll::PollKey;
use super::space::Spaces;
use super::table::Table;
use crate::hash::{Map, Set};
use crate::protocol::PROTOCOLS;
use crate::value::{name_hash, Class};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkKey {
    pub segment: u16,
    pub protocol: u16,
    pub client: IpAddr,
    pub server: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectKey {
    pub link: u32,
    pub index: u32,
    pub space: u16,
    pub class: Class,
}

/// Few, wide words: these are hashed per message.
impl Hash for ObjectKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.link) << 32 | u64::from(self.index));
        state.write_u64(u64::from(self.space) << 8 | self.class as u64);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationKey {
    pub link: u32,
    pub code: u32,
    pub class: Class,
}

impl Hash for OperationKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.link) << 32 | u64::from(self.code));
        state.write_u64(self.class as u64);
    }
}

/// Places in the pools below.
#[derive(Clone, Copy, Debug, Default)]
pub struct Touched {
    pub stretches: (u32, u32),
    pub names: (u32, u32),
}

/// A learned name, found by its hash and then compared: hashes of names can be made to collide.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    pub hash: u64,
    pub start: u32,
    pub length: u32,
}

/// A learned poll as it is watched at run time.
#[derive(Clone, Debug)]
pub struct Watched {
    pub key: PollKey,
    pub operation_name: u32,
    pub period_us: u32,
    pub low_us: u32,
    pub high_us: u32,
    pub stopped_us: u32,
    pub changed_from: u8,
    pub irregular_from: u8,
    pub space: u16,
    pub index: u32,
    pub start: u64,
    pub end: u64,
    /// The object's name in `Knowledge::text`, empty where it is a stretch.
    pub name: (u32, u32),
}

#[derive(Debug)]
pub struct Row {
    pub key: LinkKey,
    pub writes: bool,
    /// Operation codes, for alerts: a place in `Knowledge::codes`.
    pub codes: (u32, u32),
}

#[derive(Debug, Default)]
pub struct Knowledge {
    pub assets: Set<(u16, IpAddr)>,
    pub links: Map<LinkKey, u32>,
    pub rows: Vec<Row>,
    pub operations: Set<OperationKey>,
    pub codes: Vec<u32>,
    pub objects: Map<ObjectKey, Touched>,
    pub stretches: Vec<(u64, u64)>,
    pub names: Vec<Name>,
    /// Names of objects and operations, one behind the other.
    pub text: String,
    pub operation_names: Vec<(u32, u32)>,
    pub spaces: Spaces,
    pub polls: Vec<Watched>,
}

const FULL: &str = "the baseline names more than fits";

fn place(number: usize) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| FULL.to_owned())
}

impl Knowledge {
    /// `segments`: their names by the number that events carry. Links of other segments, and of protocols this version
    /// does not speak, can never be met and are left out of the tables.
    pub fn new(table: &Table<'_>, segments: &[&str]) -> Result<Self, String> {
        let mut known = Self::default();
        let segment =
            |name: &str| segments.iter().position(|other| *other == name).and_then(|at| u16::try_from(at).ok());
        for asset in &table.assets {
            known.assets.extend(segment(&asset.segment).map(|segment| (segment, asset.ip)));
        }
        for link in &table.links {
            let protocol = PROTOCOLS.iter().position(|protocol| protocol.name == link.protocol);
            let (Some(segment), Some(protocol)) = (segment(&link.segment), protocol) else { continue };
            let protocol = u16::try_from(protocol).map_err(|_| FULL.to_owned())?;
            let key = LinkKey { segment, protocol, client: link.client, server: link.server };
            let number = place(known.rows.len())?;
            known.links.insert(key, number);
            let codes = (place(known.codes.len())?, place(link.operations.len())?);
            known.rows.push(Row { key, writes: link.writes(), codes });
            known.codes.extend(link.operations.iter().map(|row| row.code));
            let operations = link.operations.iter();
            known.operations.extend(operations.map(|row| OperationKey {
                link: number,
                code: row.code,
                class: row.class,
            }));
            for objects in &link.objects {
                let space = known.spaces.intern(&objects.space).ok_or(FULL)?;
                let key = ObjectKey { link: number, index: objects.index, space, class: objects.class };
                let stretches = (place(known.stretches.len())?, place(objects.stretches.len())?);
                known.stretches.extend_from_slice(&objects.stretches);
                let names = (place(known.names.len())?, place(objects.names.len())?);
                let mut sorted = Vec::new();
                for name in &objects.names {
                    let (start, length) = known.keep(name)?;
                    sorted.push(Name { hash: name_hash(name.as_bytes()), start, length });
                }
                sorted.sort_unstable_by_key(|name| (name.hash, name.start));
                known.names.extend(sorted);
                known.objects.insert(key, Touched { stretches, names });
            }
            known.polls(number, link)?;
        }
        Ok(known)
    }

    fn keep(&mut self, text: &str) -> Result<(u32, u32), String> {
        let kept = (place(self.text.len())?, place(text.len())?);
        self.text.push_str(text);
        Ok(kept)
    }

    fn polls(&mut self, number: u32, link: &super::table::Link<'_>) -> Result<(), String> {
        for poll in &link.polls {
            let operation = link.operations.iter().find(|row| (row.code, row.class) == (poll.operation, poll.class));
            let name = operation.map_or("unknown", |row| row.name.as_ref());
            let known = self.operation_names.iter().position(|(start, length)| self.text(*start, *length) == name);
            let operation_name = match known {
                Some(known) => place(known)?,
                None => {
                    let kept = self.keep(name)?;
                    self.operation_names.push(kept);
                    place(self.operation_names.len().saturating_sub(1))?
                }
            };
            let name = self.keep(&poll.name)?;
            self.polls.push(Watched {
                key: PollKey { link: number, operation: poll.operation, identity: poll.identity, class: poll.class },
                operation_name,
                period_us: poll.period_us,
                low_us: poll.low_us,
                high_us: poll.high_us,
                stopped_us: poll.stopped_us,
                changed_from: poll.changed_from,
                irregular_from: poll.irregular_from,
                space: self.spaces.intern(&poll.space).ok_or(FULL)?,
                index: poll.index,
                start: poll.start,
                end: poll.end,
                name,
            });
        }
        Ok(())
    }

    pub fn text(&self, start: u32, length: u32) -> &str {
        let start = start as usize;
        self.text.get(start..start.saturating_add(length as usize)).unwrap_or_default()
    }

    /// The rows of a pool at one place.
    pub fn at<T>(pool: &[T], (start, length): (u32, u32)) -> &[T] {
        let start = start as usize;
        pool.get(start..start.saturating_add(length as usize)).unwrap_or_default()
    }
}
