"""DHCP for IPv4 and IPv6. RFC 2131 2, RFC 2132; RFC 8415."""

from __future__ import annotations

from pcaps.make.datagrams import EVERYBODY, NOBODY, Exchange, Station
from pcaps.make.talk import CLIENT, SERVER
from testbed.pcapfile import Frame

NONE = "00000000 00000000 00000000 00000000"
RENEWED = "0a4d0265 00000000 00000000 00000000"
OFFERED = "00000000 0a4d0265 00000000 00000000"
CLIENT_6: Station = ("fe80::101", CLIENT[1])
SERVER_6: Station = ("fe80::11", SERVER[1])
ALL_SERVERS: Station = ("ff02::1:2", "33:33:00:01:00:02")
DUID = "0001 000e 0001 0001 1c39cf88 02005e770265"


def message(op: int, addresses: str, options: str, hardware: str = "0106", cookie: str = "63825363") -> str:
    """| op, hardware | transaction | client, offered, next server, relay | MAC | two names | cookie, options |"""
    names = "00" * 192
    return f"{op:02x} {hardware} 00 3903f326 0000 0000 {addresses} 02005e770265 {'00' * 10} {names} {cookie} {options}"


def normal() -> list[Frame]:
    """A lease from the first question to its release, a renewal, and the same for IPv6."""
    frames: list[Frame] = []
    shout = Exchange(frames, 67, 68, NOBODY, EVERYBODY)
    told = Exchange(frames, 67, 68, CLIENT, SERVER)
    server = "36040a4d020b 0104ffffff00 03040a4d02fe 06040a4d0235 330400000e10 0f05706c616e74"
    shout.ask(message(1, NONE, "350101 0c05 706c632d37 3c084d53465420352e30 3d070102005e770265 370401030f06 ff"))
    told.answer(message(2, OFFERED, f"350102 {server} ff"))
    shout.ask(message(1, NONE, "350103 32040a4d0265 36040a4d020b 0c05706c632d37 ff"))
    told.answer(message(2, OFFERED, f"350105 {server} ff"))
    told.ask(message(1, RENEWED, "350103 ff"))
    told.answer(message(2, "0a4d0265 0a4d0265 00000000 00000000", f"350105 {server} ff"))
    told.ask(message(1, RENEWED, "350107 36040a4d020b ff"))
    six = Exchange(frames, 547, 546, CLIENT_6, ALL_SERVERS)
    six_told = Exchange(frames, 547, 546, CLIENT_6, SERVER_6)
    association = "0003 0028 00000001 00000e10 00000e10 0005 0018 fd77 0000000000000000000000000101 00000e10 00001c20"
    six.ask(f"01 102030 {DUID} 0006 0004 0017 0018 0027 0007 01 05706c632d37")
    six_told.answer(f"02 102030 {DUID} {association}")
    six.ask(f"03 102031 {DUID} {association}")
    six_told.answer(f"07 102031 {DUID} {association} 0017 0010 fd77 0000000000000000000000000053")
    return frames


def errors() -> list[Frame]:
    """One broken message after another."""
    frames: list[Frame] = []
    shout = Exchange(frames, 67, 68, NOBODY, EVERYBODY)
    for text in (
        message(1, NONE, "350101 0cff706c63"),  # an option beyond the end
        message(1, NONE, "350101"),  # no end mark
        message(1, NONE, "350101 3203 0a0000 ff"),  # an address of three bytes
        message(1, NONE, "350163 ff"),  # a type nobody has
        message(1, NONE, "350102 ff"),  # a client offers
        message(1, NONE, "350101 ff", hardware="0110"),  # a MAC address of 16 bytes
        message(1, NONE, "350101 ff", cookie="00000000"),
        "01 01 06 00 3903f326 0000 0000 00000000",
    ):
        shout.ask(text)
    six = Exchange(frames, 547, 546, CLIENT_6, ALL_SERVERS)
    six.ask("01 102030 0001 00ff 00")  # an option beyond the end
    six.ask("63 102030")  # a type nobody has
    return frames
