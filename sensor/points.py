"""The plant's table of points 点表: what stands behind an address, by name, type, scale and unit.

    - protocol: modbus
      server: 10.0.0.11          # or a network: 10.0.0.0/24
      number: 1                  # unit, data block or namespace; left out: any
      points:
        - {space: holding_register, address: 100, name: 料筒温度, type: f32, order: cdab, scale: 0.1, unit: ℃}
        - {space: coil, address: 0xF800, count: 256, octal: true, name: "X{n}", type: bool}
    - protocol: opcua
      server: 10.0.0.12
      points:
        - {space: node, number: 2, node: Machine.Speed, name: 主轴转速, unit: r/min}
    - protocol: s7comm
      server: 10.0.0.13
      points:
        - {item: DB10.DBD4, type: REAL, name: 料筒温度, unit: ℃}

What a point may say stands in docs/points.md. Addresses count from 0, as on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensor.site_file import near, read_yaml

# What is at an item of an S7 controller is named as its engineers name it; the core knows which.
TYPES = ("bool", "u16", "u32", "u64", "i16", "i32", "i64", "f32", "f64", "bcd16", "bcd32", "text")
ORDERS = ("abcd", "cdab", "badc", "dcba")
MOST_POINTS = 1 << 20
GROUP = {"protocol", "server", "number", "points"}
POINT: dict[str, type | tuple[type, ...]] = {
    "space": str, "item": str, "browse_name": str, "address": int, "node": str, "number": int, "name": str, "unit": str,
    "count": int, "octal": bool, "first": int, "type": str, "registers": int, "bit": int, "order": str,
    "scale": (int, float), "offset": (int, float),
    "min": (int, float), "max": (int, float), "rate": (int, float), "values": list,
}  # fmt: skip
SIGNED = ("offset", "scale", "min", "max")


def load(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a table, each with its protocol and server.

    Raises:
        ValueError: all problems of the file at once, one line each.
    """
    path = Path(path)
    data = read_yaml(path)
    if not isinstance(data, list):
        raise ValueError(f"{path}: expected groups like `- {{protocol: modbus, server: 10.0.0.11, points: […]}}`")
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for place, group in enumerate(data, 1):
        for what, row in _rows(group):
            if what:
                problems.append(f"{path}: group {place}: {what}")
            else:
                rows.append(row)
    if not problems and sum(row.get("count", 1) for row in rows) > MOST_POINTS:
        problems.append(f"{path}: more than {MOST_POINTS} points")
    if problems:
        raise ValueError("\n".join(problems))
    return rows


def _rows(group: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """A problem, or a row."""
    if not isinstance(group, dict) or not isinstance(group.get("points"), list):
        yield "expected protocol, server and a list of points", {}
        return
    for key in sorted(group.keys() - GROUP):
        yield f"unknown key {key}{near(key, GROUP)}", {}
    for key in ("protocol", "server"):
        if not isinstance(group.get(key), str):
            yield f"no {key}", {}
            return
    common = {key: group[key] for key in ("protocol", "server", "number") if key in group}
    for place, point in enumerate(group["points"], 1):
        named = f"point {point.get('name', place) if isinstance(point, dict) else place}"
        problems = list(_problems(point))
        yield from ((f"{named}: {problem}", {}) for problem in problems)
        if not problems:
            yield "", {**common, **point}


def _problems(point: Any) -> Iterator[str]:
    if not isinstance(point, dict):
        yield "expected {space: …, address: …, name: …}"
        return
    for key, value in point.items():
        kind = POINT.get(key)
        if kind is None:
            yield f"unknown key {key}{near(key, POINT)}"
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield f"{key}: {value!r} is not what belongs there"
        elif isinstance(value, int) and value < 0 and key not in SIGNED:
            yield f"{key}: must not be negative"
    whole = "item" in point or "browse_name" in point
    for key in ("name",) if whole else ("space", "name"):
        if key not in point:
            yield f"no {key}"
    if sum(key in point for key in ("item", "browse_name", "address", "node")) != 1:
        yield "wants an address, a node, a browse name, or an item"
    if "item" not in point and point.get("type", "u16") not in TYPES:
        yield f"type: one of {', '.join(TYPES)}"
    numbers = point.get("values", [])
    if isinstance(numbers, list) and not all(type(number) in (int, float) for number in numbers):
        yield "values: a list of numbers"
    if point.get("order", "abcd") not in ORDERS:
        yield f"order: one of {', '.join(ORDERS)}"
    if "count" in point and not 1 <= point["count"] <= MOST_POINTS:
        yield f"count: 1 to {MOST_POINTS}"
