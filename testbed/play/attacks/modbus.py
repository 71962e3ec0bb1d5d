"""What can be done over Modbus/TCP."""

from __future__ import annotations

import struct

import numpy as np

from testbed.play.channel import Channel
from testbed.play.collector import SECOND
from testbed.play.devices import ModbusDevice
from testbed.play.people import ordinary
from testbed.play.protocols import modbus
from testbed.play.stage import Stage


def function_scan(stage: Stage) -> None:
    """Every function code once; those that are not there are refused."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    known = {1, 3, 4, 5, 6, 15, 16}
    for code in stage.rng.permutation(range(1, stage.chance(48, 127))).tolist():
        asked = bytes([code]) + struct.pack(">HH", 0, 1)
        if code in (5, 6, 15, 16):
            asked = bytes([code])  # tries whether it is there, without writing
        why = modbus.ILLEGAL_VALUE if code in (5, 6, 15, 16) else modbus.ILLEGAL_FUNCTION
        answer = modbus.exception(code, why)
        if code in known - {5, 6, 15, 16}:
            answer = modbus.bits(1, [False]) if code == 1 else modbus.registers(code, [0])
        stage.now = device.ask(channel, stage.now, asked, answer)
        stage.pause(0.02, 0.3)
    stage.end(channel)


def unit_scan(stage: Stage) -> None:
    """A gateway is asked for every unit behind it."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    for unit in range(1, stage.chance(60, 247)):
        answer = modbus.registers(3, [0]) if unit == device.unit else modbus.exception(3, modbus.NO_TARGET)
        stage.now = device.ask(channel, stage.now, modbus.read(3, 0, 1), answer, unit)
        stage.pause(0.01, 0.2)
    stage.end(channel)


def register_scan(stage: Stage) -> None:
    """Registers block by block, most of which do not exist. Slow at times."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    slow = stage.pick(0.1, 0.1, 8.0)
    stage.act.details["slow"] = slow > 1
    step = stage.pick(10, 25, 50)
    for at in range(0, step * stage.chance(40, 70), step):
        there = at <= device.holding < at + step
        answer = modbus.registers(3, [0] * step) if there else modbus.exception(3, modbus.ILLEGAL_ADDRESS)
        stage.now = device.ask(channel, stage.now, modbus.read(3, at, step), answer)
        stage.pause(slow / 2, slow * 1.5)
    stage.end(channel)


def new_writer(stage: Stage) -> None:
    """Somebody who never wrote here writes a set point, to a value that operators would choose, too."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    for _ in range(stage.chance(1, 4)):
        setpoint = stage.setpoint(device)
        stage.now = device.write(channel, stage.now, setpoint, setpoint.middle)
        stage.pause(1, 20)
    stage.end(channel)


def outside_range(stage: Stage) -> None:
    """From the station that may write, a value far beyond what was ever written."""
    device = stage.modbus()
    poller = next(one for one in stage.plant.pollers if one.device is device)
    stage.actor(poller.client)
    setpoint = stage.setpoint(device)
    value = setpoint.high * stage.pick(1.8, 2.5, 4.0)
    stage.act.details["value"], stage.act.details["signal"] = value, setpoint.name

    def write(channel: Channel, ts_ns: int) -> int:
        done = device.write(channel, ts_ns, setpoint, value)
        stage.lasts(device, setpoint)
        return done

    stage.on_connection(poller, write)
    back = stage.now + stage.chance(60, 240) * SECOND
    poller.at(back, lambda channel, ts_ns: device.write(channel, ts_ns, setpoint, setpoint.middle))


def write_out_of_turn(stage: Stage) -> None:
    """From the station that may write, a value that operators would choose, in the middle of its poll cycle.

    Its own program never writes there: somebody else's speaks over its connection.
    """
    device = stage.modbus()
    poller = next(one for one in stage.plant.pollers if one.device is device)
    stage.actor(poller.client)
    setpoint = stage.setpoint(device)
    value = ordinary(setpoint, stage.rng)
    measured = [one for one in device.signals if one.kind != "state"]

    def write(channel: Channel, ts_ns: int) -> int:
        told = [int(device.raw(one, one.values(np.array([ts_ns], dtype=np.int64)))[0]) for one in measured]
        ts_ns = device.ask(channel, ts_ns, modbus.read(4, device.first, len(told)), modbus.registers(4, told))
        return device.write(channel, ts_ns, setpoint, value)

    stage.on_connection(poller, write)


def write_flood(stage: Stage) -> None:
    """The same coil or register again and again, as fast as the device answers."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    setpoint, count = stage.setpoint(device), stage.chance(300, 1500)
    at = device.holding + device.setpoints.index(setpoint)
    for number in range(count):
        message = modbus.write_register(at, 0 if number % 2 else int(setpoint.high * 10))
        stage.now = device.ask(channel, stage.now, message, message)
        stage.pause(0.002, 0.02)
    stage.end(channel)


def broadcast_write(stage: Stage) -> None:
    """Unit 0: every device behind a gateway obeys and none answers."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    for _ in range(stage.chance(1, 3)):
        request, _answer = modbus.write_registers(device.holding, [stage.chance(0, 500), stage.chance(0, 500)])
        stage.now = channel.send(stage.now, True, modbus.adu(channel.turn, request, 0))
        channel.turn += 1
        channel.acknowledge(stage.now + 2_000_000, False)
        stage.pause(0.5, 3)
    stage.end(channel)


