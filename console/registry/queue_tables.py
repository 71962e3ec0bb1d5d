"""What is done to the queue to the parents, inside somebody's transaction; what it promises: `federation.queue`.

`federation.spool_tables` does the same to a sensor's file, one statement a record. Here a batch is a handful of
statements, because the server may be a network away.

Who changes the queue first takes its one row of counts and keeps it until the commit: of several processes one is in
here at a time, so places and bytes are exact, and a seq that is larger was committed later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, exists, func, select, update

from console.registry.tables import upward, upward_dead, upward_parent, upward_pending, upward_record
from federation import queue
from federation.queue import DeadRow, ParentState, Queued, Verdict
from sensor.schema import Record

log = logging.getLogger(__name__)
AT_ONCE = 500
"""names or numbers in one question"""


@dataclass
class _Counts:
    place: int
    bytes: int
    receipts: int


@dataclass(frozen=True)
class _Known:
    """A record that has a row."""

    seq: int
    revision: int
    size: int
    answered: bool
    """by every parent: it has no body any more"""


def _hold(connection: Connection) -> _Counts:
    """Wait for our turn and have it until the commit."""
    row = connection.execute(select(upward.c.place, upward.c.bytes, upward.c.receipts).with_for_update()).one()
    return _Counts(*row)


def _keep(connection: Connection, counts: _Counts) -> None:
    connection.execute(update(upward).values(place=counts.place, bytes=counts.bytes, receipts=counts.receipts))


def _names(connection: Connection) -> list[str]:
    return sorted(connection.execute(select(upward_parent.c.name)).scalars())


def waiting_bytes(connection: Connection) -> int:
    return int(connection.execute(select(upward.c.bytes)).scalar_one())


def add_parents(connection: Connection, parents: Sequence[str]) -> None:
    """Queue for these parents too; a new one is owed all that still waits for another."""
    if set(parents) <= set(_names(connection)):
        return
    counts = _hold(connection)
    known = _names(connection)
    for name in parents:
        if name in known:
            continue
        connection.execute(
            upward_parent.insert().values(
                name=name, failures=0, retry_at_ns=0, problem="", last_answer_ns=0, answered=0, refused=0
            )
        )
        owed = select(bindparam("parent", name), upward_record.c.seq, upward_record.c.seq).where(
            upward_record.c.body.is_not(None)
        )
        connection.execute(upward_pending.insert().from_select(["parent", "seq", "place"], owed))
    _keep(connection, counts)


def keep_parents(connection: Connection, parents: Sequence[str]) -> dict[str, int]:
    """Queue for no other parent than these, and return what was let go: name → records that still waited for it."""
    if set(_names(connection)) <= set(parents):
        return {}
    counts = _hold(connection)
    gone: dict[str, int] = {}
    for name in sorted(set(_names(connection)) - set(parents)):
        gone[name] = connection.execute(delete(upward_pending).where(upward_pending.c.parent == name)).rowcount
        connection.execute(delete(upward_parent).where(upward_parent.c.name == name))
    _settle(connection, counts, upward_record.c.body.is_not(None))
    _forget(connection, counts)
    _keep(connection, counts)
    return gone


def append(connection: Connection, records: Sequence[tuple[Record, bytes]], only: str | None = None) -> int:
    """Queue records, each with its bytes, for every parent; returns how many were new or newer. `only`: for this
    parent alone, as an answer is for the one who asked."""
    newest: dict[tuple[str, str], tuple[Record, bytes]] = {}
    for record, body in records:
        before = newest.get(record.key[:2])
        if before is None or before[0].revision < record.revision:
            newest[record.key[:2]] = (record, body)
    if not newest or not _names(connection):
        return 0
    counts = _hold(connection)
    parents = [name for name in _names(connection) if only in (None, name)]
    if not parents:
        return 0
    known = _known(connection, list(newest))
    added, changed = [], []
    places: dict[int, int] = {}
    known_seqs: set[int] = set()
    for name, (record, body) in newest.items():
        row = known.get(name)
        if row is not None and row.revision >= record.revision:
            continue
        counts.place += 1
        counts.bytes += len(body) - (0 if row is None or row.answered else row.size)
        values = {"revision": record.revision, "size": len(body), "body": body}
        if row is None:
            # A place is given once, so that it can be the number of what it was first given to.
            added.append({**values, "seq": counts.place, "origin": name[0], "id": name[1]})
            places[counts.place] = counts.place
        else:
            counts.receipts -= row.answered
            changed.append({**values, "changed": row.seq})
            places[row.seq] = counts.place
            known_seqs.add(row.seq)
    if added:
        connection.execute(upward_record.insert(), added)
    if changed:
        connection.execute(update(upward_record).where(upward_record.c.seq == bindparam("changed")), changed)
    _line_up(connection, parents, places, known_seqs)
    _keep(connection, counts)
    return len(places)


def _known(connection: Connection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], _Known]:
    wanted = set(names)
    found: dict[tuple[str, str], _Known] = {}
    ids = [record_id for _, record_id in names]
    answered = case((upward_record.c.body.is_(None), 1), else_=0).label("answered")
    columns = [upward_record.c[name] for name in ("seq", "origin", "id", "revision", "size")]
    for start in range(0, len(ids), AT_ONCE):
        part = upward_record.c.id.in_(ids[start : start + AT_ONCE])
        for row in connection.execute(select(*columns, answered).where(part)):
            if (row.origin, row.id) in wanted:
                found[row.origin, row.id] = _Known(row.seq, row.revision, row.size, bool(row.answered))
    return found


def _line_up(connection: Connection, parents: Sequence[str], places: dict[int, int], known: set[int]) -> None:
    """Put records at the end of each parent's line, unless they stand in it already."""
    there: set[tuple[str, int]] = set()
    seqs = sorted(known)
    for start in range(0, len(seqs), AT_ONCE):
        part = upward_pending.c.seq.in_(seqs[start : start + AT_ONCE])
        there |= {(row.parent, row.seq) for row in connection.execute(select(upward_pending).where(part))}
    rows = [
        {"parent": parent, "seq": seq, "place": place}
        for parent in parents
        for seq, place in places.items()
        if (parent, seq) not in there
    ]
    if rows:
        connection.execute(upward_pending.insert(), rows)


