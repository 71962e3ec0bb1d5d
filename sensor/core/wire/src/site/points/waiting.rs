//! Points whose values the answer will bring.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::browsed::Browsed;
use super::{Form, Placed, Points};
use crate::hash::Map;
use crate::limits;
use crate::protocol::{place_of, PROTOCOLS};
use crate::value::{Object, Record, Role, Value};

/// Flow, reference, and whether the client asked.
type Key = (u64, u64, bool);

/// What was asked of mapped servers, by one shard. Bounded: beyond it the oldest question is forgotten, and its answer
/// has values without names.
#[derive(Debug, Default)]
pub struct Waiting {
    asked: Map<Key, Vec<Placed>>,
    browsed: Browsed,
    /// In the order in which they came, also of those that were answered since.
    order: VecDeque<Key>,
}

const OPCUA: usize = place_of("opcua") as usize;

/// Whether a message's first object is a stretch whose elements are its values; otherwise there is one for each object.
fn is_stretch(protocol: usize) -> bool {
    const MODBUS: usize = place_of("modbus") as usize;
    protocol == MODBUS || protocol >= PROTOCOLS.len()
}

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
        if !record.parts.is_empty() {
            return self.look_at_parts(points, (flow, protocol, server), from_client, record, message);
        }
        if protocol == OPCUA {
            self.browsed.look(points, (flow, protocol, server), record);
        }
        let Some(slot) = points.values_slot(protocol) else { return };
        let (values, reference) = (record.get(slot), record.reference);
        match (record.role, reference, values) {
            (Role::Request | Role::Unsolicited, _, Some(values)) => {
                // Of a message that writes and reads, what is written comes first.
                let written = record.objects().get(..1).filter(|_| is_stretch(protocol)).unwrap_or(record.objects());
                let placed = self.touched(points, protocol, server, (written, &record.places));
                show(points, &placed, values, record, message);
                self.ask(points, (flow, protocol, server), from_client, record, 1);
            }
            (Role::Request, Some(_), None) => self.ask(points, (flow, protocol, server), from_client, record, 0),
            // It says by itself where its values are from.
            (Role::Response, _, Some(values)) if !record.places.is_empty() => {
                let placed = self.touched(points, protocol, server, (record.objects(), &record.places));
                show(points, &placed, values, record, message);
            }
            (Role::Response, Some(reference), Some(values)) => {
                if let Some(placed) = self.asked.remove(&(flow, reference, !from_client)) {
                    show(points, &placed, values, record, message);
                }
            }
            // An answer without values: items were created, reading failed.
            (Role::Response, Some(reference), None) if !self.asked.is_empty() => {
                self.asked.remove(&(flow, reference, !from_client));
            }
            _ => {}
        }
    }

    fn touched(&self, points: &Points, protocol: usize, server: IpAddr, objects: (&[Object], &[u32])) -> Vec<Placed> {
        let mut placed = points.touched(protocol, server, objects, is_stretch(protocol));
        if protocol == OPCUA {
            self.browsed.touched(server, objects, &mut placed);
        }
        placed
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
        let placed = self.touched(points, protocol, server, (read, &[]));
        self.remember((flow, reference, from_client), placed);
    }

    /// Of messages whose values lie in parts of a controller's memory.
    fn look_at_parts(
        &mut self,
        points: &Points,
        (flow, protocol, server): (u64, usize, IpAddr),
        from_client: bool,
        record: &mut Record,
        message: &[u8],
    ) {
        match (record.role, record.reference) {
            (Role::Response, Some(reference)) => {
                if let Some(placed) = self.asked.remove(&(flow, reference, !from_client)) {
                    show_parts(points, &placed, record, message);
                }
            }
            (Role::Request, Some(reference)) if record.parts.iter().all(|part| part.data.is_none()) => {
                let placed = points.inside(protocol, server, &record.parts);
                self.remember((flow, reference, from_client), placed);
            }
            (Role::Request | Role::Unsolicited, _) => {
                let placed = points.inside(protocol, server, &record.parts);
                show_parts(points, &placed, record, message);
            }
            _ => {}
        }
    }

    fn remember(&mut self, key: Key, placed: Vec<Placed>) {
        if placed.is_empty() {
            return;
        }
        while self.order.len() >= limits::per_shard(limits::POINT_REQUESTS) {
            if let Some(oldest) = self.order.pop_front() {
                self.asked.remove(&oldest);
            }
        }
        self.order.push_back(key);
        self.asked.insert(key, placed);
    }
}

fn show(points: &Points, placed: &[Placed], values: Value, record: &mut Record, message: &[u8]) {
    show_each(points, placed, record, |form, Placed { element, .. }, record| {
        form.value(values, *element as usize, record, message)
    });
}

fn show_parts(points: &Points, placed: &[Placed], record: &mut Record, message: &[u8]) {
    let parts = std::mem::take(&mut record.parts);
    show_each(points, placed, record, |form, Placed { element, part, .. }, record| {
        let part = parts.get(*part as usize)?;
        match part.data? {
            Value::Bytes(span) => form.of_memory(span.of(message), *element as usize, part.single, record),
            Value::Blob(span) => {
                // It lies where texts are about to be put.
                let bytes = record.blob(span).to_vec();
                form.of_memory(&bytes, *element as usize, part.single, record)
            }
            _ => None,
        }
    });
    record.parts = parts;
}

fn show_each(
    points: &Points,
    placed: &[Placed],
    record: &mut Record,
    value: impl Fn(&Form, &Placed, &mut Record) -> Option<Value>,
) {
    let (mut names, mut found, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for place in placed {
        let Some(point) = points.point(place.point) else { continue };
        let Some(value) = value(&point.form, place, record) else { continue };
        names.push(Value::Text(record.push_text(point.name.as_bytes())));
        units.push(Value::Text(record.push_text(point.unit.as_bytes())));
        found.push(value);
        record.point_numbers.push(place.point);
    }
    if !found.is_empty() {
        record.points = Some([names, found, units].map(|list| record.keep_list(&list)));
    }
}
