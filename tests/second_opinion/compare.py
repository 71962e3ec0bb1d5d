"""tshark's messages and ours of one capture, and the reason of each difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.second_opinion import ours, run
from tests.second_opinion.message import Comparable, Event, Message, Row
from tests.second_opinion.protocols import PROTOCOLS

FIELDS = tuple(name for protocol in PROTOCOLS for name in protocol.fields)
OPTIONS = tuple(word for protocol in PROTOCOLS for word in protocol.options)
BY_NAME = {protocol.name: protocol for protocol in PROTOCOLS}


@dataclass(frozen=True)
class Difference:
    """A message that one of the two has and the other has not."""

    message: Message
    only: str
    """tshark or ours"""

    @property
    def protocol(self) -> Comparable:
        return BY_NAME[self.message.protocol]


@dataclass
class Evidence:
    """One capture: both opinions, and what reasons are checked against."""

    tshark: str
    capture: Path
    cache: Path
    _again: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Row]] = field(default_factory=dict)

    _counted: dict[tuple[tuple[str, ...], tuple[str, ...], frozenset[int]], Counter[Message]] = field(
        default_factory=dict
    )

    @cached_property
    def ours(self) -> ours.Ours:
        return ours.read(self.capture)

    @cached_property
    def our_messages(self) -> Counter[Message]:
        return Counter(message for message, _ in self._told())

    @cached_property
    def events(self) -> dict[Message, list[Event]]:
        """Our events of each message: two of a kind may end in one frame."""
        found: dict[Message, list[Event]] = {}
        for message, event in self._told():
            found.setdefault(message, []).append(event)
        return found

    def _told(self) -> Iterable[tuple[Message, Event]]:
        for event in self.ours.events:
            protocol = BY_NAME.get(event["network.protocol"])
            said = protocol.ours(event) if protocol else None
            if protocol and said:
                yield Message(event["frame.number"], protocol.name, *said), event

    def rows(self, options: tuple[str, ...] = run.IN_ORDER, decode: tuple[str, ...] = ()) -> list[Row]:
        """tshark's view of every frame; asked once for each way to ask."""
        key = (options, decode)
        if key not in self._again:
            self._again[key] = run.rows(self.tshark, self.capture, FIELDS, (*OPTIONS, *options), decode, self.cache)
        return self._again[key]

    def messages(
        self, options: tuple[str, ...] = run.IN_ORDER, decode: tuple[str, ...] = (), ports: frozenset[int] = frozenset()
    ) -> Counter[Message]:
        """tshark's messages; `ports`: where servers listen beside the usual ones. Counted once for each way to ask."""
        key = (options, decode, ports)
        if key not in self._counted:
            self._counted[key] = Counter(
                Message(row.frame, protocol.name, *said)
                for row in self.rows(options, decode)
                # Most frames of some captures carry nothing; an ICMP error ends with what it quotes.
                if row.layers[-1] not in ("tcp", "udp") or {"icmp", "icmpv6"}.intersection(row.layers)
                for protocol in PROTOCOLS
                for said in protocol.theirs(row, protocol.ports | ports)
            )
        return self._counted[key]

    def row(self, frame: int, options: tuple[str, ...] = run.IN_ORDER) -> Row:
        return self.rows(options)[frame - 1]

    @cached_property
    def by_frame(self) -> dict[int, list[Event]]:
        found: dict[int, list[Event]] = {}
        for event in self.ours.events:
            found.setdefault(event["frame.number"], []).append(event)
        return found

    def direction_before(self, frame: int) -> Iterable[Row]:
        """Frames of the same TCP connection and direction that came before, the nearest first."""
        this = self.row(frame)
        where = (this.last("tcp.stream"), this.ports)
        return (row for row in reversed(self.rows()[: frame - 1]) if (row.last("tcp.stream"), row.ports) == where)

    @cached_property
    def differences(self) -> list[Difference]:
        theirs = self.messages()
        only_theirs, only_ours = theirs - self.our_messages, self.our_messages - theirs
        return [
            *(Difference(message, "tshark") for message in sorted(only_theirs.elements())),
            *(Difference(message, "ours") for message in sorted(only_ours.elements())),
        ]

    @cached_property
    def agreed(self) -> Counter[str]:
        """Messages both have, by protocol."""
        return Counter(message.protocol for message in (self.messages() & self.our_messages).elements())