def listen_only(stage: Stage) -> None:
    """FC 8 sub-function 4: the device listens and answers nobody any more (Application Protocol, 6.8.1)."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    stage.now = channel.send(stage.now, True, modbus.adu(channel.turn, modbus.diagnostic(4), device.unit))
    channel.acknowledge(stage.now + 2_000_000, False)
    seconds = stage.chance(60, 300)
    for poller in stage.pollers(device):
        stage.influence(poller, seconds, dead=True)
    stage.end(channel)


def restart_communication(stage: Stage) -> None:
    """FC 8 sub-function 1."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    message = modbus.diagnostic(1, stage.pick(0, 0xFF00))
    stage.now = device.ask(channel, stage.now, message, message)
    stage.end(channel)


def identification(stage: Stage) -> None:
    """Who made it and which version: FC 43/14 and FC 17."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    answer = modbus.identified(1, [b"Schneider Electric", b"TM221CE24R", b"V1.6"])
    stage.now = device.ask(channel, stage.now, modbus.identification(), answer)
    stage.pause(0.1, 1)
    stage.now = device.ask(channel, stage.now, b"\x11", b"\x11\x03\x01\xffA")
    stage.end(channel)


def umas_stop(stage: Stage) -> None:
    """Schneider's own function 90: reservation, then the controller is stopped."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    session = stage.chance(1, 255)
    steps = [
        (bytes([0x5A, 0, 0x10, 0x27, 0, 0, 0, 4]) + b"BASE", bytes([0x5A, 0, 0xFE, session])),
        (bytes([0x5A, session, 0x41, 0xFF, 0]), bytes([0x5A, session, 0xFE])),
    ]
    for request, answer in steps:
        stage.now = device.ask(channel, stage.now, request, answer)
        stage.pause(0.05, 0.6)
    for signal in device.signals:
        if signal.kind == "state":
            stage.disturb(signal, 240, lambda values, since: values * 0)
    stage.pollers(device)
    stage.end(channel)


def malformed(stage: Stage) -> None:
    """Lengths that lie, a protocol id that is none, reserved functions."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    broken = [
        struct.pack(">HHHBBHH", 1, 0, 6, device.unit, 0, 0, 1),
        struct.pack(">HHHBBHH", 2, 7, 6, device.unit, 3, 0, 1),
        struct.pack(">HHHBBHH", 3, 0, 6, device.unit, 3, 0, 900),
        struct.pack(">HHHBBHHBH", 4, 0, 9, device.unit, 16, 0, 60, 2, 1),
    ]
    for number in stage.rng.permutation(len(broken)).tolist():
        data = broken[number]
        answer = modbus.adu(number + 1, modbus.exception(data[7], modbus.ILLEGAL_VALUE), device.unit)
        stage.now = channel.ask(stage.now, data, answer)
        stage.pause(0.1, 2)
    stage.end(channel)


def bulk_read(stage: Stage) -> None:
    """Everything the device holds, in the largest pieces there are."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    for at in range(0, 125 * stage.chance(60, 200), 125):
        values = stage.rng.integers(0, 4000, 125).tolist()
        stage.now = device.ask(channel, stage.now, modbus.read(3, at, 125), modbus.registers(3, values))
        stage.pause(0.005, 0.05)
    stage.end(channel)


def request_flood(stage: Stage) -> None:
    """Reads without a pause, many at a time."""
    device = stage.modbus()
    channel = stage.reach(stage.intruder(device.station), device)
    for _ in range(stage.chance(2000, 4000)):
        asked, told = modbus.read(4, device.first, 4), modbus.registers(4, [1, 2, 3, 4])
        turn = channel.turn
        request, answer = modbus.adu(turn, asked, device.unit), modbus.adu(turn, told, device.unit)
        stage.now = channel.ask(stage.now, request, answer, 300_000)
    stage.end(channel)


def injected_answers(stage: Stage) -> None:
    """A box in the line puts answers of its own into a poll's connection: answers that nobody asked for."""
    poller = stage.poller(ModbusDevice)
    device = poller.device
    assert isinstance(device, ModbusDevice)
    between = stage.stranger(poller.client)

    def inject(channel: Channel, ts_ns: int) -> int:
        channel.macs[False] = between.mac
        answer = modbus.registers(4, [stage.chance(0, 4000) for _ in range(4)])
        ts_ns = channel.send(ts_ns, False, modbus.adu(stage.chance(0, 65_535), answer, device.unit))
        channel.macs[False] = None
        return ts_ns

    for _ in range(stage.chance(5, 30)):
        stage.on_connection(poller, inject)
        stage.pause(0.5, 5)
