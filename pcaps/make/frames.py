"""Frames of every class the ledger knows, few enough to be counted by hand."""

from __future__ import annotations

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from pcaps.make.modbus import READ, READ_ANSWER, adu
from pcaps.make.talk import CLIENT, SERVER, Talk, add
from testbed.pcapfile import Frame


def ledger() -> list[Frame]:
    """In order: handshake (1–3), Modbus pair (4–5), the request again (6), end (7–9), ARP (10), LLDP (11), ICMP (12),
    DNS over UDP (13), Modbus in a VLAN tag (14), Modbus over IPv6 (15), a frame of 10 bytes (16), an IPv4 header that
    claims more than is there (17), TCP on a port nobody knows (18).
    """
    frames: list[Frame] = []
    talk = Talk(frames, 502)
    talk.ask(adu(1, READ))
    talk.answer(adu(1, READ_ANSWER))
    talk.repeat_last_ask(adu(1, READ))
    talk.end()
    here = Ether(src=CLIENT[1], dst=SERVER[1])
    to_server = IP(src=CLIENT[0], dst=SERVER[0], id=100)
    six = IPv6(src="fd77::101", dst="fd77::11")
    odd: list[bytes] = [
        bytes(Ether(src=CLIENT[1], dst="ff:ff:ff:ff:ff:ff") / ARP(psrc=CLIENT[0], pdst=SERVER[0], hwsrc=CLIENT[1])),
        bytes(Ether(src=SERVER[1], dst="01:80:c2:00:00:0e", type=0x88CC)) + bytes.fromhex("0207 04 02005e77020b 0000"),
        bytes(here / to_server / ICMP(id=1, seq=1) / Raw(b"otus")),
        bytes(here / to_server / UDP(sport=40002, dport=53) / DNS(id=1, qd=DNSQR(qname="historian.plant"))),
        bytes(here / Dot1Q(vlan=77) / to_server / _segment(40003, 502) / Raw(adu(2, READ))),
        bytes(here / six / _segment(40004, 502) / Raw(adu(3, READ))),
        bytes(here)[:10],
        bytes(here / to_server / UDP(sport=1, dport=2) / Raw(b"x" * 40))[:60],
        bytes(here / to_server / _segment(40005, 9999) / Raw(b"nobody knows this")),
    ]
    for frame in odd:
        add(frames, frame)
    return frames


def _segment(source_port: int, port: int) -> TCP:
    return TCP(sport=source_port, dport=port, seq=1, ack=1, flags="PA")
