"""What may explain a difference, each checked on the difference itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from testbed import manifest
from tests.captures import ROOT
from tests.second_opinion import office, run, vnc
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
        "rdp.bad_packet",
        "smb.bad_packet",
        "ssh.bad_packet",
        "tls.bad_record",
        "vnc.bad_version",
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
    event = _event(evidence, difference)
    # Some devices ask the whole network from port 0.
    protocol, port = difference.protocol, int(event["server.port"] or event["client.port"])
    if port in protocol.ports or not protocol.decode_as:
        return (), frozenset()
    return (protocol.decode_as.format(port=port),), frozenset({port})


def _as_many(evidence: Evidence, difference: Difference, theirs: Counter[Message]) -> bool:
    """Asked otherwise, tshark has the message as often as we have."""
    return theirs[difference.message] >= evidence.our_messages[difference.message]


def other_port(evidence: Evidence, difference: Difference) -> bool:
    """tshark called the bytes nothing, and reads the same message when told the protocol of the port."""
    decode, ports = _told(evidence, difference)
    # RDP's server chose TLS: what follows has no TPKT header, and tshark goes on calling it that.
    if not decode or evidence.row(difference.message.frame).layers[-1] not in ("tcp", "udp", "data", "tpkt"):
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


def _flaws(event: Event) -> list[str]:
    """Of the message; what the stream lacks is another matter."""
    return [flaw for flaw in event.get("flaws", ()) if not flaw.startswith("stream.")]


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
    if not evidence.row(difference.message.frame).last("tcp.stream"):
        return False
    before = list(evidence.direction_before(difference.message.frame))
    opened = any(row.number("tcp.seq") == SYN for row in before)
    return not opened and not any(said for row in before for said in protocol.theirs(row, protocol.ports))


def malformed(evidence: Evidence, difference: Difference) -> bool:
    """tshark gave up in this frame, at a message in which we found a flaw."""
    frame = difference.message.frame
    flawed = any(_flaws(event) for event in evidence.by_frame.get(frame, []))
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


def behind_a_gap(evidence: Evidence, difference: Difference) -> bool:
    """The first one behind bytes that nobody captured, inside a segment: tshark looks for none there."""
    if not all("stream.gap" in event.get("flaws", ()) for event in evidence.events[difference.message]):
        return False
    frame, end = difference.message.frame, None
    for row in (*reversed(list(evidence.direction_before(frame))), evidence.row(frame)):
        start = row.number("tcp.seq") or 0
        if end is not None and start > end:
            return True
        end = max(end or 0, start + (row.number("tcp.len") or 0))
    return False


def read_by_its_front(evidence: Evidence, difference: Difference) -> bool:
    """One tells the message when its last byte has come, the other before; tshark names the frames of its parts."""
    message = difference.message
    for other in evidence.differences:
        if other.only == difference.only or other.message._replace(frame=message.frame) != message:
            continue
        early, late = sorted((message.frame, other.message.frame))
        if str(early) in evidence.row(late).all("tcp.segment"):
            return True
    return False


def unread(evidence: Evidence, difference: Difference) -> bool:
    """What is flawed tshark gives no name at all."""
    row = evidence.row(difference.message.frame)
    flawed = all(_flaws(event) for event in evidence.events[difference.message])
    return flawed and not any(difference.protocol.theirs(row, difference.protocol.ports))


def without_negotiation(evidence: Evidence, difference: Difference) -> bool:
    """An RDP call or its answer without what tshark tells RDP from other X.224 by."""
    row = evidence.row(difference.message.frame)
    return difference.message.protocol == "rdp" and row.layers[-1] == "cotp"


def line_before_banner(evidence: Evidence, difference: Difference) -> bool:
    """An SSH server said something before its banner (RFC 4253 4.2): tshark takes the letters for the length of an
    encrypted packet, and finds no banner in this direction.
    """
    frame = difference.message.frame
    rows = (evidence.row(frame), *evidence.direction_before(frame))
    events = [event for row in rows for event in evidence.by_frame.get(row.frame, ())]
    ours = any("ssh.version" in event for event in events)
    return difference.message.protocol == "ssh" and ours and not any(row.all("ssh.protocol") for row in rows)


def turns_and_segments(evidence: Evidence, difference: Difference) -> bool:
    """tshark takes each segment of VNC for one turn: it is lost where a turn comes in two, or two come in one."""
    frame = difference.message.frame
    here = evidence.row(frame)
    stream = here.last("tcp.stream")
    if difference.message.protocol != "vnc" or any(difference.protocol.theirs(here, difference.protocol.ports)):
        return False
    for row in evidence.rows()[:frame]:
        if row.last("tcp.stream") == stream and (length := row.number("tcp.len") or 0):
            wanted = vnc.turn_bytes(evidence.by_frame.get(row.frame, []))
            if wanted not in (None, length):
                return True
    return False


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
        "read_by_its_front": read_by_its_front,
        "without_negotiation": without_negotiation,
        "never_seen_before": never_seen_before,
        "other_port": other_port,
        "body_taken_for_a_head": office.body_taken_for_a_head,
        "bytes_lost": bytes_lost,
        "behind_a_gap": behind_a_gap,
        "after_broken_header": after_broken_header,
        "wrong_checksum_before": wrong_checksum_before,
        "joined_in_the_middle": joined_in_the_middle,
        "line_before_banner": line_before_banner,
        "turns_and_segments": turns_and_segments,
        "unread": unread,
    },
    "tshark": {
        "serial_framing": serial_framing,
        "read_by_its_front": read_by_its_front,
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
        "malformed": malformed,
        "port_alone": port_alone,
    },
}
"""by who alone has the message; cheap ones first"""
