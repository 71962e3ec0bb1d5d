//! Fields and flaws of SNMP.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    VERSION = 0 => field("snmp.version", Kind::Signed);
    VERSION_NAME = 1 => field("snmp.version_name", Kind::Text);
    PDU = 2 => field("snmp.pdu_type", Kind::Unsigned);
    PDU_NAME = 3 => field("snmp.pdu_name", Kind::Text);
    REQUEST = 4 => field("snmp.request_id", Kind::Signed);
    ERROR = 5 => field("snmp.error_status", Kind::Signed);
    ERROR_NAME = 6 => field("snmp.error_name", Kind::Text);
    ERROR_INDEX = 7 => field("snmp.error_index", Kind::Signed);
    OIDS = 8 => list("snmp.oids", Kind::Text);
    TYPES = 9 => list("snmp.value_types", Kind::Text);
    NON_REPEATERS = 10 => field("snmp.non_repeaters", Kind::Signed);
    REPETITIONS = 11 => field("snmp.max_repetitions", Kind::Signed);
    TRAP = 12 => field("snmp.trap_oid", Kind::Text);
    AGENT = 13 => field("snmp.agent_ip", Kind::Ip);
    GENERIC = 14 => field("snmp.generic_trap", Kind::Signed);
    GENERIC_NAME = 15 => field("snmp.generic_trap_name", Kind::Text);
    SPECIFIC = 16 => field("snmp.specific_trap", Kind::Signed);
    UPTIME = 17 => field("snmp.uptime_cs", Kind::Unsigned);
    MESSAGE = 18 => field("snmp.message_id", Kind::Signed);
    MAX_SIZE = 19 => field("snmp.max_size", Kind::Signed);
    MODEL = 20 => field("snmp.security_model", Kind::Signed);
    LEVEL = 21 => field("snmp.security_level", Kind::Text);
    ENGINE = 22 => field("snmp.engine_id", Kind::Bytes);
    BOOTS = 23 => field("snmp.engine_boots", Kind::Signed);
    TIME = 24 => field("snmp.engine_time_s", Kind::Signed);
    CONTEXT = 25 => field("snmp.context_name", Kind::Text);
    ENCRYPTED = 26 => field("snmp.encrypted", Kind::Boolean);
}

flaws! {
    // An element is not where it must be, has a length beyond the message, or a number of too many octets.
    ENCODING = 0 => "snmp.bad_encoding";
    TRAILING = 1 => "snmp.trailing_bytes";
    // Neither 0, 1 nor 3.
    VERSION = 2 => "snmp.unknown_version";
    // A PDU of no known kind, or of a kind that its version does not have.
    PDU = 3 => "snmp.unknown_pdu";
    // An object identifier ends inside a number or has too many arcs.
    OID = 4 => "snmp.bad_oid";
    // A value whose length its type does not allow, or of no known type.
    VALUE = 5 => "snmp.bad_value";
    // More variables than are listed.
    MANY = 6 => "snmp.many_variables";
    // A request that says that an error happened (RFC 3416 4.2.1: zero).
    ERROR = 7 => "snmp.error_in_request";
    // Encrypted without being authenticated (RFC 3412 6.4), or the flags are not one octet.
    SECURITY = 8 => "snmp.security_flags";
    // A request asks for a negative number of values.
    REPETITIONS = 9 => "snmp.negative_count";
}
