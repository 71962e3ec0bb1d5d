"""A proxy between two real stacks on loopback that writes what passes as a capture: one TCP connection."""

from __future__ import annotations

import socket
import struct
import threading
import time
from pathlib import Path
from types import TracebackType

from testbed.pcapfile import Frame, write

HOSTS = ("10.77.9.101", "10.77.9.11")
"""client and server, as the capture has them"""
CLIENT_PORT = 40_001


class Recording:
    """Listens on `port` and hands one connection on to `server`; `save` writes it, to `shown_port`."""

    def __init__(self, server: tuple[str, int], shown_port: int) -> None:
        self._server, self._shown_port = server, shown_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._said: list[tuple[int, int, bytes]] = []  # time, who (0 the client), what
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Recording:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        server = socket.create_connection(self._server)
        for who, (here, there) in enumerate(((client, server), (server, client))):
            threading.Thread(target=self._pump, args=(who, here, there), daemon=True).start()

    def _pump(self, who: int, here: socket.socket, there: socket.socket) -> None:
        try:
            while data := here.recv(65536):
                self._said.append((time.time_ns(), who, data))
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def save(self, path: Path) -> None:
        """As one TCP connection with its handshake."""
        ends = list(zip(HOSTS, (CLIENT_PORT, self._shown_port), strict=True))
        begin = self._said[0][0]
        numbers = [1000, 5000]
        frames: list[Frame] = []
        for who, flags in ((0, 0x02), (1, 0x12), (0, 0x10)):
            frames.append(Frame(begin - 3000 + len(frames) * 1000, _frame(ends, who, numbers, flags, b"")))
            numbers[who] += flags & 0x02 != 0
        for at, who, data in self._said:
            frames.append(Frame(at, _frame(ends, who, numbers, 0x18, data)))
            numbers[who] += len(data)
        write(path, frames)


def _frame(ends: list[tuple[str, int]], who: int, numbers: list[int], flags: int, data: bytes) -> bytes:
    """Ethernet, IPv4, TCP. A checksum of 0 in IPv4 would be wrong; TCP's is worked out over its pseudo-header."""
    (source, source_port), (target, target_port) = ends[who], ends[1 - who]
    acknowledged = numbers[1 - who] if flags & 0x10 else 0
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    tcp = (
        struct.pack(">HHIIBBHHH", source_port, target_port, numbers[who], acknowledged, 0x50, flags, 8192, 0, 0) + data
    )
    tcp = tcp[:16] + struct.pack(">H", _checksum(addresses + struct.pack(">BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
    ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
    return bytes.fromhex("02005e770901 02005e770902 0800".replace(" ", "")) + ip + tcp


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
