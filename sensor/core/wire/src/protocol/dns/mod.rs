//! DNS and its relatives: multicast DNS, LLMNR, and the name service of NetBIOS.
//! RFC 1034 and 1035, RFC 6891 (EDNS), RFC 7766 (TCP); RFC 6762; RFC 4795; RFC 1001 and 1002.

mod fields;
mod name;
mod names;
mod records;

use std::net::{IpAddr, Ipv4Addr};

use fields::flaw;
use name::Style;
use records::Reading;

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP, UDP};
use crate::cursor::{Cursor, Short};
use crate::remote_tools;
use crate::value::{Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "dns",
    fields: fields::DNS,
    flaws: fields::DNS_FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[UDP, TCP],
        ports: &[53],
        probe: &|payload, transport| probe(Relative::Unicast, payload, transport),
        parser: &|| Box::new(Dns(Relative::Unicast)),
    }),
};

pub const MULTICAST: Protocol = Protocol {
    name: "mdns",
    fields: fields::MDNS,
    flaws: fields::MDNS_FLAWS,
    scope: Scope::Network,
    spoken: Some(Spoken {
        transports: &[UDP],
        ports: &[5353],
        probe: &|payload, transport| probe(Relative::Multicast, payload, transport),
        parser: &|| Box::new(Dns(Relative::Multicast)),
    }),
};

pub const LINK_LOCAL: Protocol = Protocol {
    name: "llmnr",
    fields: fields::LLMNR,
    flaws: fields::LLMNR_FLAWS,
    scope: Scope::Network,
    spoken: Some(Spoken {
        transports: &[UDP, TCP],
        ports: &[5355],
        probe: &|payload, transport| probe(Relative::LinkLocal, payload, transport),
        parser: &|| Box::new(Dns(Relative::LinkLocal)),
    }),
};

pub const NETBIOS: Protocol = Protocol {
    name: "nbns",
    fields: fields::NBNS,
    flaws: fields::NBNS_FLAWS,
    scope: Scope::Network,
    spoken: Some(Spoken {
        transports: &[UDP],
        ports: &[137],
        probe: &|payload, transport| probe(Relative::NetBios, payload, transport),
        parser: &|| Box::new(Dns(Relative::NetBios)),
    }),
};

/// Who of the family speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relative {
    Unicast,
    Multicast,
    LinkLocal,
    NetBios,
}

impl Relative {
    fn style(self) -> Style {
        match self {
            Relative::Unicast => Style::Host,
            Relative::Multicast | Relative::LinkLocal => Style::Unicode,
            Relative::NetBios => Style::NetBios,
        }
    }
}

const HEADER: usize = 12;
const QUERY: u8 = 0;
const UPDATE: u8 = 5;
const INCREMENTAL: u16 = 251;
const WHOLE: u16 = 252;

struct Dns(Relative);

/// Id, the word of flags, and how many entries each section has.
fn header(message: &[u8]) -> Result<[u16; 6], Short> {
    let mut cursor = Cursor::new(message);
    Ok([cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?])
}

fn opcode(flags: u16) -> u8 {
    flags.to_be_bytes()[0] >> 3 & 15
}

/// Whether a message of so many bytes can begin with this header: an operation that exists, and no more entries than there
/// is room for. A header that is not all here can.
fn begins(relative: Relative, front: &[u8], length: usize) -> bool {
    let Ok([_, flags, counts @ ..]) = header(front) else { return front.len() < HEADER };
    let entries = counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    names::operation(relative, opcode(flags)).0 != "unknown" && entries.saturating_mul(5) <= length as u64
}

/// Whether that can be a message of the family: behind such a header stands a name, or nothing at all.
fn likely(relative: Relative, message: &[u8]) -> bool {
    message.len() >= HEADER
        && begins(relative, message, message.len())
        && (message.len() == HEADER || name::skip(message, HEADER).is_some())
}

fn probe(relative: Relative, payload: &[u8], transport: u8) -> Probe {
    let fits = match payload {
        [high, low, rest @ ..] if transport == TCP => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            match rest.get(..length) {
                Some(message) => likely(relative, message),
                // Names may be cut: only the header is looked at.
                None => length >= HEADER && begins(relative, rest, length),
            }
        }
        all => likely(relative, all),
    };
    match fits {
        true if relative == Relative::Unicast && transport == UDP && certain(payload) => Probe::Sure,
        true => Probe::Fits,
        false => Probe::No,
    }
}

/// A plain question to a resolver, at whatever port: recursion wanted and no other flag, one name of a host for a type of
/// the Internet, and nothing behind but an extended header. The relatives never say it so: multicast has no number, LLMNR
/// wants no recursion, and names of NetBIOS are 32 bytes long.
fn certain(message: &[u8]) -> bool {
    let Ok([id, 0x100 | 0x120, 1, 0, 0, more @ 0..=1]) = header(message) else { return false };
    let mut text = Vec::new();
    let Some(told) = name::read(message, HEADER, Style::Host, &mut text) else { return false };
    let rest = message.get(told.end..).unwrap_or_default();
    let [k0, k1, 0, 1, behind @ ..] = rest else { return false };
    let known = names::kind(Relative::Unicast, u16::from_be_bytes([*k0, *k1])) != "unknown";
    let extended = match more {
        0 => behind.is_empty(),
        _ => behind.starts_with(&[0, 0, 41]),
    };
    id != 0 && told.flaws == 0 && (2..255).contains(&told.length) && told.longest != 32 && known && extended
}

