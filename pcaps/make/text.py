"""Conversations in lines of text: each side's lines as one segment each, in the order they are written here."""

from __future__ import annotations

from collections.abc import Iterable

from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

CLIENT, SERVER = "C", "S"


def converse(port: int, *conversations: Iterable[tuple[str, bytes | str]]) -> list[Frame]:
    """One connection per conversation. A text gets the end of a line; bytes go as they are."""
    frames: list[Frame] = []
    for number, lines in enumerate(conversations):
        talk = Talk(frames, port, client_port=40001 + number)
        for side, said in lines:
            data = said.encode() + b"\r\n" if isinstance(said, str) else said
            (talk.ask if side == CLIENT else talk.answer)(data)
        talk.end()
    return frames


FOREIGN = (
    (CLIENT, bytes.fromhex("0001 0000 0006 01 03 0000 0002")),
    (SERVER, bytes.fromhex("0001 0000 0007 01 03 04 0001 0002")),
)
"""Modbus, which no protocol of lines can be taken for."""


def foreign(port: int) -> list[Frame]:
    return converse(port, FOREIGN)
