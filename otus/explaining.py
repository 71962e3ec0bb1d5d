"""What each room made of one packet: an ordinary replay up to it, and a little beyond."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.rules import Rule, RuleSet
    from sensor._core import Batch, Engine, Hit

Json = dict[str, Any]

BEYOND = 200_000
"""packets read after the one asked for, in search of its answer, its completion and its window"""
STEP = 1_000
"""packets between two looks at whether everything was found"""

FLAGS = ((0x02, "SYN"), (0x10, "ACK"), (0x08, "PSH"), (0x01, "FIN"), (0x04, "RST"), (0x20, "URG"))
"""RFC 9293, 3.1."""


@dataclass
class Replay:
    """One engine that is read in portions; every alert that was opened so far is remembered."""

    engine: Engine
    ledger: Json = field(default_factory=dict)
    opened: list[Hit] = field(default_factory=list)
    done: bool = False

    def read(self, packets: int, each: Callable[[Batch], None] | None = None) -> None:
        """Read so many packets, or to the end: a poll may come back early."""
        until = self.received + packets
        while not self.done and self.received < until:
            batch = self.engine.poll(until - self.received)
            self.ledger, self.done = batch.ledger, batch.done
            self.opened += [hit for hit in batch.hits if hit.kind == "first"]
            if each is not None:
                each(batch)

    @property
    def received(self) -> int:
        return int(self.ledger.get("received", 0))


def explain(file: Path, number: int, replay: Replay, rules: RuleSet, window_ns: int, asked: Rule | None) -> Json:
    """The rooms' statements, by room, in the order of a packet's path.

    Raises:
        ValueError: the file ends before that packet.
    """
    from sensor._core import look

    headers = look(file, number)
    if headers is None:
        raise ValueError(f"{file}: ends before packet {number}")
    replay.read(number - 1)
    before = replay.ledger
    lines, listed = list[Json](), list[Json]()

    def take(batch: Batch) -> None:
        lines.extend(json.loads(line) for line in batch.events.splitlines())
        listed.extend(json.loads(line) for line in batch.listing.splitlines())

    replay.read(1, take)
    account = difference(before, replay.ledger)
    events = [event for event in lines if event.get("frame.number") == number]
    causes = [line for line in listed if line.get("frame.number") == number]
    later = Later(number, headers, events, account, window_ns)
    while not (replay.done or later.found or replay.received >= number + BEYOND):
        replay.read(STEP, later.take)
    return {
        "file": file.name,
        "packet": number,
        "tap": {name: headers[name] for name in ("ts_ns", "offset", "wire_bytes", "captured_bytes", "link")},
        "frame": _frame(headers),
        "flow": _flow(headers, events, later, account),
        "protocol": {"messages": events, "completed_by": later.completed_by},
        "pairing": _pairing(events, later),
        "rules": [_matched(cause, rules) for cause in causes if cause["cause"].startswith("rule:")],
        "asked": None if asked is None else _asked(asked, events, rules),
        "baseline": {
            "facts": {name: value for event in events[:1] for name, value in event.items() if name.startswith("link.")},
            "deviations": [cause["cause"] for cause in causes if not cause["cause"].startswith("rule:")],
        },
        "window": later.window,
        "alerts": [_alert(cause, replay.opened) for cause in causes],
        "ledger": account,
    }


class Later:
    """What only later packets tell: the answer to a request, the end of an unfinished message, the closed window."""

    def __init__(self, number: int, headers: Json, events: list[Json], account: Json, window_ns: int) -> None:
        self._number, self._headers, self._events = number, headers, events
        self._wants_answer = any(event.get("message.kind") == "request" for event in events)
        self._wants_end = not events and account.get("held", 0) > 0
        self._wants_neighbour = not events and headers.get("source_port") is not None
        self._wants_window = window_ns > 0 and bool(events)
        self.answer: Json | None = None
        self.completed_by: int | None = None
        self.window: Json | None = None
        self.neighbour: Json | None = None

    @property
    def found(self) -> bool:
        return not (
            (self._wants_answer and self.answer is None)
            or (self._wants_neighbour and self.neighbour is None)
            or (self._wants_end and self.completed_by is None)
            or (self._wants_window and self.window is None)
        )

    def take(self, batch: Batch) -> None:
        for line in batch.events.splitlines():
            self._message(json.loads(line))
        if self._wants_window and self.window is None:
            self._windows(batch)

    def _message(self, event: Json) -> None:
        if self.answer is None and event.get("request.frame.number") == self._number:
            self.answer = event
        ends = ("source.ip", "source.port", "destination.ip", "destination.port")
        ours = [self._headers[name] for name in ("source", "source_port", "destination", "destination_port")]
        theirs = [event.get(name) for name in ends]
        if theirs in (ours, ours[2:] + ours[:2]) and self.neighbour is None:
            self.neighbour = event
        if self._wants_end and self.completed_by is None and theirs == ours and "frame.number" in event:
            self.completed_by = event["frame.number"]  # the end of a conversation is told by no packet

    def _windows(self, batch: Batch) -> None:
        event, ts_ns = self._events[0], self._headers["ts_ns"]
        for row, key in enumerate(batch.windows.keys()):
            _, client, server, protocol, start_ns, end_ns = key[:6]
            mine = (client, server) == (event["client.ip"], event["server.ip"]) and start_ns <= ts_ns < end_ns
            if mine and self.window is None:
                values = memoryview(batch.windows.matrix).cast("d")
                names = batch.windows.columns
                features = dict(zip(names, values[row * len(names) : (row + 1) * len(names)].tolist(), strict=True))
                self.window = {"protocol": protocol, "start_ns": start_ns, "end_ns": end_ns, "features": features}


def difference(before: Json, after: Json) -> Json:
    """What one packet changed in the account: class → packets, without what stayed."""
    changed: Json = {}
    for name in ("parsed", "held", "events", "hits"):
        changed[name] = after[name] - before.get(name, 0)
    for name in ("skipped", "lost", "notes"):
        for reason, count in after[name].items():
            changed[f"{name}.{reason}"] = count - before.get(name, {}).get(reason, 0)
    return {name: count for name, count in changed.items() if count}


def _frame(headers: Json) -> Json:
    known = ("ethertype", "vlan", "source_mac", "destination_mac", "source", "destination", "transport")
    more = ("source_port", "destination_port", "payload_bytes", "missing_bytes", "skipped")
    found = {name: headers[name] for name in (*known, *more) if headers.get(name) is not None}
    if headers["around"]:
        found["around"] = headers["around"]
    if "flags" in headers:
        found["flags"] = [name for bit, name in FLAGS if headers["flags"] & bit]
        found |= {name: headers[name] for name in ("sequence", "acknowledgement")}
    return found


PLACES = {
    "skipped.retransmission": "seen_before",
    "skipped.no_payload": "nothing_to_read",
    "notes.gaps": "after_a_gap",
    "held": "waits",
    "parsed": "next",
}
"""Where the packet's bytes stand in its stream, by what it changed in the account; the first that fits."""


