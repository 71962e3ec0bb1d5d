"""Every kind of message of DHCP, DHCPv6, SNMP and NetBIOS names, as scapy puts it together."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

from scapy.compat import raw
from scapy.layers import dhcp6
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.netbios import (
    NBNSHeader,
    NBNSNodeStatusRequest,
    NBNSQueryRequest,
    NBNSQueryResponse,
    NBNSRegistrationRequest,
    NBNSWackResponse,
)
from scapy.layers.snmp import (
    SNMP,
    SNMPbulk,
    SNMPget,
    SNMPinform,
    SNMPnext,
    SNMPresponse,
    SNMPset,
    SNMPtrapv1,
    SNMPtrapv2,
    SNMPvarbind,
)
from scapy.packet import Packet

from testbed import pcapfile

CLIENT, SERVER = "10.77.9.1", "10.77.9.2"
LINK = Ether(src="02:00:5e:4d:09:01", dst="02:00:5e:4d:09:02")
Sent = tuple[Packet, int, int]
"""what, from and to which port"""


def _dhcp() -> Iterator[Sent]:
    for kind in range(1, 19):
        asks = kind in (1, 3, 4, 7, 8, 10, 14, 16, 18)
        head = BOOTP(op=1 if asks else 2, xid=0x10000 + kind, chaddr=b"\x02\0\x5e\x4d\x09\x01" + bytes(10))
        options = [("message-type", kind), ("hostname", b"plc-7"), ("router", SERVER), "end"]
        yield head / DHCP(options=options), 68 if asks else 67, 67 if asks else 68
        # The kind may stand behind others, and padding between them.
        yield head / DHCP(options=[("router", SERVER), "pad", "pad", ("message-type", kind), "end"]), 67, 67
    for op in (1, 2):
        yield BOOTP(op=op, xid=7, options=b"c\x82Sc\xff"), 68, 67


def _dhcp6() -> Iterator[Sent]:
    kinds = (
        dhcp6.DHCP6_Solicit,
        dhcp6.DHCP6_Advertise,
        dhcp6.DHCP6_Request,
        dhcp6.DHCP6_Confirm,
        dhcp6.DHCP6_Renew,
        dhcp6.DHCP6_Rebind,
        dhcp6.DHCP6_Reply,
        dhcp6.DHCP6_Release,
        dhcp6.DHCP6_Decline,
        dhcp6.DHCP6_Reconf,
        dhcp6.DHCP6_InfoRequest,
    )
    for number, kind in enumerate(kinds):
        message = kind(trid=0x20000 + number) / dhcp6.DHCP6OptElapsedTime() / dhcp6.DHCP6OptClientId()
        yield message, 546, 547
        relay = dhcp6.DHCP6_RelayForward(linkaddr="2001:db8::1", peeraddr="fe80::7")
        yield relay / dhcp6.DHCP6OptIfaceId(ifaceid=b"1") / dhcp6.DHCP6OptRelayMsg(message=message), 547, 547


def _snmp() -> Iterator[Sent]:
    bound = [SNMPvarbind(oid="1.3.6.1.2.1.1.1.0"), SNMPvarbind(oid="1.3.6.1.4.1.2680.1.2.7.3.2.0")]
    for version in (0, 1):
        for number, kind in enumerate((SNMPget, SNMPnext, SNMPresponse, SNMPset, SNMPbulk, SNMPinform, SNMPtrapv2)):
            for identifier in (1, 127, 128, 0x7FFFFFFF, -1):
                body = kind(id=identifier, varbindlist=bound[: number % 3])
                yield SNMP(version=version, community="plant", PDU=body), 40000 + number, 161
        yield (
            SNMP(
                version=version,
                community="",
                PDU=SNMPtrapv1(time_stamp=7, enterprise="1.3.6.1.4.1.9", varbindlist=bound),
            ),
            162,
            162,
        )


def _nbns() -> Iterator[Sent]:
    for number, body in enumerate(
        (
            NBNSQueryRequest(QUESTION_NAME="PLC7"),
            NBNSQueryResponse(RR_NAME="PLC7"),
            NBNSRegistrationRequest(QUESTION_NAME="HMI"),
            NBNSWackResponse(RR_NAME="HMI"),
            NBNSNodeStatusRequest(),
        )
    ):
        yield NBNSHeader(NAME_TRN_ID=0x4000 + number) / body, 137, 137


def record(path: Path) -> Path:
    frames = [
        LINK / IP(src=CLIENT, dst=SERVER) / UDP(sport=here, dport=there) / what
        for make in (_dhcp, _snmp, _nbns)
        for what, here, there in make()
    ]
    six = IPv6(src=str(IPv6Address("fe80::1")), dst="fe80::2")
    frames += [LINK / six / UDP(sport=here, dport=there) / what for what, here, there in _dhcp6()]
    pcapfile.write(path, [pcapfile.Frame(number * 1_000_000, raw(frame)) for number, frame in enumerate(frames)])
    return path
