"""`modbus:` of Suricata and `modbus_*` of Snort 3 → checks on Modbus requests.

Suricata user guide 8, "Modbus Keyword". Its addresses count from 1 where the wire counts from 0, and an address fits
a request that touches it anywhere; `a<>b` leaves both ends out.
"""

from __future__ import annotations

import re
from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Detection, Remark
from detectors.imports.suricata.grammar import GrammarError

ASSIGNED = (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43)
RESERVED = (9, 10, 13, 14, 41, 42, 90, 91, 125, 126, 127)
USER = (*range(65, 73), *range(100, 111))
"""V1.1b3 5.1 and annex A."""
UNASSIGNED = tuple(code for code in range(1, 128) if code not in (*ASSIGNED, *RESERVED, *USER))
CATEGORIES = {"assigned": ASSIGNED, "unassigned": UNASSIGNED, "public": (*ASSIGNED, *UNASSIGNED), "user": USER,
              "reserved": RESERVED, "all": tuple(range(1, 128))}  # fmt: skip
FUNCTIONS = {"read": {"coils": (1,), "discretes": (2,), "holding": (3, 23), "input": (4,), "": (1, 2, 3, 4, 23)},
             "write": {"coils": (5, 15), "holding": (6, 16, 22, 23), "": (5, 6, 15, 16, 22, 23)}}  # fmt: skip
MOST_REGISTERS, MOST_BITS = 125, 2000
"""Of one request (V1.1b3 6.1, 6.3)."""
_RANGE = re.compile(r"([<>]?)\s*([0-9]{1,5})(?:\s*<>\s*([0-9]{1,5}))?\Z")


def modbus(value: str, detection: Detection) -> list[Remark]:
    """Add what `modbus: …` asks for.

    Raises:
        GrammarError: it is none.
    """
    detection.need({"message.kind": "request"}, telling=False)
    remarks: list[Remark] = []
    words = [part.split(None, 1) for part in value.strip().strip('"').split(",") if part.strip()]
    said = {part[0].lower(): (part[1].strip() if len(part) > 1 else "") for part in words}
    if len(said) != len(words) or said.keys() - {"function", "subfunction", "access", "unit", "address", "value"}:
        raise GrammarError(f"modbus: {value} is not read")
    if "unit" in said:
        detection.need({"modbus.unit_id" + operator: bound for operator, bound in _bounds(said["unit"])})
    if "function" in said:
        remarks += _function(said["function"], said.get("subfunction"), detection)
    if "access" in said:
        remarks += _access(said, detection)
    return remarks


def _function(text: str, subfunction: str | None, detection: Detection) -> list[Remark]:
    if text.isdigit():
        detection.need({"modbus.function_code": int(text)})
        if subfunction is not None:
            if not subfunction.isdigit():
                raise GrammarError(f"modbus: subfunction {subfunction} is no number")
            # The guide's own example says 4 where it means function 8: a sub-function is one of Diagnostics.
            detection.need({"modbus.diagnostic_code": int(subfunction)})
        return []
    negated, name = text.startswith("!"), text.lstrip("! ")
    codes = CATEGORIES.get(name)
    if codes is None:
        raise GrammarError(f"modbus: function {text} is not known")
    if negated:
        detection.exclude({"modbus.function_code": list(codes)})
    elif name == "all":
        detection.need({"modbus.function_code|gte": 1})
    else:
        detection.need({"modbus.function_code": list(codes)})
    if name in ("user", "unassigned", "all"):
        return []
    wide = (name == "reserved") == negated
    return [Remark(f"function {text}", BROADER if wide else NARROWER,
                   "reserved sub-functions of functions 8 and 43 count as assigned")]  # fmt: skip


def _access(said: dict[str, str], detection: Detection) -> list[Remark]:
    words = said["access"].split()
    tables = FUNCTIONS.get(words[0] if words else "", {})
    table = words[1] if len(words) > 1 else ""
    codes = tables.get(table)
    if codes is None or len(words) > 2:
        raise GrammarError(f"modbus: access {said['access']} is not known")
    detection.need({"modbus.function_code": list(codes) if len(codes) > 1 else codes[0]})
    if "address" not in said:
        return []
    remarks: list[Remark] = []
    exact, below = _touching(said["address"], bits=table not in ("holding", "input"))
    single = [code for code in codes if code in (5, 6, 22)]
    plain = [code for code in codes if code not in (5, 6, 22) and not (words[0] == "write" and code == 23)]
    cases: list[dict[str, Any]] = [{"modbus.function_code": single, **exact[0]}] if single else []
    for checks in exact if below is None else [below]:
        cases += [{"modbus.function_code": plain, **checks}] if plain else []
        if words[0] == "write" and 23 in codes:  # it reads from one address and writes to another
            cases.append({"modbus.function_code": 23, **_written(checks)})
    detection.need(cases)
    if below is not None and below != exact[0]:
        remarks.append(Remark(f"address {said['address']}", BROADER,
                              f"of several coils: a request that begins up to {MOST_BITS - 1} below it fits, however "
                              "far it reaches"))  # fmt: skip
    if "value" in said:
        detection.need({"modbus.values" + operator: bound for operator, bound in _bounds(said["value"])})
        remarks.append(Remark(f"value {said['value']}", BROADER, "any of the values that a request of several writes"))
        if 22 in codes:
            remarks.append(Remark(f"value {said['value']}", NARROWER, "function 22 writes no value but two masks"))
    return remarks


def _written(checks: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("modbus.address", "modbus.write_address").replace("modbus.quantity", "modbus.write_quantity"):
    value
            for key, value in checks.items()}  # fmt: skip


def _bounds(text: str) -> list[tuple[str, int]]:
    """`5`, `<5`, `>5`, `2<>5` (both ends left out) as operators of ours."""
    found = _RANGE.match(text.strip())
    if found is None or (found[1] and found[3]):
        raise GrammarError(f"modbus: {text} is no number or range")
    low = int(found[2])
    if found[3]:
        return [("|gt", low), ("|lt", int(found[3]))]
    return [({"<": "|lt", ">": "|gt", "": ""}[found[1]], low)]


def _touching(text: str, *, bits: bool) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Requests that touch these addresses; the first case is that of requests for one. A request of `quantity` from
    `address` on the wire touches, counted from 1, `address + 1` to `address + quantity`. For bits, which would need two
    thousand cases, there is one that holds them all instead, and more."""
    bounds = dict(_bounds(text))
    # address <= most, and address + quantity > least
    most: int | None
    least: int | None
    if "" in bounds:
        most = least = bounds[""] - 1
    else:
        most = bounds["|lt"] - 2 if "|lt" in bounds else None
        least = bounds.get("|gt")
    if (most is not None and most < 0) or (least is not None and least < 0):
        raise GrammarError(f"modbus: address {text} touches nothing: addresses count from 1")
    top = {} if most is None else {"modbus.address|lte": most}
    if least is None:
        return [top], top if bits else None
    within = {"modbus.address": most} if most == least else {"modbus.address|gte": least, **top}
    if bits:
        return [within], {"modbus.address|gte": max(0, least - MOST_BITS + 1), **top}
    reach = range(1, min(MOST_REGISTERS, least + 1))
    return [within, *({"modbus.address": least - k, "modbus.quantity|gte": k + 1} for k in reach)], None
