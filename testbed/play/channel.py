"""One TCP connection: handshake, messages one by one, or many equal cycles of questions and answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from testbed.play import frames
from testbed.play.collector import RECORD, Collector, Labels, Times
from testbed.play.columns import Put, Rows, Words, checksum, column, share, words
from testbed.play.frames import ACK, FIN, PUSH, RST, SYN
from testbed.play.stations import Station

MOST_BYTES = 1460
MS = 1_000_000
IP_AT, TCP_AT, HEAD = RECORD + 14, RECORD + 34, RECORD + 54


@dataclass(frozen=True)
class Pair:
    """A question and its answer, the same in every cycle but for their puts."""

    request: bytes
    answer: bytes
    request_puts: tuple[Put, ...] = ()
    answer_puts: tuple[Put, ...] = ()
    labels: Labels | None = None
    """of the answers, where they tell of something that was done to the plant"""


class Channel:
    """`label` marks every frame; `ttl` and `macs` (by side: True is the client's) let somebody stand in between."""

    def __init__(
        self, out: Collector, client: Station, server: Station, ports: tuple[int, int], rng: np.random.Generator
    ) -> None:
        self.out, self.client, self.server, self.ports = out, client, server, ports
        self.label = 0
        self.next = {True: int(rng.integers(1 << 32)), False: int(rng.integers(1 << 32))}
        self.ttl: dict[bool, int | None] = {True: None, False: None}
        self.macs: dict[bool, bytes | None] = {True: None, False: None}
        self.turn = 0
        """messages asked so far: what protocols count with"""

    def _ends(self, to_server: bool) -> tuple[Station, Station, tuple[int, int]]:
        if to_server:
            return self.client, self.server, self.ports
        return self.server, self.client, (self.ports[1], self.ports[0])

    def _frame(self, ts_ns: int, to_server: bool, flags: int, data: bytes = b"") -> None:
        source, target, ports = self._ends(to_server)
        acknowledged = self.next[not to_server] if flags & ACK else 0
        frame = frames.tcp(
            source,
            target,
            ports,
            (self.next[to_server], acknowledged),
            flags,
            data,
            ttl=self.ttl[to_server],
            mac=self.macs[to_server],
        )
        self.out.frame(ts_ns, frame, self.label)
        used = len(data) + bool(flags & SYN) + bool(flags & FIN)
        self.next[to_server] = (self.next[to_server] + used) & 0xFFFF_FFFF

    def open(self, ts_ns: int, latency_ns: int = MS // 3) -> int:
        """Handshake; returns when the client may speak."""
        self._frame(ts_ns, True, SYN)
        self._frame(ts_ns + latency_ns, False, SYN | ACK)
        self._frame(ts_ns + latency_ns + MS // 20, True, ACK)
        return ts_ns + latency_ns + MS // 10

    def refused(self, ts_ns: int, latency_ns: int = MS // 3) -> int:
        """A SYN and the reset of a port where nobody listens (RFC 9293, 3.10.7.1)."""
        self._frame(ts_ns, True, SYN)
        self.next[False] = 0
        self._frame(ts_ns + latency_ns, False, RST | ACK)
        return ts_ns + latency_ns

    def unanswered(self, ts_ns: int) -> None:
        """A SYN and two repetitions, to somebody who is not there."""
        first = self.next[True]
        for wait_s in (0, 1, 3):
            self.next[True] = first
            self._frame(ts_ns + wait_s * 1000 * MS, True, SYN)

    def send(self, ts_ns: int, to_server: bool, data: bytes) -> int:
        """One message, in as many segments as it needs; returns when the last has passed."""
        for at in range(0, len(data), MOST_BYTES):
            part = data[at : at + MOST_BYTES]
            last = at + MOST_BYTES >= len(data)
            self._frame(ts_ns, to_server, ACK | PUSH if last else ACK, part)
            ts_ns += MS // 50
            if at // MOST_BYTES % 8 == 7:
                self.acknowledge(ts_ns, not to_server)
        return ts_ns

    def ask(self, ts_ns: int, request: bytes, answer: bytes, latency_ns: int = 3 * MS) -> int:
        """Returns when the next question may come."""
        ts_ns = self.send(ts_ns, True, request) + latency_ns
        ts_ns = self.send(ts_ns, False, answer)
        self.turn += 1
        return ts_ns + MS // 2

    def repeat(self, ts_ns: int, data: bytes) -> None:
        """A retransmission of the client's last message."""
        self.next[True] = (self.next[True] - len(data)) & 0xFFFF_FFFF
        self._frame(ts_ns, True, ACK | PUSH, data)

    def acknowledge(self, ts_ns: int, to_server: bool = True) -> None:
        self._frame(ts_ns, to_server, ACK)

    def close(self, ts_ns: int, latency_ns: int = MS // 3) -> int:
        self._frame(ts_ns, True, FIN | ACK)
        self._frame(ts_ns + latency_ns, False, FIN | ACK)
        self._frame(ts_ns + latency_ns + MS // 20, True, ACK)
        return ts_ns + latency_ns + MS

    def reset(self, ts_ns: int, to_server: bool = True) -> None:
        self._frame(ts_ns, to_server, RST | ACK)

    def cycles(
        self, starts: Times, pairs: Sequence[Pair], latency: Times, think_ns: int, label: int = 0, answered: int = 0
    ) -> Times:
        """`len(starts)` cycles of these pairs, then the client's acknowledgement. `latency`: a row a pair.

        Returns when each cycle is over. `label` is for all frames, `answered` for answers only.
        """
        count, asked = len(starts), len(pairs)
        number = np.arange(count, dtype=np.uint64)
        sizes = {True: [len(pair.request) for pair in pairs], False: [len(pair.answer) for pair in pairs]}
        begin = {side: np.uint64(self.next[side]) + number * np.uint64(sum(sizes[side])) for side in (True, False)}
        passed = {True: 0, False: 0}
        identity = {
            True: self.client.next_identity(count * (asked + 1)),
            False: self.server.next_identity(count * asked),
        }
        times = starts.copy()
        for place, pair in enumerate(pairs):
            for to_server, data, puts in (
                (True, pair.request, pair.request_puts),
                (False, pair.answer, pair.answer_puts),
            ):
                rows = self._rows(
                    to_server,
                    data,
                    puts,
                    begin[to_server] + np.uint64(passed[to_server]),
                    begin[not to_server] + np.uint64(passed[not to_server]),
                    number * np.uint64(asked + to_server) + np.uint64(identity[to_server] + place),
                )
                passed[to_server] += len(data)
                if not to_server:
                    times = times + latency[place]
                self.out.block(times, rows, self._labels(count, label, 0 if to_server else answered, pair, to_server))
            times = times + think_ns
        rows = self._rows(
            True,
            b"",
            (),
            begin[True] + np.uint64(passed[True]),
            begin[False] + np.uint64(passed[False]),
            number * np.uint64(asked + 1) + np.uint64(identity[True] + asked),
        )
        times = times + 40 * MS
        self.out.block(times, rows, np.full(count, label or self.label, dtype=np.int32))
        for side in (True, False):
            self.next[side] = (self.next[side] + count * sum(sizes[side])) & 0xFFFF_FFFF
        self.turn += count * asked
        return times

    def _labels(self, count: int, label: int, answered: int, pair: Pair, to_server: bool) -> Labels:
        labels = np.full(count, label or answered or self.label, dtype=np.int32)
        if not to_server and pair.labels is not None:
            labels = np.where(pair.labels > 0, pair.labels, labels).astype(np.int32)
        return labels

    def _rows(
        self, to_server: bool, data: bytes, puts: tuple[Put, ...], sequence: Words, acknowledged: Words, identity: Words
    ) -> Rows:
        """One frame a cycle, records' headers still free."""
        source, target, ports = self._ends(to_server)
        low = np.uint64(0xFFFF_FFFF)
        sequence, acknowledged, identity = sequence & low, acknowledged & low, identity & np.uint64(0xFFFF)
        flags = PUSH | ACK if data else ACK
        template = np.frombuffer(
            bytes(RECORD)
            + frames.ethernet(target.mac, self.macs[to_server] or source.mac, 0x0800, b"")[:14]
            + bytes.fromhex("45000000000040000006")
            + bytes(2)
            + source.packed
            + target.packed
            + ports[0].to_bytes(2, "big")
            + ports[1].to_bytes(2, "big")
            + bytes(8)
            + bytes([0x50, flags])
            + (64240).to_bytes(2, "big")
            + bytes(4)
            + data,
            np.uint8,
        ).copy()
        ttl = self.ttl[to_server]
        template[IP_AT + 8] = source.ttl if ttl is None else ttl
        template[IP_AT + 2 : IP_AT + 4] = np.frombuffer((40 + len(data)).to_bytes(2, "big"), np.uint8)
        raw = template.tobytes()
        ip = np.uint64(words(raw[IP_AT:TCP_AT]))
        pseudo = words(raw[IP_AT + 12 : TCP_AT]) + frames.TCP + 20 + len(data)
        total = np.uint64(pseudo + words(raw[TCP_AT:])) + sequence + acknowledged
        rows = np.zeros((len(sequence), max(len(raw), RECORD + frames.LEAST)), dtype=np.uint8)
        rows[:, : len(raw)] = template
        column(rows, IP_AT + 4, ">u2")[:] = identity
        column(rows, IP_AT + 10, ">u2")[:] = checksum(ip + identity)
        column(rows, TCP_AT + 4, ">u4")[:] = sequence
        column(rows, TCP_AT + 8, ">u4")[:] = acknowledged
        for put in puts:
            column(rows, HEAD + put.offset, put.kind)[:] = put.values
            total = total + share(put)
        column(rows, TCP_AT + 16, ">u2")[:] = checksum(total)
        return rows
