//! Events as text: NDJSON (one flat object per message, dotted keys, in the order of the field lists) and CSV.

pub mod csv;
mod digits;
mod json;
mod prepared;
pub mod values;

use std::ops::RangeInclusive;
use std::sync::{LazyLock, OnceLock};

use crate::event::{base, Event, FieldId, BASE_FIELDS};
use crate::limits::DESCRIBED_PROTOCOLS;
use crate::protocol::{self, PROTOCOLS};
use crate::value::{FieldDef, Kind, Value};

pub use digits::{address, decimal, hex, mac, mac_text, timestamp, Written};
pub use json::{string, Object};

use prepared::{Deed, Prepared, Talk};

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
struct Key {
    text: Box<[u8]>,
    /// The same, where it is no longer, with something behind it: a copy of a fixed length is soon done.
    short: [u8; SHORT],
}

const SHORT: usize = 32;

impl Key {
    fn new(name: &str) -> Self {
        let text = format!(",\"{name}\":").into_bytes().into_boxed_slice();
        let mut short = [0; SHORT];
        short.iter_mut().zip(&text).for_each(|(place, byte)| *place = *byte);
        Self { text, short }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        if self.text.len() > SHORT {
            return out.extend_from_slice(&self.text);
        }
        let end = out.len().saturating_add(self.text.len());
        out.extend_from_slice(&self.short);
        out.truncate(end);
    }
}

struct Keys {
    base: Vec<Key>,
    /// By place of the protocol; made when its first event is printed, because descriptions come later than this.
    protocols: [OnceLock<Vec<Key>>; PROTOCOLS.len() + DESCRIBED_PROTOCOLS],
    interface: Key,
}

fn keys(fields: &[FieldDef]) -> Vec<Key> {
    fields.iter().map(|field| Key::new(field.name)).collect()
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    base: keys(BASE_FIELDS),
    protocols: [const { OnceLock::new() }; PROTOCOLS.len() + DESCRIBED_PROTOCOLS],
    interface: Key::new(INTERFACE),
});

/// Bytes that most lines stay below.
const LINE: usize = 1024;

/// The base fields that events show, with their numbers: all but a message's bytes, which only rules look into.
pub fn shown() -> impl Iterator<Item = (u16, &'static FieldDef)> + Clone {
    (0u16..).zip(BASE_FIELDS).filter(|(number, _)| *number != base::BYTES)
}

/// Writes events, and remembers what comes again in the lines of one conversation.
#[derive(Debug, Default)]
pub struct Printer {
    talks: Prepared<Talk>,
    deeds: Prepared<Deed>,
}

impl Printer {
    /// Append the event as one JSON object, without a line end. `names` are those of every call so far.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
        object(out, event, |out| {
            out.extend_from_slice(self.talks.part(Talk::from(event), |out| talk(out, event, names)));
            out.extend_from_slice(self.deeds.part(Deed::from(event), |out| some(out, event, DEED)));
        });
    }
}

/// Append one event as a JSON object, without a line end.
pub fn event(out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
    object(out, event, |out| {
        talk(out, event, names);
        some(out, event, DEED);
    });
}

/// The fields that a `Deed` tells.
const DEED: RangeInclusive<u16> = base::ROLE..=base::OUTCOME;

/// `known` writes who speaks to whom, and what is done.
#[inline]
fn object(out: &mut Vec<u8>, event: &Event<'_>, known: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.reserve(LINE);
    moment(out, event);
    known(out);
    some(out, event, base::DURATION..=base::REQUEST_FRAME);
    rest(out, event);
    own(out, event);
    // The first key's comma becomes the brace.
    if let Some(first) = out.get_mut(start) {
        *first = b'{';
    }
    out.push(b'}');
}

fn key(out: &mut Vec<u8>, number: u16) {
    if let Some(key) = KEYS.base.get(usize::from(number)) {
        key.write(out);
    }
}

/// When it was, and in which frame.
fn moment(out: &mut Vec<u8>, event: &Event<'_>) {
    key(out, base::TIMESTAMP);
    quoted(out, |out| timestamp(out, event.ts_ns));
    key(out, base::FRAME_NUMBER);
    decimal(out, event.number);
}

/// What every message has that this side of a conversation sends: `Talk` is all that is asked for here.
fn talk(out: &mut Vec<u8>, event: &Event<'_>, names: &Names) {
    if names.files {
        key(out, base::FILE_NAME);
    } else {
        KEYS.interface.write(out);
    }
    string(out, names.input(event.input));
    key(out, base::SEGMENT);
    string(out, names.segment(event.segment));
    for number in base::PROTOCOL..=base::SERVER_PORT {
        if matches!(number, base::SOURCE_MAC | base::DESTINATION_MAC) {
            let side = if number == base::SOURCE_MAC { event.source() } else { event.destination() };
            key(out, number);
            quoted(out, |out| digits::mac(out, &side.mac));
        } else {
            some(out, event, number..=number);
        }
    }
}

/// Those of these base fields that the event has.
#[inline]
fn some(out: &mut Vec<u8>, event: &Event<'_>, numbers: RangeInclusive<u16>) {
    for number in numbers {
        if let Some(found) = event.get(FieldId(number)) {
            key(out, number);
            values::json(out, found, event.record, event.bytes, false);
        }
    }
}

/// What few messages have: flaws, what a baseline knows of the link, a user, points of the plant.
#[inline]
fn rest(out: &mut Vec<u8>, event: &Event<'_>) {
    let record = event.record;
    if record.flaws != 0 || event.stream_flaws != 0 {
        let mut flaws = event.flaws().peekable();
        if flaws.peek().is_some() {
            key(out, base::FLAWS);
            json::list(out, flaws, string);
        }
    }
    if event.link.is_some() {
        some(out, event, base::LINK_KNOWN..=base::LINK_OBJECT);
    }
    if record.user.is_some() || record.password.is_some() || record.points.is_some() {
        some(out, event, base::USER..=base::POINT_UNITS);
    }
}

/// Its protocol's fields.
#[inline]
fn own(out: &mut Vec<u8>, event: &Event<'_>) {
    let record = event.record;
    let fields = protocol::at(event.protocol).map_or(&[][..], |protocol| protocol.fields);
    let keys = KEYS.protocols.get(event.protocol).map_or(&[][..], |made| made.get_or_init(|| self::keys(fields)));
    for slot in record.present() {
        let (Some(field), Some(key), Some(found)) = (fields.get(slot), keys.get(slot), record.get(slot)) else {
            continue;
        };
        key.write(out);
        match found {
            Value::Unsigned(ns) if field.kind == Kind::Timestamp => quoted(out, |out| timestamp(out, ns)),
            _ => values::json(out, found, record, event.bytes, field.many),
        }
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}
