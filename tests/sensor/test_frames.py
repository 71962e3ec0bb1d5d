"""Frames that scapy made, in every tunnel: what the core finds inside is what tshark finds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import GRE, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from tests.sensor.test_captures import read

READ_REGISTERS = bytes.fromhex("0000 0000 0006 01 03 0000 0001")
SEGMENT = TCP(sport=40_000, dport=502, seq=100, flags="PA") / Raw(READ_REGISTERS)
INNER = IP(src="10.9.0.1", dst="10.9.0.2", id=7) / SEGMENT
INNER6 = IPv6(src="fd09::1", dst="fd09::2") / SEGMENT
FRAME = Ether(src="02:00:00:00:09:01", dst="02:00:00:00:09:02") / INNER
LINK = Ether(src="02:00:00:00:01:01", dst="02:00:00:00:01:02")
OUTER = LINK / IP(src="10.1.0.1", dst="10.1.0.2")
OUTER6 = LINK / IPv6(src="fd01::1", dst="fd01::2")
SESSION = GTPPDUSessionContainer(type=0, QFI=9)

STACKS: dict[str, Packet] = {
    "plain": FRAME,
    "VLAN": LINK / Dot1Q(vlan=12) / INNER,
    "QinQ": LINK / Dot1AD(vlan=5) / Dot1Q(vlan=12) / INNER,
    "SNAP": Dot3(src="02:00:00:00:01:01", dst="02:00:00:00:01:02") / LLC() / SNAP() / INNER,
    "IPv6 with extensions": LINK
    / IPv6(src="fd09::1", dst="fd09::2")
    / IPv6ExtHdrHopByHop()
    / IPv6ExtHdrDestOpt()
    / SEGMENT,
    "MPLS": LINK / MPLS(label=100, s=0) / MPLS(label=16, s=1) / INNER,
    "PPPoE": LINK / PPPoE(sessionid=3) / PPP() / INNER,
    "GRE": OUTER / GRE() / INNER,
    "GRE with key": OUTER / GRE(key_present=1, key=9, seqnum_present=1, sequence_number=3) / INNER,
    "GRE with Ethernet": OUTER / GRE(proto=0x6558) / FRAME,
    "ERSPAN I": OUTER / GRE(proto=0x88BE) / ERSPAN_I() / FRAME,
    "ERSPAN II": OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II(session_id=3) / FRAME,
    "ERSPAN III": OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=3) / FRAME,
    "VXLAN": OUTER / UDP(sport=5, dport=4789) / VXLAN(vni=70, flags=8) / FRAME,
    "VXLAN with VLAN": OUTER / UDP(sport=5, dport=4789) / VXLAN(vni=70, flags=8) / LINK / Dot1Q(vlan=33) / INNER,
    "VXLAN over IPv6": OUTER6 / UDP(sport=5, dport=4789) / VXLAN(vni=70, flags=8) / FRAME,
    "GENEVE": OUTER / UDP(sport=5, dport=6081) / GENEVE(vni=70) / FRAME,
    "GTP-U": OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=5) / INNER,
    "GTP-U with session": OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=5) / SESSION / INNER,
    "GTP-U over IPv6": OUTER6 / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=5) / INNER6,
    "4 in 4": OUTER / INNER,
    "6 in 4": OUTER / INNER6,
    "4 in 6": OUTER6 / INNER,
    "6 in 6": OUTER6 / INNER6,
    "tunnels in tunnels": OUTER / GRE() / IP() / UDP(sport=5, dport=4789) / VXLAN(vni=1, flags=8) / LINK
    / MPLS(label=16, s=1) / INNER,
}  # fmt: skip


def conversations() -> list[Packet]:
    """Each stack with a port and a transaction number of its own: the conversations inside are different ones."""
    packets = [packet.copy() for packet in STACKS.values()]
    for number, packet in enumerate(packets, start=1):
        packet[TCP].sport += number
        packet[Raw].load = bytes([0, number]) + READ_REGISTERS[2:]
    return packets


FIELDS = ("frame.number", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "mbtcp.trans_id", "vlan.id")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("frames") / "tunnels.pcap"
    wrpcap(str(path), conversations())
    return path


def second_opinion(tshark: str, capture: Path) -> list[dict[str, str]]:
    """The last, that is innermost, occurrence of each field."""
    asked = [word for field in FIELDS for word in ("-e", field)]
    command = [tshark, "-r", str(capture), "-T", "fields", "-E", "occurrence=l", "-E", "separator=|", *asked]
    printed = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout
    return [dict(zip(FIELDS, line.split("|"), strict=True)) for line in printed.splitlines()]


def test_what_is_inside_is_what_tshark_finds(tshark: str, capture: Path) -> None:
    printed, ledger = read([capture])
    assert ledger["parsed"] == len(STACKS), ledger["skipped"]
    events = [json.loads(line) for line in printed.splitlines()]
    assert [event["frame.number"] for event in events] == list(range(1, len(STACKS) + 1))
    for name, event, other in zip(STACKS, events, second_opinion(tshark, capture), strict=True):
        # tshark prints the last of either version: the inner one is the one that the segment inside has.
        version = "ipv6" if ":" in event["source.ip"] else "ip"
        assert event["source.ip"] == other[f"{version}.src"], name
        assert event["destination.ip"] == other[f"{version}.dst"], name
        assert str(event["source.port"]) == other["tcp.srcport"], name
        assert str(event["modbus.transaction_id"]) == other["mbtcp.trans_id"] != "", name
        if other["vlan.id"] or "network.vlan.id" in event:
            assert str(event["network.vlan.id"]) == other["vlan.id"], name


def test_cut_short_anywhere_every_packet_is_accounted_for(capture: Path, tmp_path: Path) -> None:
    whole = [bytes(packet) for packet in conversations()]
    cut = [Ether(data[:length]) for data in whole for length in range(14, len(data), 3)]
    wrpcap(str(tmp_path / "cut.pcap"), cut, linktype=1)
    _, ledger = read([tmp_path / "cut.pcap"])
    assert ledger["received"] == len(cut)
    assert ledger["held"] == 0
    assert ledger["skipped"]["panic"] == 0
