"""The table of segments: which part of the plant a frame belongs to, where parts use the same addresses.

    - {name: cell-1, vlan: 101}
    - {name: cell-2, interface: enp3s0}
    - {name: slice-3, teid: 7001}

A line fits a frame when all that it names does; the first line that fits counts, and where none does the setting
`segment` names the segment. `vlan`: the innermost tag or one around it; `vni`: VXLAN, GENEVE, NVGRE; `teid`: GTP-U;
`interface`: a capture interface, or the name of a capture file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.site_file import near, read_yaml

MOST = {"vlan": 4095, "vni": 2**24 - 1, "teid": 2**32 - 1}
"""Largest numbers: IEEE 802.1Q 9.6, RFC 7348 5, 3GPP TS 29.281 5.1."""
MOST_SEGMENTS = 1 << 16


@dataclass(frozen=True)
class Segments:
    default: str
    """where everything goes that no line fits"""
    entries: tuple[dict[str, Any], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the engine's numbers."""
        return tuple(dict.fromkeys((self.default, *(entry["name"] for entry in self.entries))))

    def engine_settings(self) -> dict[str, Any]:
        return {"segment": self.default, "segments": list(self.entries)}


ONE = Segments("default")
"""Without a table."""


def load(default: str, path: str | Path | None) -> Segments:
    """Read the table; none: all is one segment.

    Raises:
        ValueError: all problems of the file at once, one line each.
    """
    if not path:
        return Segments(default)
    path = Path(path)
    data = read_yaml(path)
    if not isinstance(data, list):
        raise ValueError(f"{path}: expected lines like `- {{name: cell-1, vlan: 101}}`")
    problems = [f"{path}: line {place}: {what}" for place, line in enumerate(data, 1) for what in _problems(line)]
    segments = Segments(default, tuple(data))
    if not problems and len(segments.names) > MOST_SEGMENTS:
        problems.append(f"{path}: more than {MOST_SEGMENTS} segments")
    if problems:
        raise ValueError("\n".join(problems))
    return segments


def _problems(line: Any) -> list[str]:
    known = ("name", "interface", *MOST)
    if not isinstance(line, dict):
        return ["expected {name: …, vlan: …}"]
    problems = []
    for key, value in line.items():
        if key not in known:
            problems.append(f"unknown key {key}{near(key, known)}")
        elif key in MOST:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST[key]:
                problems.append(f"{key}: expected a number from 0 to {MOST[key]}")
        elif not isinstance(value, str) or not value:
            problems.append(f"{key}: expected a name")
    if "name" not in line:
        problems.append("no name")
    if len(line) < 2 and not problems:
        problems.append("fits every frame: name an interface, vlan, vni or teid")
    return problems
