"""SNMP of all versions. RFC 1157, RFC 3416, RFC 3412; X.690 8.1 (tag, length, content)."""

from __future__ import annotations

from pcaps.make.datagrams import Exchange
from testbed.pcapfile import Frame

PUBLIC = "0406 7075626c6963"
PRIVATE = "0407 70726976617465"
SYSTEM = "300c 0608 2b06010201010100 0500"  # sysDescr.0
LOCATION = "300e 0608 2b06010201010600 0402 6f6b"  # sysLocation.0 = ok


def element(tag: str, *parts: str) -> str:
    content = "".join(parts).replace(" ", "")
    return f"{tag}{len(content) // 2:02x}{content}"


def pdu(tag: str, number: int, *variables: str, status: str = "00") -> str:
    """| request's number | error status | error index | variables |"""
    return element(tag, f"0202{number:04x}", f"0201{status}", "020100", element("30", *variables))


def message(version: int, community: str, inside: str) -> str:
    return element("30", f"0201{version:02x}", community, inside)


def secure(number: int, flags: str, rest: str, user: str = "0408 6f70657261746f72") -> str:
    """Version 3: | number, size, flags, model | engine, starts, time, user | what follows |"""
    head = element("30", f"0201{number:02x}", "020300ffe3", f"0401{flags}", "020103")
    return element(
        "30", "020103", head, element("04", element("30", "04058000000001 020103 020201f4", user, "0400 0400")), rest
    )


def normal() -> list[Frame]:
    """Reads, a write, a trap of either version, and version 3 in clear and encrypted."""
    frames: list[Frame] = []
    agent, traps = Exchange(frames, 161), Exchange(frames, 162)
    agent.ask(message(1, PUBLIC, pdu("a0", 1, SYSTEM)))
    agent.answer(message(1, PUBLIC, pdu("a2", 1, "300e 0608 2b06010201010100 0402 6f6b")))
    agent.ask(message(1, PUBLIC, element("a5", "020102 020100 020114", element("30", SYSTEM))))
    agent.answer(message(1, PUBLIC, element("a2", "020102 020100 020100", element("30", LOCATION, LOCATION))))
    agent.ask(message(0, PRIVATE, pdu("a3", 3, LOCATION)))
    agent.answer(message(0, PRIVATE, pdu("a2", 3, LOCATION, status="04")))
    link_down = element("a4", "06062b0601040109 40040a4d020b 020102 020100 4302012c", element("30", SYSTEM))
    traps.ask(message(0, PUBLIC, link_down))
    what = "3017 060a 2b060106030101040100 0609 2b0601060301010503"
    traps.ask(message(1, PUBLIC, pdu("a7", 4, "300e 0608 2b06010201010300 4302 012c", what)))
    agent.ask(secure(5, "05", element("30", "04058000000001 0400", pdu("a0", 5, SYSTEM))))
    agent.answer(secure(5, "01", element("30", "04058000000001 0400", pdu("a2", 5, LOCATION))))
    agent.ask(secure(6, "07", "0404deadbeef"))
    agent.answer(secure(6, "03", "0404deadbeef"))
    return frames


def errors() -> list[Frame]:
    """One broken message after another between good ones."""
    frames: list[Frame] = []
    agent = Exchange(frames, 161)
    good = message(1, PUBLIC, pdu("a0", 1, SYSTEM))
    for text in (
        good,
        good[:40],  # cut in the middle
        good + "00",
        message(7, PUBLIC, pdu("a0", 2, SYSTEM)),  # version 8
        message(1, PUBLIC, pdu("ab", 3, SYSTEM)),  # a PDU nobody has
        message(1, PUBLIC, pdu("a0", 4, SYSTEM, status="05")),  # a question that reports an error
        message(1, PUBLIC, pdu("a0", 5, "3007 0603 2b8680 0500")),  # an identifier that ends inside a number
        message(1, PUBLIC, pdu("a0", 6, "3008 0602 2b06 4102 ff")),  # a counter longer than its pair
        message(1, PUBLIC, element("a5", "020107 0201ff 020114 3000")),  # minus one value
        secure(8, "06", "0404deadbeef"),  # encrypted, not authenticated
        good,
    ):
        agent.ask(text)
    return frames
