"""Who is heard and who is silent, worked out from what a store and the registry know: the same for every store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest

from console.store import EnrolledNode
from console.store.rows import NAMED, Coverage
from sensor.schema import Below, Ledger
from sensor.schema.shape import MAX_INT

Silence = tuple[int, int, tuple[str, ...]]
"""(all, silent ones, the first names of these)"""


@dataclass(frozen=True)
class Sum:
    """The last heartbeat of a console that sums up the sensors below it."""

    origin: str
    child: str
    heard_ns: int
    below: Below


def speaking(sums: Sequence[Sum], own: Mapping[str, int]) -> list[Sum]:
    """The sums that count. `own` is when a sensor's own heartbeat came last through a child: a child that began to sum
    up, or ceased to, is heard in the way in which it spoke last, and in no other."""
    last: dict[str, int] = {}
    for item in sums:
        last[item.child] = max(item.heard_ns, last.get(item.child, 0))
    return [item for item in sums if last[item.child] >= own.get(item.child, 0)]


def with_sums(alone: Coverage, sums: Sequence[Sum], silent_before_ns: int) -> Coverage:
    """`alone` is of the sensors whose own heartbeats come here, but for its ledger, which is of all. Of a console that
    is silent itself all sensors are, and it is named in their place."""
    late = [item for item in sums if item.heard_ns < silent_before_ns]
    heard = [item for item in sums if item.heard_ns >= silent_before_ns]
    names = [name for item in heard for name in item.below.silent_names] + [item.origin for item in late]
    silent = sum(item.below.silent for item in heard) + sum(item.below.sensors for item in late)
    return replace(
        alone,
        sensors=min(MAX_INT, alone.sensors + sum(item.below.sensors for item in sums)),
        silent_sensors=min(MAX_INT, alone.silent_sensors + silent),
        silent_names=first([*alone.silent_names, *names]),
        without_baseline=min(MAX_INT, alone.without_baseline + sum(item.below.without_baseline for item in sums)),
    )


def below_of(child: str, sums: Iterable[Sum]) -> int:
    """How many sensors stand behind the sums of one child, beyond the lines they have themselves."""
    return sum(item.below.sensors - 1 for item in sums if item.child == child)


def enrolled_sensors(nodes: Sequence[EnrolledNode]) -> set[str]:
    """Sensors that may report here, whether they ever did or not."""
    return {node.name for node in nodes if node.kind == "sensor" and node.revoked_ns is None}


def first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(nsmallest(NAMED, names))


def children(nodes: Sequence[EnrolledNode], seen: Mapping[str, int], silent_before_ns: int) -> Silence:
    """Consoles. A child that was never enrolled here comes from an import; it speaks for others, like a console."""
    kinds = {node.name: node.kind for node in nodes}
    ended = {node.name for node in nodes if node.revoked_ns is not None}
    consoles = {name for name, kind in kinds.items() if kind == "console"} - ended | (seen.keys() - kinds.keys())
    silent = [name for name in consoles if name not in seen or seen[name] < silent_before_ns]
    return len(consoles), len(silent), first(silent)


def ledger(sums: Sequence[float]) -> Ledger:
    """From received, parsed, skipped, lost and held. Sums of what senders counted may be beyond any whole number."""
    received, parsed, skipped, lost, held = (min(int(value), MAX_INT) for value in sums)
    return Ledger(received, parsed, {"all": skipped}, {"all": lost}, held)
