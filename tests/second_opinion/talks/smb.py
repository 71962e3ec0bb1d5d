"""scapy's SMB client and server: a login, a share's list, a file, in SMB 2.0.2 to 3.1.1, in clear and encrypted.

Runs as a process of its own (`python -m tests.second_opinion.talks.smb FOLDER`): scapy's machines outlive their use.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from scapy.error import Scapy_Exception
from scapy.layers.ntlm import NTLMSSP, MD4le
from scapy.layers.smbclient import smbclient
from scapy.layers.smbserver import SMB_Server, SMBShare
from scapy.layers.spnego import SPNEGOSSP

from tests.recording import Recorder

WISHES: tuple[dict[str, Any], ...] = (
    {},
    {"MAX_DIALECT": 0x0202},
    {"MIN_DIALECT": 0x0311},
    {"REQUIRE_ENCRYPTION": True},
)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def record(folder: Path) -> Path:
    share = folder / "share"
    share.mkdir()
    (share / "recipe.txt").write_bytes(b"x" * 30_000)
    port = _free_port()
    login = SPNEGOSSP([NTLMSSP(IDENTITIES={"wartung": MD4le("secret")})])
    shares = [SMBShare(name="plant", path=str(share))]
    SMB_Server.spawn(port, iface="lo", verb=0, ssp=login, shares=shares, readonly=False, bg=True)
    _wait_for(port)
    with Recorder(port) as recorder:
        for wish in WISHES:
            for password in ("secret", "wrong"):
                with contextlib.suppress(Scapy_Exception):  # what a wrong password raises
                    where = {"port": recorder.port, "cli": False, "timeout": 3}
                    client = smbclient("127.0.0.1", UPN="wartung", password=password, **where, **wish)
                    client.shares()
                    client.use("plant")
                    client.ls()
                    client.get("recipe.txt")
                    client.close()
    return recorder.write(folder / "smb.pcap", 445)


def _wait_for(port: int) -> None:
    for _ in range(50):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    os.chdir(sys.argv[1])  # where the client puts what it gets
    os.chdir(sys.argv[1])  # where the client puts what it gets
    record(Path(sys.argv[1]))
    os._exit(0)
