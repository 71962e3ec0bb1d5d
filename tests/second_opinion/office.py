"""Reasons of differences in what offices and their databases speak, each checked on the difference itself."""

from __future__ import annotations

from tests.second_opinion import run
from tests.second_opinion.compare import Difference, Evidence
from tests.second_opinion.message import Event

RESP3 = frozenset({"map", "set", "push", "null", "boolean", "double", "big_number", "verbatim", "attribute"})
"""types of the third version of Redis' protocol"""
CUT = (".long_line", ".long_head")


def _in_frame(evidence: Evidence, difference: Difference) -> list[Event]:
    """Our events of the difference's protocol in its frame."""
    message = difference.message
    return [
        event for event in evidence.by_frame.get(message.frame, []) if event["network.protocol"] == message.protocol
    ]


def _mine(evidence: Evidence, difference: Difference) -> Event:
    return evidence.events[difference.message][0]


def unknown_word(evidence: Evidence, difference: Difference) -> bool:
    """A method or command that nobody's list has."""
    unknown = {f"{difference.message.protocol}.unknown_{what}" for what in ("method", "command")}
    return bool(unknown.intersection(_mine(evidence, difference).get("flaws", ())))


def not_a_message(evidence: Evidence, difference: Difference) -> bool:
    """We told that something cannot be read in this frame."""
    return any(event["operation.name"].startswith("bad_") for event in _in_frame(evidence, difference))


def resp3(evidence: Evidence, difference: Difference) -> bool:
    return any(event.get("redis.reply_type") in RESP3 for event in _in_frame(evidence, difference))


def inline_command(evidence: Evidence, difference: Difference) -> bool:
    return bool(_mine(evidence, difference).get("redis.inline"))


def told_twice(evidence: Evidence, difference: Difference) -> bool:
    """tshark tells a front of the message, and the same again in the frame that has the last of it."""
    message, protocol = difference.message, difference.protocol
    here = evidence.row(message.frame)
    return protocol.by_front and any(
        (said.function, said.kind) == message[2:]
        for row in evidence.rows()[message.frame :]
        if (row.last("tcp.stream"), row.ports) == (here.last("tcp.stream"), here.ports)
        and min(map(int, row.all("tcp.segment")), default=row.frame) <= message.frame
        for said in protocol.theirs(row, protocol.ports)
    )


def more_lines(evidence: Evidence, difference: Difference) -> bool:
    """A further line of a reply: what we told last is a reply of the same code, and nobody asked for another since."""
    message = difference.message
    if message.protocol not in ("ftp", "smtp") or message.kind != "response":
        return False
    stream = evidence.row(message.frame).last("tcp.stream")
    said = (
        event
        for number in range(message.frame, 0, -1)
        if evidence.row(number).last("tcp.stream") == stream
        for event in reversed(evidence.by_frame.get(number, []))
    )
    last = next(said, None)
    return last is not None and str(last.get(f"{message.protocol}.reply_code")) == message.function


def head_answer(evidence: Evidence, difference: Difference) -> bool:
    """An answer to HEAD stands before in this frame: its length is of a body that does not come."""
    events = _in_frame(evidence, difference)
    before = events[: events.index(_mine(evidence, difference))]
    return any(event["operation.name"] == "head" and event["message.kind"] == "response" for event in before)


def by_front(evidence: Evidence, difference: Difference) -> bool:
    """The other has the same message in another frame: we in one of those that tshark put together, tshark in the one
    that has the last of it.
    """
    message = difference.message
    for other in evidence.differences:
        if other.only == difference.only or other.message._replace(frame=message.frame) != message:
            continue
        ours, theirs = (message, other.message) if difference.only == "ours" else (other.message, message)
        cut = any(flaw.endswith(CUT) for flaw in evidence.events[ours][0].get("flaws", ()))
        if (difference.protocol.by_front or cut) and str(ours.frame) in evidence.row(theirs.frame).all("tcp.segment"):
            return True
    return False


def body_taken_for_a_head(evidence: Evidence, difference: Difference) -> bool:
    """tshark reads the same message when it joins bodies, in the frame that has the last of it."""
    message, protocol = difference.message, difference.protocol
    if not protocol.joined:
        return False
    return any(
        (said.function, said.kind) == message[2:]
        for row in evidence.rows((*run.IN_ORDER, *protocol.joined))
        if row.frame == message.frame or str(message.frame) in row.all("tcp.segment")
        for said in protocol.theirs(row, protocol.ports)
    )


def literal(evidence: Evidence, difference: Difference) -> bool:
    """A command of IMAP goes on in a literal: we told it in this frame or before, or tshark did and we tell it here."""
    message = difference.message
    if message.protocol != "imap" or message.kind != "request":
        return False
    ports = evidence.row(message.frame).ports
    if difference.only == "ours":
        told = [each.message for each in evidence.differences if each.only == "tshark"]
        return any(
            each.frame < message.frame and each[1:] == message[1:] and evidence.row(each.frame).ports == ports
            for each in told
        )
    return _follows(evidence, message.frame, ports) or any(
        each.only == "ours" and each.message.frame > message.frame and literal(evidence, each)
        for each in evidence.differences
    )


def _follows(evidence: Evidence, frame: int, ports: tuple[int | None, int | None]) -> bool:
    """What we told last in this direction is a mail that comes in a literal."""
    before = [
        event
        for number in range(frame, 0, -1)
        if evidence.row(number).ports == ports
        for event in evidence.by_frame.get(number, [])
    ]
    return bool(before) and before[0]["operation.name"] == "append"
