"""What is done to the spool's tables, inside somebody's transaction.

A sensor has them in a file of their own (`federation.spool.Spool`); a console has them in its store's file, so that
keeping a record and queueing it for the parents is one commit.

`spool_pending` says which parents still owe an answer for the newest revision of a record, in the order in which they
will be asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from federation import queue
from federation.queue import Queued, Verdict
from federation.spool_schema import HEARTBEAT_RANK, add_meta, meta, rank_of, set_meta
from sensor.schema import Record


def add_parents(db: sqlite3.Connection, parents: Sequence[str]) -> None:
    """Queue for these parents too; a new one is owed all that still waits for another."""
    known = _parents(db)
    for name in parents:
        if name not in known:
            db.execute("INSERT INTO spool_parent (name) VALUES (?)", (name,))
            db.execute("INSERT INTO spool_pending SELECT ?, seq, seq FROM spool_record WHERE body IS NOT NULL", (name,))
    top = db.execute("SELECT coalesce(max(place), 0) FROM spool_pending").fetchone()[0]
    set_meta(db, "place", max(meta(db, "place"), int(top)))


def keep_parents(db: sqlite3.Connection, parents: Sequence[str]) -> dict[str, int]:
    """Queue for no other parent than these, and return what was let go: name → records that still waited for it."""
    gone: dict[str, int] = {}
    for name in sorted(_parents(db) - set(parents)):
        gone[name] = db.execute("DELETE FROM spool_pending WHERE parent = ?", (name,)).rowcount
        db.execute("DELETE FROM spool_parent WHERE name = ?", (name,))
    if gone:
        _settle(db, [row[0] for row in db.execute("SELECT seq FROM spool_record WHERE body IS NOT NULL")])
    return gone


def _parents(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT name FROM spool_parent")}


def append(db: sqlite3.Connection, records: Iterable[Record]) -> int:
    """Queue records for every parent and return how many were new or newer. Without a parent nothing is queued.

    Raises:
        RecordError: a record cannot be written as JSON; the caller's transaction must be undone.
    """
    return append_written(db, ((record, record.to_bytes()) for record in records))


def append_written(db: sqlite3.Connection, records: Iterable[tuple[Record, bytes]], only: str | None = None) -> int:
    """The same for records that were put into bytes already, which costs more than all else here. `only`: for this
    parent alone, as an answer is for the one who asked."""
    parents = sorted(_parents(db) if only is None else _parents(db) & {only})
    if not parents:
        return 0
    newest: dict[tuple[str, str], tuple[Record, bytes]] = {}
    for record, body in records:
        before = newest.get(record.key[:2])
        if before is None or before[0].revision < record.revision:
            newest[record.key[:2]] = (record, body)
    place, grown, last = meta(db, "place"), 0, _last_seq(db)
    added: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    lines: list[tuple[str, int, int]] = []
    for name, (record, body) in newest.items():
        row = db.execute(
            "SELECT seq, revision, CASE WHEN body IS NULL THEN 0 ELSE size END FROM spool_record"
            " WHERE origin = ? AND id = ?",
            name,
        ).fetchone()
        if row is not None and row[1] >= record.revision:
            continue
        values = (record.revision, rank_of(record), len(body), body)
        if row is None:
            last += 1
            added.append((last, *name, *values))
        else:
            changed.append((*values, row[0]))
        grown += len(body) - (0 if row is None else row[2])
        place += 1
        lines += [(parent, last if row is None else row[0], place) for parent in parents]
    # A table at a time: its pages stay at hand.
    db.executemany(
        "INSERT INTO spool_record (seq, origin, id, revision, rank, size, body) VALUES (?, ?, ?, ?, ?, ?, ?)", added
    )
    db.executemany("UPDATE spool_record SET revision = ?, rank = ?, size = ?, body = ? WHERE seq = ?", changed)
    db.executemany("INSERT OR IGNORE INTO spool_pending VALUES (?, ?, ?)", lines)
    set_meta(db, "place", place)
    add_meta(db, "bytes", grown)
    return len(added) + len(changed)


def _last_seq(db: sqlite3.Connection) -> int:
    """The highest number ever given: SQLite itself would go on behind it."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'spool_record'").fetchone()
    return 0 if row is None else int(row[0])


def give_up(db: sqlite3.Connection, max_bytes: int) -> int:
    """Drop unsent records until the rest fits: least severe first, among equals the oldest. Returns how many.

    The newest heartbeat stays: it is what tells the parent that records were dropped.
    """
    excess, dropped = meta(db, "bytes") - max_bytes, 0
    if excess <= 0:
        return 0
    keep = db.execute(
        "SELECT coalesce(max(seq), 0) FROM spool_record WHERE rank = ? AND body IS NOT NULL", (HEARTBEAT_RANK,)
    ).fetchone()[0]
    rows = db.execute(
        "SELECT seq, rank, size FROM spool_record WHERE body IS NOT NULL AND seq <> ? ORDER BY rank, seq", (keep,)
    )
    gone: list[tuple[int, int, int]] = []
    for row in rows:
        if excess <= 0:
            break
        gone.append(row)
        excess -= row[2]
    rows.close()
    for seq, rank, size in gone:
        db.execute("DELETE FROM spool_pending WHERE seq = ?", (seq,))
        db.execute("DELETE FROM spool_record WHERE seq = ?", (seq,))
        add_meta(db, "bytes", -size)
        add_meta(db, f"dropped.{rank}", 1)
        dropped += 1
    return dropped


