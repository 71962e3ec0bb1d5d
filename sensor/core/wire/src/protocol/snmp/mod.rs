//! SNMP. RFC 1157 (v1), RFC 1901 (v2c), RFC 3412 and 3414 (v3 and its user-based security), RFC 3416 (PDUs),
//! RFC 3417 (over UDP; only the definite form of lengths).
//!
//! A community is a password: it is judged and forgotten. Values are not kept: a set may write keys and communities.

mod fields;
mod names;
mod pdu;
mod secure;

use fields::{flaw, FIELDS, FLAWS};

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, UDP};
use crate::ber::{tag, Elements};
use crate::cursor::Short;
use crate::site::{Site, Strength};
use crate::value::{name_hash, Record, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "snmp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[UDP],
        ports: &[161, 162],
        probe: &probe,
        parser: &|| Box::new(Snmp { judged: None }),
    }),
};

/// Numbers of the field `version` (RFC 1157 4, RFC 1901 3, RFC 3412 6.1).
const V1: i64 = 0;
const V2C: i64 = 1;
const V3: i64 = 3;

struct Snmp {
    /// Hash of this conversation's community and what it is worth: a poller sends the same one all day.
    judged: Option<(u64, Strength)>,
}

/// A sequence as long as the datagram that begins with a known version: with the PDU's tag behind a community, or the
/// sequence of version 3, hardly anything else looks so.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    let mut outer = Elements::new(payload);
    let Ok(message) = outer.element() else { return Probe::No };
    if message.tag != tag::SEQUENCE {
        return Probe::No;
    }
    let mut inside = Elements::new(message.content);
    let likely = match (inside.integer(), inside.peek()) {
        (Ok(V1 | V2C), Some(tag::OCTETS)) => {
            inside.element().is_ok() && inside.peek().is_some_and(|tag| pdu::TAGS.contains(&tag))
        }
        (Ok(V3), Some(tag::SEQUENCE)) => true,
        _ => return Probe::Fits,
    };
    if likely && !message.cut && outer.is_empty() {
        Probe::Sure
    } else {
        Probe::Fits
    }
}

impl Parser for Snmp {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let used = bytes.len();
        let mut outer = Elements::new(bytes);
        let Ok(message) = outer.element() else { return Step::Lost { used } };
        if message.tag != tag::SEQUENCE {
            return Step::Lost { used };
        }
        let mut inside = Elements::new(message.content);
        let Ok(version) = inside.integer() else { return Step::Lost { used } };
        if message.cut {
            record.flaw(flaw::ENCODING);
        }
        if !outer.is_empty() {
            record.flaw(flaw::TRAILING);
        }
        record.set(fields::VERSION, Value::Signed(version));
        record.set(fields::VERSION_NAME, Value::Name(names::version(version)));
        let read = match version {
            V1 | V2C => self.plain(&mut inside, context.site, record),
            V3 => secure::message(&mut inside, record),
            _ => {
                record.flaw(flaw::VERSION);
                Ok(())
            }
        };
        if read.is_err() {
            record.flaw(flaw::ENCODING);
        }
        Step::Message { used }
    }
}

impl Snmp {
    /// RFC 1157 4: version, community, PDU.
    fn plain(&mut self, inside: &mut Elements<'_>, site: &Site, record: &mut Record) -> Result<(), Short> {
        let community = inside.expect(tag::OCTETS)?;
        let hash = name_hash(community);
        match self.judged {
            Some((known, strength)) if known == hash => record.password = Some(strength),
            _ => {
                record.login(b"", Some(community), site);
                self.judged = record.password.map(|strength| (hash, strength));
            }
        }
        pdu::read(inside, None, record)?;
        if !inside.is_empty() {
            record.flaw(flaw::TRAILING);
        }
        Ok(())
    }
}
