//! What an event of SMB may hold.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    VERSION = 0 => field("smb.version", Kind::Unsigned);
    COMMAND = 1 => field("smb.command", Kind::Unsigned);
    DIALECT = 2 => field("smb.dialect_code", Kind::Unsigned);
    DIALECT_NAME = 3 => field("smb.dialect", Kind::Text);
    DIALECTS = 4 => list("smb.dialects", Kind::Text);
    STATUS = 5 => field("smb.status", Kind::Unsigned);
    STATUS_NAME = 6 => field("smb.status_name", Kind::Text);
    SESSION_ID = 7 => field("smb.session_id", Kind::Unsigned);
    TREE_ID = 8 => field("smb.tree_id", Kind::Unsigned);
    DOMAIN = 9 => field("smb.ntlm.domain", Kind::Text);
    WORKSTATION = 10 => field("smb.ntlm.workstation", Kind::Text);
    SHARE = 11 => field("smb.share.path", Kind::Text);
    SHARE_TYPE = 12 => field("smb.share.type", Kind::Text);
    FILE = 13 => field("smb.file.name", Kind::Text);
    NAMED_PIPE = 14 => field("smb.file.named_pipe", Kind::Boolean);
    SIZE = 15 => field("smb.file.size", Kind::Unsigned);
    OFFSET = 16 => field("smb.offset", Kind::Unsigned);
    LENGTH = 17 => field("smb.length", Kind::Unsigned);
    DISPOSITION = 18 => field("smb.disposition", Kind::Text);
    ACCESS = 19 => field("smb.desired_access", Kind::Unsigned);
    DELETE = 20 => field("smb.delete_on_close", Kind::Boolean);
    CONTROL_CODE = 21 => field("smb.control_code", Kind::Unsigned);
    INTERFACE = 22 => field("smb.pipe.interface", Kind::Text);
    INTERFACE_NAME = 23 => field("smb.pipe.interface_name", Kind::Text);
    SIGNING = 24 => field("smb.signing_required", Kind::Boolean);
    GUEST = 25 => field("smb.guest", Kind::Boolean);
    CALLED = 26 => field("smb.netbios.called", Kind::Text);
    CALLING = 27 => field("smb.netbios.calling", Kind::Text);
    INFO_CLASS = 28 => field("smb.info_class", Kind::Unsigned);
    SUBCOMMAND = 29 => field("smb.subcommand", Kind::Unsigned);
    TOTAL_DATA = 30 => field("smb.total_data", Kind::Unsigned);
}

flaws! {
    // Neither a packet of NetBIOS sessions nor a message of SMB, where one should begin.
    PACKET = 0 => "smb.bad_packet";
    TRUNCATED = 1 => "smb.truncated";
    // A command that no version has.
    COMMAND_FLAW = 2 => "smb.unknown_command";
    // A chain of commands that does not end where its packet does.
    CHAIN = 3 => "smb.bad_chain";
    // An NTLM message whose fields lie outside of it.
    NTLM = 4 => "smb.bad_ntlm";
}
