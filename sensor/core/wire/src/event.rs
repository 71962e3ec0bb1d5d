//! One protocol message with everything rules, baseline and printing may ask of it.

use std::net::IpAddr;

use crate::limits::TIME_JUMP_NS;
use crate::protocol::{self, has_ports, transport_name};
use crate::value::{field, list, Class, FieldDef, Kind, Outcome, Record, Value, SLOTS};

/// One side of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub port: u16,
    pub mac: [u8; 6],
}

/// What the baseline knows about the conversation of an event; `None` in `Event::link` when there is no baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFacts {
    pub known: bool,
    /// The client has written to this server, in this protocol, while learning.
    pub learned_writes: bool,
    pub learned_operation: bool,
    pub learned_object: bool,
}

/// The request that a response answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Frame that completed the request.
    pub number: u64,
    pub ts_ns: u64,
    pub operation: u32,
    pub class: Class,
    /// What the baseline knew about the request: its answer is judged by the same.
    pub facts: Option<LinkFacts>,
}

/// A message and its surroundings. Borrowed for the length of one call.
#[derive(Debug)]
pub struct Event<'a> {
    pub ts_ns: u64,
    /// Frame that completed the message, counted from 1 in its input.
    pub number: u64,
    pub input: u16,
    /// Name of the network segment (DESIGN: every key begins with it), as an index into the settings' list.
    pub segment: u16,
    /// Place in `PROTOCOLS` of the protocol whose message this is.
    pub protocol: usize,
    /// The same of the protocol that the conversation is known by: what baseline and windows file it under.
    pub family: usize,
    /// As IP numbers it; 0 for what no datagram carries.
    pub transport: u8,
    pub vlan: Option<u16>,
    pub from_client: bool,
    pub client: &'a Endpoint,
    pub server: &'a Endpoint,
    pub record: &'a Record,
    /// The message's own bytes: what `Value::Bytes`, `Words` and `Bits` point into.
    pub bytes: &'a [u8],
    /// Set on a response whose request was seen.
    pub asked: Option<&'a Asked>,
    pub link: Option<LinkFacts>,
    /// Bits into [`STREAM_FLAWS`].
    pub stream_flaws: u8,
}

/// Flaws of the conversation rather than of the message, with the bit they have in `Event::stream_flaws`.
pub const STREAM_FLAWS: &[&str] = &[
    "stream.gap",                       // bytes before this message were lost
    "stream.conflict",                  // a retransmission brought other bytes than the first copy
    "pairing.response_without_request", // an answer to nothing that was asked
    "pairing.mismatch",                 // the answer's operation is not the request's
];

/// A field by number: base fields first, then 64 slots for each protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u16);

macro_rules! base_fields {
    ($($constant:ident = $index:literal => $def:expr;)*) => {
        /// Fields that every event may have, in printing order. A field's number is its place here.
        pub const BASE_FIELDS: &[FieldDef] = &[$($def),*];
        /// The numbers of [`BASE_FIELDS`].
        pub mod base {
            $(pub const $constant: u16 = $index;)*
        }
    };
}

base_fields! {
    TIMESTAMP = 0 => field("@timestamp", Kind::Timestamp);
    FRAME_NUMBER = 1 => field("frame.number", Kind::Unsigned);
    FILE_NAME = 2 => field("file.name", Kind::Text);
    SEGMENT = 3 => field("segment", Kind::Text);
    PROTOCOL = 4 => field("network.protocol", Kind::Text);
    TRANSPORT = 5 => field("network.transport", Kind::Text);
    VLAN = 6 => field("network.vlan.id", Kind::Unsigned);
    SOURCE_IP = 7 => field("source.ip", Kind::Ip);
    SOURCE_PORT = 8 => field("source.port", Kind::Unsigned);
    SOURCE_MAC = 9 => field("source.mac", Kind::Text);
    DESTINATION_IP = 10 => field("destination.ip", Kind::Ip);
    DESTINATION_PORT = 11 => field("destination.port", Kind::Unsigned);
    DESTINATION_MAC = 12 => field("destination.mac", Kind::Text);
    CLIENT_IP = 13 => field("client.ip", Kind::Ip);
    CLIENT_PORT = 14 => field("client.port", Kind::Unsigned);
    SERVER_IP = 15 => field("server.ip", Kind::Ip);
    SERVER_PORT = 16 => field("server.port", Kind::Unsigned);
    ROLE = 17 => field("message.kind", Kind::Text);
    OPERATION_CODE = 18 => field("operation.code", Kind::Unsigned);
    OPERATION_NAME = 19 => field("operation.name", Kind::Text);
    OPERATION_CLASS = 20 => field("operation.class", Kind::Text);
    OUTCOME = 21 => field("event.outcome", Kind::Text);
    DURATION = 22 => field("event.duration", Kind::Unsigned);
    REQUEST_FRAME = 23 => field("request.frame.number", Kind::Unsigned);
    FLAWS = 24 => list("flaws", Kind::Text);
    LINK_KNOWN = 25 => field("link.known", Kind::Boolean);
    LINK_WRITES = 26 => field("link.learned_writes", Kind::Boolean);
    LINK_OPERATION = 27 => field("link.learned_operation", Kind::Boolean);
    LINK_OBJECT = 28 => field("link.learned_object", Kind::Boolean);
    BYTES = 29 => field("message.bytes", Kind::Bytes);
    USER = 30 => field("user.name", Kind::Text);
    PASSWORD = 31 => field("login.password", Kind::Text);
    POINT_NAMES = 32 => list("point.name", Kind::Text);
    POINT_VALUES = 33 => list("point.value", Kind::Any);
    POINT_UNITS = 34 => list("point.unit", Kind::Text);
}

