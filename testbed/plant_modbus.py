"""Modbus/TCP stations of the plant, on pymodbus: PLCs that serve, and a station that polls them.

`python -m testbed.plant_modbus server|scada|historian --address 10.77.1.11 …`, run inside a host's namespace.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

from pymodbus import ModbusDeviceIdentification
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from testbed.processes import say_ready, settle_in
from testbed.rhythm import cycle, every

PORT = 502
UNIT_ID = 1
REPLY_TIMEOUT_S = 1.0
SETPOINTS = (480, 500, 520, 510)  # drum level set-point in mm: what operators use, and what learning sees
RECIPE = ((1200, 350, 80), (1250, 360, 82))  # pump speed in rpm, valve in ‰, temperature in °C
COOLING_HEARTBEAT = (1, 2, 3, 4)
log = logging.getLogger("plant_modbus")


class ListenOnly:
    """Diagnostics FC 8: after sub-function 4 a device listens but answers nobody, until sub-function 1.

    pymodbus answers on; this stands in its trace hook, which sees every frame both ways and may replace it.
    """

    def __init__(self) -> None:
        self.active = False

    def __call__(self, sending: bool, frame: bytes) -> bytes:
        if not sending and len(frame) >= 10 and frame[7] == 0x08:
            sub_function = int.from_bytes(frame[8:10], "big")
            if sub_function == 0x0004:
                self.active = True
                log.info("listen only mode on")
            elif sub_function == 0x0001 and self.active:
                self.active = False
                log.info("communications restarted")
                return frame
        return b"" if sending and self.active else frame


def device() -> SimDevice:
    """Registers of a small PLC: 1000 of each kind, with process values that look like some."""
    holding = [SimData(0, values=[500 + 7 * n for n in range(40)], datatype=DataType.REGISTERS)]
    holding.append(SimData(40, count=960, values=0, datatype=DataType.REGISTERS))
    inputs = [SimData(0, values=[2130 + 13 * n for n in range(120)], datatype=DataType.REGISTERS)]
    inputs.append(SimData(120, count=880, values=0, datatype=DataType.REGISTERS))
    coils = [SimData(0, values=[n % 3 == 0 for n in range(1008)], datatype=DataType.BITS)]
    discrete = [SimData(0, values=[n % 4 == 1 for n in range(1008)], datatype=DataType.BITS)]
    return SimDevice(UNIT_ID, simdata=(coils, discrete, holding, inputs))


async def serve(address: str, ready: Path | None) -> None:
    names = {"VendorName": "Otus Range", "ProductCode": "BFW-01", "MajorMinorRevision": "2.4", "ProductName": "Boiler"}
    identity = ModbusDeviceIdentification(info_name=names)  # type: ignore[no-untyped-call]
    server = ModbusTcpServer(device(), identity=identity, address=(address, PORT), trace_packet=ListenOnly())
    await server.serve_forever(background=True)
    say_ready(ready)
    await asyncio.Event().wait()


class Poller:
    """One client connection on which several polls take turns; a lost connection is made anew."""

    def __init__(self, address: str) -> None:
        self.client = AsyncModbusTcpClient(address, port=PORT, timeout=REPLY_TIMEOUT_S, retries=0)

    async def connect(self) -> None:
        if not await self.client.connect():
            raise SystemExit(f"no Modbus server at {self.client.comm_params.host}:{PORT}")

    async def read_holding(self, address: int, count: int) -> None:
        await self._ask(self.client.read_holding_registers(address, count=count, device_id=UNIT_ID))

    async def read_inputs(self, address: int, count: int) -> None:
        await self._ask(self.client.read_input_registers(address, count=count, device_id=UNIT_ID))

    async def read_coils(self, address: int, count: int) -> None:
        await self._ask(self.client.read_coils(address, count=count, device_id=UNIT_ID))

    async def read_discrete(self, address: int, count: int) -> None:
        await self._ask(self.client.read_discrete_inputs(address, count=count, device_id=UNIT_ID))

    async def write_register(self, address: int, value: int) -> None:
        await self._ask(self.client.write_register(address, value, device_id=UNIT_ID))

    async def write_registers(self, address: int, values: list[int]) -> None:
        await self._ask(self.client.write_registers(address, values, device_id=UNIT_ID))

    async def write_coil(self, address: int, value: bool) -> None:
        await self._ask(self.client.write_coil(address, value, device_id=UNIT_ID))

    async def _ask(self, request) -> None:  # type: ignore[no-untyped-def]  # pymodbus' coroutine types differ per call
        try:
            answer = await request
        except ModbusException as error:  # no answer: a PLC in listen-only mode, or one that is gone
            log.warning("no answer: %s", error)
            return
        if answer.isError():
            log.warning("refused: %s", answer)


async def poll_as_scada(address: str, ready: Path | None) -> None:
    """The SCADA station: measured values, states, and the set-points an operator moves."""
    station = Poller(address)
    await station.connect()

    async def measured(beat: int) -> None:
        await station.read_holding(0, 10)
        await station.read_inputs(100, 8)

    async def states(beat: int) -> None:
        await station.read_coils(0, 16)
        await station.read_discrete(0, 8)

    async def setpoint(beat: int) -> None:
        await station.write_register(20, cycle(SETPOINTS, beat))

    async def recipe(beat: int) -> None:
        await station.write_registers(30, list(RECIPE[beat % len(RECIPE)]))
        await station.write_coil(4, beat % 2 == 0)

    say_ready(ready)
    await asyncio.gather(every(0.6, measured), every(1.0, states), every(4.0, setpoint), every(6.0, recipe))


async def poll_as_historian(address: str, control: Path | None, ready: Path | None) -> None:
    """The historian: reads one block at a fixed beat and writes a heartbeat, so that the PLC knows it is there."""
    station = Poller(address)
    await station.connect()

    async def block(beat: int) -> None:
        await station.read_holding(0, 20)

    async def heartbeat(beat: int) -> None:
        await station.write_register(90, cycle(COOLING_HEARTBEAT, beat))

    say_ready(ready)
    await asyncio.gather(every(0.8, block, control), every(4.0, heartbeat))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["server", "scada", "historian"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--control", type=Path, help="file that may hold another polling period in seconds")
    parser.add_argument("--ready", type=Path)
    wanted = parser.parse_args()
    settle_in()
    if wanted.role == "server":
        asyncio.run(serve(wanted.address, wanted.ready))
    elif wanted.role == "scada":
        asyncio.run(poll_as_scada(wanted.address, wanted.ready))
    else:
        asyncio.run(poll_as_historian(wanted.address, wanted.control, wanted.ready))


if __name__ == "__main__":
    main()
