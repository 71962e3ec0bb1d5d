"""Moving all that a console keeps from one store into another: `otus store migrate`, see docs/stores.md.

The source is not changed and stays as it is. The target is filled batch by batch, and with each batch it says how far
it is; whoever is stopped in the middle goes on from there. In the end the target is read back and compared, by number
and by a digest over every row. Only then can a console open it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from console.store import StoreError
from console.store.moving.rows import HEARD, RECORD, Tally
from console.store.moving.sides import FACTS, Source, State, Target

SAY_EVERY_S = 5.0

Say = Callable[[str], None]
"""told one line about the progress"""


@dataclass(frozen=True)
class Moved:
    """What stands in both, and how many remarks of the source have no place in the target."""

    tally: Tally
    unread: tuple[str, ...]


def migrate(source: Source, target: Target, say: Say, *, anew: bool = False) -> Moved:
    """Fill the target and compare. `anew`: throw away a half-finished move, also one from elsewhere.

    Raises:
        StoreError: the target holds something else, or is not the same in the end; the source is as it was.
    """
    mark = source.mark()
    state = target.state()
    if state is not None and (anew or not _goes_on(state, source, target, mark, say)):
        target.clear()
        state = None
    if state is None:
        state = State(source.identity, source.name, mark, [], Tally())
    unread: list[str] = []
    if not state.read:
        state = _fill(source, target, state, unread, say)
        target.put([], state := replace(state, read=True))
    _compare(target, state, say)
    target.settle()
    return Moved(state.tally, tuple(unread))


def _goes_on(state: State, source: Source, target: Target, mark: str, say: Say) -> bool:
    if state.source != source.identity:
        raise StoreError(
            f"{target.name}: holds half of a move from {state.name}; finish that one, or throw it away with"
            " --begin-anew"
        )
    if state.mark != mark:
        say(f"a console was at {source.name} since the move was stopped: it begins anew")
        return False
    say(f"goes on after {state.tally.records:,} records")
    return True


def _fill(source: Source, target: Target, state: State, unread: list[str], say: Say) -> State:
    progress = _Progress("moved", source.expected(), state.tally.records, say)
    for batch in source.batches(state.place):
        rows = []
        for row in batch.rows:
            if row.part == FACTS and FACTS not in target.keeps:
                unread.append(row.said[0])
            elif row.part.startswith(RECORD) or row.part == HEARD or row.part in target.keeps:
                rows.append(row)
                state.tally.add(row)
        state = state.at(batch.place)
        target.put(rows, state)
        progress.at(state.tally.records)
    return state


def _compare(target: Target, state: State, say: Say) -> None:
    found = Tally()
    progress = _Progress("compared", state.tally.records, 0, say)
    for batch in target.source().batches([]):
        for row in batch.rows:
            found.add(row)
        progress.at(found.records)
    wrong = list(state.tally.differences(found))
    if wrong:
        raise StoreError(
            f"{target.name}: is not what was moved ({'; '.join(wrong)}); the source is as it was: give the command"
            " again with --begin-anew"
        )


class _Progress:
    def __init__(self, what: str, whole: int, begun: int, say: Say) -> None:
        self._what, self._whole, self._begun, self._say = what, whole, begun, say
        self._started_s = self._said_s = time.monotonic()

    def at(self, number: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s < SAY_EVERY_S:
            return
        self._said_s = now_s
        rate = (number - self._begun) / max(now_s - self._started_s, 0.001)
        left_s = (self._whole - number) / rate if rate > 0 else 0
        self._say(
            f"{self._what} {number:,} of {self._whole:,} records ({100 * number // max(self._whole, 1)} %),"
            f" {rate:,.0f}/s, {max(left_s, 0) / 60:,.0f} min left"
        )
