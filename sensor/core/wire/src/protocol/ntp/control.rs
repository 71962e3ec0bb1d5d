//! Messages that ask about or change the server itself. Mode 6: RFC 9327 (RFC 1305 appendix B). Mode 7: ntpd's ntpdc.

use super::fields::{self, flaw};
use crate::cursor::{Cursor, Short};
use crate::value::{Class, Outcome, Record, Role, Value};

/// Above the numbers of modes: operations of modes 6 and 7.
const CONTROL: u32 = 0x600;
const PRIVATE: u32 = 0x700;

fn operation(code: u8) -> (&'static str, Class) {
    match code {
        1 => ("read_status", Class::Diagnose),
        2 => ("read_variables", Class::Read),
        3 => ("write_variables", Class::Write),
        4 => ("read_clock_variables", Class::Read),
        5 => ("write_clock_variables", Class::Write),
        6 => ("set_trap", Class::Write),
        7 => ("control_trap", Class::Diagnose),
        8 => ("configure", Class::Program),
        9 => ("save_configuration", Class::Program),
        10 => ("read_monitored", Class::Discover),
        11 => ("read_ordered_list", Class::Read),
        12 => ("request_nonce", Class::Session),
        31 => ("unset_trap", Class::Write),
        _ => ("control", Class::Other),
    }
}

/// As ntpd numbers them.
fn request(code: u8) -> (&'static str, Class) {
    match code {
        0 | 1 => ("peer_list", Class::Discover),
        2 => ("peer_information", Class::Discover),
        4 => ("system_information", Class::Discover),
        3 | 5..=9 | 34..=36 | 38 | 39 | 44 => ("statistics", Class::Diagnose),
        10 | 11 => ("configure", Class::Program),
        12 | 13 => ("set_system_flag", Class::Write),
        14 | 15 => ("set_monitor", Class::Write),
        16 => ("restrictions", Class::Discover),
        17..=19 => ("set_restrictions", Class::Program),
        20 | 42 => ("monitor_list", Class::Discover),
        21 | 22 => ("reset_statistics", Class::Control),
        23 | 26 | 27 | 32 | 33 => ("set_keys", Class::Program),
        28 => ("authentication_information", Class::Diagnose),
        29 => ("traps", Class::Diagnose),
        30 | 31 => ("set_traps", Class::Program),
        37 | 41 => ("set_clock", Class::Write),
        45 => ("reload_interfaces", Class::Control),
        24 | 25 | 40 | 43 => ("private_request", Class::Other),
        _ => ("private", Class::Other),
    }
}

/// ```text
///   0: leap, version, mode | 1: response, error, more, operation (5 bits) | 2: sequence | 4: status | 6: association
///   8: offset | 10: count | 12: data
/// ```
pub fn control(_first: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let bits = cursor.u8()?;
    let code = bits & 31;
    record.set_u(fields::CODE, code);
    record.operation = CONTROL | u32::from(code);
    (record.operation_name, record.class) = operation(code);
    if record.operation_name == "control" {
        record.flaw(flaw::CODE);
    }
    let (response, error) = (bits & 0x80 != 0, bits & 0x40 != 0);
    record.role = if response { Role::Response } else { Role::Request };
    record.set(fields::MORE, Value::Bool(bits & 0x20 != 0));
    let (sequence, status, association) = (cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?);
    record.set_u(fields::SEQUENCE, sequence);
    record.set_u(fields::STATUS, status);
    record.set_u(fields::ASSOCIATION, association);
    let (offset, count) = (cursor.u16_be()?, cursor.u16_be()?);
    record.set_u(fields::ITEM_SIZE, count);
    // Further parts of one answer find nothing that waits.
    if offset == 0 {
        record.reference = Some(u64::from(record.operation) << 32 | u64::from(sequence));
    }
    if response {
        record.outcome = if error { Outcome::Failure } else { Outcome::Success };
        if error {
            // RFC 9327 3.1: the code is the upper half of the status word.
            record.set_u(fields::ERROR, status >> 8);
        }
    }
    if usize::from(count) > cursor.remaining() {
        record.flaw(flaw::COUNT);
    }
    Ok(())
}

/// ```text
///   0: response, more, version, mode | 1: authenticated, sequence | 2: implementation | 3: request
///   4: error (4 bits), items (12) | 6: zero (4 bits), bytes of an item (12) | 8: items
/// ```
pub fn private(first: u8, cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let [sequence, implementation, code] = cursor.array::<3>()?;
    record.set_u(fields::CODE, code);
    record.set_u(fields::SEQUENCE, sequence & 0x7f);
    record.set_u(fields::IMPLEMENTATION, implementation);
    record.set(fields::MORE, Value::Bool(first & 0x40 != 0));
    record.operation = PRIVATE | u32::from(code);
    (record.operation_name, record.class) = request(code);
    if record.operation_name == "private" {
        record.flaw(flaw::CODE);
    }
    let response = first & 0x80 != 0;
    record.role = if response { Role::Response } else { Role::Request };
    // Of an answer in many messages only the first pairs.
    if sequence & 0x7f == 0 {
        record.reference = Some(u64::from(record.operation) << 32);
    }
    let (error_items, size) = (cursor.u16_be()?, cursor.u16_be()?);
    let (error, items, size) = (error_items >> 12, error_items & 0xfff, size & 0xfff);
    record.set_u(fields::ITEMS, items);
    record.set_u(fields::ITEM_SIZE, size);
    if response {
        record.outcome = if error == 0 { Outcome::Success } else { Outcome::Failure };
        record.set_u(fields::ERROR, error);
    }
    if usize::from(items).saturating_mul(size.into()) > cursor.remaining() {
        record.flaw(flaw::COUNT);
    }
    Ok(())
}
