//! A plant's table of points 点表: what stands behind an address, by name, type, scale and unit.
//!
//! A request says which addresses it touches (`Record::objects`), its answer brings the values. So points are looked up
//! when the request is seen and remembered until the answer comes (`waiting.rs`); a write brings both.

mod browsed;
mod decode;
pub mod memory;
mod read;
mod waiting;

use std::net::IpAddr;

pub use decode::{decimal, Form, Type};
pub use read::Row;
pub use waiting::Waiting;

use crate::hash::Map;
use crate::limits::LIST_VALUES;
use crate::rules::Network;
use crate::value::{name_hash, Object, Part};

/// One point, or one element of a row of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub name: Box<str>,
    /// Of measurement; may be empty.
    pub unit: Box<str>,
    pub form: Form,
    pub declared: Declared,
}

/// What an engineer says of a point's values, in its unit of measurement: holds without any learning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The fastest change, by second.
    pub rate: Option<f64>,
    /// All that there may be; empty: any.
    pub values: Box<[f64]>,
}

impl Declared {
    pub fn is_empty(&self) -> bool {
        self.min.is_none() && self.max.is_none() && self.rate.is_none() && self.values.is_empty()
    }
}

/// A point in a message: which, and where its first element lies among the message's values, or among the bits of one
/// of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub point: u32,
    pub element: u32,
    pub part: u32,
}

/// The space of all memory of a controller.
const MEMORY: &str = "memory";

/// Points of one space of some servers, in the order of their addresses.
#[derive(Debug)]
struct Space {
    name: Box<str>,
    /// Modbus unit, data block, namespace; `None`: of any.
    number: Option<u32>,
    /// Places in `Points::all`, by address.
    addresses: Vec<(u64, u32)>,
    /// By the hash that names of nodes have in `Object`.
    named: Map<u64, u32>,
}

/// Read only, shared by all shards.
#[derive(Debug, Default)]
pub struct Points {
    all: Vec<Point>,
    /// Spaces of one server and protocol (place in `PROTOCOLS`).
    servers: Map<(usize, IpAddr), Vec<Space>>,
    /// The same for all servers of a network.
    networks: Vec<(usize, Network, Vec<Space>)>,
    /// The slot of each protocol that has its process values.
    value_slots: Box<[Option<usize>]>,
    /// Slots of what is browsed: names, and the nodes that bear them.
    browse_slots: Option<(usize, usize)>,
}