impl Parser for Dns {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.transport != TCP {
            return match read(self.0, bytes, context, record) {
                Ok(()) => Step::Message { used: bytes.len() },
                Err(Short) => Step::Lost { used: bytes.len() },
            };
        }
        // RFC 7766 8: two bytes say how long the message behind them is.
        let mut cursor = Cursor::new(bytes);
        let Ok(length) = cursor.u16_be() else { return Step::Short { need: 2 } };
        let whole = usize::from(length).saturating_add(2);
        if usize::from(length) < HEADER {
            if context.after_gap {
                return Step::Lost { used: bytes.len() };
            }
            record.flaw(flaw::LENGTH);
            record.set_u(fields::LENGTH, length);
            return Step::Message { used: whole.min(bytes.len()) };
        }
        let Ok(message) = cursor.take(length.into()) else {
            if context.after_gap && !begins(self.0, cursor.rest(), length.into()) {
                return Step::Lost { used: bytes.len() };
            }
            return Step::Short { need: whole };
        };
        if context.after_gap && !likely(self.0, message) {
            return Step::Lost { used: bytes.len() };
        }
        match read(self.0, message, context, record) {
            Ok(()) => Step::Message { used: whole },
            Err(Short) => Step::Lost { used: bytes.len() },
        }
    }
}

/// `Err`: no header is here. Whatever is wrong behind it is a flaw.
fn read(relative: Relative, message: &[u8], context: &Context<'_>, record: &mut Record) -> Result<(), Short> {
    let [id, word, questions, answers, authorities, additionals] = header(message)?;
    let code = opcode(word);
    record.set_u(fields::ID, id);
    record.set_u(fields::OPCODE, code);
    record.set_u(fields::LENGTH, message.len() as u64);
    record.operation = code.into();
    (record.operation_name, record.class) = names::operation(relative, code);
    if record.operation_name == "unknown" {
        record.flaw(flaw::OPCODE);
    }
    let (named, reserved) = names::flags(relative);
    // One more may come with the extended header.
    let mut flags = record.reserve(named.len().saturating_add(1));
    flags.len = 0;
    for (_, name) in named.iter().filter(|(bit, _)| word & bit != 0) {
        record.put(flags, Value::Name(name));
        flags.len = flags.len.saturating_add(1);
    }
    record.set(fields::FLAGS, Value::List(flags));
    if word & reserved != 0 {
        record.flaw(flaw::RESERVED);
    }
    let response = word & 0x8000 != 0;
    record.role = if response { Role::Response } else { Role::Request };
    if response {
        record.set_u(fields::RESPONSE, word & 15);
    }
    for (slot, count) in
        [(fields::ANSWERS, answers), (fields::AUTHORITIES, authorities), (fields::ADDITIONALS, additionals)]
    {
        record.set_u(slot, count);
    }
    count_questions(relative, code, response, (questions, answers), record);
    if !shared(relative, word, context) {
        record.reference = Some(id.into());
    }
    let mut reading = Reading { message, at: HEADER, relative };
    let sections = [answers, authorities, additionals];
    if body(&mut reading, code, questions, sections, record).is_ok() && reading.at < message.len() {
        record.flaw(flaw::TRAILING);
    }
    remote_tool(record);
    if let Some(Value::Unsigned(full)) = record.get(fields::RESPONSE) {
        let full = u16::try_from(full).unwrap_or(u16::MAX);
        record.set(fields::RESPONSE_NAME, Value::Name(names::response(relative, full)));
        record.outcome = if full == 0 { Outcome::Success } else { Outcome::Failure };
    }
    Ok(())
}

/// Somebody looks for the servers of a program that hands a screen to the outside.
fn remote_tool(record: &mut Record) {
    let Some(Value::List(names)) = record.get(fields::QUESTION) else { return };
    let told = record.list(names).iter().find_map(|name| match name {
        Value::Text(span) => remote_tools::by_name(record.text(*span).as_bytes()),
        _ => None,
    });
    if let Some(tool) = told {
        record.set(fields::REMOTE_TOOL, Value::Name(tool));
        record.set(fields::REMOTE_TOOL_BY, Value::Name("dns"));
    }
}

/// RFC 9619: a query has one question. Multicast asks several at a time and brings the answers it knows.
fn count_questions(
    relative: Relative,
    code: u8,
    response: bool,
    (questions, answers): (u16, u16),
    record: &mut Record,
) {
    if relative == Relative::Multicast {
        return;
    }
    if questions > 1 || (questions == 0 && !response && code == QUERY) {
        record.flaw(flaw::QUESTIONS);
    }
    if !response && code == QUERY && answers > 0 {
        record.flaw(flaw::ANSWERED);
    }
}

fn body(
    reading: &mut Reading<'_>,
    code: u8,
    questions: u16,
    sections: [u16; 3],
    record: &mut Record,
) -> Result<(), Short> {
    let first = records::questions(reading, questions, record)?;
    if let (QUERY, Some(INCREMENTAL | WHOLE)) = (code, first) {
        record.operation_name = "zone_transfer";
    }
    // What is told stands in the answers; an update tells it behind what it takes for granted (RFC 2136 2), and a NetBIOS
    // station registers by the last section (RFC 1002 4.2.2).
    let listed = match (reading.relative, code, record.role) {
        (Relative::Unicast, UPDATE, _) => 1,
        (Relative::NetBios, 5.., Role::Request) => 2,
        _ => 0,
    };
    for (number, count) in sections.into_iter().enumerate() {
        if number == listed {
            records::list(reading, count, record)?;
        } else {
            records::pass(reading, count, record)?;
        }
    }
    Ok(())
}

/// Said to many: the answers come from elsewhere, in conversations of their own, and pair with nothing.
fn shared(relative: Relative, word: u16, context: &Context<'_>) -> bool {
    let group = |ip: IpAddr| ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    (relative == Relative::NetBios && word & names::BROADCAST != 0)
        || group(context.server.ip)
        || group(context.client.ip)
}