impl FieldId {
    pub fn base(number: u16) -> Self {
        Self(number)
    }

    pub fn of_protocol(protocol: usize, slot: usize) -> Self {
        let number = protocol.saturating_add(1).saturating_mul(SLOTS).saturating_add(slot);
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// The field of that dotted name.
    pub fn by_name(name: &str) -> Option<Self> {
        if let Some(number) = BASE_FIELDS.iter().position(|field| field.name == name) {
            return u16::try_from(number).ok().map(Self);
        }
        protocol::all().enumerate().find_map(|(protocol, entry)| {
            entry.fields.iter().position(|field| field.name == name).map(|slot| Self::of_protocol(protocol, slot))
        })
    }

    pub fn def(self) -> Option<&'static FieldDef> {
        match usize::from(self.0).checked_sub(SLOTS) {
            None => BASE_FIELDS.get(usize::from(self.0)),
            Some(rest) => protocol::at(rest / SLOTS)?.fields.get(rest % SLOTS),
        }
    }
}

impl<'a> Event<'a> {
    #[inline]
    pub fn source(&self) -> &'a Endpoint {
        if self.from_client {
            self.client
        } else {
            self.server
        }
    }

    #[inline]
    pub fn destination(&self) -> &'a Endpoint {
        if self.from_client {
            self.server
        } else {
            self.client
        }
    }

    pub fn protocol_name(&self) -> &'static str {
        protocol::at(self.protocol).map_or("unknown", |protocol| protocol.name)
    }

    /// Nanoseconds between request and response; not of a request that was meant to wait.
    pub fn latency_ns(&self) -> Option<u64> {
        let waited_ns =
            self.asked.filter(|_| !self.record.long_poll).map(|asked| self.ts_ns.saturating_sub(asked.ts_ns));
        // A clock that was set in between measures nothing.
        waited_ns.filter(|waited_ns| *waited_ns <= TIME_JUMP_NS)
    }

    /// Names of everything wrong with the message, protocol's own first.
    pub fn flaws(&self) -> impl Iterator<Item = &'static str> + '_ {
        let own = protocol::at(self.protocol).map_or(&[][..], |protocol| protocol.flaws);
        let named = |names: &'static [&'static str], bits: u64| {
            names.iter().enumerate().filter(move |(bit, _)| bits >> (*bit & 63) & 1 == 1).map(|(_, name)| *name)
        };
        named(own, self.record.flaws).chain(named(STREAM_FLAWS, u64::from(self.stream_flaws)))
    }

    /// The value of a field, if this event has it. `FILE_NAME`, `SEGMENT`, MACs and `FLAWS` are not values of one
    /// event and are read through their own accessors; so is `BYTES`, which rules ask for and nobody prints.
    #[inline]
    pub fn get(&self, id: FieldId) -> Option<Value> {
        match usize::from(id.0).checked_sub(SLOTS) {
            Some(rest) if rest / SLOTS == self.protocol => self.record.get(rest % SLOTS),
            Some(_) => None,
            None => self.base(id.0),
        }
    }

    fn base(&self, number: u16) -> Option<Value> {
        Some(match number {
            base::TIMESTAMP => Value::Unsigned(self.ts_ns),
            base::FRAME_NUMBER => Value::Unsigned(self.number),
            base::PROTOCOL => Value::Name(self.protocol_name()),
            base::TRANSPORT => Value::Name(transport_name(self.transport)?),
            base::VLAN => Value::Unsigned(self.vlan?.into()),
            base::SOURCE_IP => Value::Ip(self.source().ip),
            base::SOURCE_PORT | base::DESTINATION_PORT | base::CLIENT_PORT | base::SERVER_PORT
                if !has_ports(self.transport) =>
            {
                return None
            }
            base::SOURCE_PORT => Value::Unsigned(self.source().port.into()),
            base::DESTINATION_IP => Value::Ip(self.destination().ip),
            base::DESTINATION_PORT => Value::Unsigned(self.destination().port.into()),
            base::CLIENT_IP => Value::Ip(self.client.ip),
            base::CLIENT_PORT => Value::Unsigned(self.client.port.into()),
            base::SERVER_IP => Value::Ip(self.server.ip),
            base::SERVER_PORT => Value::Unsigned(self.server.port.into()),
            base::ROLE => Value::Name(self.record.role.name()),
            base::OPERATION_CODE => Value::Unsigned(self.record.operation.into()),
            base::OPERATION_NAME => Value::Name(self.record.operation_name),
            base::OPERATION_CLASS => Value::Name(self.record.class.name()),
            base::OUTCOME if self.record.outcome == Outcome::Unknown => return None,
            base::OUTCOME => Value::Name(self.record.outcome.name()),
            base::DURATION => Value::Unsigned(self.latency_ns()?),
            base::REQUEST_FRAME => Value::Unsigned(self.asked?.number),
            base::LINK_KNOWN => Value::Bool(self.link?.known),
            base::LINK_WRITES => Value::Bool(self.link?.learned_writes),
            base::LINK_OPERATION => Value::Bool(self.link?.learned_operation),
            base::LINK_OBJECT => Value::Bool(self.link?.learned_object),
            base::USER => Value::Text(self.record.user?),
            base::PASSWORD => Value::Name(self.record.password?.name()),
            base::POINT_NAMES => Value::List(self.record.points?[0]),
            base::POINT_VALUES => Value::List(self.record.points?[1]),
            base::POINT_UNITS => Value::List(self.record.points?[2]),
            _ => return None,
        })
    }
}
