"""Names of what can be wrong with a message, as parsers report it in `flaws`. A test holds them against the core's."""

from __future__ import annotations

from collections.abc import Mapping

STREAM = (
    "stream.gap",
    "stream.conflict",
    "pairing.response_without_request",
    "pairing.mismatch",
)
"""Of the conversation rather than of the message: any protocol may have them."""

FLAWS: Mapping[str, tuple[str, ...]] = {
    "modbus": (
        "modbus.protocol_id",
        "modbus.bad_length",
        "modbus.short_pdu",
        "modbus.trailing_bytes",
        "modbus.byte_count",
        "modbus.quantity",
        "modbus.reserved_function",
        "modbus.value",
        "modbus.address_overflow",
        "modbus.exception_from_client",
    ),
    "s7comm": (
        "tpkt.bad_header",
        "tpkt.reserved",
        "cotp.bad_length",
        "cotp.unknown_type",
        "cotp.bad_parameter",
        "cotp.fragments_too_long",
        "cotp.interrupted",
        "s7comm.short_header",
        "s7comm.bad_length",
        "s7comm.trailing_bytes",
        "s7comm.unknown_rosctr",
        "s7comm.short_parameter",
        "s7comm.trailing_parameter",
        "s7comm.short_data",
        "s7comm.trailing_data",
        "s7comm.bad_item",
        "s7comm.item_count",
        "s7comm.too_many_values",
        "s7comm.bad_filename",
        "s7comm.userdata_head",
        "s7comm.unknown_function",
    ),
    "opcua": (
        "opcua.bad_length",
        "opcua.bad_chunk",
        "opcua.short_body",
        "opcua.trailing_bytes",
        "opcua.bad_encoding",
        "opcua.nesting",
        "opcua.sequence_gap",
        "opcua.channel_mismatch",
        "opcua.unknown_service",
        "opcua.message_too_large",
        "opcua.too_many_unfinished",
        "opcua.list_cut",
        "opcua.bad_value",
        "opcua.clear_opening",
        "opcua.wrong_direction",
    ),
}
"""By the name of the parser."""
