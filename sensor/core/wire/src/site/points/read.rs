//! The table as Python hands it over: a row a point, or a row of points that lie one behind the other.

use serde::Deserialize;

use super::{browsed, memory, Declared, Form, Point, Points, Space, Type, MEMORY};
use crate::hash::Map;
use crate::limits::POINTS;
use crate::protocol::{self, Protocol};
use crate::rules::Network;
use crate::value::name_hash;

/// A row. What is left out has the meaning that its comment gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub protocol: String,
    /// An address, or a network whose servers are all alike.
    pub server: String,
    /// `holding_register`, `node`, … as the protocol's parser calls it; none where an item says it.
    #[serde(default)]
    pub space: String,
    /// An address as the engineers of S7 controllers write it.
    #[serde(default)]
    pub item: Option<String>,
    /// Unit, data block or namespace; none: any.
    #[serde(default)]
    pub number: Option<u32>,
    /// Its first address, or the name of a node.
    #[serde(default)]
    pub address: Option<u64>,
    #[serde(default)]
    pub node: Option<String>,
    /// Instead of both, the browse name of a node, whatever its id.
    #[serde(default)]
    pub browse_name: Option<String>,
    /// In a row of points `{n}` stands for the number of each.
    pub name: String,
    #[serde(default)]
    pub unit: String,
    /// Points one behind the other.
    #[serde(default = "one")]
    pub count: u32,
    /// They are numbered in the octal system, as makers do with inputs and outputs.
    #[serde(default)]
    pub octal: bool,
    /// Number of the first.
    #[serde(default)]
    pub first: u64,
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Registers of a text.
    #[serde(default)]
    pub registers: Option<u8>,
    #[serde(default)]
    pub bit: Option<u8>,
    #[serde(default = "plain")]
    pub order: String,
    #[serde(default = "unscaled")]
    pub scale: f64,
    #[serde(default)]
    pub offset: f64,
    /// What its values may be, in its unit; the fastest change by second.
    #[serde(default)]
    pub min: Option<f64>,
    #[serde(default)]
    pub max: Option<f64>,
    #[serde(default)]
    pub rate: Option<f64>,
    #[serde(default)]
    pub values: Vec<f64>,
}

fn one() -> u32 {
    1
}

fn unscaled() -> f64 {
    1.0
}

fn plain() -> String {
    "abcd".to_owned()
}

impl Points {
    /// # Errors
    /// Names the point and what is wrong with it.
    pub fn new(rows: &[Row]) -> Result<Self, String> {
        let slot =
            |protocol: &Protocol, name: &str| protocol.fields.iter().position(|field| field.name.ends_with(name));
        let opcua = protocol::all().find(|protocol| protocol.name == "opcua");
        let browse = |name: &str| slot(opcua?, name);
        let mut points = Self {
            value_slots: protocol::all().map(|protocol| slot(protocol, ".values")).collect(),
            browse_slots: browse("opcua.browse_names").zip(browse("opcua.target_ids")),
            ..Self::default()
        };
        for row in rows {
            points.add(row).map_err(|error| format!("point {}: {error}", row.name))?;
        }
        let spaces = points.servers.values_mut().flatten();
        for space in spaces.chain(points.networks.iter_mut().flat_map(|(_, _, spaces)| spaces)) {
            space.addresses.sort_unstable();
        }
        Ok(points)
    }

    fn add(&mut self, row: &Row) -> Result<(), String> {
        let protocol = protocol::place(&row.protocol);
        let protocol = protocol.ok_or_else(|| format!("unknown protocol {}", row.protocol))?;
        let Stood { space: own_space, number, place, form } = stood(row)?;
        let spaces = match row.server.parse() {
            Ok(address) => Some(self.servers.entry((protocol, address)).or_default()),
            Err(_) => network(&mut self.networks, protocol, Network::parse(&row.server)?),
        };
        let Some(spaces) = spaces else { return Ok(()) };
        let found = spaces.iter().position(|space| *space.name == *own_space && space.number == number);
        let found = found.unwrap_or_else(|| {
            let (addresses, named) = (Vec::new(), Map::default());
            spaces.push(Space { name: own_space.into(), number, addresses, named });
            spaces.len().saturating_sub(1)
        });
        let Some(space) = spaces.get_mut(found) else { return Ok(()) };
        let declared = declared(row)?;
        for number in 0..u64::from(row.count) {
            let point = u32::try_from(self.all.len()).ok().filter(|point| (*point as usize) < POINTS);
            let point = point.ok_or_else(|| format!("more than {POINTS} points"))?;
            match place {
                Place::Address(address) => {
                    let start = address.saturating_add(number.saturating_mul(form.elements()));
                    space.addresses.push((start, point));
                }
                Place::Named(hash) => {
                    space.named.insert(hash, point);
                }
            }
            let number = row.first.saturating_add(number);
            let number = if row.octal { format!("{number:o}") } else { number.to_string() };
            self.all.push(Point {
                name: row.name.replace("{n}", &number).into(),
                unit: row.unit.as_str().into(),
                form,
                declared: declared.clone(),
            });
        }
        Ok(())
    }
}

fn declared(row: &Row) -> Result<Declared, String> {
    if row.min.zip(row.max).is_some_and(|(min, max)| min > max) {
        return Err("min is more than max".to_owned());
    }
    if row.rate.is_some_and(|rate| rate <= 0.0) {
        return Err("the rate is more than nothing, a second".to_owned());
    }
    Ok(Declared { min: row.min, max: row.max, rate: row.rate, values: row.values.clone().into() })
}

