"""Every service of OPC UA, asked and answered. OPC 10000-4, 5 (services); encoded by asyncua, OPC 10000-6, 5.2 and 6.7.

What a service is about stays empty but for a few: here the point is that each is known. Times are those of the range.
"""

from __future__ import annotations

import struct
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from pcaps.make.opcua import ACKNOWLEDGE, HELLO, PORT, URL, message
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL, TOKEN = 7, 1
POLICY = b"http://opcfoundation.org/UA/SecurityPolicy#None"
SERVICES = (
    "FindServers", "FindServersOnNetwork", "GetEndpoints", "RegisterServer", "RegisterServer2",
    "CreateSession", "ActivateSession", "Cancel",
    "AddNodes", "AddReferences", "DeleteNodes", "DeleteReferences",
    "Browse", "BrowseNext", "TranslateBrowsePathsToNodeIds", "RegisterNodes", "UnregisterNodes",
    "QueryFirst", "QueryNext",
    "Read", "HistoryRead", "Write", "HistoryUpdate", "Call",
    "CreateMonitoredItems", "ModifyMonitoredItems", "SetMonitoringMode", "SetTriggering", "DeleteMonitoredItems",
    "CreateSubscription", "ModifySubscription", "SetPublishingMode", "Publish", "Republish",
    "TransferSubscriptions", "DeleteSubscriptions", "CloseSession",
)  # fmt: skip
"""in the order of Part 4, a session around them; the channel is opened before and closed after"""
SESSIONLESS = struct.pack("<BBH", 1, 0, 15903) + struct.pack("<iiiI", -1, -1, -1, 0)
"""SessionlessInvokeRequestType (6.3.2): no tables, nothing invoked"""
REVERSE = b"urn:plant:controller"


def _dated(one: Any, number: int) -> bytes:
    header = getattr(one, "RequestHeader", None) or one.ResponseHeader
    header.RequestHandle = number
    _stop_clocks(one)
    return struct_to_binary(one)


def _stop_clocks(one: Any) -> None:
    """What is not said is now, to asyncua."""
    for field in fields(one):
        value = getattr(one, field.name)
        if isinstance(value, datetime):
            setattr(one, field.name, NOW)
        elif is_dataclass(value) and not isinstance(value, ua.NodeId):
            _stop_clocks(value)


def _message(sequence: int, body: bytes, kind: bytes = b"MSG", chunk: bytes = b"F", request: int = 0) -> bytes:
    return message(kind, struct.pack("<IIII", CHANNEL, TOKEN, sequence, request or sequence) + body, chunk)


def _open(number: int, body: bytes) -> bytes:
    security = struct.pack("<Ii", CHANNEL, len(POLICY)) + POLICY + struct.pack("<ii", -1, -1)
    return message(b"OPN", security + struct.pack("<II", number, number) + body)


def _request(name: str) -> Any:
    request = getattr(ua, f"{name}Request")()
    node = ua.NodeId("Speed", 2)
    match name:
        case "Read":
            request.Parameters.NodesToRead = [ua.ReadValueId(node, ua.AttributeIds.Value)]
        case "Write":
            value = ua.DataValue(ua.Variant(1.5, ua.VariantType.Double))
            request.Parameters.NodesToWrite = [ua.WriteValue(node, ua.AttributeIds.Value, Value=value)]
        case "Browse":
            request.Parameters.NodesToBrowse = [ua.BrowseDescription(node)]
        case "RegisterNodes":
            request.Parameters.NodesToRegister = [node]
        case "UnregisterNodes":
            request.Parameters.NodesToUnregister = [node]
        case "AddReferences":
            request.Parameters.ReferencesToAdd = [ua.AddReferencesItem(node)]
        case "DeleteReferences":
            request.Parameters.ReferencesToDelete = [ua.DeleteReferencesItem(node)]
    return request


def services() -> list[Frame]:
    """A test bench asks for each service once; then one fails, one is taken back, and a server calls a client."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, 40050)
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    opening = ua.OpenSecureChannelRequest()
    opening.Parameters.SecurityMode = ua.MessageSecurityMode.None_
    opened = ua.OpenSecureChannelResponse()
    talk.ask(_open(1, _dated(opening, 1)))
    talk.answer(_open(1, _dated(opened, 1)))
    for number, name in enumerate(SERVICES, 2):
        talk.ask(_message(number, _dated(_request(name), number)))
        talk.answer(_message(number, _dated(getattr(ua, f"{name}Response")(), number)))
    number = len(SERVICES) + 2
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadServiceUnsupported)
    talk.ask(_message(number, SESSIONLESS))
    talk.answer(_message(number, _dated(fault, number)))
    talk.ask(_message(number + 1, _dated(_request("Read"), number + 1)[:8], chunk=b"C"))
    talk.ask(_message(number + 2, struct.pack("<Ii", 0x80800000, -1), chunk=b"A", request=number + 1))
    talk.ask(_message(number + 3, _dated(ua.CloseSecureChannelRequest(), number + 3), b"CLO"))
    talk.end()
    talk = Talk(frames, PORT, 40051)
    talk.answer(message(b"RHE", struct.pack("<I", len(REVERSE)) + REVERSE + struct.pack("<I", len(URL)) + URL))
    talk.ask(HELLO)
    talk.answer(ACKNOWLEDGE)
    sealed = b"http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
    head = struct.pack("<Ii", CHANNEL, len(sealed)) + sealed + struct.pack("<i", 4) + b"cert" + struct.pack("<i", 20)
    talk.ask(message(b"OPN", head + bytes(20) + bytes(range(256))))
    talk.answer(message(b"OPN", head + bytes(20) + bytes(range(256))))
    talk.ask(message(b"MSG", struct.pack("<II", CHANNEL, TOKEN) + bytes(range(192))))
    talk.answer(message(b"MSG", struct.pack("<II", CHANNEL, TOKEN) + bytes(range(160))))
    talk.end()
    return frames
