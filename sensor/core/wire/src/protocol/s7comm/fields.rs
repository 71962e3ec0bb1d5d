//! What S7comm and COTP events can say, and what can be wrong with them.

use crate::value::{field, flaws, list, slots, Kind};

slots! {
    ROSCTR = 0 => field("s7comm.rosctr", Kind::Unsigned);
    ROSCTR_NAME = 1 => field("s7comm.rosctr_name", Kind::Text);
    PDU_REFERENCE = 2 => field("s7comm.pdu_reference", Kind::Unsigned);
    FUNCTION = 3 => field("s7comm.function", Kind::Unsigned);
    FUNCTION_NAME = 4 => field("s7comm.function_name", Kind::Text);
    ERROR_CLASS = 5 => field("s7comm.error_class", Kind::Unsigned);
    ERROR_CODE = 6 => field("s7comm.error_code", Kind::Unsigned);
    AMQ_CALLING = 7 => field("s7comm.max_amq_calling", Kind::Unsigned);
    AMQ_CALLED = 8 => field("s7comm.max_amq_called", Kind::Unsigned);
    PDU_LENGTH = 9 => field("s7comm.pdu_length", Kind::Unsigned);
    ITEM_COUNT = 10 => field("s7comm.item_count", Kind::Unsigned);
    ITEM_SYNTAX = 11 => list("s7comm.item.syntax", Kind::Unsigned);
    ITEM_TRANSPORT = 12 => list("s7comm.item.transport_size", Kind::Unsigned);
    ITEM_LENGTH = 13 => list("s7comm.item.count", Kind::Unsigned);
    ITEM_AREA = 14 => list("s7comm.item.area", Kind::Text);
    ITEM_AREA_CODE = 15 => list("s7comm.item.area_code", Kind::Unsigned);
    ITEM_DB = 16 => list("s7comm.item.db", Kind::Unsigned);
    ITEM_ADDRESS = 17 => list("s7comm.item.address", Kind::Unsigned);
    ITEM_BIT = 18 => list("s7comm.item.bit", Kind::Unsigned);
    ITEM_RAW = 19 => list("s7comm.item.raw", Kind::Bytes);
    RETURN_CODE = 20 => list("s7comm.item.return_code", Kind::Unsigned);
    VALUES = 21 => list("s7comm.values", Kind::Any);
    BLOCK_TYPE = 22 => list("s7comm.block_type", Kind::Text);
    BLOCK_NUMBER = 23 => list("s7comm.block_number", Kind::Unsigned);
    BLOCK_LENGTH = 24 => field("s7comm.block_length", Kind::Unsigned);
    CODE_LENGTH = 25 => field("s7comm.code_length", Kind::Unsigned);
    FILENAME = 26 => field("s7comm.filename", Kind::Text);
    FILE_SYSTEM = 27 => list("s7comm.file_system", Kind::Text);
    UPLOAD_ID = 28 => field("s7comm.upload_id", Kind::Unsigned);
    MORE = 29 => field("s7comm.more_data", Kind::Boolean);
    TRANSFER_ERROR = 30 => field("s7comm.transfer_error", Kind::Unsigned);
    PI_SERVICE = 31 => field("s7comm.pi_service", Kind::Text);
    PI_ACTION = 32 => field("s7comm.pi_action", Kind::Text);
    PI_ARGUMENT = 33 => list("s7comm.pi_argument", Kind::Text);
    SZL_ID = 34 => field("s7comm.szl_id", Kind::Unsigned);
    SZL_INDEX = 35 => field("s7comm.szl_index", Kind::Unsigned);
    UD_TYPE = 36 => field("s7comm.userdata.type", Kind::Unsigned);
    UD_GROUP = 37 => field("s7comm.userdata.group", Kind::Unsigned);
    UD_GROUP_NAME = 38 => field("s7comm.userdata.group_name", Kind::Text);
    UD_SUBFUNCTION = 39 => field("s7comm.userdata.subfunction", Kind::Unsigned);
    UD_SUBFUNCTION_NAME = 40 => field("s7comm.userdata.subfunction_name", Kind::Text);
    UD_SEQUENCE = 41 => field("s7comm.userdata.sequence", Kind::Unsigned);
    UD_DATA_UNIT = 42 => field("s7comm.userdata.data_unit", Kind::Unsigned);
    UD_LAST = 43 => field("s7comm.userdata.last_data_unit", Kind::Boolean);
    UD_ERROR = 44 => field("s7comm.userdata.error_code", Kind::Unsigned);
    CLOCK = 45 => field("s7comm.clock", Kind::Text);
    PARAMETER = 46 => field("s7comm.parameter", Kind::Bytes);
    DATA = 47 => field("s7comm.data", Kind::Bytes);
    UD_RETURN_CODE = 48 => field("s7comm.userdata.return_code", Kind::Unsigned);
    ITEM_SYMBOL_CRC = 49 => list("s7comm.item.symbol_crc", Kind::Unsigned);
    ITEM_PATH = 50 => list("s7comm.item.path", Kind::Text);
    NC_UNIT = 51 => list("s7comm.item.nc_unit", Kind::Unsigned);
    NC_MODULE = 52 => list("s7comm.item.nc_module", Kind::Unsigned);
    NC_COLUMN = 53 => list("s7comm.item.nc_column", Kind::Unsigned);
    NC_LINE = 54 => list("s7comm.item.nc_line", Kind::Unsigned);
    BLOCK_SHA256 = 55 => field("s7comm.block_sha256", Kind::Text);
    BLOCK_BYTES = 56 => field("s7comm.block_bytes", Kind::Unsigned);
    SZL_NAME = 57 => field("s7comm.szl_name", Kind::Text);
    ORDER_NUMBER = 58 => field("s7comm.order_number", Kind::Text);
    SERIAL_NUMBER = 59 => field("s7comm.serial_number", Kind::Text);
    FIRMWARE = 60 => field("s7comm.firmware_version", Kind::Text);
    EVENT_ID = 61 => list("s7comm.event_id", Kind::Unsigned);
    DETAIL_NAME = 62 => list("s7comm.detail.name", Kind::Text);
    DETAIL_VALUE = 63 => list("s7comm.detail.value", Kind::Any);
}

