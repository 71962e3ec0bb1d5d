"""Rules about many messages, counted the plain way: the twin of the core's `correlation/`.

Everything that was seen of a key is kept and looked through again for each message. Slow and obvious on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from detectors.rules.model import Correlation, Rule, Step
from detectors.rules.naive import Event, Lists, holds, matches

TIME_JUMP_NS = 3600 * 10**9
"""As in the core: a larger step is a clock that was set (`clock.rs`)."""


@dataclass
class _Seen:
    """A message of one key: when, in which frame, its values, and which steps it fits."""

    now_ns: int
    frame: int
    values: tuple[Any, ...]
    steps: tuple[bool, ...]


@dataclass
class _Key:
    seen: list[_Seen] = field(default_factory=list)
    waits: tuple[int, int] | None = None
    """Until when, and the frame that completed what came."""


class Counting:
    """All events of a run go through `see`, in order; hits come back as the frame that is named for them."""

    def __init__(self, rule: Rule, lists: Lists | None = None) -> None:
        if rule.correlation is None:
            raise ValueError(f"{rule.title} counts nothing")
        self._rule, self._plan, self._lists = rule, rule.correlation, lists
        self._keys: dict[tuple[Any, ...], _Key] = {}

    def see(self, event: Event, now_ns: int) -> list[int]:
        if not matches(self._rule, event, self._lists):
            return []
        key = tuple(event.get(name) for name in ("segment", *self._plan.group_by))
        values = _elements(event.get(self._plan.field)) if self._plan.kind == "distinct" else (None,)
        steps = tuple(holds(step.condition, event, self._lists) for step in self._plan.steps)
        if None in key[1:] or not values:
            return []
        of_key = self._keys.setdefault(key, _Key())
        late = self._late(of_key, now_ns)
        of_key.seen.append(_Seen(now_ns, event.get("frame.number", 0), values, steps))
        return late + self._found(of_key)

    def until(self, now_ns: int) -> list[int]:
        """Engine time has come there: frames of what was waited for in vain."""
        return [frame for of_key in self._keys.values() for frame in self._late(of_key, now_ns)]

    def _late(self, of_key: _Key, now_ns: int) -> list[int]:
        if of_key.waits is None or of_key.waits[0] >= now_ns:
            return []
        frame = of_key.waits[1]
        of_key.waits = None
        return [frame]

    def _found(self, of_key: _Key) -> list[int]:
        latest = of_key.seen[-1]
        within = [seen for seen in of_key.seen if latest.now_ns - seen.now_ns <= self._plan.timespan_ns]
        if self._plan.kind == "count":
            return [latest.frame] if len(within) >= self._plan.at_least else []
        if self._plan.kind == "distinct":
            different = {(type(value) is str, value) for seen in within for value in seen.values}
            return [latest.frame] if len(different) >= self._plan.at_least else []
        after = _behind(self._plan)
        if any(latest.steps[step] for step in after):
            of_key.waits = None
        if not _complete(self._plan, of_key.seen):
            return []
        if not after:
            return [latest.frame]
        if of_key.waits is None:
            within_ns = max(self._plan.steps[step].absent_ns or 0 for step in after)
            of_key.waits = (latest.now_ns + within_ns, latest.frame)
        return []


def _complete(plan: Correlation, seen: list[_Seen]) -> bool:
    """Whether the latest message is the last of the steps that must come, with all others before it."""
    come = [number for number, step in enumerate(plan.steps) if step.absent_ns is None]
    here, last = [len(seen) - 1], seen[-1].now_ns
    if not seen[-1].steps[come[-1]]:
        return False
    for step, next_step in zip(reversed(come[:-1]), reversed(come[1:]), strict=True):
        absent = range(step + 1, next_step)
        before = set()
        for place in here:
            for earlier in range(place - 1, -1, -1):
                if any(seen[earlier + 1].steps[number] for number in absent):
                    break
                if seen[earlier].steps[step] and last - seen[earlier].now_ns <= plan.timespan_ns:
                    before.add(earlier)
        here = sorted(before)
    return any(_begins(plan.steps[: come[0]], seen[: place + 1]) for place in here)


def _begins(absent: Iterable[Step], seen: list[_Seen]) -> bool:
    """Nothing that must not come before came; the message itself, the last of those seen, counts."""
    absent = list(absent)
    within_ns = max((step.absent_ns or 0 for step in absent), default=0)
    lately = [one for one in seen if seen[-1].now_ns - one.now_ns <= within_ns]
    return not any(one.steps[number] for one in lately for number in range(len(absent)))


def _behind(plan: Correlation) -> range:
    """Steps that must not come behind the last that must."""
    last = max(number for number, step in enumerate(plan.steps) if step.absent_ns is None)
    return range(last + 1, len(plan.steps))


def _elements(value: Any) -> tuple[Any, ...]:
    return () if value is None else tuple(value) if isinstance(value, list) else (value,)


class Clock:
    """Engine time, from the times of events."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._offset_ns = 0

    def see(self, event: Mapping[str, Any]) -> int:
        ts_ns = _ns(event["@timestamp"])
        seen = ts_ns + self._offset_ns
        if self.now_ns == 0:
            self.now_ns = ts_ns
        elif abs(seen - self.now_ns) > TIME_JUMP_NS:
            self._offset_ns = self.now_ns - ts_ns
        else:
            self.now_ns = max(self.now_ns, seen)
        return self.now_ns


def _ns(text: str) -> int:
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    return seconds * 10**9 + int(rest.ljust(9, "0")[:9] or 0)


def hits(rules: Iterable[Rule], events: Iterable[Event], lists: Lists | None = None) -> list[tuple[str, int]]:
    """Rule and frame of every single hit of rules about many messages."""
    clock, found = Clock(), []
    counting = [(rule.id, Counting(rule, lists)) for rule in rules if rule.correlation is not None]
    for event in events:
        now_ns = clock.see(event)
        for rule_id, one in counting:
            found += [(rule_id, frame) for frame in one.see(event, now_ns)]
    for rule_id, one in counting:
        found += [(rule_id, frame) for frame in one.until(clock.now_ns)]
    return found
