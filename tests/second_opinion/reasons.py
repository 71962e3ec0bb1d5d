"""What may explain a difference, each checked on the difference itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from testbed import manifest
from tests.captures import ROOT
from tests.second_opinion import office, run
from tests.second_opinion.compare import Difference, Evidence
from tests.second_opinion.message import Event, Message

MANIFEST = ROOT / "pcaps" / "manifest.yml"

Check = Callable[[Evidence, Difference], bool]

BROKEN_HEADERS = frozenset(
    {
        "modbus.protocol_id",
        "modbus.bad_length",
        "opcua.bad_length",
        "s7comm.short_header",
        "s7comm.rosctr",
        "tpkt.bad_header",
        "tds.bad_packet",
        "postgresql.bad_message",
        "redis.bad_element",
    }
)
"""Flaws of what comes before a message's content: where it ends, or whose it is."""
BAD = 0
"""tshark's `checksum.status` of a wrong one"""

SYN = 0
"""relative sequence number of the segment that opens a direction; without one, tshark counts the first it sees as 1"""


def _event(evidence: Evidence, difference: Difference) -> Event:
    return evidence.events[difference.message][0]


def _told(evidence: Evidence, difference: Difference) -> tuple[tuple[str, ...], frozenset[int]]:
    """How to tell tshark on which port we found the message: nothing to tell where it looks by itself."""
    protocol, port = difference.protocol, int(_event(evidence, difference)["server.port"])
    if port in protocol.ports or not protocol.decode_as:
        return (), frozenset()
    return (protocol.decode_as.format(port=port),), frozenset({port})


def _as_many(evidence: Evidence, difference: Difference, theirs: Counter[Message]) -> bool:
    """Asked otherwise, tshark has the message as often as we have."""
    return theirs[difference.message] >= evidence.our_messages[difference.message]


def other_port(evidence: Evidence, difference: Difference) -> bool:
    """tshark called the bytes nothing, and reads the same message when told the protocol of the port."""
    decode, ports = _told(evidence, difference)
    if not decode or evidence.row(difference.message.frame).layers[-1] not in ("tcp", "data"):
        return False
    return _as_many(evidence, difference, evidence.messages(decode=decode, ports=ports))


def bytes_lost(evidence: Evidence, difference: Difference) -> bool:
    """tshark reads the same message when it does not wait for bytes of the stream that never come."""
    decode, ports = _told(evidence, difference)
    return _as_many(evidence, difference, evidence.messages((), decode, ports))


def _is_wrong(evidence: Evidence, frame: int) -> bool:
    row = evidence.row(frame, run.CHECKSUMS)
    return BAD in (row.number("tcp.checksum.status"), row.number("udp.checksum.status"))


def wrong_checksum(evidence: Evidence, difference: Difference) -> bool:
    """Of the frame, or of another one in which a part of the message came."""
    frame = difference.message.frame
    parts = map(int, evidence.row(frame).all("tcp.segment"))
    return any(_is_wrong(evidence, each) for each in (frame, *parts))


def wrong_checksum_before(evidence: Evidence, difference: Difference) -> bool:
    """tshark took a segment of this direction that no receiver took, and follows the lengths and numbers in it."""
    frame = difference.message.frame
    return not _is_wrong(evidence, frame) and any(
        _is_wrong(evidence, row.frame) for row in evidence.direction_before(frame)
    )


def cut(evidence: Evidence, difference: Difference) -> bool:
    """The capture does not have all bytes of the frame."""
    row = evidence.row(difference.message.frame)
    return (row.number("frame.cap_len") or 0) < (row.number("frame.len") or 0)


def broken_header(evidence: Evidence, difference: Difference) -> bool:
    return all(BROKEN_HEADERS.intersection(event.get("flaws", ())) for event in evidence.events[difference.message])


def after_broken_header(evidence: Evidence, difference: Difference) -> bool:
    """tshark has found no message in this direction since one whose header is broken: it waits for what that claims."""
    protocol, here = difference.protocol, evidence.by_frame[difference.message.frame]
    if any(
        BROKEN_HEADERS.intersection(event.get("flaws", ()))
        for event in here[: here.index(_event(evidence, difference))]
    ):
        return True
    for row in evidence.direction_before(difference.message.frame):
        events = evidence.by_frame.get(row.frame, [])
        if any(BROKEN_HEADERS.intersection(event.get("flaws", ())) for event in events):
            return True
        if any(protocol.theirs(row, protocol.ports)):
            return False
    return False


