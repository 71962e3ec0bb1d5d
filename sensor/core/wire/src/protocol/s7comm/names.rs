//! Numbers of S7comm and what they are called here.

use crate::value::{Class, Role};

/// Kind of a message, and its place in an exchange; that of userdata stands in its parameter.
#[inline]
pub fn rosctr(code: u8) -> (&'static str, Role) {
    match code {
        1 => ("job", Role::Request),
        2 => ("ack", Role::Response),
        3 => ("ack_data", Role::Response),
        7 => ("userdata", Role::Other),
        _ => ("unknown", Role::Other),
    }
}

/// A job's function, and what it does to the station. What has no name is of class `Other`, and nothing else is.
#[inline]
pub fn function(code: u8) -> (&'static str, Class) {
    FUNCTIONS.get(usize::from(code)).copied().unwrap_or_default()
}

/// By code, so that a message costs one look.
static FUNCTIONS: [(&str, Class); 256] = {
    let mut all = [("unknown", Class::Other); 256];
    all[0x00] = ("cpu_services", Class::Diagnose);
    all[0x04] = ("read_var", Class::Read);
    all[0x05] = ("write_var", Class::Write);
    all[0x1a] = ("request_download", Class::Program);
    all[0x1b] = ("download_block", Class::Program);
    all[0x1c] = ("download_ended", Class::Program);
    all[0x1d] = ("start_upload", Class::Program);
    all[0x1e] = ("upload", Class::Program);
    all[0x1f] = ("end_upload", Class::Program);
    all[0x28] = ("pi_service", Class::Control);
    all[0x29] = ("plc_stop", Class::Control);
    all[0xf0] = ("setup_communication", Class::Session);
    all
};

pub fn group(code: u8) -> &'static str {
    match code {
        0 => "mode_transition",
        1 => "programmer",
        2 => "cyclic",
        3 => "block",
        4 => "cpu",
        5 => "security",
        6 => "bsend_brecv",
        7 => "time",
        15 => "nc_programming",
        _ => "unknown",
    }
}

/// A userdata function by group and subfunction.
pub fn subfunction(group: u8, code: u8) -> (&'static str, Class) {
    match (group, code) {
        // The controller says which mode it has gone into.
        (0, 0x00) => ("mode_stop", Class::Diagnose),
        (0, 0x01) => ("mode_warm_restart", Class::Diagnose),
        (0, 0x02) => ("mode_run", Class::Diagnose),
        (0, 0x03) => ("mode_hot_restart", Class::Diagnose),
        (0, 0x04) => ("mode_hold", Class::Diagnose),
        (0, 0x06) => ("mode_cold_restart", Class::Diagnose),
        (0, _) => ("mode_transition", Class::Diagnose),
        // Test and commissioning functions of a programming device.
        (1, 0x01) => ("block_status", Class::Diagnose),
        (1, 0x02) => ("variable_status", Class::Read),
        (1, 0x03) => ("read_interrupt_stack", Class::Diagnose),
        (1, 0x04) => ("read_block_stack", Class::Diagnose),
        (1, 0x05) => ("read_local_stack", Class::Diagnose),
        (1, 0x06) => ("measure_cycle_time", Class::Diagnose),
        (1, 0x07) => ("force_selection", Class::Diagnose),
        (1, 0x08) => ("modify_variable", Class::Write),
        (1, 0x09) => ("force", Class::Control),
        (1, 0x0a) => ("breakpoint", Class::Control),
        (1, 0x0b) => ("exit_hold", Class::Control),
        (1, 0x0c) => ("memory_reset", Class::Control),
        (1, 0x0d) => ("disable_job", Class::Diagnose),
        (1, 0x0e) => ("enable_job", Class::Diagnose),
        (1, 0x0f) => ("delete_job", Class::Diagnose),
        (1, 0x10) => ("read_job_list", Class::Diagnose),
        (1, 0x11) => ("read_job", Class::Diagnose),
        (1, 0x12) => ("replace_job", Class::Diagnose),
        (1, 0x13) => ("block_status_2", Class::Diagnose),
        (1, 0x16) => ("flash_led", Class::Diagnose),
        (2, 0x01) => ("cyclic_read", Class::Read),
        (2, 0x04) => ("cyclic_unsubscribe", Class::Read),
        (2, 0x05) => ("cyclic_read_on_change", Class::Read),
        (2, 0x07) => ("cyclic_modify", Class::Read),
        (2, 0x08) => ("read_record", Class::Read),
        (3, 0x01) => ("list_blocks", Class::Discover),
        (3, 0x02) => ("list_blocks_of_type", Class::Discover),
        (3, 0x03) => ("block_info", Class::Discover),
        (4, 0x01) => ("read_szl", Class::Discover),
        (4, 0x02) => ("message_service", Class::Diagnose),
        (4, 0x03) => ("diagnostic_message", Class::Diagnose),
        (4, 0x05) => ("alarm_8_indication", Class::Diagnose),
        (4, 0x06) => ("notify_indication", Class::Diagnose),
        (4, 0x07) => ("alarm_8_lock", Class::Control),
        (4, 0x08) => ("alarm_8_unlock", Class::Control),
        (4, 0x09) => ("scan_indication", Class::Diagnose),
        (4, 0x0b) => ("alarm_acknowledge", Class::Control),
        (4, 0x0c) => ("alarm_acknowledge_indication", Class::Diagnose),
        (4, 0x0d) => ("alarm_8_lock_indication", Class::Diagnose),
        (4, 0x0e) => ("alarm_8_unlock_indication", Class::Diagnose),
        (4, 0x11) => ("alarm_sq_indication", Class::Diagnose),
        (4, 0x12) => ("alarm_s_indication", Class::Diagnose),
        (4, 0x13) => ("alarm_query", Class::Diagnose),
        (4, 0x16) => ("notify_8_indication", Class::Diagnose),
        (5, 0x01) => ("set_password", Class::Session),
        (5, 0x02) => ("clear_password", Class::Session),
        (15, 0x01) => ("nc_request_download", Class::Program),
        (15, 0x02) => ("nc_download_block", Class::Program),
        (15, 0x03) => ("nc_continue_download", Class::Program),
        (15, 0x04) => ("nc_download_ended", Class::Program),
        (15, 0x06) => ("nc_start_upload", Class::Program),
        (15, 0x07) => ("nc_upload", Class::Program),
        (15, 0x08) => ("nc_continue_upload", Class::Program),
        (15, _) => ("nc_programming", Class::Program),
        (6, _) => ("bsend_brecv", Class::Write),
        (7, 0x01 | 0x03) => ("read_clock", Class::Read),
        (7, 0x02 | 0x04) => ("set_clock", Class::Control),
        _ => ("unknown", Class::Other),
    }
}

