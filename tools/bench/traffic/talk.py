"""What a protocol says, turn by turn, on all its connections at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from testbed.play.columns import Rows
from tools.bench.traffic.frames import ACK, SYN, SYN_ACK, Connections, Message, frames

SEED = 20_251_009
POOL = 1024  # a power of two
CLIENTS, SERVERS = 4, 60_000


class Speech(Protocol):
    """A protocol's conversation, the same on every connection but for values and names."""

    @property
    def port(self) -> int: ...

    def opening(self, connections: Connections) -> list[tuple[Message, Message]]:
        """Requests with their answers before the first turn."""
        ...

    def turn(self, number: int, connections: Connections) -> tuple[Message, Message]: ...


class Talk:
    """One speech over TCP: handshake, opening, then turns for ever. Each turn is asked for once, in order."""

    def __init__(self, speech: Speech, connections: Connections, *, handshake: bool = True) -> None:
        self._speech, self._connections = speech, connections
        self._next = {side: connections.first_sequence(of_client=side) for side in (True, False)}
        self._opening: list[tuple[list[Message], list[Message]]] = []
        if handshake:
            self._opening.append(([Message(True, flags=SYN)], [Message(False, flags=SYN_ACK)]))
        self._opening += [([request], [answer]) for request, answer in speech.opening(connections)]
        self._acknowledge = handshake
        self.turns = -len(self._opening)

    def turn(self) -> tuple[list[Rows], list[Rows]]:
        """Frames of the requests and of the answers."""
        if self.turns < 0:
            requests, answers = self._opening[self.turns]
        else:
            request, answer = self._speech.turn(self.turns, self._connections)
            requests, answers = [request], [answer]
        self.turns += 1
        if self._acknowledge and not requests[0].flags & SYN:
            self._acknowledge = False
            requests = [Message(True, flags=ACK), *requests]
        return self._send(requests), self._send(answers)

    def _send(self, messages: Iterable[Message]) -> list[Rows]:
        sent = []
        for message in messages:
            own, other = self._next[message.to_server], self._next[not message.to_server]
            unknown = message.flags == SYN
            acknowledged = np.zeros_like(other) if unknown else other
            sent.append(frames(self._connections, message, own, acknowledged, self.turns))
            used = len(message.data) + (1 if message.flags & SYN else 0)
            self._next[message.to_server] = (own + np.uint64(used)) & np.uint64(0xFFFF_FFFF)
        return sent


def connections(speech: Speech, first: int, count: int, net: int) -> Connections:
    """`count` connections of a plant from number `first`, clients in 10.`net`.0.0/16, servers in 10.`net + 1`.0.0/16.

    Every client asks every server. Beyond CLIENTS * SERVERS the same two stations have more, on other ports.
    """
    number = np.arange(first, first + count, dtype=np.int64)
    client, server, again = number % CLIENTS, number // CLIENTS % SERVERS, number // CLIENTS // SERVERS
    address = np.uint32(10 << 24)
    return Connections(
        number,
        (address + np.uint32(net << 16) + 1 + client).astype(np.uint32),
        (address + np.uint32((net + 1) << 16) + 1 + server).astype(np.uint32),
        (20_000 + (server * 7 + again * 9_000) % 40_000).astype(np.uint32),
        speech.port,
    )


def pool(kind: str, least: float, most: float) -> NDArray[np.floating]:
    """Values that go up and down slowly, as a plant's do: looked up by turn and connection."""
    steps = np.random.default_rng(SEED).normal(0.0, 1.0, POOL).cumsum()
    walk = (steps - steps.min()) / (steps.max() - steps.min())
    return np.asarray(least + walk * (most - least), dtype=kind)
