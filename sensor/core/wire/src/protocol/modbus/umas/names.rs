//! UMAS function codes and what they do to the controller, as public research names them. "Upload" is seen from the
//! controller's side in these names: upload goes into it, download comes out of it.

use crate::value::Class;

pub fn function(code: u8) -> (&'static str, Class) {
    match code {
        0x01 => ("umas_init_comm", Class::Session),
        0x02 => ("umas_read_id", Class::Discover),
        0x03 => ("umas_read_project_info", Class::Discover),
        0x04 => ("umas_read_plc_info", Class::Diagnose),
        0x05 => ("umas_read_loader_info", Class::Discover),
        0x06 => ("umas_read_card_info", Class::Discover),
        0x07 => ("umas_read_block_info", Class::Discover),
        0x0a => ("umas_repeat", Class::Diagnose),
        0x10 => ("umas_take_plc_reservation", Class::Session),
        0x11 => ("umas_release_plc_reservation", Class::Session),
        0x12 => ("umas_keep_alive", Class::Session),
        0x20 => ("umas_read_memory_block", Class::Read),
        0x21 => ("umas_write_memory_block", Class::Write),
        0x22 => ("umas_read_variables", Class::Read),
        0x23 => ("umas_write_variables", Class::Write),
        0x24 => ("umas_read_coils_registers", Class::Read),
        0x25 => ("umas_write_coils_registers", Class::Write),
        0x26 => ("umas_data_dictionary", Class::Discover),
        0x27 => ("umas_data_dictionary_preload", Class::Discover),
        0x28 => ("umas_read_physical_address", Class::Read),
        0x29 => ("umas_write_physical_address", Class::Write),
        0x2a => ("umas_browse_events", Class::Diagnose),
        0x30 => ("umas_initialize_upload", Class::Program),
        0x31 => ("umas_upload_block", Class::Program),
        0x32 => ("umas_end_upload", Class::Program),
        0x33 => ("umas_initialize_download", Class::Program),
        0x34 => ("umas_download_block", Class::Program),
        0x35 => ("umas_end_download", Class::Program),
        0x36 => ("umas_backup", Class::Program),
        0x37 => ("umas_preload_blocks", Class::Program),
        0x38 => ("umas_signed", Class::Other),
        0x39 => ("umas_read_ethernet_master_data", Class::Read),
        0x40 => ("umas_start_plc", Class::Control),
        0x41 => ("umas_stop_plc", Class::Control),
        0x42 => ("umas_initialize_plc", Class::Control),
        0x43 => ("umas_swap_blocks", Class::Program),
        // Reads what was registered before, and forces outputs; nothing public says how to tell one from the other.
        0x50 => ("umas_monitor_plc", Class::Other),
        0x51 => ("umas_get_automatic_modifications", Class::Diagnose),
        0x52 => ("umas_get_forced_bits", Class::Read),
        0x53 => ("umas_get_selected_blocks", Class::Read),
        0x58 => ("umas_check_plc", Class::Diagnose),
        0x60 => ("umas_set_breakpoint", Class::Control),
        0x61 => ("umas_delete_breakpoint", Class::Control),
        0x62 => ("umas_step_over", Class::Control),
        0x63 => ("umas_step_in", Class::Control),
        0x64 => ("umas_step_out", Class::Control),
        0x65 => ("umas_get_call_stack", Class::Diagnose),
        0x66 => ("umas_check_debug_allowed", Class::Diagnose),
        0x6c => ("umas_process_message", Class::Other),
        0x6d => ("umas_private_message", Class::Other),
        0x6e => ("umas_exchange_nonces", Class::Session),
        0x70 => ("umas_read_io_object", Class::Read),
        0x71 => ("umas_write_io_object", Class::Write),
        0x72 => ("umas_read_rack", Class::Discover),
        0x73 => ("umas_get_module_status", Class::Diagnose),
        0x74 => ("umas_read_device_data", Class::Read),
        _ => ("unknown", Class::Other),
    }
}

/// 0xfe and 0xfd stand where a request has its function code.
pub fn status(code: u8) -> &'static str {
    match code {
        super::OK => "ok",
        super::ERROR => "error",
        _ => "unknown",
    }
}

pub fn plc_state(code: u8) -> &'static str {
    match code {
        1 => "stopped",
        2 => "running",
        _ => "unknown",
    }
}