flaws! {
    // RFC 1006, 6: version is not 3 or the length is below 7. Framing is lost.
    TPKT_HEADER = 0 => "tpkt.bad_header";
    // RFC 1006, 6: the reserved byte is not 0.
    TPKT_RESERVED = 1 => "tpkt.reserved";
    // The length indicator does not fit the packet or the type of TPDU.
    COTP_LENGTH = 2 => "cotp.bad_length";
    COTP_TYPE = 3 => "cotp.unknown_type";
    // A parameter of the variable part goes beyond the header.
    COTP_PARAMETER = 4 => "cotp.bad_parameter";
    // Fragments without an end beyond the budget, given up.
    FRAGMENTS = 5 => "cotp.fragments_too_long";
    // A connection begins or ends in the middle of a fragmented message.
    INTERRUPTED = 6 => "cotp.interrupted";
    SHORT_HEADER = 7 => "s7comm.short_header";
    // Parameter and data length go beyond the bytes that are there.
    LENGTH = 8 => "s7comm.bad_length";
    // Bytes follow the data.
    TRAILING = 9 => "s7comm.trailing_bytes";
    ROSCTR = 10 => "s7comm.unknown_rosctr";
    // The parameter ends before its function's fields do.
    SHORT_PARAMETER = 11 => "s7comm.short_parameter";
    // The parameter goes on after its function's fields.
    LONG_PARAMETER = 12 => "s7comm.trailing_parameter";
    // The data ends before its items do, or an item's length does not fit.
    SHORT_DATA = 13 => "s7comm.short_data";
    // The data goes on after its items.
    LONG_DATA = 14 => "s7comm.trailing_data";
    // An item's specification does not begin with 0x12, or its length does not fit its syntax.
    ITEM = 15 => "s7comm.bad_item";
    // No items, or other than as many as asked for.
    ITEM_COUNT = 16 => "s7comm.item_count";
    VALUES = 17 => "s7comm.too_many_values";
    // A block's file name is not `_`, type, five digits, file system.
    FILENAME = 18 => "s7comm.bad_filename";
    USERDATA_HEAD = 19 => "s7comm.userdata_head";
    // A function that only the controller sends came from the client, or an unknown function code.
    FUNCTION = 20 => "s7comm.unknown_function";
    // An S7comm-plus message ends before its header does.
    PLUS_HEADER = 21 => "s7comm_plus.short_header";
    // The length of an S7comm-plus message goes beyond the bytes that are there, or its trailer is none.
    PLUS_LENGTH = 22 => "s7comm_plus.bad_length";
    // Parts of an S7comm-plus message without an end beyond the budget, given up.
    PLUS_PARTS = 23 => "s7comm_plus.parts_too_long";
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_table_fits_its_bits() {
        assert!(super::FIELDS.len() <= crate::value::SLOTS);
        assert!(super::FLAWS.len() <= 64);
    }
}
