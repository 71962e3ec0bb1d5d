//! Numbers of the specification and their names.

use crate::value::Class;

/// A function code's name and what it does to the device; an exception's are its function's.
#[inline]
pub fn function(code: u8) -> (&'static str, Class) {
    FUNCTIONS.get(usize::from(code & 0x7f)).copied().unwrap_or(("unknown", Class::Other))
}

static FUNCTIONS: [(&str, Class); 128] = functions();

#[allow(clippy::indexing_slicing)] // at compile time
const fn functions() -> [(&'static str, Class); 128] {
    let mut table = [("unknown", Class::Other); 128];
    let mut code = 0u8;
    while code < 128 {
        table[code as usize] = described(code);
        code = code.wrapping_add(1);
    }
    table
}

/// Application Protocol 5, 6, Annex A.
const fn described(code: u8) -> (&'static str, Class) {
    match code {
        1 => ("read_coils", Class::Read),
        2 => ("read_discrete_inputs", Class::Read),
        3 => ("read_holding_registers", Class::Read),
        4 => ("read_input_registers", Class::Read),
        5 => ("write_single_coil", Class::Write),
        6 => ("write_single_register", Class::Write),
        7 => ("read_exception_status", Class::Diagnose),
        8 => ("diagnostics", Class::Diagnose),
        11 => ("get_comm_event_counter", Class::Diagnose),
        12 => ("get_comm_event_log", Class::Diagnose),
        15 => ("write_multiple_coils", Class::Write),
        16 => ("write_multiple_registers", Class::Write),
        17 => ("report_server_id", Class::Discover),
        20 => ("read_file_record", Class::Read),
        21 => ("write_file_record", Class::Write),
        22 => ("mask_write_register", Class::Write),
        23 => ("read_write_multiple_registers", Class::Write),
        24 => ("read_fifo_queue", Class::Read),
        43 => ("encapsulated_interface_transport", Class::Discover),
        // Annex A reserves it; all of Schneider's controllers speak it.
        90 => ("umas", Class::Other),
        // 5.1: open for users to define.
        65..=72 | 100..=110 => ("user_defined", Class::Other),
        // Annex A: taken by legacy products of some companies.
        9 | 10 | 13 | 14 | 41 | 42 | 91 | 125..=127 => ("reserved", Class::Other),
        _ => ("unknown", Class::Other),
    }
}

/// Whether chapter 6 describes it.
pub const fn is_public(code: u8) -> bool {
    matches!(code, 1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43)
}

/// Chapter 7.
pub fn exception(code: u8) -> &'static str {
    match code {
        1 => "illegal_function",
        2 => "illegal_data_address",
        3 => "illegal_data_value",
        4 => "server_device_failure",
        5 => "acknowledge",
        6 => "server_device_busy",
        // Of the reference guide PI-MBUS-300, no more in V1.1b3; old devices send it.
        7 => "negative_acknowledge",
        8 => "memory_parity_error",
        10 => "gateway_path_unavailable",
        11 => "gateway_target_failed_to_respond",
        _ => "unknown",
    }
}

/// 6.8.1. What clears counters leaves the process alone; what restarts, silences or changes the line does not.
pub fn diagnostic(code: u16) -> (&'static str, Class) {
    match code {
        0 => ("return_query_data", Class::Diagnose),
        1 => ("restart_communications", Class::Control),
        2 => ("return_diagnostic_register", Class::Diagnose),
        3 => ("change_ascii_input_delimiter", Class::Control),
        4 => ("force_listen_only_mode", Class::Control),
        10 => ("clear_counters_and_diagnostic_register", Class::Diagnose),
        11 => ("return_bus_message_count", Class::Diagnose),
        12 => ("return_bus_communication_error_count", Class::Diagnose),
        13 => ("return_bus_exception_error_count", Class::Diagnose),
        14 => ("return_server_message_count", Class::Diagnose),
        15 => ("return_server_no_response_count", Class::Diagnose),
        16 => ("return_server_nak_count", Class::Diagnose),
        17 => ("return_server_busy_count", Class::Diagnose),
        18 => ("return_bus_character_overrun_count", Class::Diagnose),
        20 => ("clear_overrun_counter_and_flag", Class::Diagnose),
        _ => ("unknown", Class::Diagnose),
    }
}

/// 6.19: what function 43 carries. CANopen may read or write: its own header says which.
pub fn mei(kind: u8) -> (&'static str, Class) {
    match kind {
        13 => ("canopen_general_reference", Class::Other),
        14 => ("read_device_identification", Class::Discover),
        _ => ("unknown", Class::Other),
    }
}

/// 6.21: objects of the device identification; from 0x80 on each product has its own.
pub fn object(id: u8) -> &'static str {
    match id {
        0 => "vendor_name",
        1 => "product_code",
        2 => "major_minor_revision",
        3 => "vendor_url",
        4 => "product_name",
        5 => "model_name",
        6 => "user_application_name",
        0x80.. => "private",
        _ => "reserved",
    }
}

/// Number, name and class of what a function with sub-functions does: function << 16 | sub-function, because an
/// operation that stops a device must not look like one that counts its messages. A sub-function without a name goes
/// by its function's.
pub fn operation(code: u8, sub: u16) -> (u32, &'static str, Class) {
    let small = u8::try_from(sub).unwrap_or(u8::MAX);
    let (name, class) = match code {
        8 => diagnostic(sub),
        90 => super::umas::names::function(small),
        _ => mei(small),
    };
    let name = if name == "unknown" { function(code).0 } else { name };
    (u32::from(code) << 16 | u32::from(sub), name, class)
}
