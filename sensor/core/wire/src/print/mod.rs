//! Events as text: NDJSON (one flat object per message, dotted keys, in the order of the field lists) and CSV.

pub mod csv;
mod digits;
mod json;
pub mod values;

use std::sync::{LazyLock, OnceLock};

use crate::event::{base, Event, FieldId, BASE_FIELDS};
use crate::limits::DESCRIBED_PROTOCOLS;
use crate::protocol::{self, has_ports, PROTOCOLS};
use crate::value::{FieldDef, Kind, Value};

pub use digits::{address, decimal, hex, mac, mac_text, timestamp, Written};
pub use json::{string, Object};

/// What an event refers to by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names of the inputs (files or interfaces), by `Event::input`.
    pub inputs: Vec<String>,
    pub segments: Vec<String>,
    /// Inputs are files: events say `file.name`; otherwise `observer.ingress.interface.name`.
    pub files: bool,
}

impl Names {
    pub fn input(&self, number: u16) -> &str {
        self.inputs.get(usize::from(number)).map_or("", String::as_str)
    }

    pub fn segment(&self, number: u16) -> &str {
        self.segments.get(usize::from(number)).map_or("default", String::as_str)
    }
}

/// The ECS name of a live input.
pub const INTERFACE: &str = "observer.ingress.interface.name";

/// `,"name":` of a field, ready to be copied: names are plain text of our own.
type Key = Box<[u8]>;

struct Keys {
    base: Vec<Key>,
    /// By place of the protocol; made when its first event is printed, because descriptions come later than this.
    protocols: [OnceLock<Vec<Key>>; PROTOCOLS.len() + DESCRIBED_PROTOCOLS],
    interface: Key,
}

fn key(name: &str) -> Key {
    format!(",\"{name}\":").into_bytes().into_boxed_slice()
}

fn keys(fields: &[FieldDef]) -> Vec<Key> {
    fields.iter().map(|field| key(field.name)).collect()
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    base: keys(BASE_FIELDS),
    protocols: [const { OnceLock::new() }; PROTOCOLS.len() + DESCRIBED_PROTOCOLS],
    interface: key(INTERFACE),
});

/// Bytes that most lines stay below.
const LINE: usize = 1024;

/// The base fields that events show, with their numbers: all but a message's bytes, which only rules look into.
pub fn shown() -> impl Iterator<Item = (u16, &'static FieldDef)> + Clone {
    (0u16..).zip(BASE_FIELDS).filter(|(number, _)| *number != base::BYTES)
}

/// Append the event as one JSON object, without a line end.
pub fn event(out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
    let keys: &Keys = &KEYS;
    let record = event.record;
    let start = out.len();
    out.reserve(LINE);
    let (client, server) = (digits::Written::new(event.client.ip), digits::Written::new(event.server.ip));
    let (source, destination) = if event.from_client { (&client, &server) } else { (&server, &client) };
    for (number, key) in (0u16..).zip(&keys.base) {
        match number {
            base::TIMESTAMP => {
                out.extend_from_slice(key);
                quoted(out, |out| timestamp(out, event.ts_ns));
            }
            base::FILE_NAME => {
                out.extend_from_slice(if names.files { key } else { &keys.interface });
                string(out, names.input(event.input));
            }
            base::SEGMENT => {
                out.extend_from_slice(key);
                string(out, names.segment(event.segment));
            }
            base::SOURCE_MAC | base::DESTINATION_MAC => {
                let side = if number == base::SOURCE_MAC { event.source() } else { event.destination() };
                out.extend_from_slice(key);
                quoted(out, |out| digits::mac(out, &side.mac));
            }
            base::SOURCE_IP | base::DESTINATION_IP | base::CLIENT_IP | base::SERVER_IP => {
                let ip = match number {
                    base::SOURCE_IP => source,
                    base::DESTINATION_IP => destination,
                    base::CLIENT_IP => &client,
                    _ => &server,
                };
                out.extend_from_slice(key);
                out.extend_from_slice(ip.quoted());
            }
            base::SOURCE_PORT | base::DESTINATION_PORT if has_ports(event.transport) => {
                let side = if number == base::SOURCE_PORT { event.source() } else { event.destination() };
                out.extend_from_slice(key);
                decimal(out, side.port.into());
            }
            base::LINK_KNOWN | base::LINK_WRITES | base::LINK_OPERATION | base::LINK_OBJECT if event.link.is_none() => {
            }
            base::FLAWS if record.flaws == 0 && event.stream_flaws == 0 => {}
            base::FLAWS => {
                let mut flaws = event.flaws().peekable();
                if flaws.peek().is_some() {
                    out.extend_from_slice(key);
                    json::list(out, flaws, string);
                }
            }
            _ => {
                if let Some(found) = event.get(FieldId(number)) {
                    out.extend_from_slice(key);
                    values::json(out, found, record, event.bytes, false);
                }
            }
        }
    }
    let fields = protocol::at(event.protocol).map_or(&[][..], |protocol| protocol.fields);
    let keys = keys.protocols.get(event.protocol).map_or(&[][..], |made| made.get_or_init(|| self::keys(fields)));
    for slot in record.present() {
        let (Some(field), Some(key), Some(found)) = (fields.get(slot), keys.get(slot), record.get(slot)) else {
            continue;
        };
        out.extend_from_slice(key);
        match found {
            Value::Unsigned(ns) if field.kind == Kind::Timestamp => quoted(out, |out| timestamp(out, ns)),
            _ => values::json(out, found, record, event.bytes, field.many),
        }
    }
    // The first key's comma becomes the brace.
    if let Some(first) = out.get_mut(start) {
        *first = b'{';
    }
    out.push(b'}');
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}
