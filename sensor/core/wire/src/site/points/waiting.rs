//! Points whose values the answer will bring.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::{Placed, Points};
use crate::hash::Map;
use crate::limits;
use crate::protocol::{self, place_of};
use crate::value::{Record, Role, Value};

/// Flow, reference, and whether the client asked.
type Key = (u64, u64, bool);

/// What was asked of mapped servers, by one shard. Bounded: beyond it the oldest question is forgotten, and its answer
/// has values without names.
#[derive(Debug, Default)]
pub struct Waiting {
    asked: Map<Key, Vec<Placed>>,
    /// In the order in which they came, also of those that were answered since.
    order: VecDeque<Key>,
}

/// The slot of each protocol that has its process values.
static VALUES: LazyLock<Vec<Option<usize>>> = LazyLock::new(|| {
    let of = |field: &crate::value::FieldDef| field.name.ends_with(".values");
    protocol::all().map(|protocol| protocol.fields.iter().position(of)).collect()
});

const MODBUS: usize = place_of("modbus") as usize;

impl Waiting {
    /// Look at a message on its way: name the values that it brings, remember what it asks for.
    pub fn look(
        &mut self,
        points: &Points,
        (flow, protocol, server): (u64, usize, IpAddr),
        from_client: bool,
        record: &mut Record,
        message: &[u8],
    ) {
        let Some(slot) = VALUES.get(protocol).copied().flatten() else { return };
        let (values, reference) = (record.get(slot), record.reference);
        match (record.role, reference, values) {
            (Role::Request | Role::Unsolicited, _, Some(values)) => {
                // Of a message that writes and reads, what is written comes first.
                let written = record.objects().get(..1).filter(|_| protocol == MODBUS).unwrap_or(record.objects());
                let placed = points.touched(protocol, server, written, protocol == MODBUS);
                show(points, &placed, values, record, message);
                self.ask(points, (flow, protocol, server), from_client, record, 1);
            }
            (Role::Request, Some(_), None) => self.ask(points, (flow, protocol, server), from_client, record, 0),
            (Role::Response, Some(reference), Some(values)) => {
                if let Some(placed) = self.asked.remove(&(flow, reference, !from_client)) {
                    show(points, &placed, values, record, message);
                }
            }
            _ => {}
        }
    }

    /// `written`: so many of the objects are written.
    fn ask(
        &mut self,
        points: &Points,
        (flow, protocol, server): (u64, usize, IpAddr),
        from_client: bool,
        record: &Record,
        written: usize,
    ) {
        let read = record.objects().get(written..).unwrap_or_default();
        let (Some(reference), false) = (record.reference, read.is_empty()) else { return };
        let placed = points.touched(protocol, server, read, protocol == MODBUS);
        if placed.is_empty() {
            return;
        }
        while self.order.len() >= limits::per_shard(limits::POINT_REQUESTS) {
            if let Some(oldest) = self.order.pop_front() {
                self.asked.remove(&oldest);
            }
        }
        let key = (flow, reference, from_client);
        self.order.push_back(key);
        self.asked.insert(key, placed);
    }
}

fn show(points: &Points, placed: &[Placed], values: Value, record: &mut Record, message: &[u8]) {
    let (mut names, mut found, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for Placed { point, element } in placed {
        let Some(point) = points.point(*point) else { continue };
        let Some(value) = point.form.value(values, *element as usize, record, message) else { continue };
        names.push(Value::Text(record.push_text(point.name.as_bytes())));
        units.push(Value::Text(record.push_text(point.unit.as_bytes())));
        found.push(value);
    }
    if !found.is_empty() {
        record.points = Some([names, found, units].map(|list| record.keep_list(&list)));
    }
}
