"""OPC UA for the rules, put together with asyncua's encoder: discovery, changes of the address space, first writes, and
a password that is encrypted although the channel is not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from pcaps.make.opcua import ACKNOWLEDGE, HELLO, PORT, URL, message
from pcaps.make.rules_modbus import OPERATOR
from pcaps.make.talk import CLIENT, SERVER, Talk
from testbed.pcapfile import Frame

NOW = datetime(2026, 1, 1)  # noqa: DTZ001 asyncua's encoder takes naive UTC
POLICY = "http://opcfoundation.org/UA/SecurityPolicy#None"
CHANNEL, TOKEN = 7, 1
LEVEL = ua.NodeId("Boiler.Level", 2)
SETPOINT = ua.NodeId("Boiler.SetPoint", 2)


class Session:
    """A secure channel under policy None. `ask` sends a request and its answer."""

    def __init__(
        self,
        frames: list[Frame],
        port: int = 40001,
        client: tuple[str, str] = CLIENT,
        server: tuple[str, str] = SERVER,
    ) -> None:
        self.talk = Talk(frames, PORT, port, client, server)
        self._number = 0
        self.talk.ask(HELLO)
        self.talk.answer(ACKNOWLEDGE)
        request = ua.OpenSecureChannelRequest()
        request.Parameters.RequestType = ua.SecurityTokenRequestType.Issue
        request.Parameters.SecurityMode = ua.MessageSecurityMode.None_
        request.Parameters.RequestedLifetime = 3_600_000
        response = ua.OpenSecureChannelResponse()
        response.Parameters.SecurityToken = ua.ChannelSecurityToken(CHANNEL, TOKEN, NOW, 3_600_000)
        policy = struct.pack("<I", len(POLICY)) + POLICY.encode() + struct.pack("<ii", -1, -1)
        self._exchange(b"OPN", policy, request, response)

    def ask(self, request: Any, response: Any) -> None:
        self._exchange(b"MSG", struct.pack("<I", TOKEN), request, response)

    def log_in(self, identity: Any) -> None:
        created = ua.CreateSessionResponse()
        created.Parameters.SessionId = ua.NodeId(11, 1)
        created.Parameters.AuthenticationToken = ua.NodeId(12, 1)
        self.ask(ua.CreateSessionRequest(), created)
        activate = ua.ActivateSessionRequest()
        activate.Parameters.UserIdentityToken = identity
        self.ask(activate, ua.ActivateSessionResponse())

    def end(self) -> None:
        self.ask(ua.CloseSessionRequest(), ua.CloseSessionResponse())
        self.talk.end()

    def _exchange(self, kind: bytes, security: bytes, request: Any, response: Any) -> None:
        self._number += 1
        request.RequestHeader.Timestamp = response.ResponseHeader.Timestamp = NOW
        request.RequestHeader.RequestHandle = response.ResponseHeader.RequestHandle = self._number
        head = struct.pack("<I", CHANNEL) + security + struct.pack("<II", self._number, self._number)
        self.talk.ask(message(kind, head + struct_to_binary(request)))
        self.talk.answer(message(kind, head + struct_to_binary(response)))


def _name(user: str, password: bytes, algorithm: str | None = None) -> Any:
    return ua.UserNameIdentityToken("username", user, password, algorithm)


def _operator() -> Any:
    return _name("operator", b"plant-2026")


def _read(session: Session) -> None:
    request = ua.ReadRequest()
    request.Parameters.NodesToRead = [ua.ReadValueId(LEVEL, ua.AttributeIds.Value)]
    value = ua.DataValue(ua.Variant(61.5, ua.VariantType.Double))
    session.ask(request, ua.ReadResponse(Results=[value]))


def _write(session: Session) -> None:
    request = ua.WriteRequest()
    value = ua.DataValue(ua.Variant(55.0, ua.VariantType.Double))
    request.Parameters.NodesToWrite = [ua.WriteValue(SETPOINT, ua.AttributeIds.Value, None, value)]
    session.ask(request, ua.WriteResponse(Results=[ua.StatusCode(0)]))


def _whole(*acts: Callable[[Session], None]) -> list[Frame]:
    frames: list[Frame] = []
    session = Session(frames)
    session.log_in(_operator())
    for act in acts:
        act(session)
    session.end()
    return frames


def discovery() -> list[Frame]:
    """Who is there, and what does it offer: asked before any session."""
    frames: list[Frame] = []
    session = Session(frames)
    find = ua.FindServersRequest()
    find.Parameters.EndpointUrl = URL.decode()
    server = ua.ApplicationDescription(
        "urn:plant:boiler", "urn:otus:range", ua.LocalizedText("Boiler"), ua.ApplicationType.Server
    )
    session.ask(find, ua.FindServersResponse(Servers=[server]))
    get = ua.GetEndpointsRequest()
    get.Parameters.EndpointUrl = URL.decode()
    endpoint = ua.EndpointDescription(URL.decode(), server, None, ua.MessageSecurityMode.None_, POLICY)
    session.ask(get, ua.GetEndpointsResponse(Endpoints=[endpoint]))
    session.end()
    return frames


def encrypted_password() -> list[Frame]:
    """The channel is open, the password in it is not: encrypted for the server's certificate (Part 4, 7.41)."""
    frames: list[Frame] = []
    session = Session(frames)
    session.log_in(_name("operator", bytes(range(256)), "http://www.w3.org/2001/04/xmlenc#rsa-oaep"))
    _read(session)
    session.end()
    return frames


def add_nodes() -> list[Frame]:
    """A variable is added to the server's address space, another taken out of it."""

    def change(session: Session) -> None:
        item = ua.AddNodesItem()
        item.ParentNodeId = ua.ExpandedNodeId(85)
        item.ReferenceTypeId = ua.NodeId(35)
        item.BrowseName = ua.QualifiedName("Hidden", 2)
        item.NodeClass = ua.NodeClass.Object
        item.NodeAttributes = ua.ObjectAttributes()
        add = ua.AddNodesRequest()
        add.Parameters.NodesToAdd = [item]
        session.ask(add, ua.AddNodesResponse(Results=[ua.AddNodesResult(ua.StatusCode(0), ua.NodeId(99, 2))]))
        delete = ua.DeleteNodesRequest()
        delete.Parameters.NodesToDelete = [ua.DeleteNodesItem(LEVEL, True)]
        session.ask(delete, ua.DeleteNodesResponse(Results=[ua.StatusCode(0)]))

    return _whole(change)


def reader() -> list[Frame]:
    """What is learned: a historian that only reads, an operator station that reads and writes."""
    frames: list[Frame] = []
    historian, operator = Session(frames), Session(frames, 40002, OPERATOR)
    for session in (historian, operator):
        session.log_in(_operator())
    for _ in range(20):
        _read(historian)
        _read(operator)
        _write(operator)
    historian.end()
    operator.end()
    return frames


def write_after_reads() -> list[Frame]:
    """The historian writes, for the first time."""
    return _whole(_read, _write, _read)


def operator_shift() -> list[Frame]:
    """The historian reads, the operator writes: as learned."""
    frames = _whole(_read, _read)
    operator = Session(frames, 40002, OPERATOR)
    operator.log_in(_operator())
    _write(operator)
    operator.end()
    return frames
