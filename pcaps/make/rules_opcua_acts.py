"""OPC UA for the rules: what intruders do with it, one act a capture.

OPC 10000-4, 7.39 (status codes); OPC 10000-6, 6.7.2 (chunks, opening); OPC 10000-7 (security policies and their end).
"""

from __future__ import annotations

from asyncua import ua

from pcaps.make.rules_opcua import LEVEL, NOW, SETPOINT, Session, _operator, _read, _whole, _write
from pcaps.make.talk import OUTSIDE, OUTSIDE_SERVER, station
from testbed.pcapfile import Frame


def discovery_sweep() -> list[Frame]:
    """Six servers are asked for their endpoints."""
    frames: list[Frame] = []
    for number in range(11, 17):
        session = Session(frames, 40000 + number, server=station(number))
        session.ask(ua.GetEndpointsRequest(), ua.GetEndpointsResponse())
        session.end()
    return frames


def six_read() -> list[Frame]:
    """Six servers are read."""
    frames: list[Frame] = []
    for number in range(11, 17):
        session = Session(frames, 40000 + number, server=station(number))
        _read(session)
        session.end()
    return frames


def public_inside() -> list[Frame]:
    """A plant that uses public addresses inside: both sides have one."""
    frames: list[Frame] = []
    session = Session(frames, client=OUTSIDE, server=OUTSIDE_SERVER)
    _read(session)
    session.end()
    return frames


def sessions_taken() -> list[Frame]:
    """Sixty sessions on one channel; from the fiftieth on the server has none left."""
    frames: list[Frame] = []
    session = Session(frames)
    for number in range(60):
        fault = ua.ServiceFault()
        fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadTooManySessions)
        session.ask(ua.CreateSessionRequest(), ua.CreateSessionResponse() if number < 50 else fault)
    session.end()
    return frames


def _call(session: Session, method: int, owner: int, status: int = 0) -> None:
    request = ua.CallRequest()
    asked = ua.CallMethodRequest()
    asked.ObjectId, asked.MethodId = ua.NodeId(owner), ua.NodeId(method)
    request.Parameters.MethodsToCall = [asked]
    result = ua.CallMethodResult()
    result.StatusCode = ua.StatusCode(status)
    session.ask(request, ua.CallResponse(Results=[result]))


def server_methods() -> list[Frame]:
    """The server is asked for another state (Part 5), a certificate is added to those it trusts (Part 12)."""
    return _whole(lambda session: _call(session, 12886, 2253), lambda session: _call(session, 12668, 12642))


def methods_fail() -> list[Frame]:
    """Six calls that fail."""
    bad = ua.StatusCodes.BadInvalidArgument
    return _whole(*[lambda session: _call(session, 11492, 2253, bad)] * 6)


def attribute_written() -> list[Frame]:
    """Who may write a node is changed: its attribute UserAccessLevel."""

    def change(session: Session) -> None:
        request = ua.WriteRequest()
        value = ua.DataValue(ua.Variant(3, ua.VariantType.Byte))
        request.Parameters.NodesToWrite = [ua.WriteValue(SETPOINT, ua.AttributeIds.UserAccessLevel, None, value)]
        session.ask(request, ua.WriteResponse(Results=[ua.StatusCode(0)]))

    return _whole(_read, change)


def publishing_off() -> list[Frame]:
    """A subscription goes on, and tells nothing any more."""

    def change(session: Session) -> None:
        request = ua.SetPublishingModeRequest()
        request.Parameters.PublishingEnabled, request.Parameters.SubscriptionIds = False, [7]
        session.ask(request, ua.SetPublishingModeResponse())

    return _whole(change)


def nodes_guessed() -> list[Frame]:
    """Twenty-five nodes that there are not, and writes to twelve that cannot be written."""

    def guess(session: Session) -> None:
        for number in range(25):
            request = ua.ReadRequest()
            request.Parameters.NodesToRead = [ua.ReadValueId(ua.NodeId(f"Tag{number}", 2), ua.AttributeIds.Value)]
            missing = ua.DataValue(ua.Variant(), ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))
            session.ask(request, ua.ReadResponse(Results=[missing]))
        for _ in range(12):
            write = ua.WriteRequest()
            value = ua.DataValue(ua.Variant(55.0, ua.VariantType.Double))
            write.Parameters.NodesToWrite = [ua.WriteValue(LEVEL, ua.AttributeIds.Value, None, value)]
            session.ask(write, ua.WriteResponse(Results=[ua.StatusCode(ua.StatusCodes.BadNotWritable)]))

    return _whole(guess)


def space_browsed() -> list[Frame]:
    """Two hundred and twenty nodes are browsed, twenty at a time."""

    def browse(session: Session) -> None:
        for first in range(1000, 1220, 20):
            request = ua.BrowseRequest()
            nodes = [ua.BrowseDescription(ua.NodeId(number, 2)) for number in range(first, first + 20)]
            request.Parameters.NodesToBrowse, request.Parameters.View.Timestamp = nodes, NOW
            session.ask(request, ua.BrowseResponse())

    return _whole(browse)


def history_copied() -> list[Frame]:
    """The history of sixty nodes is read."""

    def copy(session: Session) -> None:
        for first in range(1000, 1060, 10):
            request = ua.HistoryReadRequest()
            nodes = [ua.HistoryReadValueId(ua.NodeId(number, 2)) for number in range(first, first + 10)]
            request.Parameters.NodesToRead = nodes
            session.ask(request, ua.HistoryReadResponse())

    return _whole(copy)


def anonymous_write() -> list[Frame]:
    """Nobody logs in, and writes."""
    frames: list[Frame] = []
    session = Session(frames)
    session.log_in(ua.AnonymousIdentityToken("anonymous"))
    _write(session)
    session.end()
    return frames


def from_outside() -> list[Frame]:
    """A host of the internet logs in and reads."""
    frames: list[Frame] = []
    session = Session(frames, client=OUTSIDE)
    session.log_in(_operator())
    _read(session)
    session.end()
    return frames


ROWS = (
    ("opcua/six_read", ("opcua",), True, "six servers are read", six_read),
    ("opcua/public_inside", ("opcua",), True, "both sides have public addresses", public_inside),
    ("opcua/discovery_sweep", ("opcua",), True, "six servers are asked for their endpoints", discovery_sweep),
    ("opcua/sessions_taken", ("opcua",), True, "sixty sessions; the last ten are refused", sessions_taken),
    ("opcua/server_methods", ("opcua",), True, "another state of the server, another certificate", server_methods),
    ("opcua/methods_fail", ("opcua",), True, "six calls that fail", methods_fail),
    ("opcua/attribute_written", ("opcua",), True, "who may write a node is changed", attribute_written),
    ("opcua/publishing_off", ("opcua",), True, "a subscription is told to be silent", publishing_off),
    ("opcua/nodes_guessed", ("opcua",), True, "nodes that are not there, writes refused", nodes_guessed),
    ("opcua/space_browsed", ("opcua",), True, "220 nodes are browsed", space_browsed),
    ("opcua/history_copied", ("opcua",), True, "the history of sixty nodes is read", history_copied),
    ("opcua/anonymous_write", ("opcua",), True, "nobody logs in, and writes", anonymous_write),
    ("opcua/from_outside", ("opcua",), True, "an address of the internet logs in", from_outside),
)
