//! What S7comm-plus events can say. Their flaws stand with S7comm's.

use crate::value::{field, list, slots, Kind};

slots! {
    VERSION = 0 => field("s7comm_plus.version", Kind::Unsigned);
    OPCODE = 1 => field("s7comm_plus.opcode", Kind::Unsigned);
    DATA = 2 => field("s7comm_plus.data", Kind::Bytes);
    OPCODE_NAME = 3 => field("s7comm_plus.opcode_name", Kind::Text);
    FUNCTION = 4 => field("s7comm_plus.function", Kind::Unsigned);
    FUNCTION_NAME = 5 => field("s7comm_plus.function_name", Kind::Text);
    SEQUENCE = 6 => field("s7comm_plus.sequence", Kind::Unsigned);
    SESSION = 7 => field("s7comm_plus.session_id", Kind::Unsigned);
    FLAGS = 8 => field("s7comm_plus.transport_flags", Kind::Unsigned);
    RETURN_VALUE = 9 => field("s7comm_plus.return_value", Kind::Unsigned);
    ERROR_CODE = 10 => field("s7comm_plus.error_code", Kind::Signed);
    OBJECT_ID = 11 => list("s7comm_plus.object_id", Kind::Unsigned);
    CLASS_ID = 12 => list("s7comm_plus.class_id", Kind::Unsigned);
    ITEM_COUNT = 13 => field("s7comm_plus.item_count", Kind::Unsigned);
    ITEM_CRC = 14 => list("s7comm_plus.item.symbol_crc", Kind::Unsigned);
    ITEM_AREA = 15 => list("s7comm_plus.item.area", Kind::Text);
    ITEM_AREA_CODE = 16 => list("s7comm_plus.item.area_code", Kind::Unsigned);
    ITEM_DB = 17 => list("s7comm_plus.item.db", Kind::Unsigned);
    ITEM_LID = 18 => list("s7comm_plus.item.lid", Kind::Text);
    ITEM_NUMBER = 19 => list("s7comm_plus.item.number", Kind::Unsigned);
    ITEM_ERROR = 20 => list("s7comm_plus.item.error_code", Kind::Signed);
    ATTRIBUTE = 21 => list("s7comm_plus.attribute_id", Kind::Unsigned);
    VALUE_TYPE = 22 => list("s7comm_plus.value_type", Kind::Text);
    VALUES = 23 => list("s7comm_plus.values", Kind::Any);
    PROTECTED = 24 => field("s7comm_plus.protected", Kind::Boolean);
    HIDDEN = 25 => field("s7comm_plus.hidden", Kind::Boolean);
    PARTS = 26 => field("s7comm_plus.parts", Kind::Unsigned);
    ACTION = 27 => field("s7comm_plus.action", Kind::Text);
    ORDER_NUMBER = 28 => field("s7comm_plus.order_number", Kind::Text);
    FIRMWARE = 29 => field("s7comm_plus.firmware_version", Kind::Text);
    INTEGRITY = 30 => field("s7comm_plus.integrity_id", Kind::Unsigned);
    CREDIT = 31 => field("s7comm_plus.credit", Kind::Unsigned);
}