/// The name of a job's or a userdata's operation (see the module's head).
pub fn operation(number: u32) -> &'static str {
    match number.to_le_bytes() {
        [code, 0, 0, _] => function(code).0,
        [code, group, ..] => subfunction(group, code).0,
    }
}

/// Memory areas of an S7ANY address; the flag area is Siemens' Merker.
#[inline]
pub fn area(code: u8) -> &'static str {
    AREAS.get(usize::from(code)).copied().unwrap_or_default()
}

static AREAS: [&str; 256] = {
    let mut all = ["unknown"; 256];
    all[0x03] = "system_info";
    all[0x05] = "system_flag";
    all[0x06] = "analog_input";
    all[0x07] = "analog_output";
    all[0x1c] = "counter";
    all[0x1d] = "timer";
    all[0x1e] = "iec_counter";
    all[0x1f] = "iec_timer";
    all[0x80] = "peripheral";
    all[0x81] = "input";
    all[0x82] = "output";
    all[0x83] = "flag";
    all[0x84] = "db";
    all[0x85] = "instance_db";
    all[0x86] = "local";
    all[0x87] = "caller_local";
    all
};

/// Block types as two hexadecimal digits in file names, with the space their numbers belong to.
pub fn block(digits: &[u8]) -> (&'static str, &'static str) {
    match digits {
        b"08" => ("OB", "block_ob"),
        b"0A" => ("DB", "block_db"),
        b"0B" => ("SDB", "block_sdb"),
        b"0C" => ("FC", "block_fc"),
        b"0D" => ("SFC", "block_sfc"),
        b"0E" => ("FB", "block_fb"),
        b"0F" => ("SFB", "block_sfb"),
        _ => ("unknown", "block"),
    }
}

/// Block types as a byte in the blocks themselves.
pub fn block_of(code: u8) -> &'static str {
    match code {
        0x08 => "OB",
        0x0a => "DB",
        0x0b => "SDB",
        0x0c => "FC",
        0x0d => "SFC",
        0x0e => "FB",
        0x0f => "SFB",
        _ => "unknown",
    }
}

/// Where a block lives: `P` passive (loaded, not linked), `A` active, `B` both.
pub fn file_system(code: u8) -> &'static str {
    match code {
        b'P' => "passive",
        b'A' => "active",
        b'B' => "both",
        _ => "unknown",
    }
}
