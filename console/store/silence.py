"""Who is heard and who is silent, worked out from what a store and the registry know: the same for every store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

from console.store import EnrolledNode
from console.store.rows import NAMED
from sensor.schema import Ledger
from sensor.schema.shape import MAX_INT

Silence = tuple[int, int, tuple[str, ...]]
"""(all, silent ones, the first names of these)"""


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
