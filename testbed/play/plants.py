"""The plants there are. Addresses, units, registers, periods: all drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass

from testbed.play import neighbours
from testbed.play.collector import SECOND
from testbed.play.devices import Device, ModbusDevice, OpcuaDevice, S7Device
from testbed.play.people import Operator
from testbed.play.plant import Builder, Net, Plant
from testbed.play.signals import Signal
from testbed.play.stations import Station

PERIODS_MS = (500, 1000, 1000, 2000, 5000)


def _process(plant: Plant, cell: str, kind: str) -> tuple[list[Signal], list[Signal]]:
    """Measured values and set points of one machine."""
    signal = plant.signal
    if kind == "tank":
        wanted = signal(f"{cell}FlowSet", "setpoint", 20, 80)
        return [
            signal(f"{cell}Level", "level", 0, 400),
            signal(f"{cell}Flow", "flow", 0, 100, wanted),
            signal(f"{cell}Pressure", "pressure", 0, 16),
            signal(f"{cell}Total", "counter", 0, 6000),
            signal(f"{cell}PumpRuns", "state", 0, 1),
            signal(f"{cell}ValveOpen", "state", 0, 1),
        ], [wanted, signal(f"{cell}LevelHigh", "setpoint", 300, 380)]
    if kind == "oven":
        zones = [signal(f"{cell}Zone{number}Set", "setpoint", 120, 260) for number in (1, 2)]
        return [
            signal(f"{cell}Zone1", "temperature", 60, 320, zones[0]),
            signal(f"{cell}Zone2", "temperature", 60, 320, zones[1]),
            signal(f"{cell}Exhaust", "temperature", 20, 120),
            signal(f"{cell}HeaterOn", "state", 0, 1),
        ], zones
    speed = signal(f"{cell}SpeedSet", "setpoint", 200, 1400)
    return [
        signal(f"{cell}Speed", "speed", 0, 1600, speed),
        signal(f"{cell}Torque", "flow", 0, 90),
        signal(f"{cell}OilTemperature", "temperature", 30, 90),
        signal(f"{cell}Shots", "counter", 0, 60_000),
    ], [speed, signal(f"{cell}Hold", "setpoint", 20, 160)]


def _modbus(plant: Plant, net: Net, name: str, kind: str) -> ModbusDevice:
    rng = plant.rng("device", name)
    signals, setpoints = _process(plant, name, kind)
    return ModbusDevice(
        plant.station(name, net, "modbus", "plc"),
        signals,
        setpoints,
        rng,
        unit=int(rng.integers(1, 20)),
        first=int(rng.integers(0, 40)) * 10,
        holding=int(rng.integers(50, 90)) * 10,
        coils=int(rng.integers(0, 20)) * 8,
    )


def _s7(plant: Plant, net: Net, name: str, kind: str) -> S7Device:
    rng = plant.rng("device", name)
    signals, setpoints = _process(plant, name, kind)
    block = int(rng.integers(5, 400))
    return S7Device(plant.station(name, net, "s7comm", "plc"), signals, setpoints, rng, block=block)


def _opcua(plant: Plant, net: Net, name: str, kind: str) -> OpcuaDevice:
    rng = plant.rng("device", name)
    signals, setpoints = _process(plant, name, kind)
    return OpcuaDevice(
        plant.station(name, net, "opcua", "plc"), signals, setpoints, rng, prefix=f"{name}{rng.integers(9)}"
    )


def _period(plant: Plant, *about: object) -> int:
    return int(plant.rng("period", *about).choice(PERIODS_MS)) * 1_000_000


def _supervise(plant: Plant, devices: list[Device], scada: Station, historian: Station) -> None:
    """One station asks often and writes, another asks slowly and only reads."""
    for device in devices:
        poller = plant.poll(scada, device, _period(plant, scada.name, device.station.name))
        plant.actors.append(Operator(plant, poller))
        plant.poll(historian, device, int(plant.rng("slow", device.station.name).choice((5, 10, 15))) * SECOND)


def _surroundings(plant: Plant, net: Net) -> None:
    """Names, clocks and neighbours' addresses of a small network; the engineer's place is there, mostly silent."""
    plant.router = plant.station("router", net, "network", "router")
    plant.engineer = plant.station("engineer", net, role="engineer")
    plant.dns = plant.station("infrastructure", net, role="server")
    plant.names = [
        f"{word}.plant.local" for word in ("mes", "historian", "files", "update", "time", "print", "license")
    ]


def _habits(plant: Plant) -> None:
    assert plant.dns is not None and plant.engineer is not None and plant.router is not None
    computers = [one for one in plant.stations if one.role in ("scada", "historian", "engineer", "office")]
    for computer in computers:
        plant.actors.append(neighbours.names(plant, computer))
        plant.actors.append(neighbours.clock(plant, computer, plant.dns))
        plant.actors.append(neighbours.arp(plant, computer, plant.dns))
    for poller in plant.pollers:
        plant.actors.append(neighbours.arp(plant, poller.client, poller.device.station))
    for device in plant.devices:
        plant.actors.append(neighbours.ping(plant, plant.dns, device.station))
        net = plant.net_of(device.station)
        if not net.holds(plant.router.ip):
            plant.actors.append(neighbours.arp(plant, plant.gateway(net), device.station))


def modbus_line(plant: Plant) -> None:
    net = plant.net()
    _surroundings(plant, net)
    scada = plant.station("scada", net, role="scada")
    historian = plant.station("historian", net, role="historian")
    kinds = ("tank", "tank", "oven", "machine", "oven", "machine")
    devices: list[Device] = [_modbus(plant, net, f"Cell{place}", kind) for place, kind in enumerate(kinds, 1)]
    _supervise(plant, devices, scada, historian)
    _habits(plant)


def s7_cell(plant: Plant) -> None:
    net = plant.net()
    _surroundings(plant, net)
    scada = plant.station("scada", net, role="scada")
    panel = plant.station("panel", net, role="historian")
    devices: list[Device] = [
        _s7(plant, net, f"Robot{place}", kind) for place, kind in enumerate(("machine", "oven", "tank", "machine"), 1)
    ]
    _supervise(plant, devices, scada, panel)
    _habits(plant)


def opcua_line(plant: Plant) -> None:
    net = plant.net()
    _surroundings(plant, net)
    scada = plant.station("scada", net, role="scada")
    historian = plant.station("historian", net, role="historian")
    devices: list[Device] = [
        _opcua(plant, net, f"Packer{place}", kind) for place, kind in enumerate(("machine", "machine", "oven"), 1)
    ]
    _supervise(plant, devices, scada, historian)
    _habits(plant)


def moulding_shop(plant: Plant) -> None:
    """Three cells with a network each, one for supervision, one for offices."""
    supervision = plant.net()
    _surroundings(plant, supervision)
    scada = plant.station("scada", supervision, role="scada")
    historian = plant.station("historian", supervision, role="historian")
    mes = plant.station("mes", supervision, role="server")
    cells = (plant.net(), plant.net(), plant.net())
    devices: list[Device] = [
        *(
            _modbus(plant, cells[0], f"Dryer{place}", kind)
            for place, kind in enumerate(("oven", "tank", "oven", "tank"), 1)
        ),
        *(_s7(plant, cells[1], f"Press{place}", "machine") for place in range(1, 6)),
        *(
            _opcua(plant, cells[2], f"Mould{place}", kind)
            for place, kind in enumerate(("machine", "machine", "oven"), 1)
        ),
    ]
    _supervise(plant, devices, scada, historian)
    panel = plant.station("panel", cells[1], role="historian")
    for device in devices[4:7]:
        plant.poll(panel, device, SECOND)
    offices = plant.net()
    for place in range(1, 9):
        desk = plant.station(f"desk{place}", offices, role="office")
        plant.actors.append(neighbours.pages(plant, desk, mes, 70 + 11 * place))
    head = plant.station("head-office", offices, role="server")
    plant.actors.append(neighbours.uplink(plant, historian, head, "historian.plant.local"))
    _habits(plant)


@dataclass(frozen=True)
class Scenario:
    name: str
    build: Builder
    zh: str
    en: str


SCENARIOS = (
    Scenario(
        "modbus-line", modbus_line, "Modbus 产线：六台控制器，两座上位机", "Modbus line: six controllers, two stations"
    ),
    Scenario(
        "s7-cell", s7_cell, "S7 单元：四台控制器，监控站与操作面板", "S7 cell: four controllers, a station and a panel"
    ),
    Scenario("opcua-line", opcua_line, "OPC UA 包装线：三台服务器", "OPC UA packing line: three servers"),
    Scenario(
        "moulding-shop",
        moulding_shop,
        "注塑车间：三个单元网段（Modbus、S7、OPC UA）、监控网与办公网",
        "moulding shop: three cells (Modbus, S7, OPC UA), a supervision and an office network",
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
