"""A TCP conversation frame by frame: fixed addresses, numbers and times, so that the bytes repeat."""

from __future__ import annotations

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from testbed.pcapfile import Frame

BEGIN_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
STEP_NS = 2_000_000
CLIENT = ("10.77.2.101", "02:00:5e:77:02:65")
SERVER = ("10.77.2.11", "02:00:5e:77:02:0b")


class Talk:
    """One connection. `ask` and `answer` send bytes as one segment each; everything lands in `frames`."""

    def __init__(
        self,
        frames: list[Frame],
        port: int,
        client_port: int = 40001,
        client: tuple[str, str] = CLIENT,
        server: tuple[str, str] = SERVER,
    ) -> None:
        self.frames = frames
        self._sides = (client, server)
        self._ports = (client_port, port)
        self._next = [1000, 5000]  # the next sequence number of client and server
        self._identification = [1, 1]
        for sender, flags in ((0, "S"), (1, "SA"), (0, "A")):
            self._send(sender, flags, b"")
            if "S" in flags:
                self._next[sender] += 1

    def ask(self, *segments: bytes) -> None:
        for segment in segments:
            self._send(0, "PA", segment)

    def answer(self, *segments: bytes) -> None:
        for segment in segments:
            self._send(1, "PA", segment)

    def repeat_last_ask(self, segment: bytes) -> None:
        """The client's last segment again: a retransmission."""
        self._next[0] -= len(segment)
        self._send(0, "PA", segment)

    def end(self) -> None:
        for sender in (0, 1):
            self._send(sender, "FA", b"")
            self._next[sender] += 1
        self._send(0, "A", b"")

    def _send(self, sender: int, flags: str, payload: bytes) -> None:
        here, there = self._sides[sender], self._sides[1 - sender]
        packet = (
            Ether(src=here[1], dst=there[1])
            / IP(src=here[0], dst=there[0], id=self._identification[sender], flags="DF")
            / TCP(
                sport=self._ports[sender],
                dport=self._ports[1 - sender],
                seq=self._next[sender],
                ack=self._next[1 - sender] if "A" in flags else 0,
                flags=flags,
                window=8192,
            )
        )
        add(self.frames, bytes(packet / Raw(payload)) if payload else bytes(packet))
        self._identification[sender] += 1
        self._next[sender] += len(payload)


def add(frames: list[Frame], data: bytes) -> None:
    """Append one frame at the next beat."""
    frames.append(Frame(BEGIN_NS + len(frames) * STEP_NS, data))
