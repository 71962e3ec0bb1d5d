"""Options that are no content: what each of them comes to. One line a keyword; what is not here is said to be lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from detectors.imports.detection import BROADER, Detection, Remark
from detectors.imports.suricata.grammar import GrammarError
from detectors.imports.suricata.modbus import modbus
from detectors.rules.vocabulary import Vocabulary

SAID_ELSEWHERE = frozenset(
    """
    msg sid rev gid classtype priority reference metadata target rem fast_pattern prefilter noalert service soid logto
    threshold detection_filter flowbits requires
    """.split()  # noqa: SIM905 names in a block read better than in quotes
)
"""Read by `document.py`, `counting.py` and `chains.py`, or about speed alone."""

Keyword = Callable[[str, Detection], list[Remark]]


def _flow(value: str, detection: Detection) -> list[Remark]:
    remarks = []
    for word in (piece.strip().lower() for piece in value.split(",")):
        if word in ("to_server", "from_client"):
            detection.exclude({"message.kind": "response"}, telling=False)
        elif word in ("to_client", "from_server"):
            detection.exclude({"message.kind": "request"}, telling=False)
        elif word not in ("established", "stateless", "only_stream", "no_stream", "no_frag"):
            remarks.append(Remark(f"flow:{word}", BROADER, "what is known of the connection"))
    return remarks


def _number(field: str, names: Mapping[str, int] | None = None) -> Keyword:
    """A field that equals a number; `names` are Snort's words for some."""

    def add(value: str, detection: Detection) -> list[Remark]:
        numbers = []
        for word in (piece.strip().strip('"').lower() for piece in value.split(",")):
            try:
                numbers.append((names or {})[word] if word in (names or {}) else int(word, 0))
            except ValueError:
                raise GrammarError(f"{word[:40]} is no number for {field}") from None
        detection.need({field: numbers if len(numbers) > 1 else numbers[0]})
        return []

    return add


def _compared(field: str) -> Keyword:
    """A field held against `5`, `<5`, `>5`, `>=5`, `2<>5` (both ends left out) or `2-5`."""

    def add(value: str, detection: Detection) -> list[Remark]:
        text = value.strip().strip('"')
        try:
            if "<>" in text:
                low, high = text.split("<>")
                checks: dict[str, Any] = {f"{field}|gt": int(low, 0), f"{field}|lt": int(high, 0)}
            elif text[:1] in "<>":
                names = {"<": "|lt", ">": "|gt", "<=": "|lte", ">=": "|gte"}
                sign = text[:2] if text[1:2] == "=" else text[:1]
                checks = {field + names[sign]: int(text[len(sign) :], 0)}
            else:
                checks = {field: int(text, 0)}
        except ValueError:
            raise GrammarError(f"{text[:40]} is no number or range for {field}") from None
        detection.need(checks)
        return []

    return add


_MODBUS_NAMES = {"read_coils": 1, "read_discrete_inputs": 2, "read_holding_registers": 3, "read_input_registers": 4,
                 "write_single_coil": 5, "write_single_register": 6, "read_exception_status": 7, "diagnostics": 8,
                 "get_comm_event_counter": 11, "get_comm_event_log": 12, "write_multiple_coils": 15,
                 "write_multiple_registers": 16, "report_slave_id": 17, "read_file_record": 20, "write_file_record": 21,
                 "mask_write_register": 22, "read_write_multiple_registers": 23, "read_fifo_queue": 24,
                 "encapsulated_interface_transport": 43}  # fmt: skip
_DNP3_NAMES = {"confirm": 0, "read": 1, "write": 2, "select": 3, "operate": 4, "direct_operate": 5,
               "direct_operate_nr": 6, "cold_restart": 13, "warm_restart": 14, "stop_appl": 18,
               "enable_unsolicited": 20, "disable_unsolicited": 21, "authenticate_req": 32, "response": 129,
               "unsolicited_response": 130}  # fmt: skip

KEYWORDS: Mapping[str, tuple[str, Keyword]] = {
    # keyword: (protocol it belongs to; empty: any, what it adds)
    "flow": ("", _flow),
    "modbus": ("modbus", modbus),
    "modbus_func": ("modbus", _number("modbus.function_code", _MODBUS_NAMES)),
    "modbus_unit": ("modbus", _number("modbus.unit_id")),
    "dnp3_func": ("dnp3", _number("dnp3.function_code", _DNP3_NAMES)),
    "enip_command": ("enip", _number("enip.command")),
    "enip_status": ("enip", _number("enip.status")),
    "cip_service": ("enip", _number("cip.service")),
    "cip_class": ("enip", _number("cip.class")),
    "cip_instance": ("enip", _number("cip.instance")),
    "cip_attribute": ("enip", _number("cip.attribute")),
    "s7commplus_func": ("s7comm-plus", _number("s7comm_plus.function")),
    "s7commplus_opcode": ("s7comm-plus", _number("s7comm_plus.opcode")),
    "dns.opcode": ("dns", _compared("dns.op_code")),
    "dns.rcode": ("dns", _compared("dns.response_code")),
    "dns.rrtype": ("dns", _compared("dns.question.type")),
    "http.stat_code": ("http", _number("http.response.status_code")),
    "snmp.version": ("snmp", _compared("snmp.version")),
    "icmp_type": ("icmp", _compared("icmp.type")),
    "itype": ("icmp", _compared("icmp.type")),
    "icode": ("icmp", _compared("icmp.code")),
}  # fmt: skip
"""A field that is none here yet leaves its rules "not yet": the line works once the protocol is there."""


def missing_field(detection: Detection, protocol: str, known: Vocabulary) -> str | None:
    """The first field that events of this protocol do not have."""
    selections, _ = detection.written()
    for selection in selections.values():
        for checks in selection if isinstance(selection, list) else [selection]:
            for key in checks:
                field = key.partition("|")[0]
                if field not in known.fields or not known.readable(field, protocol):
                    return str(field)
    return None