enum Place {
    Address(u64),
    /// Hash of a node's name.
    Named(u64),
}

/// Where a row's first point stands, and how.
struct Stood<'r> {
    space: &'r str,
    number: Option<u32>,
    place: Place,
    form: Form,
}

fn stood(row: &Row) -> Result<Stood<'_>, String> {
    if let Some(item) = &row.item {
        let whole = row.space.is_empty() && row.address.is_none() && row.node.is_none() && row.number.is_none();
        if row.protocol != "s7comm" || !whole {
            return Err("an item is of s7comm, and says by itself where it is".to_owned());
        }
        if row.bit.is_some() || row.order != "abcd" {
            return Err("an item has its bit in its address, and one order".to_owned());
        }
        let (place, kind) = memory::item(item, row.kind.as_deref())?;
        let form = scaled(row, Form { kind: Type::Memory(kind), ..Form::plain() })?;
        return Ok(Stood { space: MEMORY, number: None, place: Place::Address(place), form });
    }
    if let Some(name) = &row.browse_name {
        if row.protocol != "opcua" || row.address.is_some() || row.node.is_some() || row.count != 1 {
            return Err("a browse name is of one node of opcua, and stands instead of an address".to_owned());
        }
        let place = Place::Named(name_hash(name.as_bytes()));
        return Ok(Stood { space: browsed::SPACE, number: row.number, place, form: form(row)? });
    }
    if row.protocol == "s7comm" {
        return Err("wants an item, like DB10.DBD4".to_owned());
    }
    let (number, place) = match (row.address, &row.node) {
        (Some(address), None) => (row.number, Place::Address(address)),
        (None, Some(node)) if row.count == 1 => named(row.number, node)?,
        _ => return Err("wants an address, or the name of one node".to_owned()),
    };
    if row.space.is_empty() {
        return Err("no space".to_owned());
    }
    Ok(Stood { space: &row.space, number, place, form: form(row)? })
}

/// A node by its name in a namespace, or written whole: `ns=2;s=Machine.Speed`, `ns=2;i=7`. What messages call it is
/// the whole.
fn named(number: Option<u32>, node: &str) -> Result<(Option<u32>, Place), String> {
    let (own, rest) = match node.strip_prefix("ns=").and_then(|rest| rest.split_once(';')) {
        Some((index, rest)) => (index.parse().ok(), rest),
        None => (number, node),
    };
    let whole = ["s=", "i=", "g=", "b="].iter().any(|kind| rest.starts_with(kind));
    let Some(own) = own.or(whole.then_some(0)).filter(|own| number.is_none_or(|number| number == *own)) else {
        return Err("the name of a node wants its namespace: a number, or as in ns=2;s=Machine.Speed".to_owned());
    };
    if let Some(id) = rest.strip_prefix("i=") {
        let id: u32 = id.parse().map_err(|_| format!("{node} is no number of a node"))?;
        return Ok((Some(own), Place::Address(id.into())));
    }
    let before = if own == 0 { String::new() } else { format!("ns={own};") };
    let text = if whole { format!("{before}{rest}") } else { format!("{before}s={rest}") };
    Ok((Some(own), Place::Named(name_hash(text.as_bytes()))))
}

fn network(all: &mut Vec<(usize, Network, Vec<Space>)>, protocol: usize, network: Network) -> Option<&mut Vec<Space>> {
    let known = all.iter().position(|(of, known, _)| *of == protocol && *known == network);
    let place = known.unwrap_or_else(|| {
        all.push((protocol, network, Vec::new()));
        all.len().saturating_sub(1)
    });
    all.get_mut(place).map(|(_, _, spaces)| spaces)
}

fn form(row: &Row) -> Result<Form, String> {
    let (kind, registers) = match row.kind.as_deref().unwrap_or("u16") {
        "bool" => (Type::Bool, 1),
        "u16" => (Type::Unsigned, 1),
        "u32" => (Type::Unsigned, 2),
        "u64" => (Type::Unsigned, 4),
        "i16" => (Type::Signed, 1),
        "i32" => (Type::Signed, 2),
        "i64" => (Type::Signed, 4),
        "f32" => (Type::Float, 2),
        "f64" => (Type::Float, 4),
        "bcd16" => (Type::Bcd, 1),
        "bcd32" => (Type::Bcd, 2),
        "text" => (
            Type::Text,
            row.registers.filter(|registers| (1..=64).contains(registers)).ok_or("a text has 1 to 64 registers")?,
        ),
        other => return Err(format!("unknown type {other}")),
    };
    let (words_reversed, bytes_swapped) = match row.order.as_str() {
        "abcd" => (false, false),
        "cdab" => (true, false),
        "badc" => (false, true),
        "dcba" => (true, true),
        other => return Err(format!("unknown order {other}: abcd, cdab, badc or dcba")),
    };
    if row.bit.is_some_and(|bit| bit > 15) {
        return Err("a register has bits 0 to 15".to_owned());
    }
    scaled(row, Form { kind, registers, words_reversed, bytes_swapped, bit: row.bit, ..Form::plain() })
}

fn scaled(row: &Row, form: Form) -> Result<Form, String> {
    if !row.scale.is_finite() || row.scale == 0.0 || !row.offset.is_finite() {
        return Err("the scale is a number other than 0, the offset a number".to_owned());
    }
    Ok(Form { scale: row.scale, offset: row.offset, ..form })
}
