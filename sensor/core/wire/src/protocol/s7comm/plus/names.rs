//! Numbers of S7comm-plus and what they are called here.

use crate::value::Class;

pub fn opcode(code: u8) -> &'static str {
    match code {
        0x31 => "request",
        0x32 => "response",
        0x33 => "notification",
        0x02 => "response_2",
        _ => "unknown",
    }
}

/// A function, and what it does to the station where its content does not say more.
pub fn function(code: u16) -> (&'static str, Class) {
    match code {
        0x04bb => ("explore", Class::Discover),
        0x04ca => ("create_object", Class::Program),
        0x04d4 => ("delete_object", Class::Program),
        0x04f2 => ("set_variable", Class::Write),
        0x04fc => ("get_variable", Class::Read),
        0x0506 => ("add_link", Class::Program),
        0x051a => ("remove_link", Class::Program),
        0x0524 => ("get_link", Class::Discover),
        0x0542 => ("set_multi_variables", Class::Write),
        0x054c => ("get_multi_variables", Class::Read),
        0x0556 => ("begin_sequence", Class::Session),
        0x0560 => ("end_sequence", Class::Session),
        0x056b => ("invoke", Class::Control),
        0x057c => ("set_var_sub_streamed", Class::Write),
        0x0586 => ("get_var_sub_streamed", Class::Read),
        0x0590 => ("get_variables_address", Class::Discover),
        0x059a => ("abort", Class::Session),
        0x05a9 => ("error", Class::Diagnose),
        0x05b3 => ("init_tls", Class::Session),
        _ => ("unknown", Class::Other),
    }
}

pub fn value_type(code: u8) -> &'static str {
    match code {
        0x00 => "null",
        0x01 => "bool",
        0x02 => "usint",
        0x03 => "uint",
        0x04 => "udint",
        0x05 => "ulint",
        0x06 => "sint",
        0x07 => "int",
        0x08 => "dint",
        0x09 => "lint",
        0x0a => "byte",
        0x0b => "word",
        0x0c => "dword",
        0x0d => "lword",
        0x0e => "real",
        0x0f => "lreal",
        0x10 => "timestamp",
        0x11 => "timespan",
        0x12 => "relation_id",
        0x13 => "attribute_id",
        0x14 => "blob",
        0x15 => "wstring",
        0x16 => "variant",
        0x17 => "struct",
        0x19 => "s7string",
        _ => "unknown",
    }
}

/// Class of the object that a client creates for its session.
pub const CLASS_SESSION: u32 = 287;
/// Class of a subscription: values are sent when they change.
pub const CLASS_SUBSCRIPTION: u32 = 255;
/// Object of the unit that executes programs, and its attribute that asks for another operating mode.
pub const EXECUTION_UNIT: u32 = 52;
pub const OPERATING_STATE_REQUEST: u32 = 2167;
/// Attribute with the identity of a station: version of the layout, order number, firmware, parted by `;`.
pub const IDENTITY: u32 = 319;

/// Attributes whose values prove who somebody is, or hold keys. They are never kept: the answer to a session's
/// challenge, and what a password is turned into.
pub fn secret(attribute: u32) -> bool {
    matches!(attribute, 304 | 1830 | 1846)
}

/// Could one of those stand in bytes that nobody read? Their numbers as they are on the wire.
pub fn may_hold_secret(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [0x82, 0x30] | [0x8e, 0x26 | 0x36]))
}

/// What a request for another operating mode asks for.
pub fn operating_state(number: u64) -> &'static str {
    match number {
        1 => "stop",
        3 => "start",
        _ => "unknown",
    }
}
