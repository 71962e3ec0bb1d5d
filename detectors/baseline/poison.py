"""Poison guard: what a signature hits while learning does not become normal by itself.

A conversation that a rule of level medium or above hits is marked suspicious, whole: an intruder's reads before the
write that gives him away are his, too. It is kept apart, listed for review, and not normal until a person approves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from detectors.baseline.entries import link_id
from detectors.baseline.review import Suspicion
from detectors.rules.model import DEFAULT_FOLD, Rule, RuleSet
from sensor.schema import Level

LEAST = Level.MEDIUM
MOST = 65_536
"""Hits that are remembered, one a fold; a fold stands for ten minutes at least. Beyond it the message is: look at the
alerts first, there is nothing to learn from."""

Side = tuple[str, int | None, str | None]


class Hit(Protocol):
    """What is asked of the core's hits."""

    @property
    def kind(self) -> str: ...
    @property
    def fold(self) -> int: ...
    @property
    def rule(self) -> int | None: ...
    @property
    def generation(self) -> int: ...
    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def segment(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def frame(self) -> int | None: ...
    @property
    def client(self) -> Side | None: ...
    @property
    def server(self) -> Side | None: ...


@dataclass(frozen=True)
class _Said:
    """What is kept of a rule: it may be gone when learning ends."""

    rule_id: str
    title_zh: str
    title: str
    level: str
    fold: tuple[str, ...]
    timespan_ns: int

    @classmethod
    def of(cls, rule: Rule) -> _Said:
        timespan_ns = rule.correlation.timespan_ns if rule.correlation else 0
        return cls(rule.id, rule.title_zh or rule.title, rule.title, str(rule.level), tuple(rule.fold), timespan_ns)


@dataclass
class _Noted:
    rule: _Said
    segment: str
    protocol: str
    client: str | None
    server: str | None
    first_ns: int
    last_ns: int
    place: str
    frame: int | None

    @property
    def wide(self) -> bool:
        """One hit that stands for several conversations: a scan by one client, a flood of one server."""
        return not set(DEFAULT_FOLD) <= set(self.rule.fold)

    def is_about(self, link: Mapping[str, Any]) -> bool:
        if link["segment"] != self.segment:
            return False
        ends = (link["client"], link["server"])
        if not self.wide:
            return set(ends) == {self.client, self.server}
        # Of all conversations of the one that is named: those that began with it.
        since_ns = self.first_ns - self.rule.timespan_ns
        named = {self.server} if "client.ip" not in self.rule.fold and "server.ip" in self.rule.fold else {self.client}
        began = since_ns <= link["first_ns"] <= self.last_ns
        return (began and bool(named & set(ends))) or set(ends) == {self.client, self.server}


class Guard:
    """Collects hits while something is learned; `rules` are those that the engine has."""

    def __init__(self, rules: RuleSet, rules_of: Callable[[int], RuleSet] | None = None) -> None:
        """`rules_of` says which rules an engine had in a generation, where they may be exchanged meanwhile."""
        self._rules, self._rules_of = rules, rules_of
        self._noted: dict[int, _Noted] = {}
        self.unnoted = 0

    def remember(self) -> list[dict[str, Any]]:
        """For a state that outlives a restart: learning goes on, and so does this."""
        return [{**asdict(noted), "number": number} for number, noted in self._noted.items()]

    def recall(self, remembered: Iterable[Mapping[str, Any]]) -> None:
        """Raises TypeError, LookupError: this is not what `remember` gave."""
        for one in remembered:
            rest = {name: value for name, value in one.items() if name not in ("number", "rule")}
            rule = _Said(**{**one["rule"], "fold": tuple(one["rule"]["fold"])})
            self._noted[int(one["number"])] = _Noted(rule=rule, **rest)

    def take(self, hits: Iterable[Hit]) -> None:
        for hit in hits:
            if (known := self._noted.get(hit.fold)) is not None:
                known.last_ns = max(known.last_ns, hit.last_ns)
            elif hit.kind == "first" and hit.rule is not None:
                rules = self._rules if self._rules_of is None else self._rules_of(hit.generation)
                self._first(hit, rules[hit.rule])

    def _first(self, hit: Hit, rule: Rule) -> None:
        if Level(rule.level).rank < LEAST.rank:
            return
        if len(self._noted) >= MOST:
            self.unnoted += 1
            return
        client, server = (None if side is None else side[0] for side in (hit.client, hit.server))
        self._noted[hit.fold] = _Noted(
            _Said.of(rule), hit.segment, hit.protocol, client, server, hit.first_ns, hit.last_ns, hit.file, hit.frame
        )

    def suspicions(self, document: Mapping[str, Any]) -> tuple[Suspicion, ...]:
        """What is suspicious in a table, each rule once a conversation, in the order of time."""
        by_station: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for link in document["links"]:
            for end in {link["client"], link["server"]}:
                by_station.setdefault((link["segment"], end), []).append(link)
        found: dict[tuple[str, str], Suspicion] = {}
        for noted in sorted(self._noted.values(), key=lambda one: (one.first_ns, one.rule.rule_id)):
            near = [
                link
                for end in dict.fromkeys((noted.client, noted.server))
                if end is not None
                for link in by_station.get((noted.segment, end), [])
                if noted.is_about(link)
            ]
            own = [link for link in near if link["protocol"] == noted.protocol]
            for link in near if noted.wide else own or near:
                said = _suspicion(link_id(link), noted)
                found.setdefault((said.link, said.rule_id), said)
        return tuple(found.values())


def _suspicion(link: str, noted: _Noted) -> Suspicion:
    rule = noted.rule
    title = {"zh": rule.title_zh, "en": rule.title}
    return Suspicion(link, rule.rule_id, title, rule.level, noted.first_ns, noted.place, noted.frame)


@dataclass(frozen=True)
class Unsuspicious:
    """Windows (`sensor._core.Windows`) without those of conversations that are kept apart: the model learns none."""

    of: Any
    kept: Sequence[int]

    @classmethod
    def without(cls, windows: Any, apart: frozenset[str]) -> Any:
        """`apart`: ids of links. The windows themselves where none of them is apart."""
        rows = zip(windows.segments(), windows.clients(), windows.servers(), windows.protocols(), strict=True)
        kept = [place for place, row in enumerate(rows) if link_id(dict(zip(_KEY, row, strict=True))) not in apart]
        return windows if len(kept) == len(windows) else cls(windows, kept)

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def columns(self) -> list[str]:
        return list(self.of.columns)

    @property
    def matrix(self) -> bytes:
        rows = np.frombuffer(self.of.matrix, np.float64).reshape(-1, len(self.of.columns))
        return rows[list(self.kept)].tobytes()

    @property
    def starts(self) -> bytes:
        return self._times(self.of.starts)

    @property
    def ends(self) -> bytes:
        return self._times(self.of.ends)

    def _times(self, data: bytes) -> bytes:
        return np.frombuffer(data, np.uint64)[list(self.kept)].tobytes()

    def segments(self) -> list[str]:
        return self._some(self.of.segments())

    def clients(self) -> list[str]:
        return self._some(self.of.clients())

    def servers(self) -> list[str]:
        return self._some(self.of.servers())

    def protocols(self) -> list[str]:
        return self._some(self.of.protocols())

    def keys(self) -> list[Any]:
        return self._some(self.of.keys())

    def _some(self, rows: Sequence[Any]) -> list[Any]:
        return [rows[place] for place in self.kept]


_KEY = ("segment", "client", "server", "protocol")
