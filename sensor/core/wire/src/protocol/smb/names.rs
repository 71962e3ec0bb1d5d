//! Names of SMB's numbers. [MS-SMB2] 2.2.1.2, [MS-CIFS] 2.2.2.1, [MS-ERREF] 2.3.1.

use crate::value::Class;

pub fn command2(code: u16) -> Option<(&'static str, Class)> {
    Some(match code {
        0 => ("negotiate", Class::Session),
        1 => ("session_setup", Class::Session),
        2 => ("logoff", Class::Session),
        3 => ("tree_connect", Class::Session),
        4 => ("tree_disconnect", Class::Session),
        5 => ("create", Class::Read),
        6 => ("close", Class::Session),
        7 => ("flush", Class::Write),
        8 => ("read", Class::Read),
        9 => ("write", Class::Write),
        10 => ("lock", Class::Other),
        11 => ("ioctl", Class::Other),
        12 => ("cancel", Class::Other),
        13 => ("echo", Class::Diagnose),
        14 => ("query_directory", Class::Discover),
        15 => ("change_notify", Class::Discover),
        16 => ("query_info", Class::Discover),
        17 => ("set_info", Class::Write),
        18 => ("oplock_break", Class::Other),
        _ => return None,
    })
}

pub fn command1(code: u8) -> Option<(&'static str, Class)> {
    Some(match code {
        0x00 => ("create_directory", Class::Write),
        0x01 => ("delete_directory", Class::Write),
        0x02 | 0x2d => ("open", Class::Read),
        0x03 => ("create", Class::Write),
        0x04 => ("close", Class::Session),
        0x05 => ("flush", Class::Write),
        0x06 => ("delete", Class::Write),
        0x07 => ("rename", Class::Write),
        0x08 | 0x23 => ("query_info", Class::Discover),
        0x09 | 0x22 => ("set_info", Class::Write),
        0x0a => ("read", Class::Read),
        0x0b => ("write", Class::Write),
        0x10 => ("check_directory", Class::Discover),
        0x24 => ("lock", Class::Other),
        0x25 | 0x26 => ("transaction", Class::Other),
        0x2b => ("echo", Class::Diagnose),
        0x2e => ("read", Class::Read),
        0x2f => ("write", Class::Write),
        0x32 | 0x33 => ("transaction2", Class::Discover),
        0x34 => ("find_close", Class::Discover),
        0x70 | 0x75 => ("tree_connect", Class::Session),
        0x71 => ("tree_disconnect", Class::Session),
        0x72 => ("negotiate", Class::Session),
        0x73 => ("session_setup", Class::Session),
        0x74 => ("logoff", Class::Session),
        0x80 => ("query_information_disk", Class::Discover),
        0x81..=0x83 => ("search", Class::Discover),
        0xa0 | 0xa1 => ("nt_transaction", Class::Other),
        0xa2 => ("create", Class::Read),
        0xa4 => ("cancel", Class::Other),
        0xa5 => ("rename", Class::Write),
        0xc0..=0xc3 => ("print", Class::Write),
        _ => return None,
    })
}

pub fn dialect(code: u16) -> &'static str {
    match code {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0222 => "2.2.2",
        0x0224 => "2.2.4",
        0x02ff => "2.???",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0310 => "3.1.0",
        0x0311 => "3.1.1",
        _ => "unknown",
    }
}

pub fn status(code: u32) -> &'static str {
    match code {
        0 => "success",
        0x0000_0103 => "pending",
        0x0000_010b => "notify_cleanup",
        0x0000_010c => "notify_enum_dir",
        0x8000_0005 => "buffer_overflow",
        0x8000_0006 => "no_more_files",
        0xc000_0008 => "invalid_handle",
        0xc000_000d => "invalid_parameter",
        0xc000_000f => "no_such_file",
        0xc000_0010 => "invalid_device_request",
        0xc000_0011 => "end_of_file",
        0xc000_0016 => "more_processing_required",
        0xc000_0022 => "access_denied",
        0xc000_0023 => "buffer_too_small",
        0xc000_0033 => "object_name_invalid",
        0xc000_0034 => "object_name_not_found",
        0xc000_0035 => "object_name_collision",
        0xc000_003a => "object_path_not_found",
        0xc000_0043 => "sharing_violation",
        0xc000_0056 => "delete_pending",
        0xc000_0064 => "no_such_user",
        0xc000_006a => "wrong_password",
        0xc000_006d => "logon_failure",
        0xc000_006e => "account_restriction",
        0xc000_006f => "invalid_logon_hours",
        0xc000_0070 => "invalid_workstation",
        0xc000_0071 => "password_expired",
        0xc000_0072 => "account_disabled",
        0xc000_00ac => "pipe_not_available",
        0xc000_00b0 => "pipe_disconnected",
        0xc000_00b5 => "io_timeout",
        0xc000_00ba => "file_is_a_directory",
        0xc000_00bb => "not_supported",
        0xc000_00c9 => "network_name_deleted",
        0xc000_00cc => "bad_network_name",
        0xc000_0101 => "directory_not_empty",
        0xc000_0120 => "cancelled",
        0xc000_0128 => "file_closed",
        0xc000_015b => "logon_type_not_granted",
        0xc000_0193 => "account_expired",
        0xc000_019c => "fs_driver_required",
        0xc000_0203 => "user_session_deleted",
        0xc000_0205 => "insufficient_server_resources",
        0xc000_0224 => "password_must_change",
        0xc000_0225 => "not_found",
        0xc000_0234 => "account_locked_out",
        0xc000_0257 => "path_not_covered",
        0xc000_035c => "network_session_expired",
        _ => "unknown",
    }
}

/// [MS-SMB2] 2.2.13 and [MS-CIFS] 2.2.4.64 agree.
pub fn disposition(code: u32) -> &'static str {
    match code {
        0 => "supersede",
        1 => "open",
        2 => "create",
        3 => "open_if",
        4 => "overwrite",
        5 => "overwrite_if",
        _ => "unknown",
    }
}