def joined_in_the_middle(evidence: Evidence, difference: Difference) -> bool:
    """The capture begins inside the connection, and tshark has found no message in this direction yet."""
    protocol = difference.protocol
    before = list(evidence.direction_before(difference.message.frame))
    opened = any(row.number("tcp.seq") == SYN for row in before)
    return not opened and not any(said for row in before for said in protocol.theirs(row, protocol.ports))


def malformed(evidence: Evidence, difference: Difference) -> bool:
    """tshark gave up in this frame, at a message in which we found a flaw."""
    frame = difference.message.frame
    flawed = any(event.get("flaws") for event in evidence.by_frame.get(frame, []))
    return flawed and bool(evidence.row(frame).all("_ws.malformed"))


def never_seen_before(evidence: Evidence, difference: Difference) -> bool:
    """tshark passes over a segment as sent again (it saw the other side acknowledge it, or numbers beyond it, before);
    at least some of its bytes were not in any frame before.
    """
    row = evidence.row(difference.message.frame)
    if not any(
        row.all(f"tcp.analysis.{word}") for word in ("retransmission", "spurious_retransmission", "out_of_order")
    ):
        return False
    start, length = row.number("tcp.seq") or 0, row.number("tcp.len") or 0
    seen = sorted(
        (first, first + (before.number("tcp.len") or 0))
        for before in evidence.direction_before(row.frame)
        if (first := before.number("tcp.seq")) is not None
    )
    for first, end in seen:
        if first <= start < end:
            length -= end - start
            start = end
    return length > 0


def acknowledgement(evidence: Evidence, difference: Difference) -> bool:
    """An S7 acknowledgement without data: the other's differs in the function alone."""
    message = difference.message
    other = {
        each.message
        for each in evidence.differences
        if each.only != difference.only and each.message._replace(function=message.function) == message
    }
    return message.kind == "acknowledgement" and bool(other)


def serial_framing(evidence: Evidence, difference: Difference) -> bool:
    """Modbus in the frames of a serial line: our message of that frame says so, and has the sum that belongs to it."""
    frame = difference.message.frame
    ours = [event for message, events in evidence.events.items() if message.frame == frame for event in events]
    return any(event.get("modbus.framing") in ("rtu", "ascii") for event in ours)


def not_opened(evidence: Evidence, difference: Difference) -> bool:
    """The message lies in a layer that we do not open, or in a tunnel that goes by its source port."""
    layers = evidence.row(difference.message.frame).layers
    return bool({"ah", "nsh", "cmd"} & set(layers)) or layers.count("udp") > 1


def port_alone(evidence: Evidence, difference: Difference) -> bool:
    """tshark went by port or EtherType, and the content is not the protocol's: it says so, or we made the capture of
    what nobody reads.
    """
    if evidence.row(difference.message.frame).last("_ws.malformed"):
        return True
    made = [entry for entry in manifest.load(MANIFEST) if MANIFEST.parent / entry["path"] == evidence.capture]
    return any(not entry["protocols"] for entry in made)


CHECKS: dict[str, dict[str, Check]] = {
    "ours": {
        "serial_framing": serial_framing,
        "broken_header": broken_header,
        "acknowledgement": acknowledgement,
        "unknown_word": office.unknown_word,
        "inline_command": office.inline_command,
        "resp3": office.resp3,
        "head_answer": office.head_answer,
        "by_front": office.by_front,
        "literal": office.literal,
        "malformed": malformed,
        "never_seen_before": never_seen_before,
        "other_port": other_port,
        "body_taken_for_a_head": office.body_taken_for_a_head,
        "bytes_lost": bytes_lost,
        "after_broken_header": after_broken_header,
        "wrong_checksum_before": wrong_checksum_before,
        "joined_in_the_middle": joined_in_the_middle,
    },
    "tshark": {
        "serial_framing": serial_framing,
        "not_opened": not_opened,
        "cut": cut,
        "wrong_checksum": wrong_checksum,
        "acknowledgement": acknowledgement,
        "not_a_message": office.not_a_message,
        "more_lines": office.more_lines,
        "told_twice": office.told_twice,
        "resp3": office.resp3,
        "by_front": office.by_front,
        "literal": office.literal,
        "port_alone": port_alone,
    },
}
"""by who alone has the message; cheap ones first"""
