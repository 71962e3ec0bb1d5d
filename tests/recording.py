"""What two real peers say to each other over loopback, as a capture: no privileges, no interface, no waiting.

A small proxy stands between client and server, forwards, and keeps what it forwarded; `write` makes Ethernet, IP and
TCP of it. Times are those at which the bytes came by.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Any

from sensor._core import Engine
from testbed import pcapfile

CLIENT, SERVER = IPv4Address("10.77.9.1"), IPv4Address("10.77.9.2")
FIRST_PORT = 40001
MOST = 1460
"""bytes of one segment"""
SYN, ACK, PUSH, FIN = 0x02, 0x10, 0x08, 0x01
WAIT_S, DRAIN_S = 10.0, 0.5


@dataclass
class Connection:
    """What was said on one connection, in order: when, by the client or by the server, which bytes."""

    began_ns: int
    said: list[tuple[int, bool, bytes]] = field(default_factory=list)


class Recorder:
    """A proxy on `self.port` before the server at `to_port`. Use it as a context; what was said is kept after it."""

    def __init__(self, to_port: int, host: str = "127.0.0.1") -> None:
        self._to = (host, to_port)
        self._listener = socket.create_server((host, 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections: list[Connection] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Recorder:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone does not wake the thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # What is under way still comes by; who keeps a connection open does not hold us up.
        until = time.monotonic() + DRAIN_S
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            for one in self._open:
                _shut(one)
        for thread in self._threads:
            thread.join(WAIT_S)

    def _run(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._to, timeout=WAIT_S)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            connection = Connection(time.time_ns())
            with self._lock:
                self.connections.append(connection)
                self._open += [client, server]
            self._run(self._pump, connection, True, client, server)
            self._run(self._pump, connection, False, server, client)

    def _pump(self, connection: Connection, is_client: bool, here: socket.socket, there: socket.socket) -> None:
        try:
            while data := here.recv(65536):
                # Kept before it is sent on: an answer never stands before its question.
                with self._lock:
                    connection.said.append((time.time_ns(), is_client, data))
                there.sendall(data)
        except OSError:
            pass
        _shut(here)
        _shut(there)

    def write(self, path: Path, server_port: int) -> Path:
        """Write all that was said so far; the server has this port, clients count up from `FIRST_PORT`."""
        with self._lock:
            return write(path, self.connections, server_port)


def write(path: Path, connections: list[Connection], server_port: int) -> Path:
    """Connections as a capture; the server has this port, clients count up from `FIRST_PORT`."""
    frames = [
        frame
        for number, connection in enumerate(connections)
        for frame in _frames(connection, FIRST_PORT + number, server_port)
    ]
    pcapfile.write(path, sorted(frames, key=lambda frame: frame.ts_ns))
    return path


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def _frames(connection: Connection, client_port: int, server_port: int) -> list[pcapfile.Frame]:
    ports = {True: client_port, False: server_port}
    following = {True: 1000, False: 5000}
    frames: list[pcapfile.Frame] = []
    now = connection.began_ns

    def send(is_client: bool, flags: int, payload: bytes = b"") -> None:
        nonlocal now
        acknowledged = following[not is_client] if flags & ACK else 0
        segment = _segment(is_client, ports, following[is_client], acknowledged, flags, payload)
        frames.append(pcapfile.Frame(now, segment))
        following[is_client] += len(payload) + bool(flags & (SYN | FIN))
        now += 1000

    send(True, SYN)
    send(False, SYN | ACK)
    send(True, ACK)
    for ts_ns, is_client, data in connection.said:
        now = max(now, ts_ns)
        for start in range(0, len(data), MOST):
            send(is_client, PUSH | ACK, data[start : start + MOST])
    send(True, FIN | ACK)
    send(False, FIN | ACK)
    send(True, ACK)
    return frames


def _segment(
    is_client: bool, ports: dict[bool, int], sequence: int, acknowledged: int, flags: int, payload: bytes
) -> bytes:
    source, destination = (CLIENT, SERVER) if is_client else (SERVER, CLIENT)
    tcp = struct.pack(
        ">HHIIBBHHH", ports[is_client], ports[not is_client], sequence, acknowledged, 0x50, flags, 65535, 0, 0
    )
    pseudo = source.packed + destination.packed + struct.pack(">HH", 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + payload)) + tcp[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0x4000, 64, 6, 0)
    head += source.packed + destination.packed
    head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
    hardware = [b"\x02\x00\x5e" + address.packed[1:] for address in (destination, source)]
    return b"".join(hardware) + b"\x08\x00" + head + tcp + payload


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    data += b"\x00" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def events(capture: Path) -> list[dict[str, Any]]:
    """Every message of a capture, as the sensor reads it."""
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([capture])
    found: list[dict[str, Any]] = []
    while True:
        batch = engine.poll()
        found += [json.loads(line) for line in batch.events.splitlines()]
        if batch.done:
            return found
