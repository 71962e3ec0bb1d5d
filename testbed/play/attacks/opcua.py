"""What can be done over OPC UA."""

from __future__ import annotations

from testbed.play.channel import Channel
from testbed.play.devices import OpcuaDevice
from testbed.play.protocols import opcua
from testbed.play.stage import Stage


def _connected(stage: Stage) -> tuple[OpcuaDevice, Channel]:
    """Connection and secure channel, no session yet."""
    device = stage.opcua()
    channel = stage.channel(stage.intruder(device.station), device.station, device.port)
    stage.now = device.connect(channel, channel.open(stage.now))
    return device, channel


def anonymous(stage: Stage) -> None:
    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, None)
    stage.end(channel)


def clear_password(stage: Stage) -> None:
    """An engineer's tool without encryption: everybody on the wire reads the password."""
    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, stage.pick("engineer", "admin"), b"Plant-2026")
    stage.end(channel)


def guessing(stage: Stage) -> None:
    device = stage.opcua()
    client = stage.intruder(device.station)
    for word in stage.rng.permutation([b"admin", b"123456", b"password", b"root", b"opcua", b"user1", b"plc"]).tolist():
        channel = stage.channel(client, device.station, device.port)
        stage.now = device.connect(channel, channel.open(stage.now))
        stage.now = device.login(channel, stage.now, "admin", word, refused=True)
        stage.end(channel)
        stage.pause(0.2, 3)


def browse(stage: Stage) -> None:
    ua = opcua.ua()

    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, sealed=True)
    for _ in range(stage.chance(40, 150)):
        request, response = ua.BrowseRequest(), ua.BrowseResponse()
        request.Parameters.NodesToBrowse = [ua.BrowseDescription(ua.NodeId(stage.chance(1, 30_000), stage.pick(0, 2)))]
        response.Results = [ua.BrowseResult(ua.StatusCode(ua.StatusCodes.Good))]
        stage.now = device.call(channel, stage.now, request, response)
        stage.pause(0.005, 0.1)
    stage.end(channel)


def call(stage: Stage) -> None:
    ua = opcua.ua()

    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, sealed=True)
    request, response = ua.CallRequest(), ua.CallResponse()
    name = f"{device.prefix}.{stage.pick('Reset', 'Stop', 'LoadRecipe')}"
    method = ua.CallMethodRequest()
    method.ObjectId, method.MethodId = ua.NodeId(device.prefix, 2), ua.NodeId(name, 2)
    request.Parameters.MethodsToCall = [method]
    response.Results = [ua.CallMethodResult()]
    stage.now = device.call(channel, stage.now, request, response)
    stage.end(channel)


def add_nodes(stage: Stage) -> None:
    ua = opcua.ua()

    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, sealed=True)
    request, response = ua.AddNodesRequest(), ua.AddNodesResponse()
    item = ua.AddNodesItem()
    item.RequestedNewNodeId = ua.ExpandedNodeId(f"{device.prefix}.Shadow", 2)
    item.BrowseName = ua.QualifiedName("Shadow", 2)
    item.NodeAttributes = ua.VariableAttributes()
    request.Parameters.NodesToAdd = [item]
    response.Results = [ua.AddNodesResult(ua.StatusCode(ua.StatusCodes.Good), ua.NodeId(f"{device.prefix}.Shadow", 2))]
    stage.now = device.call(channel, stage.now, request, response)
    stage.end(channel)


def write(stage: Stage) -> None:
    device, channel = _connected(stage)
    stage.now = device.login(channel, stage.now, sealed=True)
    setpoint, times = stage.setpoint(device), stage.pick(1.0, 3.0)
    stage.now = device.write(channel, stage.now, setpoint, setpoint.middle * times)
    if times > 1:
        stage.lasts(device, setpoint)
    stage.end(channel)
