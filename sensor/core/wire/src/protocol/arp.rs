//! ARP for IPv4 over Ethernet. RFC 826; RFC 903 and 2390 (its reverse and inverse); RFC 5227 (announcements).

use std::net::Ipv4Addr;

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, ARP};
use crate::cursor::{Cursor, Short};
use crate::neighbours::Claim;
use crate::print;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "arp",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Network,
    spoken: Some(Spoken { transports: &[ARP], ports: &[], probe: &probe, parser: &|| Box::new(Arp) }),
};

slots! {
    OPERATION = 0 => field("arp.operation", Kind::Unsigned);
    OPERATION_NAME = 1 => field("arp.operation_name", Kind::Text);
    SENDER_MAC = 2 => field("arp.sender_mac", Kind::Text);
    SENDER_IP = 3 => field("arp.sender_ip", Kind::Ip);
    TARGET_MAC = 4 => field("arp.target_mac", Kind::Text);
    TARGET_IP = 5 => field("arp.target_ip", Kind::Ip);
    ANNOUNCEMENT = 6 => field("arp.announcement", Kind::Boolean);
    HARDWARE_LENGTH = 7 => field("arp.hardware_length", Kind::Unsigned);
    PROTOCOL_LENGTH = 8 => field("arp.protocol_length", Kind::Unsigned);
    CONFLICT = 9 => field("arp.conflict", Kind::Text);
    FORMER_MAC = 10 => field("arp.former_mac", Kind::Text);
    UNASKED = 11 => field("arp.unasked", Kind::Boolean);
    CLAIMS = 12 => field("arp.claims", Kind::Unsigned);
}

flaws! {
    OPERATION = 0 => "arp.unknown_operation";
    // The sender claims a group address as its own, of hardware or of IP.
    SENDER = 1 => "arp.group_sender";
    // Addresses of Ethernet have six bytes, of IPv4 four.
    LENGTH = 2 => "arp.bad_length";
}

fn kind(operation: u16) -> &'static str {
    if operation == 1 {
        "request"
    } else {
        "reply"
    }
}

/// There is one question at a time between two stations.
const REFERENCE: u64 = 1;

struct Arp;

fn probe(_payload: &[u8], _transport: u8) -> Probe {
    Probe::Sure
}

impl Parser for Arp {
    fn message(&mut self, bytes: &[u8], _context: &Context<'_>, record: &mut Record) -> Step {
        match read(&mut Cursor::new(bytes), record) {
            Ok(()) => Step::Message { used: bytes.len() },
            Err(Short) => Step::Lost { used: bytes.len() },
        }
    }
}

/// ```text
///   0          2          4    5    6    8            14          18           24
///   | hardware | protocol | hl | pl | op | sender mac | sender ip | target mac | target ip |
/// ```
fn read(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [_, _, _, _, hardware, protocol] = cursor.array::<6>()?;
    if (hardware, protocol) != (6, 4) {
        record.flaw(flaw::LENGTH);
        record.set_u(HARDWARE_LENGTH, hardware);
        record.set_u(PROTOCOL_LENGTH, protocol);
    }
    let operation = cursor.u16_be()?;
    let (sender_mac, sender) = (cursor.array::<6>()?, cursor.array::<4>()?);
    let (target_mac, target) = (cursor.array::<6>()?, cursor.array::<4>()?);
    record.set_u(OPERATION, operation);
    record.class = Class::Discover;
    // RFC 5227 2.3: who asks for its own address tells the others of it.
    let announcement = sender == target;
    let name;
    (name, record.operation, record.operation_name, record.role) = match operation {
        1 | 2 if announcement => (kind(operation), 2, "announce", Role::Unsolicited),
        1 => ("request", 1, "resolve", Role::Request),
        2 => ("reply", 1, "resolve", Role::Response),
        // Reverse and inverse ARP (RFC 903, RFC 2390) ask for the other half of the pair.
        3 => ("reverse_request", 3, "reverse_request", Role::Other),
        4 => ("reverse_reply", 4, "reverse_reply", Role::Other),
        8 => ("inverse_request", 8, "inverse_request", Role::Other),
        9 => ("inverse_reply", 9, "inverse_reply", Role::Other),
        _ => {
            record.flaw(flaw::OPERATION);
            ("unknown", 0x1_0000 | u32::from(operation), "unknown", Role::Other)
        }
    };
    record.set(OPERATION_NAME, Value::Name(name));
    match record.role {
        Role::Request => record.reference = Some(REFERENCE),
        Role::Response => (record.reference, record.outcome) = (Some(REFERENCE), Outcome::Success),
        Role::Unsolicited | Role::Other => {}
    }
    let ([first, ..], claimed) = (sender_mac, Ipv4Addr::from(sender));
    if first & 1 == 1 || claimed.is_multicast() || claimed.is_broadcast() {
        record.flaw(flaw::SENDER);
    }
    for (slot, mac) in [(SENDER_MAC, sender_mac), (TARGET_MAC, target_mac)] {
        let text = record.write_text(|out| print::mac(out, &mac));
        record.set(slot, Value::Text(text));
    }
    record.set(SENDER_IP, Value::Ip(claimed.into()));
    record.set(TARGET_IP, Value::Ip(target.into()));
    record.set(ANNOUNCEMENT, Value::Bool(announcement));
    told(record);
    Ok(())
}

/// What it says against others. Only what is out of the ordinary has a field.
fn told(record: &mut Record) {
    let Claim { conflict, former, unasked, claims } = std::mem::take(&mut record.claim);
    if let Some(conflict) = conflict {
        record.set(CONFLICT, Value::Name(conflict.name()));
        let text = record.write_text(|out| print::mac(out, &former));
        record.set(FORMER_MAC, Value::Text(text));
    }
    if unasked {
        record.set(UNASKED, Value::Bool(true));
        record.set_u(CLAIMS, claims);
    }
}
