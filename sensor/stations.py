"""What a site says of its stations: which matter most, and what hangs on them.

    - {address: 10.8.1.20, class: A, name: 2 号注塑机控制器, serves: 料筒加热与合模}
    - {network: 10.8.3.0/24, class: C, name: 办公网, segment: office}

`class` is the plant's own ABC classification of equipment: A decides over production or safety, B can be done without
for a while, C for long. The line with the longest prefix counts; without `segment` it holds in each of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.site_file import near, read_yaml

CLASSES = {"A": 3, "B": 2, "C": 1}
KEYS = ("address", "network", "class", "name", "serves", "segment")
MOST_LINES = 65_536
MOST_LETTERS = 128

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class KnownStation:
    """One line."""

    network: Network
    importance: int
    """3 for class A, 2 for B, 1 for C"""
    name: str | None = None
    serves: str | None = None
    segment: str | None = None


class Stations:
    """Asked for one address at a time: a look for each length of prefix there is."""

    def __init__(self, lines: Iterable[KnownStation] = ()) -> None:
        self._lines: dict[tuple[str | None, int, int, int], KnownStation] = {}
        for line in lines:
            network = line.network
            key = (line.segment, network.version, network.prefixlen, int(network.network_address))
            self._lines[key] = line
        self._lengths = sorted({key[:3] for key in self._lines}, key=lambda key: (-key[2], key[0] is None))

    def of(self, segment: str, address: str) -> KnownStation | None:
        """What the site says of it; None for what is no IP address or stands in no line."""
        if not self._lines:
            return None
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        for of_segment, version, length in self._lengths:
            if version == ip.version and of_segment in (None, segment):
                start = int(ip) >> (ip.max_prefixlen - length) << (ip.max_prefixlen - length)
                found = self._lines.get((of_segment, version, length, start))
                if found is not None:
                    return found
        return None


NONE = Stations()


def load(path: str | Path) -> Stations:
    """Raises ValueError: all problems of the file at once, one line each."""
    path = Path(path)
    data = read_yaml(path)
    if not isinstance(data, list):
        raise ValueError(f"{path}: expected lines like `- {{address: 10.8.1.20, class: A}}`")
    if len(data) > MOST_LINES:
        raise ValueError(f"{path}: more than {MOST_LINES} lines; name networks instead")
    problems: list[str] = []
    lines: list[KnownStation] = []
    for place, line in enumerate(data, 1):
        said = _problems(line)
        problems += [f"{path}: line {place}: {what}" for what in said]
        if not said:
            lines.append(_station(line))
    if problems:
        raise ValueError("\n".join(problems))
    return Stations(lines)


def _station(line: dict[str, Any]) -> KnownStation:
    network = ipaddress.ip_network(str(line.get("address") or line.get("network")))
    return KnownStation(network, CLASSES[line["class"]], line.get("name"), line.get("serves"), line.get("segment"))


def _problems(line: Any) -> list[str]:
    if not isinstance(line, dict):
        return ["expected {address or network, class}"]
    problems = [f"unknown key {key}{near(key, KEYS)}" for key in line if key not in KEYS]
    if ("address" in line) == ("network" in line):
        problems.append("needs either an address or a network")
    for key, read in (("address", ipaddress.ip_address), ("network", ipaddress.ip_network)):
        if key in line:
            try:
                read(str(line[key]))
            except ValueError:
                problems.append(f"{key}: {line[key]!r} is none")
    if line.get("class") not in CLASSES:
        problems.append(f"class: must be A, B or C, not {line.get('class')!r}")
    for key in ("name", "serves", "segment"):
        value = line.get(key)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= MOST_LETTERS):
            problems.append(f"{key}: must be text of at most {MOST_LETTERS} letters")
    return problems
