"""Level × importance of the stations × consequence for the process: three ranks, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from detectors.incidents.tactics import FELT, LOOKED
from sensor.schema import Level, Severity

OFFICE = frozenset({
    "arp", "dhcp", "dns", "flow", "ftp", "http", "icmp", "imap", "llmnr", "mdns", "mysql", "nbns", "ntp", "pop3",
    "postgresql", "rdp", "redis", "rtsp", "smb", "smtp", "snmp", "ssh", "tds", "teamviewer", "telnet", "tls", "vnc",
})  # fmt: skip
"""Protocols that say nothing about a station's part in the process: any computer speaks them."""

CLASS_OF_ROLE = {"controller": 3, "station": 2, "unknown": 2, "office": 1}
"""Equipment classes A (3), B (2), C (1) where the site says nothing: who serves a protocol of the plant controls it,
who asks in one operates it. Whom only the network has seen stands between, for it may be either."""


class Station(Protocol):
    """What the site says of a station, or of a whole network (`sensor.stations`)."""

    @property
    def importance(self) -> int:
        """3 for class A, 2 for B, 1 for C"""
        ...

    @property
    def name(self) -> str | None: ...
    @property
    def serves(self) -> str | None: ...


Importance = Callable[[str, str], Station | None]
"""(segment, address) → what the site says of it."""


def nothing_said(segment: str, address: str) -> Station | None:
    """A site without a file of its stations."""
    return None


def role_of(protocol: str, side: str) -> str:
    """What one alert shows about a station: `side` is `client` or `server`."""
    if protocol in OFFICE:
        return "unknown" if protocol in ("arp", "flow", "icmp") else "office"
    return "controller" if side == "server" else "station"


def consequence_of(tactic: str, failed: bool) -> int:
    """3: the process feels it. 2: it could, or was about to. 1: somebody looked."""
    if tactic in FELT:
        return 2 if failed else 3
    return 1 if tactic in LOOKED else 2


def severity(
    level: Level, consequence: int, stations: Iterable[tuple[str, str]], segment: str, importance: Importance
) -> Severity:
    """`stations`: (address, role) of those concerned; the most important one counts, of equals the first."""
    best = Severity(level.rank, CLASS_OF_ROLE["unknown"], consequence, "unknown")
    found = False
    for address, role in stations:
        said = importance(segment, address)
        rank = CLASS_OF_ROLE[role] if said is None else said.importance
        if not found or rank > best.importance:
            basis = role if said is None else "site"
            name, serves = (None, None) if said is None else (said.name, said.serves)
            best = Severity(level.rank, rank, consequence, basis, address, name, serves)
            found = True
    return best
