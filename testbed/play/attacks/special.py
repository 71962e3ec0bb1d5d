"""Days that are not like others and yet in order: what must pass without an alarm."""

from __future__ import annotations

from testbed.play import frames
from testbed.play.collector import SECOND
from testbed.play.devices import ModbusDevice, OpcuaDevice, S7Device
from testbed.play.people import ordinary, writing
from testbed.play.protocols import modbus, s7
from testbed.play.stage import Stage


def maintenance(stage: Stage) -> None:
    """The engineer looks at a controller and changes set points, with a work order."""
    assert stage.plant.engineer is not None
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    engineer = stage.actor(stage.plant.engineer)
    stage.target(device.station)
    stage.act.details |= {"work_order": f"WO-{stage.chance(1000, 9999)}", "person": "engineer"}
    # As people write it: what the tool of that maker does, beside the writes that the order is about.
    tool = {ModbusDevice: ["read"], S7Device: ["read", "program"], OpcuaDevice: ["read", "discover"]}
    stage.act.details["expected"] = ["write", *tool.get(type(device), [])]
    channel = stage.reach(engineer, device)
    if isinstance(device, ModbusDevice):
        for at in range(device.first, device.first + 40, 10):
            values = [stage.chance(0, 2000) for _ in range(10)]
            stage.now = device.ask(channel, stage.now, modbus.read(4, at, 10), modbus.registers(4, values))
            stage.pause(0.5, 4)
    elif isinstance(device, S7Device):
        for pair in s7.upload(channel.turn, b"08", 1, stage.rng.bytes(1200)):
            stage.now = channel.ask(stage.now, *pair)
    elif isinstance(device, OpcuaDevice):
        stage.pause(1, 5)
    for _ in range(3):
        setpoint = stage.setpoint(device)
        stage.now = device.write(channel, stage.now, setpoint, ordinary(setpoint, stage.rng))
        stage.pause(5, 40)
    stage.end(channel)


def restart(stage: Stage) -> None:
    """A controller restarts: half a minute without answers, then all goes on."""
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    stage.target(device.station)
    for poller in stage.pollers(device):
        stage.influence(poller, stage.chance(25, 40), dead=True)


def replaced(stage: Stage) -> None:
    """A broken controller is exchanged for another of the same maker: same address, other hardware address. It tells
    its neighbours when it comes up, twice (RFC 5227 2.3)."""
    device = stage.plant.devices[stage.chance(0, len(stage.plant.devices) - 1)]
    stage.target(device.station)
    stage.act.details |= {"work_order": f"WO-{stage.chance(1000, 9999)}", "person": "maintenance"}
    stage.act.details["expected"] = ["interruption"]
    seconds = stage.chance(120, 300)
    pollers = stage.pollers(device)
    for poller in pollers:
        stage.influence(poller, seconds, dead=True)
    mac = device.station.mac[:3] + stage.rng.bytes(3)
    up_ns, address = stage.now + seconds * SECOND, device.station.packed
    stage.plant.later(up_ns, lambda: setattr(device.station, "mac", mac))
    for second in (0, 2):
        told = frames.arp(1, (mac, address), (bytes(6), address), frames.BROADCAST)
        stage.frame(up_ns + second * SECOND, told)


def shift(stage: Stage) -> None:
    """A change of shift at an unusual hour: every set point of the plant is gone through."""
    for place, poller in enumerate(one for one in stage.plant.pollers if one.client.role == "scada"):
        stage.actor(poller.client)
        stage.target(poller.device.station)
        for number, setpoint in enumerate(poller.device.setpoints):
            at = stage.now + (place * 40 + number * 9) * SECOND
            poller.at(at, writing(poller, setpoint, ordinary(setpoint, stage.rng)), stage.act.number)
            stage.until(at)
