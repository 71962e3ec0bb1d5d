//! What a Modbus event can hold, and what can be wrong with it.

use crate::value::{field, list, slots, Kind};

slots! {
    TRANSACTION = 0 => field("modbus.transaction_id", Kind::Unsigned);
    UNIT = 1 => field("modbus.unit_id", Kind::Unsigned);
    FUNCTION = 2 => field("modbus.function_code", Kind::Unsigned);
    FUNCTION_NAME = 3 => field("modbus.function_name", Kind::Text);
    ADDRESS = 4 => field("modbus.address", Kind::Unsigned);
    QUANTITY = 5 => field("modbus.quantity", Kind::Unsigned);
    VALUES = 6 => list("modbus.values", Kind::Unsigned);
    EXCEPTION = 7 => field("modbus.exception_code", Kind::Unsigned);
    EXCEPTION_NAME = 8 => field("modbus.exception_name", Kind::Text);
    WRITE_ADDRESS = 9 => field("modbus.write_address", Kind::Unsigned);
    WRITE_QUANTITY = 10 => field("modbus.write_quantity", Kind::Unsigned);
    AND_MASK = 11 => field("modbus.and_mask", Kind::Unsigned);
    OR_MASK = 12 => field("modbus.or_mask", Kind::Unsigned);
    SUBFUNCTION = 13 => field("modbus.diagnostic_code", Kind::Unsigned);
    MEI_TYPE = 14 => field("modbus.mei_type", Kind::Unsigned);
    DEVICE_ID_CODE = 15 => field("modbus.device_id_code", Kind::Unsigned);
    OBJECT_ID = 16 => field("modbus.object_id", Kind::Unsigned);
    OBJECT_TEXTS = 17 => list("modbus.object_values", Kind::Text);
    DATA = 18 => field("modbus.data", Kind::Bytes);
    FILE_NUMBERS = 19 => list("modbus.file_numbers", Kind::Unsigned);
    RECORD_NUMBERS = 20 => list("modbus.record_numbers", Kind::Unsigned);
    RECORD_LENGTHS = 21 => list("modbus.record_lengths", Kind::Unsigned);
    PROTOCOL_ID = 22 => field("modbus.protocol_id", Kind::Unsigned);
    LENGTH = 23 => field("modbus.length", Kind::Unsigned);
    OBJECT_IDS = 24 => list("modbus.object_ids", Kind::Unsigned);
    FRAMING = 25 => field("modbus.framing", Kind::Text);
    SUBFUNCTION_NAME = 26 => field("modbus.diagnostic_name", Kind::Text);
    SUBFUNCTION_VALUE = 27 => field("modbus.diagnostic_value", Kind::Unsigned);
    EXCEPTION_STATUS = 28 => field("modbus.exception_status", Kind::Unsigned);
    COMM_STATUS = 29 => field("modbus.comm_status", Kind::Unsigned);
    EVENT_COUNT = 30 => field("modbus.event_count", Kind::Unsigned);
    MESSAGE_COUNT = 31 => field("modbus.message_count", Kind::Unsigned);
    EVENTS = 32 => list("modbus.events", Kind::Unsigned);
    SERVER_ID = 33 => field("modbus.server_id", Kind::Text);
    RUNNING = 34 => field("modbus.running", Kind::Boolean);
    MEI_NAME = 35 => field("modbus.mei_name", Kind::Text);
    OBJECT_NAMES = 36 => list("modbus.object_names", Kind::Text);
    CONFORMITY = 37 => field("modbus.conformity_level", Kind::Unsigned);
    MORE_FOLLOWS = 38 => field("modbus.more_follows", Kind::Boolean);
    NEXT_OBJECT = 39 => field("modbus.next_object_id", Kind::Unsigned);
    CANOPEN_CONTROL = 40 => field("modbus.canopen.control", Kind::Unsigned);
    CANOPEN_NODE = 41 => field("modbus.canopen.node_id", Kind::Unsigned);
    CANOPEN_INDEX = 42 => field("modbus.canopen.index", Kind::Unsigned);
    CANOPEN_SUBINDEX = 43 => field("modbus.canopen.subindex", Kind::Unsigned);
    CANOPEN_LENGTH = 44 => field("modbus.canopen.length", Kind::Unsigned);
    UMAS_KEY = 45 => field("modbus.umas.key", Kind::Unsigned);
    UMAS_FUNCTION = 46 => field("modbus.umas.function_code", Kind::Unsigned);
    UMAS_FUNCTION_NAME = 47 => field("modbus.umas.function_name", Kind::Text);
    UMAS_STATUS = 48 => field("modbus.umas.status", Kind::Unsigned);
    UMAS_STATUS_NAME = 49 => field("modbus.umas.status_name", Kind::Text);
    UMAS_SIGNED = 50 => field("modbus.umas.signed", Kind::Boolean);
    UMAS_CLIENT = 51 => field("modbus.umas.client_name", Kind::Text);
    UMAS_DEVICE = 52 => field("modbus.umas.device_name", Kind::Text);
    UMAS_FIRMWARE = 53 => field("modbus.umas.firmware", Kind::Text);
    UMAS_PROJECT = 54 => field("modbus.umas.project_name", Kind::Text);
    UMAS_BLOCKS = 55 => list("modbus.umas.blocks", Kind::Unsigned);
    UMAS_OFFSETS = 56 => list("modbus.umas.offsets", Kind::Unsigned);
    UMAS_LENGTHS = 57 => list("modbus.umas.lengths", Kind::Unsigned);
    UMAS_STATE = 58 => field("modbus.umas.plc_state", Kind::Unsigned);
    UMAS_STATE_NAME = 59 => field("modbus.umas.plc_state_name", Kind::Text);
}

/// Bits of `Record::flaws`.
pub const FLAWS: &[&str] = &[
    "modbus.protocol_id",       // MBAP protocol identifier is not 0
    "modbus.bad_length",        // MBAP length is not 2–254: framing is lost, unless the message ends where it says
    "modbus.short_pdu",         // the PDU ends before its function's fields do
    "modbus.trailing_bytes",    // the PDU goes on after its function's fields
    "modbus.byte_count",        // the byte count does not fit quantity or length
    "modbus.quantity",          // quantity is 0 or above what the function allows
    "modbus.reserved_function", // function code 0, or 0x80 and above in a request
    "modbus.value",             // a value the specification does not allow: a coil neither 0x0000 nor 0xff00
    "modbus.address_overflow",  // address plus quantity passes 65535
    "modbus.exception_from_client",
    "modbus.bad_crc", // CRC of an RTU frame, or LRC of an ASCII frame: no device carries it out
];

pub mod flaw {
    pub const PROTOCOL_ID: usize = 0;
    pub const BAD_LENGTH: usize = 1;
    pub const SHORT_PDU: usize = 2;
    pub const TRAILING: usize = 3;
    pub const BYTE_COUNT: usize = 4;
    pub const QUANTITY: usize = 5;
    pub const RESERVED: usize = 6;
    pub const VALUE: usize = 7;
    pub const OVERFLOW: usize = 8;
    pub const EXCEPTION_FROM_CLIENT: usize = 9;
    pub const BAD_CRC: usize = 10;
}
