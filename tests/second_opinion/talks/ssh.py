"""OpenSSH's client with servers that only greet, offer and leave: real hellos, real offers, no key is ever agreed."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from pathlib import Path

from tests.recording import Recorder

OFFER = (
    "curve25519-sha256,diffie-hellman-group14-sha256",
    "ssh-ed25519,rsa-sha2-512",
    *("aes128-ctr,aes256-ctr",) * 2,
    *("hmac-sha2-256",) * 2,
    *("none",) * 2,
    *("",) * 2,
)
GREETINGS = (
    b"SSH-2.0-Otus_1\r\n",
    b"SSH-2.0-Otus_1 with a comment\r\n",
    b"Only staff\r\n\r\nSSH-2.0-dropbear_2022\r\n",
    b"SSH-2.0-x\n",
    b"SSH-1.99-Cisco-1.25\r\n",
    b"SSH-1.5-old\r\n",
)
WISHES = ([], ["-c", "aes256-ctr", "-m", "hmac-sha2-512"], ["-C", "-oKexAlgorithms=diffie-hellman-group14-sha256"])
QUIET = ["-F", "/dev/null", "-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null"]
WAIT_S = 5.0


def _packet(content: bytes) -> bytes:
    padding = 8 - (len(content) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(content) + padding + 1, padding) + content + bytes(padding)


def _offer() -> bytes:
    lists = b"".join(struct.pack(">I", len(names)) + names.encode() for names in OFFER)
    return _packet(bytes([20]) + bytes(16) + lists + bytes(5))


def _leave() -> bytes:
    return _packet(struct.pack(">BII", 1, 2, 3) + b"bye" + struct.pack(">I", 0))


def _serve(listener: socket.socket, greeting: bytes) -> None:
    client, _ = listener.accept()
    with client:
        client.settimeout(WAIT_S)
        client.sendall(greeting)
        try:
            client.recv(4096)
            if greeting.startswith(b"SSH-1.5"):
                return  # speaks of other things
            client.sendall(_offer())
            client.recv(4096)
            client.sendall(_leave())
        except OSError:
            pass  # the client did not like the greeting


def record(ssh: str, path: Path) -> Path:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, Recorder(listener.getsockname()[1]) as recorder:
        for greeting in GREETINGS:
            for wish in WISHES:
                server = threading.Thread(target=_serve, args=(listener, greeting))
                server.start()
                command = [ssh, *QUIET, *wish, "-p", str(recorder.port), "nobody@127.0.0.1", "true"]
                subprocess.run(command, capture_output=True, timeout=WAIT_S * 3, check=False)
                server.join(WAIT_S)
    return recorder.write(path, 22)