def take(db: sqlite3.Connection, parent: str, limit: int, max_bytes: int) -> list[Queued]:
    """The next records for a parent, in order, at least one if any waits. Taking changes nothing."""
    rows = db.execute(
        "SELECT r.seq, r.origin, r.id, r.revision, r.body FROM spool_pending p JOIN spool_record r ON r.seq = p.seq"
        " WHERE p.parent = ? ORDER BY p.place LIMIT ?",
        (parent, limit),
    )
    batch: list[Queued] = []
    room = max_bytes
    for seq, origin, record_id, revision, body in rows:
        room -= len(body)
        if batch and room < 0:
            break
        batch.append(Queued(seq, (origin, record_id, revision), body))
    return batch


def answer(db: sqlite3.Connection, parent: str, verdicts: Sequence[Verdict], now_ns: int) -> None:
    """Write down what a parent answered; bodies that no parent waits for any more are let go."""
    refused = 0
    for verdict in verdicts:
        seq, (origin, record_id, revision) = verdict.queued.seq, verdict.queued.key
        db.execute(
            "DELETE FROM spool_pending WHERE parent = ? AND seq = ?"
            " AND (SELECT revision FROM spool_record WHERE seq = ?) = ?",
            (parent, seq, seq, revision),
        )
        if verdict.rejected is not None:
            refused += 1
            rank = db.execute("SELECT rank FROM spool_record WHERE seq = ?", (seq,)).fetchone()
            db.execute(
                "INSERT INTO spool_dead (parent, origin, id, revision, reason, at_ns, rank, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    parent,
                    origin,
                    record_id,
                    revision,
                    verdict.rejected,
                    now_ns,
                    rank[0] if rank else 0,
                    verdict.queued.body,
                ),
            )
    _settle(db, [verdict.queued.seq for verdict in verdicts])
    _forget(db)
    db.execute(
        "UPDATE spool_parent SET answered = answered + ?, refused = refused + ?, last_answer_ns = ? WHERE name = ?",
        (len(verdicts) - refused, refused, now_ns, parent),
    )


def defer(db: sqlite3.Connection, parent: str, seqs: Sequence[int]) -> None:
    """Move records a parent gave no answer for to the end of its queue, so that they hold up nobody."""
    place = meta(db, "place")
    for seq in seqs:
        place += 1
        db.execute("UPDATE spool_pending SET place = ? WHERE parent = ? AND seq = ?", (place, parent, seq))
    set_meta(db, "place", place)


def revive(db: sqlite3.Connection, parent: str) -> int:
    """Queue a parent's dead letters again (after its or our mistake was repaired). Returns how many.

    Raises:
        ValueError: nothing is queued for such a parent.
    """
    if parent not in _parents(db):
        raise ValueError(f"{parent!r} is no parent; those there are: {', '.join(sorted(_parents(db))) or 'none'}")
    rows = db.execute("SELECT number, body FROM spool_dead WHERE parent = ? ORDER BY number", (parent,)).fetchall()
    place = meta(db, "place")
    for number, body in rows:
        record = Record.from_bytes(body)
        append_written(db, [(record, body)], parent)
        place = max(place, meta(db, "place")) + 1
        row = db.execute(
            "SELECT seq, revision, body FROM spool_record WHERE origin = ? AND id = ?", record.key[:2]
        ).fetchone()
        if row is not None and row[1] == record.revision:
            if row[2] is None:
                db.execute("UPDATE spool_record SET body = ?, size = ? WHERE seq = ?", (body, len(body), row[0]))
                add_meta(db, "bytes", len(body))
            db.execute("INSERT OR IGNORE INTO spool_pending VALUES (?, ?, ?)", (parent, row[0], place))
        db.execute("DELETE FROM spool_dead WHERE number = ?", (number,))
    set_meta(db, "place", place)
    return len(rows)


def _settle(db: sqlite3.Connection, seqs: Sequence[int]) -> None:
    freed = 0
    for seq in seqs:
        row = db.execute(
            "UPDATE spool_record SET body = NULL WHERE seq = ? AND body IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM spool_pending WHERE seq = ?) RETURNING size",
            (seq, seq),
        ).fetchone()
        if row is not None:
            freed += row[0]
    add_meta(db, "bytes", -freed)


def _forget(db: sqlite3.Connection) -> None:
    """Bound what is kept of the past: receipts and dead letters, the oldest going first."""
    extra = db.execute("SELECT count(*) FROM spool_record WHERE body IS NULL").fetchone()[0] - queue.KEEP_RECEIPTS
    if extra > 0:
        db.execute(
            "DELETE FROM spool_record WHERE seq IN"
            " (SELECT seq FROM spool_record WHERE body IS NULL ORDER BY seq LIMIT ?)",
            (extra,),
        )
    extra = db.execute("SELECT count(*) FROM spool_dead").fetchone()[0] - queue.KEEP_DEAD_LETTERS
    if extra > 0:
        db.execute(
            "DELETE FROM spool_dead WHERE number IN (SELECT number FROM spool_dead ORDER BY number LIMIT ?)", (extra,)
        )
        add_meta(db, "dead_letters_forgotten", extra)
