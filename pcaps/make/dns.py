"""DNS, multicast DNS, LLMNR and the NetBIOS name service. RFC 1035, RFC 6762, RFC 4795, RFC 1002."""

from __future__ import annotations

from pcaps.make.datagrams import Exchange, Station
from pcaps.make.talk import CLIENT, SERVER, Talk
from testbed.pcapfile import Frame

MULTICAST: Station = ("224.0.0.251", "01:00:5e:00:00:fb")
LINK_LOCAL: Station = ("224.0.0.252", "01:00:5e:00:00:fc")
BROADCAST: Station = ("10.77.2.255", "ff:ff:ff:ff:ff:ff")
NAME = "09686973746f7269616e 05706c616e74 00"  # historian.plant
SERVICE = "055f68747470 045f746370 056c6f63616c 00"  # _http._tcp.local
NETBIOS = "20" + "4549" * 15 + "4341" + "00"  # HHHHHHHHHHHHHHH<20>


def normal() -> list[Frame]:
    """An address and its alias, a name that does not exist, a zone over TCP, an update, and each relative."""
    frames: list[Frame] = []
    resolver = Exchange(frames, 53)
    resolver.ask(f"0001 0100 0001 0000 0000 0001 {NAME} 0001 0001 00 0029 04d0 00008000 0000")
    alias = "c00c 0005 0001 0000003c 0005 026462c016"
    resolver.answer(f"0001 8580 0001 0002 0000 0000 {NAME} 0001 0001 {alias} c02d 0001 0001 0000003c 0004 0a4d0205")
    resolver.ask(f"0002 0100 0001 0000 0000 0000 {NAME} 0010 0001")
    resolver.answer(f"0002 8580 0001 0001 0000 0000 {NAME} 0010 0001 c00c 0010 0001 0000003c 0005 0476313233")
    resolver.ask(f"0003 0100 0001 0000 0000 0000 {NAME} 001c 0001")
    resolver.answer(f"0003 8583 0001 0000 0000 0000 {NAME} 001c 0001")
    resolver.ask(f"0004 2800 0001 0000 0001 0000 05706c616e74 00 0006 0001 {NAME} 0001 0001 0000003c 0004 0a4d0206")
    resolver.answer("0004 a800 0001 0000 0000 0000 05706c616e74 00 0006 0001")
    talk = Talk(frames, 53)
    zone = bytes.fromhex("0005 0000 0001 0000 0000 0000 05706c616e74 00 00fc 0001")
    talk.ask(len(zone).to_bytes(2, "big") + zone)
    refused = bytes.fromhex("0005 8005 0001 0000 0000 0000 05706c616e74 00 00fc 0001")
    talk.answer(len(refused).to_bytes(2, "big") + refused[:9], refused[9:])
    talk.end()
    Exchange(frames, 5353, 5353, CLIENT, MULTICAST).ask(f"0000 0000 0001 0000 0000 0000 {SERVICE} 000c 8001")
    Exchange(frames, 5353, 5353, SERVER, MULTICAST).ask(
        f"0000 8400 0000 0001 0000 0000 {SERVICE} 000c 0001 00000078 0006 03706c63c00c"
    )
    Exchange(frames, 5355, 50001, CLIENT, LINK_LOCAL).ask("0006 0000 0001 0000 0000 0000 03706c63 00 0001 0001")
    answer = "0006 8000 0001 0001 0000 0000 03706c63 00 0001 0001 c00c 0001 0001 0000001e 0004 0a4d020b"
    Exchange(frames, 5355, 50001).answer(answer)
    Exchange(frames, 137, 137, CLIENT, BROADCAST).ask(f"0007 0110 0001 0000 0000 0000 {NETBIOS} 0020 0001")
    Exchange(frames, 137, 137).answer(f"0007 8500 0000 0001 0000 0000 {NETBIOS} 0020 0001 00000000 0006 0000 0a4d020b")
    return frames


def errors() -> list[Frame]:
    """One broken message after another between good ones."""
    frames: list[Frame] = []
    resolver = Exchange(frames, 53)
    for text in (
        f"0001 0100 0001 0000 0000 0000 {NAME} 0001 0001",
        "0002 0000 0001 0000 0000 0000 40 61 00 0001 0001",  # a label of a kind that does not exist
        "0003 0000 0001 0000 0000 0000 c00c 0001 0001",  # a pointer to itself
        f"0004 0000 0001 0000 0000 0000 {('3f' + '61' * 63) * 5} 00 0001 0001",  # 321 bytes of name
        f"0005 0000 0001 0000 0000 0000 {NAME} 0001 0001 00",  # one byte too many
        f"0006 7800 0001 0000 0000 0000 {NAME} 0001 0001",  # operation 15
        f"0007 0040 0001 0000 0000 0000 {NAME} 0001 0001",  # the reserved bit
        f"0008 0000 0002 0000 0000 0000 {NAME} 0001 0001 {NAME} 001c 0001",  # two questions
        "0009 0000 0001 0000 0000 0000 0261ff 00 0001 0001",  # a label of binary data
        f"000a 0100 0001 0000 0000 0000 {NAME} 0001 0001",
    ):
        resolver.ask(text)
    resolver.answer(f"000a 8180 0001 0001 0000 0000 {NAME} 0001 0001 c00c 0001 0001 0000003c 0003 0a4d02")
    resolver.answer(f"000b 8180 0001 0003 0000 0000 {NAME} 0001 0001")  # three answers, none there
    return frames
