"""A site's filters: hits of named rules that are known and wanted there, taken out without changing the rules.

```yaml
filters:
  - id: backup-server-reads-blocks          # counts hang on it
    rules: [S7 Block Upload]                # titles or ids
    when: {client.ip: 10.0.5.7, server.ip|cidr: 10.0.6.0/24}
    person: 王工
    reason: nightly backup of the programs, work order 2026-118
    until: "2026-12-31"                     # the last day, in UTC, by the time of the packets
```

What is taken out is counted by filter and rule (`Engine.suppressed`) and in the ledger (`hits_suppressed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.rules.document import Entry, Malformed, Node, read
from detectors.rules.model import Expression, Problem, Rule, RuleError, RuleSet
from detectors.rules.selection import Reader
from detectors.rules.vocabulary import Vocabulary, suggestion, vocabulary

KEYS = ("id", "rules", "when", "person", "reason", "until")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Part:
    """The filter as it reads for the rules of one protocol."""

    rules: tuple[str, ...]
    condition: Expression


@dataclass(frozen=True)
class SiteFilter:
    id: str
    parts: tuple[Part, ...]
    person: str
    reason: str
    until: str
    until_ns: int
    """Packet time from which on it takes nothing out."""


def with_filters(rules: RuleSet, path: Path | str | None, known: Vocabulary | None = None) -> RuleSet:
    """The rules with the filters of that file (none: as they are).

    Raises:
        RuleError: with every problem of the file.
    """
    if not path:
        return rules
    reader = _FiltersReader(Path(path), rules, known or vocabulary())
    filters = reader.read()
    if reader.problems:
        raise RuleError(reader.problems)
    return replace(rules, filters=filters)


class _FiltersReader:
    def __init__(self, path: Path, rules: RuleSet, known: Vocabulary) -> None:
        self._path, self._rules, self._known = path, rules, known
        self.problems: list[Problem] = []

    def _complain(self, line: int, message: str) -> None:
        self.problems.append(Problem(self._path, line, message))

    def read(self) -> tuple[SiteFilter, ...]:
        try:
            node = read(self._path.read_text(encoding="utf-8"))
        except Malformed as error:
            self._complain(error.line, error.message)
            return ()
        except (OSError, UnicodeDecodeError):
            self._complain(1, "cannot be read as UTF-8; name a file of filters")
            return ()
        items = node.value.get("filters") if isinstance(node.value, dict) and len(node.value) == 1 else None
        if items is None or not isinstance(items.node.value, list):
            self._complain(node.line, "a file of filters is a map with one key, filters, and a list under it")
            return ()
        found = [one for item in items.node.value if (one := self._filter(item)) is not None]
        for name in {one.id for one in found if sum(other.id == one.id for other in found) > 1}:
            self._complain(items.line, f"two filters are called {name}; counts hang on the name")
        return tuple(found)

    def _filter(self, node: Node) -> SiteFilter | None:
        entries = node.value if isinstance(node.value, dict) else {}
        missing = [key for key in KEYS if key not in entries]
        unknown = [key for key in entries if key not in KEYS]
        if missing or unknown:
            way = f"lacks {', '.join(missing)}" if missing else f"has an unknown {unknown[0]}"
            self._complain(node.line, f"a filter {way}; its keys are {', '.join(KEYS)}")
            return None
        texts = {key: entries[key].node.value for key in ("id", "person", "reason", "until")}
        for key, value in texts.items():
            if not isinstance(value, str) or not value.strip():
                self._complain(entries[key].line, f"{key} must be text")
                return None
        if not _ID.match(str(texts["id"])):
            self._complain(entries["id"].line, f"id {texts['id']!r} is not written like backup-server")
        until_ns = self._until(entries["until"])
        parts = self._parts(self._named(entries["rules"]), entries["when"])
        if until_ns is None or parts is None:
            return None
        said = {key: str(value).strip() for key, value in texts.items()}
        return SiteFilter(parts=parts, until_ns=until_ns, **said)

    def _until(self, entry: Entry) -> int | None:
        text = str(entry.node.value)
        try:
            if not _DAY.match(text):
                raise ValueError(text)
            end = datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1)
        except (ValueError, OverflowError):
            self._complain(entry.line, f'until {text!r} is no day; write the last one like "2026-12-31"')
            return None
        return max(0, int(end.timestamp())) * 10**9

    def _named(self, entry: Entry) -> list[Rule]:
        nodes = entry.node.value if isinstance(entry.node.value, list) else [entry.node]
        by_name: dict[Any, Rule] = {rule.title.casefold(): rule for rule in self._rules}
        by_name |= {rule.id: rule for rule in self._rules}
        found = []
        for node in nodes:
            name = str(node.value)
            rule = by_name.get(name) or by_name.get(name.casefold())
            if rule is None:
                hint = suggestion(name, [rule.title for rule in self._rules])
                self._complain(node.line, f"no rule {name} is loaded{hint or '; name its title or its id'}")
            else:
                found.append(rule)
        return found

    def _parts(self, rules: Iterable[Rule], when: Entry) -> tuple[Part, ...] | None:
        """One part for each protocol: a field is read as it is there."""
        ids: dict[str, list[str]] = {}
        for rule in rules:
            ids.setdefault(rule.protocol, []).append(rule.id)
        parts = []
        for protocol, of_protocol in ids.items():
            before = len(self.problems)
            condition = Reader(protocol, self._known, self._complain, self._rules.lists).selection("when", when)
            if condition is None or len(self.problems) > before:
                return None
            parts.append(Part(tuple(of_protocol), condition))
        return tuple(parts)
