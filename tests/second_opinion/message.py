"""What is compared: a message, as tshark's row and our event name it alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Event = Mapping[str, Any]

SEPARATOR = "\x1f"
"""between the values of one field in a row; no text of a protocol holds it"""


class Message(NamedTuple):
    """One protocol message. `frame` is the one that completed it, from 1."""

    frame: int
    protocol: str
    function: str
    kind: str
    """request, response, unsolicited, or empty where one of the two cannot say"""


class Said(NamedTuple):
    """A message without its frame and protocol: what a row or an event says."""

    function: str
    kind: str


class Row:
    """What tshark says about one frame: for each field the values of all messages in it, in order."""

    __slots__ = ("_columns", "_layers", "_values")

    def __init__(self, columns: Mapping[str, int], line: str) -> None:
        self._columns = columns
        self._values = line.split("\t")
        self._layers: list[str] | None = None

    def all(self, field: str) -> list[str]:
        text = self._values[self._columns[field]]
        return text.split(SEPARATOR) if text else []

    def last(self, field: str) -> str:
        """The innermost: a frame with a tunnel has addresses and ports twice."""
        return self._values[self._columns[field]].rpartition(SEPARATOR)[2]

    def number(self, field: str) -> int | None:
        text = self.last(field)
        return int(text, 0) if text else None

    @property
    def frame(self) -> int:
        return int(self._values[self._columns["frame.number"]])

    @property
    def layers(self) -> list[str]:
        # Asked for by each protocol.
        if self._layers is None:
            self._layers = self.last("frame.protocols").split(":")
        return self._layers

    @property
    def ports(self) -> tuple[int | None, int | None]:
        """Source and destination, of the innermost transport."""
        for transport in ("tcp", "udp"):
            source = self.number(f"{transport}.srcport")
            if source is not None:
                return source, self.number(f"{transport}.dstport")
        return None, None


@dataclass(frozen=True)
class Comparable:
    """How one protocol is compared."""

    name: str
    """what both call it in a `Message`; our `network.protocol` unless `events` says more"""
    fields: tuple[str, ...]
    """of tshark, all of whose values are needed to tell messages apart"""
    theirs: Callable[[Row, frozenset[int]], Iterator[Said]]
    """messages in a row; the numbers are the ports on which servers of this protocol listen"""
    ours: Callable[[Event], Said | None]
    """the same of our event; None: tshark has no word for such a message, by design"""
    ports: frozenset[int] = frozenset()
    """where tshark looks for it without being told"""
    decode_as: str = ""
    """how tshark is told about another port: `tcp.port=={port},mbtcp`; empty: it finds the protocol by content"""
    options: tuple[str, ...] = ()
    """of tshark: preferences, heuristics"""
    joined: tuple[str, ...] = ()
    """options with which tshark joins bodies that `options` leaves apart"""
    by_front: bool = False
    """we tell a message when its front is here, tshark when all of it is"""


def side(row: Row, servers: frozenset[int]) -> str:
    """Request or response by the ports, the way tshark does it where a protocol does not say."""
    source, destination = row.ports
    if (source in servers) == (destination in servers):
        return ""
    return "response" if source in servers else "request"
