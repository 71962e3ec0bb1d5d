"""What indicators come to: values by kind, combinations that no list can hold, and an account of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from detectors.imports.indicators.kinds import BY_NAME, kind_of, name, why_unseen
from detectors.imports.indicators.pattern import Alternative, Term
from detectors.rules.lists import MAX_ENTRIES

MAX_COMBINED = 10_000
"""Combinations of several values: they stand in rules, which a person reads."""
LISTED, COMBINED, EXPIRED, REVOKED, EARLY, DOUBTFUL, NOT = (
    "listed", "combined", "expired", "revoked", "early", "doubtful", "not")  # fmt: skip
_CONVERSATION = {"network-traffic:dst_port": "server.port", "network-traffic:src_port": "client.port"}
_SIDES = {"network-traffic:dst_ref.value": "server.ip", "network-traffic:src_ref.value": "client.ip"}


@dataclass(frozen=True)
class Outcome:
    """One indicator: where it stands, what came of it, and why not all of it."""

    place: str
    id: str
    state: str
    reason: str = ""

    def __str__(self) -> str:
        words = {
            LISTED: "listed",
            COMBINED: "in a rule of its own",
            EXPIRED: "left out, expired",
            REVOKED: "left out, revoked",
            EARLY: "left out, not valid yet",
            DOUBTFUL: "left out, too little confidence",
            NOT: "not taken",
        }
        return f"{self.place}: {words[self.state]}" + (f": {self.reason}" if self.reason else "")

    def to_json(self) -> dict[str, str]:
        return {"place": self.place, "id": self.id, "state": self.state, "reason": self.reason}


@dataclass(frozen=True)
class Bounds:
    """`at`: the moment that validity is held against; `least_confidence`: of STIX, 0 to 100."""

    at: datetime
    least_confidence: int = 0


@dataclass
class Collected:
    """`values`: kind → value → where it is from, the first of several. `combined`: protocol → cases of checks."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)
    combined: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    folded: int = 0
    """values that were there already"""
    guesses: Counter[str] = field(default_factory=Counter)

    def say(self, place: str, identity: str, state: str, reason: str = "") -> None:
        self.outcomes.append(Outcome(place, identity, state, " ".join(reason.split())[:300]))

    def add(self, kind: str, text: str, source: str) -> bool:
        """Into the list of that kind. False: it is no such value, or the list is full."""
        value = BY_NAME[kind].written(text)
        there = self.values.setdefault(kind, {})
        if value is None or (value not in there and len(there) >= MAX_ENTRIES):
            return False
        self.folded += value in there
        there.setdefault(value, source)
        return True

    def add_url(self, text: str) -> tuple[bool, str]:
        """Host and path of a URL: whether it was taken, and what is to be said of it."""
        try:
            parts = urlsplit(text)
            host = name(parts.hostname or "") or parts.hostname
            port = parts.port
        except ValueError:
            return False, "no URL"
        if parts.scheme.lower() != "http" or not host:
            return False, "only http shows what is asked for; of https its host alone is seen, which others use as well"
        shown = host if port in (None, 80) else f"{host}:{port}"
        problem = self.add_case("http", {"http.host": shown, "http.path": parts.path or "/"})
        return not problem, problem or ("without what stands behind the question mark (broader)" if parts.query else "")

    def add_case(self, protocol: str, checks: dict[str, Any]) -> str:
        cases = self.combined.setdefault(protocol, [])
        if checks in cases[-1000:]:  # repetitions stand close to each other
            self.folded += 1
        elif len(cases) >= MAX_COMBINED:
            return f"more than {MAX_COMBINED} combinations"
        else:
            cases.append(checks)
        return ""

    def take(self, found: Sequence[Alternative], source: str) -> tuple[str, str]:
        """Take the alternatives of one pattern: what came of them, and what could not be taken."""
        states: set[str] = set()
        reasons: list[str] = []
        for terms in found:
            state, why = self._alternative(terms, source)
            states.add(state)
            reasons += [why] if why else []
        state = next((one for one in (COMBINED, LISTED) if one in states), NOT)
        return state, "; ".join(dict.fromkeys(reasons))

    def _alternative(self, terms: Alternative, source: str) -> tuple[str, str]:
        told = [term for term in terms if kind_of(term.path) or term.path in (*_CONVERSATION, "url:value")]
        lost = [f"{term.path}: {why_unseen(term.path)}" for term in terms if term not in told]
        if not told:
            return NOT, "; ".join(lost)
        if lost:
            lost = [f"without {one} (broader)" for one in lost]
        if len(told) == 1 and told[0].path not in _CONVERSATION:
            state, why = self._single(told[0], source)
        else:
            state, why = self._together(told)
        return state, "; ".join([why, *lost] if why else lost)

    def _single(self, term: Term, source: str) -> tuple[str, str]:
        wrong: list[str] = []
        taken = False
        for value in term.values:
            if term.path == "url:value":
                done, said = self.add_url(value)
                taken |= done
                wrong += [f"{value[:60]}: {said}"] if said else []
            elif not self.add(kind_of(term.path) or "", value, source):
                wrong.append(f"{value[:60]!r} is no {term.path}, or its list is full")
            else:
                taken = True
        state = (COMBINED if term.path == "url:value" else LISTED) if taken else NOT
        return state, "; ".join(wrong[:3])

    def _together(self, terms: Sequence[Term]) -> tuple[str, str]:
        """Ends and ports of one conversation."""
        checks: dict[str, Any] = {"operation.name": "ended"}
        for term in terms:
            if term.path in _CONVERSATION:
                if not all(value.isdigit() and int(value) < 65536 for value in term.values):
                    return NOT, f"{term.path} {term.values[0][:20]} is no port"
                key: str = _CONVERSATION[term.path]
                values: list[Any] = [int(value) for value in term.values]
            elif kind_of(term.path) == "addresses":
                found = [BY_NAME["addresses"].written(value) for value in term.values]
                if None in found:
                    return NOT, f"{term.path} {term.values[0][:40]} is no address"
                key, values = f"{_SIDES.get(term.path, 'server.ip')}|cidr", list(found)
            else:
                return NOT, "several kinds of values together are beyond a list"
            if key in checks:
                return NOT, f"two conditions on {term.path}"
            checks[key] = values if len(values) > 1 else values[0]
        if not any(key.endswith("|cidr") for key in checks):
            return NOT, "a port alone tells nobody"
        problem = self.add_case("flow", checks)
        return (NOT if problem else COMBINED), problem
