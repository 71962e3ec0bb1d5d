"""What stands at a fixed place of a payload, by protocol: bytes that a rule asks for by offset become fields of ours.

Modbus: Messaging on TCP/IP V1.0b 3.1.3 (MBAP header, then function code and data of V1.1b3 6). S7comm: TPKT (RFC
1006), a COTP data TPDU of three bytes, then header and parameters as public research has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Bytes = Mapping[int, int]
"""Offset → value, of the bytes that are known."""


@dataclass(frozen=True)
class Place:
    """`checks`: what a value there means; `field` where it is the value of a number, for comparisons."""

    checks: Callable[[int], dict[str, Any]]
    field: str = ""


def _field(name: str, also: Mapping[str, Any] | None = None) -> Place:
    return Place(lambda value: {name: value, **(also or {})}, name)


def _function(code: int) -> dict[str, Any]:
    """An answer's highest bit says that it is an exception (V1.1b3 7)."""
    return {"modbus.function_code": code & 0x7F, "modbus.exception_code|exists": code >= 0x80}


_ECHOED = (5, 6, 15, 16, 22)
"""Their answers begin as their requests do."""
_ASKED = (1, 2, 3, 4, 23)
"""Address and quantity stand in their requests only; there an answer has the number of its bytes."""


def modbus(offset: int, size: int, known: Bytes, answers: bool) -> Place | None:
    function = known.get(7)
    request = {"message.kind": "request"}
    match offset, size:
        case 2, 2:
            # Events have the identifier only where it is wrong.
            return Place(lambda value: {"modbus.protocol_id": value} if value else {"modbus.protocol_id|exists": False})
        case 6, 1:
            return _field("modbus.unit_id")
        case 7, 1:
            return Place(_function)
        case 8, 2 if function in _ECHOED:
            return _field("modbus.address")
        case 8, 2 if function in _ASKED and not answers:
            return _field("modbus.address", request)
        case 8, 2 if function == 8:
            return _field("modbus.diagnostic_code")
        case 8, 1 if function == 43:
            return _field("modbus.mei_type")
        case 9, 1 if function == 90 and not answers:
            return _field("modbus.umas.function_code", request)
        case 10, 2 if function in (5, 6):
            return _field("modbus.values")
        case 10, 2 if function in (15, 16):
            return _field("modbus.quantity")
        case 10, 2 if function in _ASKED and not answers:
            return _field("modbus.quantity", request)
    return None


def s7comm(offset: int, size: int, known: Bytes, answers: bool) -> Place | None:
    kind = known.get(8)
    match offset, size:
        case (0, 1) if known.get(0) == 3:
            return Place(lambda value: {})  # TPKT's version: every message of ours has it
        case (7, 1) if known.get(7) == 0x32:
            return Place(lambda value: {})
        case 8, 1:
            return _field("s7comm.rosctr")
        case (17, 1) if kind == 1 or (kind is None and not answers):
            return _field("s7comm.function", {"s7comm.rosctr": 1})
        case 19, 1 if kind == 3:
            return _field("s7comm.function")
        case 22, 1 if kind == 7:
            return Place(lambda value: {"s7comm.userdata.type": value >> 4, "s7comm.userdata.group": value & 15})
        case 23, 1 if kind == 7:
            return _field("s7comm.userdata.subfunction")
    return None


PLACES: Mapping[str, Callable[[int, int, Bytes, bool], Place | None]] = {"modbus": modbus, "s7comm": s7comm}
FRAMING: Mapping[str, dict[str, Any]] = {"modbus": {"modbus.framing": "tcp"}}
"""What makes the offsets true: a serial frame behind a device server has no MBAP header."""


def place(protocol: str, offset: int, size: int, known: Bytes, answers: bool) -> Place | None:
    """What stands there, where that is a field of ours. `answers`: it is about what the server sends."""
    found = PLACES.get(protocol)
    return None if found is None else found(offset, size, known, answers)


def taken(protocol: str, known: Bytes, answers: bool) -> tuple[dict[str, Any], frozenset[int]]:
    """The checks that known bytes come to, and the offsets that they cover."""
    checks: dict[str, Any] = {}
    covered: set[int] = set()
    for offset in sorted(known):
        for size in (2, 1):
            span = range(offset, offset + size)
            found = None if covered & set(span) or not all(at in known for at in span) else (
                place(protocol, offset, size, known, answers)
            )  # fmt: skip
            if found is None:
                continue
            value = int.from_bytes(bytes(known[at] for at in span), "big")
            checks |= found.checks(value)
            covered |= set(span)
            break
    return (checks | FRAMING.get(protocol, {}) if covered else checks), frozenset(covered)