def _flow(headers: Json, events: list[Json], later: Later, account: Json) -> Json:
    if headers.get("source_port") is None:
        return {}
    known = [event for event in (*events, later.neighbour, later.answer) if event is not None]
    client = f"{known[0]['client.ip']}:{known[0].get('client.port', '')}" if known else None
    place = next((place for name, place in PLACES.items() if account.get(name, 0) > 0), None)
    return {"client": client, "place": place}


def _pairing(events: list[Json], later: Later) -> Json:
    found: Json = {}
    for event in events:
        if "request.frame.number" in event:
            found["request"] = event["request.frame.number"]
            found["latency_ns"] = event.get("event.duration")
    if later.answer is None and any(event.get("message.kind") == "request" for event in events):
        found["response"] = None
    if later.answer is not None:
        found["response"] = later.answer["frame.number"]
        found["outcome"] = later.answer.get("event.outcome")
        found["latency_ns"] = later.answer.get("event.duration")
    return found


def _matched(cause: Json, rules: RuleSet) -> Json:
    rule = rules.by_id(cause["rule_id"])
    found = {"id": cause["rule_id"], "title": "" if rule is None else rule.title}
    return found if rule is None or rule.correlation is None else found | {"correlation": str(rule.correlation)}


def _asked(rule: Rule, events: list[Json], rules: RuleSet) -> list[Json]:
    """For each message whether the rule fires, and else what keeps it from it."""
    from detectors.rules.model import checks
    from detectors.rules.naive import first_failure, matches

    statements = []
    for event in events:
        # One message alone is no hit of a rule that counts: here it fits or does not.
        verb = "fires" if rule.correlation is None else "counts"
        statement: Json = {"rule": rule.title, verb: matches(rule, event, rules.lists)}
        if rule.correlation is not None:
            statement["correlation"] = str(rule.correlation)
        if event["network.protocol"] != rule.protocol:
            statement |= {"why": "protocol", "expected": rule.protocol, "found": event["network.protocol"]}
        elif rule.needs_baseline and not any(name.startswith("link.") for name in event):
            statement["why"] = "baseline"
        elif (check := first_failure(rule.condition, event, rules.lists)) is not None:
            inside = [name for name, part in rule.selections.items() if any(one is check for one in checks(part))]
            statement |= {"why": "condition", "selection": inside[0] if inside else None, "field": check.field}
            statement |= {"operator": check.operator, "expected": list(check.values), "found": event.get(check.field)}
        statements.append(statement)
    return statements


def _alert(cause: Json, opened: list[Hit]) -> Json:
    """The alert that this hit opened or was counted into."""
    ends = {cause.get("source.ip"), cause.get("destination.ip")}
    for hit in reversed(opened):
        if hit.cause == cause["cause"] and {side[0] for side in (hit.client, hit.server) if side} <= ends:
            return {"cause": hit.cause, "id": hit.id, "opened_by": hit.frame}
    return {"cause": cause["cause"], "id": None, "opened_by": None}
