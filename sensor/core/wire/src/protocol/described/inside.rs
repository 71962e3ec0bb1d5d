//! Functions that a maker added to a public protocol: their messages come as raw data from that one's parser, and are
//! read anew by the description.

use std::sync::{Mutex, PoisonError};

use super::layout::Layout;
use super::reading::Reading;
use crate::cursor::Cursor;
use crate::protocol::{list, Protocol, PROTOCOLS};
use crate::site::Site;
use crate::value::{Outcome, Record, Role, Value};

/// A description of functions inside another protocol.
#[derive(Clone, Copy, Debug)]
pub struct Inside {
    layout: &'static Layout,
    /// Places of the protocol that carries it, and its own.
    host: usize,
    place: u8,
    /// Slots of the host: what it could not read, and the number of the unit.
    data: usize,
    unit: usize,
    /// The slot of its own that the unit goes to.
    own_unit: Option<usize>,
}

/// Hosts, with the names of their fields for raw data and for the unit addressed.
const HOSTS: &[(&str, &str, &str)] = &[("modbus", "modbus.data", "modbus.unit_id")];

/// Layouts by the name of their protocol, and its host. Never taken away, as protocols are not.
static KEPT: Mutex<Vec<(String, usize, &'static Layout)>> = Mutex::new(Vec::new());

pub fn keep(name: &str, host: &str, layout: &'static Layout) -> Result<(), String> {
    let known = HOSTS.iter().position(|(known, ..)| *known == host);
    let host = known.ok_or_else(|| format!("inside: modbus, not {host}"))?;
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), host, layout));
    Ok(())
}

/// Of the described protocol at that place; `None`: it has conversations of its own.
pub fn of(place: usize) -> Option<Inside> {
    let protocol = list::at(place)?;
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, host, layout) = kept.iter().find(|(name, ..)| name == protocol.name)?;
    let (host, data, unit) = *HOSTS.get(*host)?;
    let host = list::place(host)?;
    let slot = |protocol: &Protocol, name: &str| protocol.fields.iter().position(|field| field.name == name);
    let carrier = PROTOCOLS.get(host)?;
    let own_unit = slot(protocol, &format!("{}.unit_id", protocol.name));
    let (data, unit) = (slot(carrier, data)?, slot(carrier, unit)?);
    Some(Inside { layout, host, place: u8::try_from(place).ok()?, data, unit, own_unit })
}

impl Inside {
    /// Read a message of the host anew, where it is one of the described functions.
    #[cold]
    pub fn read(&self, protocol: usize, record: &mut Record, message: &[u8], site: &Site) {
        if protocol != self.host || !self.layout.operations.contains_key(&record.operation) {
            return;
        }
        let (base, bytes) = match record.get(self.data) {
            Some(Value::Bytes(span)) => (span.start as usize, span.of(message)),
            None if record.flaws == 0 && record.outcome != Outcome::Failure => (message.len(), &[][..]),
            _ => return,
        };
        let unit = record.get(self.unit);
        record.forget_fields();
        record.flaws = 0;
        record.protocol = Some(self.place);
        if let (Some(slot), Some(unit)) = (self.own_unit, unit) {
            record.set(slot, unit);
        }
        let asked = record.role == Role::Request;
        let mut reading = Reading { cursor: Cursor::new(bytes), base, password: None };
        self.layout.read(record.operation, asked, &mut reading, record, site);
    }
}
