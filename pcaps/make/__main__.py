"""Write every made capture below a folder (default: this package's) and enter it in the manifest there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pcaps.make import arp, datagrams, dhcp, dns, frames, icmp, modbus, ntp, opcua, s7comm, snmp
from testbed import manifest, pcapfile

# path without suffix, protocols, clean, what it is, how it is made
Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[pcapfile.Frame]]]
MADE: tuple[Row, ...] = (
    ("modbus/errors", ("modbus",), False, "one broken message after another between good ones", modbus.errors),
    ("modbus/serial_frames", ("modbus",), True, "RTU and ASCII frames over TCP, on three ports", modbus.serial),
    (
        "modbus/serial_errors",
        ("modbus",),
        False,
        "RTU frames that the line broke, between good ones",
        modbus.serial_errors,
    ),
    ("modbus/umas", ("modbus",), True, "Schneider's UMAS: identify, reserve, stop, load, start", modbus.umas),
    ("modbus/foreign_on_port", (), False, "HTTP on port 502", modbus.foreign),
    ("s7comm/errors", ("s7comm",), False, "one broken message after another between good ones", s7comm.errors),
    ("s7comm/foreign_on_port", (), False, "S7comm-plus and MMS bytes in COTP on port 102", s7comm.foreign),
    (
        "s7comm/plus_session",
        ("s7comm-plus",),
        True,
        "S7comm-plus: values, stop and start",
        s7comm.plus_session,
    ),
    ("s7comm/station", ("s7comm",), True, "a station tells what it is, how it is, and an alarm", s7comm.station),
    ("opcua/errors", ("opcua",), False, "four connections, each with one broken message", opcua.errors),
    ("opcua/foreign_on_port", (), False, "SSH on port 4840", opcua.foreign),
    ("arp/normal", ("arp",), True, "a question and its answer, a probe, an announcement", arp.normal),
    ("arp/errors", ("arp",), False, "operations, addresses and lengths that nobody should send", arp.errors),
    ("icmp/normal", ("icmp",), True, "echoes, errors, a redirect, a router and neighbours of IPv6", icmp.normal),
    ("icmp/errors", ("icmp",), False, "one broken message after another between good ones", icmp.errors),
    ("dhcp/normal", ("dhcp",), True, "a lease from question to release, for IPv4 and IPv6", dhcp.normal),
    ("dhcp/errors", ("dhcp",), False, "one broken message after another", dhcp.errors),
    ("dhcp/foreign_on_port", (), False, "SSDP on port 67", lambda: datagrams.foreign(67)),
    (
        "dns/normal",
        ("dns", "mdns", "llmnr", "nbns"),
        True,
        "names asked in every way, a zone and an update",
        dns.normal,
    ),
    ("dns/errors", ("dns",), False, "one broken message after another between good ones", dns.errors),
    ("dns/foreign_on_port", (), False, "SSDP on port 53", lambda: datagrams.foreign(53)),
    ("ntp/normal", ("ntp",), True, "the time, a refusal, a broadcast, questions about the server", ntp.normal),
    ("ntp/errors", ("ntp",), False, "one broken message after another between good ones", ntp.errors),
    ("ntp/foreign_on_port", (), False, "SSDP on port 123", lambda: datagrams.foreign(123)),
    ("snmp/normal", ("snmp",), True, "reads, a write, traps, and version 3", snmp.normal),
    ("snmp/errors", ("snmp",), False, "one broken message after another between good ones", snmp.errors),
    ("snmp/foreign_on_port", (), False, "SSDP on port 161", lambda: datagrams.foreign(161)),
    ("plant/ledger", ("modbus",), False, "18 frames of every class the ledger knows", frames.ledger),
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