def take(connection: Connection, parent: str, limit: int, max_bytes: int) -> list[Queued]:
    """The next records for a parent, in order, at least one if any waits. Taking changes nothing."""
    sizes = connection.execute(
        select(upward_record.c.seq, upward_record.c.size)
        .join(upward_pending, upward_pending.c.seq == upward_record.c.seq)
        .where(upward_pending.c.parent == parent)
        .order_by(upward_pending.c.place)
        .limit(limit)
    ).all()
    seqs: list[int] = []
    room = max_bytes
    for seq, size in sizes:
        room -= size
        if seqs and room < 0:
            break
        seqs.append(seq)
    rows = connection.execute(
        select(upward_record).where(upward_record.c.seq.in_(seqs), upward_record.c.body.is_not(None))
    )
    found = {row.seq: Queued(row.seq, (row.origin, row.id, row.revision), bytes(row.body)) for row in rows}
    return [found[seq] for seq in seqs if seq in found]


def answer(connection: Connection, parent: str, verdicts: Sequence[Verdict], now_ns: int) -> None:
    """Write down what a parent answered; bodies that no parent waits for any more are let go."""
    counts = _hold(connection)
    seqs = [verdict.queued.seq for verdict in verdicts]
    revisions = select(upward_record.c.seq, upward_record.c.revision).where(upward_record.c.seq.in_(seqs))
    now = {seq: revision for seq, revision in connection.execute(revisions)}
    done = [item.queued.seq for item in verdicts if now.get(item.queued.seq) == item.queued.key[2]]
    connection.execute(delete(upward_pending).where(upward_pending.c.parent == parent, upward_pending.c.seq.in_(done)))
    letters = [
        {
            "parent": parent, "origin": item.queued.key[0], "id": item.queued.key[1], "revision": item.queued.key[2],
            "reason": item.rejected, "at_ns": now_ns, "body": item.queued.body,
        }
        for item in verdicts
        if item.rejected is not None
    ]  # fmt: skip
    if letters:
        connection.execute(upward_dead.insert(), letters)
        _forget_letters(connection)
    _settle(connection, counts, and_(upward_record.c.seq.in_(done), upward_record.c.body.is_not(None)))
    _forget(connection, counts)
    _keep(connection, counts)
    connection.execute(
        update(upward_parent)
        .where(upward_parent.c.name == parent)
        .values(
            answered=upward_parent.c.answered + len(verdicts) - len(letters),
            refused=upward_parent.c.refused + len(letters),
            last_answer_ns=now_ns,
            failures=0,
            retry_at_ns=0,
            problem="",
        )
    )


