"""Hold the alerts of an enterprise console against the ground truth: what was seen, what was missed, who was wronged.

Works on records as they travel (dicts with `origin`, `id` and `body`). It needs clear addresses, so give it the
records of the 企业 tier; above it, look for the same (origin, id).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from testbed.attacker import BY_ID
from testbed.commands import RangeError
from testbed.hosts import HOSTS

ACTIONS_FILE = Path(__file__).with_name("actions.yml")
TIERS = ("enterprise", "province", "ministry")
HARMFUL_LEVELS = frozenset({"critical", "high", "medium"})
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Expectation:
    """One entry of actions.yml."""

    action: str
    seen_as: tuple[Mapping[str, str], ...]
    technique: tuple[str, ...]
    outcome: str | None
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class TruthLine:
    """One line the attacker wrote: what happened, from when, between whom."""

    time_ns: int
    action: str
    source: str
    target: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """One action and the alerts, as (origin, id), that saw it; none when it was missed."""

    truth: TruthLine
    expectation: Expectation
    seen_by: tuple[tuple[str, str], ...]


@cache
def expectations() -> Mapping[str, Expectation]:
    """actions.yml, checked against the actions there are.

    Raises:
        RangeError: file and actions differ.
    """
    raw = yaml.safe_load(ACTIONS_FILE.read_text(encoding="utf-8"))["actions"]
    if unlike := set(raw) ^ set(BY_ID):
        raise RangeError(f"{ACTIONS_FILE.name} and testbed/attacker.py differ in: {', '.join(sorted(unlike))}")
    return {
        action: Expectation(
            action, tuple(entry["seen_as"]), tuple(entry["technique"]), entry.get("outcome"), tuple(entry["tiers"])
        )
        for action, entry in raw.items()
    }


def read_truth(path: Path) -> list[TruthLine]:
    return [TruthLine(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def judge(truth: Iterable[TruthLine], records: Collection[Record]) -> list[Verdict]:
    """For each action the alerts that saw it: same two hosts, not before its time, and as actions.yml expects."""
    alerts = [record for record in records if record.get("kind", "alert") == "alert"]
    verdicts = []
    for line in truth:
        expectation = expectations()[line.action]
        seen = tuple(
            (str(alert["origin"]), str(alert["id"]))
            for alert in alerts
            if _between(alert["body"], line) and any(_fits(alert["body"], wish) for wish in expectation.seen_as)
        )
        verdicts.append(Verdict(line, expectation, seen))
    return verdicts


def wronged(truth: Iterable[TruthLine], records: Collection[Record]) -> list[Record]:
    """Alerts of level medium or above whose client is a host that did nothing: false alarms."""
    guilty = {line.source for line in truth} | {host.address for host in HOSTS if host.hostile}
    return [
        record
        for record in records
        if record.get("kind", "alert") == "alert"
        and record["body"]["level"] in HARMFUL_LEVELS
        and _culprit(record["body"]) not in guilty
    ]


def _between(body: Mapping[str, Any], line: TruthLine) -> bool:
    """A connection's hosts in either role: an answer, or a job of the PLC's own, points the other way.

    `last_ns` and not `first_ns`: an incident that began with an earlier action may still hold this one.
    """
    ends = {_ip(body, role) for role in ("client", "server", "source", "destination")} - {None}
    return ends <= {line.source, line.target} and line.source in ends and int(body["last_ns"]) >= line.time_ns


def _fits(body: Mapping[str, Any], wish: Mapping[str, str]) -> bool:
    known = {"detector": body["detector"], "cause": body["cause"], "rule": body["title"]["en"]}
    return all(known[key] == value for key, value in wish.items())


def _culprit(body: Mapping[str, Any]) -> str | None:
    return _ip(body, "client") or _ip(body, "source")


def _ip(body: Mapping[str, Any], role: str) -> str | None:
    end = body.get(role)
    return None if not end else end.get("ip")
