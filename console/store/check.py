"""The deep check of the embedded store: everything kept beside the records is made anew from them and compared.

Reads one steady picture while a console runs. The work is done in a scratch database on the disk, so that memory does
not grow with the store; it takes about as long as the store took to upgrade.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from console.store import StoreError, fulltext, migrations, rollups
from console.store.kept import COLUMNS, Kept
from federation.database import DatabaseError, explain, open_reader

BATCH = 5000
SHOWN = 20
"""differences said one by one; more are only counted"""

Progress = Callable[[int], None]
"""told how many incidents were looked at"""


def check(path: Path, progress: Progress = lambda number: None) -> list[str]:
    """What is wrong, one line each; empty: everything agrees.

    Raises:
        StoreError: there is no store, or it is of another version and was not upgraded yet.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no store here")
    try:
        with closing(open_reader(path)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version != migrations.VERSION or migrations.pending(db):
                raise StoreError(f"{path}: is of store version {version}; start a console once to upgrade it")
            db.execute("PRAGMA query_only=OFF")  # for the scratch tables alone
            _make_scratch(db)
            db.execute("BEGIN")
            found = [*_file(db), *_remake(db, progress), *_compare(db)]
            db.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, path))) from None
    except DatabaseError as error:
        raise StoreError(str(error)) from None
    return found


def _make_scratch(db: sqlite3.Connection) -> None:
    """An empty name is a database on the disk that goes with its connection."""
    db.execute("ATTACH '' AS scratch")
    for table, columns in _COUNTED.items():
        keys = ", ".join(columns)
        db.execute(f"CREATE TABLE scratch.{table} ({keys}, incidents INTEGER, PRIMARY KEY ({keys})) WITHOUT ROWID")
    db.execute("CREATE TABLE scratch.term (term TEXT PRIMARY KEY, documents INTEGER) WITHOUT ROWID")
    db.execute("CREATE VIRTUAL TABLE temp.stored USING fts5vocab(main, search, row)")


_COUNTED = {"tally": ("dimension", "key", "rank"), "rollup": ("dimension", "key", "hour", "rank")}


def _file(db: sqlite3.Connection) -> Iterator[str]:
    for row in db.execute(f"PRAGMA main.integrity_check({SHOWN})"):
        if row[0] != "ok":
            yield f"the file: {' '.join(str(row[0]).split())}"


def _remake(db: sqlite3.Connection, progress: Progress) -> Iterator[str]:
    last = seen = 0
    while True:
        rows = db.execute(
            f"SELECT i.number, {COLUMNS}, coalesce(d.workflow, 'new')"
            " FROM incident i LEFT JOIN decision d USING (number) WHERE i.number > ? ORDER BY i.number LIMIT ?",
            (last, BATCH),
        ).fetchall()
        if not rows:
            break
        sums = rollups.Sums()
        terms: dict[str, int] = {}
        for row in rows:
            kept, workflow = Kept(*row[1:-1]), str(row[-1])
            rollups.change(sums, None, (kept, workflow))
            for term in set(fulltext.document(kept, workflow).split()):
                terms[term] = terms.get(term, 0) + 1
        rollups.write(db, sums, "scratch.")
        db.executemany(
            "INSERT INTO scratch.term VALUES (?, ?)"
            " ON CONFLICT (term) DO UPDATE SET documents = documents + excluded.documents",
            sorted(terms.items()),
        )
        last, seen = rows[-1][0], seen + len(rows)
        progress(seen)
    yield from _records(db)


def _records(db: sqlite3.Connection) -> Iterator[str]:
    """The counts of records by kind, that what retention goes by has a row for each that it may take, and that
    incidents are as their last revision left them."""
    for kind, number in db.execute("SELECT kind, count(*) FROM record GROUP BY kind").fetchall():
        db.execute("INSERT INTO scratch.tally VALUES (?, ?, 0, ?)", (rollups.KIND, kind, number))
    staying = ", ".join(f"'{kind}'" for kind in migrations.STAYING)
    ageless = db.execute(
        "SELECT count(*) FROM record r LEFT JOIN age a USING (number)"
        f" WHERE (a.number IS NULL) = (r.kind NOT IN ({staying}))"
    ).fetchone()[0]
    if ageless:
        yield f"ages: {ageless} records have none, or one too many"
    strayed = db.execute(
        "SELECT count(*) FROM incident i JOIN record r USING (number)"
        " JOIN revision v ON v.number = i.number AND v.revision = r.revision"
        " WHERE (i.count, i.last_ns, i.outcome, i.state) IS NOT (v.count, v.last_ns, v.outcome, v.state)"
    ).fetchone()[0]
    if strayed:
        yield f"revisions: {strayed} incidents are not as their last one says"


def _compare(db: sqlite3.Connection) -> Iterator[str]:
    for table, columns in _COUNTED.items():
        yield from _differences(db, table, f"main.{table}", f"scratch.{table}", (*columns, "incidents"))
    stored = "(SELECT term, doc AS documents FROM temp.stored)"
    yield from _differences(db, "full text", stored, "scratch.term", ("term", "documents"))


def _differences(db: sqlite3.Connection, name: str, stored: str, made: str, columns: tuple[str, ...]) -> Iterator[str]:
    listed = ", ".join(columns)
    for has, lacks, word in ((stored, made, "is wrong"), (made, stored, "is missing")):
        rows = db.execute(f"SELECT {listed} FROM {has} EXCEPT SELECT {listed} FROM {lacks}").fetchall()
        for row in rows[:SHOWN]:
            yield f"{name}: {' '.join(map(str, row))} {word}"
        if len(rows) > SHOWN:
            yield f"{name}: {len(rows) - SHOWN} more like this"