def _settle(connection: Connection, counts: _Counts, which: ColumnElement[bool]) -> None:
    """Let the bodies go that nobody waits for."""
    waits = exists().where(upward_pending.c.seq == upward_record.c.seq)
    rows = connection.execute(select(upward_record.c.seq, upward_record.c.size).where(which, ~waits)).all()
    for start in range(0, len(rows), AT_ONCE):
        part = [row.seq for row in rows[start : start + AT_ONCE]]
        connection.execute(update(upward_record).where(upward_record.c.seq.in_(part)).values(body=None))
    counts.bytes -= sum(row.size for row in rows)
    counts.receipts += len(rows)


def _forget(connection: Connection, counts: _Counts) -> None:
    """Bound the receipts, the oldest going first."""
    extra = counts.receipts - queue.KEEP_RECEIPTS
    if extra > 0:
        oldest = (
            select(upward_record.c.seq).where(upward_record.c.body.is_(None)).order_by(upward_record.c.seq).limit(extra)
        )
        counts.receipts -= connection.execute(
            delete(upward_record).where(upward_record.c.seq.in_(oldest.scalar_subquery()))
        ).rowcount


def _forget_letters(connection: Connection) -> None:
    newest = connection.execute(select(func.max(upward_dead.c.number))).scalar_one()
    old = delete(upward_dead).where(upward_dead.c.number <= newest - queue.KEEP_DEAD_LETTERS)
    gone = connection.execute(old).rowcount
    if gone:
        log.warning("%d dead letters are forgotten: more than %d are kept of no kind", gone, queue.KEEP_DEAD_LETTERS)


def defer(connection: Connection, parent: str, seqs: Sequence[int]) -> None:
    """Move records a parent gave no answer for to the end of its line, so that they hold up nobody."""
    counts = _hold(connection)
    moved = [{"moved": seq, "place": counts.place + number} for number, seq in enumerate(seqs, 1)]
    if moved:
        mine = and_(upward_pending.c.parent == parent, upward_pending.c.seq == bindparam("moved"))
        connection.execute(update(upward_pending).where(mine), moved)
    counts.place += len(moved)
    _keep(connection, counts)


def failed(connection: Connection, parent: str, problem: str, retry_at_ns: int) -> None:
    connection.execute(
        update(upward_parent)
        .where(upward_parent.c.name == parent)
        .values(failures=upward_parent.c.failures + 1, retry_at_ns=retry_at_ns, problem=problem)
    )


def revive(connection: Connection, parent: str) -> int:
    """Queue a parent's dead letters again (after its or our mistake was repaired). Returns how many.

    Raises:
        ValueError: nothing is queued for such a parent.
    """
    _hold(connection)
    if parent not in _names(connection):
        raise ValueError(f"{parent!r} is no parent; those there are: {', '.join(_names(connection)) or 'none'}")
    letters = connection.execute(
        select(upward_dead).where(upward_dead.c.parent == parent).order_by(upward_dead.c.number)
    ).all()
    records = [(Record.from_bytes(bytes(row.body)), bytes(row.body)) for row in letters]
    append(connection, records, parent)
    counts = _hold(connection)
    known = _known(connection, [record.key[:2] for record, _ in records])
    places: dict[int, int] = {}
    for record, body in records:
        row = known.get(record.key[:2])
        if row is None or row.revision != record.revision or row.seq in places:
            continue
        counts.place += 1
        places[row.seq] = counts.place
        if row.answered:
            counts.bytes += len(body)
            counts.receipts -= 1
            again = update(upward_record).where(upward_record.c.seq == row.seq)
            connection.execute(again.values(body=body, size=len(body)))
    _line_up(connection, [parent], places, set(places))
    connection.execute(delete(upward_dead).where(upward_dead.c.parent == parent))
    _keep(connection, counts)
    return len(letters)


def state_of(connection: Connection, parent: str) -> ParentState:
    """Raises KeyError: there is no such parent."""
    row = connection.execute(select(upward_parent).where(upward_parent.c.name == parent)).first()
    if row is None:
        raise KeyError(parent)
    return ParentState(
        parent, row.failures, row.retry_at_ns, row.problem, row.last_answer_ns, row.answered, row.refused
    )


def pending(connection: Connection) -> dict[str, int]:
    """Parent → records that wait for its answer."""
    number = select(func.count()).where(upward_pending.c.parent == upward_parent.c.name).scalar_subquery()
    rows = connection.execute(select(upward_parent.c.name, number).order_by(upward_parent.c.name))
    return {name: int(waiting) for name, waiting in rows}


def dead_letters(connection: Connection, limit: int) -> list[DeadRow]:
    """What parents refused, the newest first."""
    rows = connection.execute(select(upward_dead).order_by(upward_dead.c.number.desc()).limit(limit))
    return [DeadRow(row.number, row.parent, (row.origin, row.id, row.revision), row.reason, row.at_ns) for row in rows]