impl Points {
    fn values_slot(&self, protocol: usize) -> Option<usize> {
        self.value_slots.get(protocol).copied().flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn point(&self, number: u32) -> Option<&Point> {
        self.all.get(number as usize)
    }

    /// Whether anything is declared of any point.
    pub fn declares(&self) -> bool {
        self.all.iter().any(|point| !point.declared.is_empty())
    }

    /// What the table calls the place at which a learned tag is: `start` as objects of messages have it.
    pub fn named(&self, protocol: usize, server: IpAddr, space: &str, (index, start): (u32, u64)) -> Option<&Point> {
        const DB: u8 = 0x84;
        let (space, start) = match (space, u16::try_from(index), u32::try_from(start.saturating_mul(8))) {
            ("db", Ok(db), Ok(bit)) => (MEMORY, memory::place(DB, db, bit)),
            _ => (space, start),
        };
        let fitting = self.spaces(protocol, server).filter(|known| *known.name == *space);
        let mut fitting = fitting.filter(|known| known.number.is_none_or(|number| number == index));
        let found = fitting.find_map(|known| {
            let place = known.addresses.binary_search_by_key(&start, |(address, _)| *address).ok();
            let at = place.and_then(|place| known.addresses.get(place)).map(|(_, point)| *point);
            at.or_else(|| known.named.get(&start).copied())
        });
        self.point(found?)
    }

    /// Spaces of that server, by itself and by its networks.
    fn spaces(&self, protocol: usize, server: IpAddr) -> impl Iterator<Item = &Space> {
        let of_server = self.servers.get(&(protocol, server)).into_iter();
        let of_network = self.networks.iter().filter(move |(of, network, _)| *of == protocol && network.holds(server));
        of_server.chain(of_network.map(|(_, _, spaces)| spaces)).flatten()
    }

    /// The point that a table knows by that browse name, written as events write it: `2:Name`.
    fn browsed(&self, protocol: usize, server: IpAddr, name: &str) -> Option<u32> {
        let (namespace, name) = match name.split_once(':') {
            Some((number, rest)) if number.parse::<u16>().is_ok() => (number.parse().ok(), rest),
            _ => (Some(0), name),
        };
        let named = self.spaces(protocol, server).filter(|space| *space.name == *browsed::SPACE);
        let mut fitting = named.filter(|space| space.number.is_none_or(|number| Some(number) == namespace));
        fitting.find_map(|space| space.named.get(&name_hash(name.as_bytes())).copied())
    }

    /// The points of a controller's memory that lie whole in one of these parts, in order.
    pub fn inside(&self, protocol: usize, server: IpAddr, parts: &[Part]) -> Vec<Placed> {
        let spaces: Vec<&Space> = self.spaces(protocol, server).filter(|space| *space.name == *MEMORY).collect();
        let mut placed = Vec::new();
        for (number, part) in (0u32..).zip(parts) {
            let end = part.start.saturating_add(part.bits.into());
            for space in &spaces {
                let first = space.addresses.partition_point(|(start, _)| *start < part.start);
                let inside = space.addresses.iter().skip(first).take_while(|(start, _)| *start < end);
                for (start, point) in inside {
                    if placed.len() >= LIST_VALUES {
                        return placed;
                    }
                    let bits = self.point(*point).map_or(1, |point| point.form.elements());
                    if start.saturating_add(bits) <= end {
                        let element = u32::try_from(start.saturating_sub(part.start)).unwrap_or(u32::MAX);
                        placed.push(Placed { point: *point, element, part: number });
                    }
                }
            }
        }
        placed
    }

    /// The points that a message of that server touches. `stretch`: one of its objects is meant, and its elements are
    /// the values; otherwise there is a value for each object, side by side or where `places` says.
    pub fn touched(
        &self,
        protocol: usize,
        server: IpAddr,
        (objects, places): (&[Object], &[u32]),
        stretch: bool,
    ) -> Vec<Placed> {
        let mut placed = Vec::new();
        for space in self.spaces(protocol, server) {
            for (number, object) in (0u32..).zip(objects) {
                let place = places.get(number as usize).copied().unwrap_or(number);
                if *space.name == *object.space && space.number.is_none_or(|number| number == object.index) {
                    self.of_object(space, object, if stretch { None } else { Some(place) }, &mut placed);
                }
            }
        }
        placed.truncate(LIST_VALUES);
        placed
    }

    fn of_object(&self, space: &Space, object: &Object, place: Option<u32>, out: &mut Vec<Placed>) {
        if object.text.is_some() {
            let found = space.named.get(&object.start).zip(place);
            return out.extend(found.map(|(point, element)| Placed { point: *point, element, part: 0 }));
        }
        let first = space.addresses.partition_point(|(start, _)| *start < object.start);
        let inside = space.addresses.iter().skip(first).take_while(|(start, _)| *start <= object.end);
        for (start, point) in inside {
            let elements = self.point(*point).map_or(1, |point| point.form.elements());
            let last = start.saturating_add(elements).saturating_sub(1);
            let within = u32::try_from(start.saturating_sub(object.start)).unwrap_or(u32::MAX);
            match place {
                Some(element) => out.push(Placed { point: *point, element, part: 0 }),
                None if last <= object.end => out.push(Placed { point: *point, element: within, part: 0 }),
                None => {}
            }
        }
    }
}
