"""S7 stations of the plant, on python-snap7: the turbine PLC, and two stations that read and write its data blocks.

`python -m testbed.plant_s7 server|scada|engineer --address 10.77.1.21 …`, run inside a host's namespace.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import struct
from pathlib import Path

from snap7 import Client
from snap7.type import Area

from testbed.processes import say_ready, settle_in
from testbed.rhythm import cycle, every
from testbed.s7_server import TurbinePlc

PORT = 102
RACK, SLOT = 0, 2
SPEED_SETPOINTS = (2990, 3000, 3010, 3000)  # rpm


def serve(address: str, ready: Path | None) -> None:
    server = TurbinePlc()
    server.host = address
    server.start(PORT)
    say_ready(ready)
    server.server_thread.join()  # type: ignore[union-attr]  # started above


def connect(address: str) -> Client:
    """A connected client. The calls block, a few milliseconds each, which at these cycles disturbs nobody."""
    client = Client()
    client.connect(address, RACK, SLOT, PORT)
    return client


async def poll_as_scada(address: str, ready: Path | None) -> None:
    client = connect(address)

    async def measured(beat: int) -> None:
        client.db_read(1, 0, 32)

    async def states(beat: int) -> None:
        # Two items in one job: a data block and the flags of the alarm system.
        client.read_multi_vars([
            {"area": Area.DB, "db_number": 1, "start": 64, "size": 8},
            {"area": Area.DB, "db_number": 2, "start": 0, "size": 16},
        ])

    async def setpoint(beat: int) -> None:
        client.db_write(1, 40, bytearray(struct.pack(">f", float(cycle(SPEED_SETPOINTS, beat)))))

    say_ready(ready)
    await asyncio.gather(every(0.6, measured), every(1.0, states), every(4.0, setpoint))


async def poll_as_engineer(address: str, ready: Path | None) -> None:
    """The engineering station with an online view open on one block."""
    client = connect(address)

    async def online_view(beat: int) -> None:
        client.db_read(10, 0, 48)

    say_ready(ready)
    await every(1.0, online_view)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["server", "scada", "engineer"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--ready", type=Path)
    wanted = parser.parse_args()
    settle_in()
    logging.getLogger("snap7").setLevel(logging.WARNING)
    if wanted.role == "server":
        serve(wanted.address, wanted.ready)
    elif wanted.role == "scada":
        asyncio.run(poll_as_scada(wanted.address, wanted.ready))
    else:
        asyncio.run(poll_as_engineer(wanted.address, wanted.ready))


if __name__ == "__main__":
    main()
