//! Names of SNMP's numbers. RFC 1157 4.1; RFC 3416 3 (PDUs, errors); RFC 2578 7.1 (value types).

use crate::value::Class;

pub fn version(number: i64) -> &'static str {
    match number {
        0 => "v1",
        1 => "v2c",
        3 => "v3",
        _ => "unknown",
    }
}

pub fn pdu(tag: u32) -> (&'static str, Class) {
    match tag {
        0xa0 => ("get", Class::Read),
        0xa1 => ("get_next", Class::Read),
        0xa2 => ("response", Class::Read),
        0xa3 => ("set", Class::Write),
        0xa4 => ("trap_v1", Class::Diagnose),
        0xa5 => ("get_bulk", Class::Read),
        0xa6 => ("inform", Class::Diagnose),
        0xa7 => ("trap", Class::Diagnose),
        0xa8 => ("report", Class::Session),
        _ => ("unknown", Class::Other),
    }
}

pub fn error(status: i64) -> &'static str {
    match status {
        0 => "no_error",
        1 => "too_big",
        2 => "no_such_name",
        3 => "bad_value",
        4 => "read_only",
        5 => "general_error",
        6 => "no_access",
        7 => "wrong_type",
        8 => "wrong_length",
        9 => "wrong_encoding",
        10 => "wrong_value",
        11 => "no_creation",
        12 => "inconsistent_value",
        13 => "resource_unavailable",
        14 => "commit_failed",
        15 => "undo_failed",
        16 => "authorization_error",
        17 => "not_writable",
        18 => "inconsistent_name",
        _ => "unknown",
    }
}

/// A value's type, and the lengths it may have.
pub fn value(tag: u32) -> (&'static str, std::ops::RangeInclusive<usize>) {
    const ANY: usize = usize::MAX;
    match tag {
        0x02 => ("integer", 1..=4),
        0x03 => ("bits", 0..=ANY),
        0x04 => ("octet_string", 0..=ANY),
        0x05 => ("null", 0..=0),
        0x06 => ("object_identifier", 1..=ANY),
        0x40 => ("ip_address", 4..=4),
        0x41 => ("counter32", 1..=5),
        0x42 => ("gauge32", 1..=5),
        0x43 => ("timeticks", 1..=5),
        0x44 => ("opaque", 0..=ANY),
        0x45 => ("nsap_address", 0..=ANY),
        0x46 => ("counter64", 1..=9),
        0x47 => ("unsigned32", 1..=5),
        0x80 => ("no_such_object", 0..=0),
        0x81 => ("no_such_instance", 0..=0),
        0x82 => ("end_of_mib_view", 0..=0),
        // No value is that long: none is right.
        _ => ("unknown", ANY..=ANY),
    }
}

/// RFC 1157 4.1.6.
pub fn generic_trap(number: i64) -> &'static str {
    match number {
        0 => "cold_start",
        1 => "warm_start",
        2 => "link_down",
        3 => "link_up",
        4 => "authentication_failure",
        5 => "egp_neighbor_loss",
        6 => "enterprise_specific",
        _ => "unknown",
    }
}

/// RFC 3412 6.4: the lowest bit says authenticated, the next encrypted.
pub fn security_level(flags: u8) -> &'static str {
    match flags & 3 {
        0 => "no_auth_no_priv",
        1 => "auth_no_priv",
        3 => "auth_priv",
        _ => "invalid",
    }
}
