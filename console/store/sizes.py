"""What each part of the embedded store's file takes."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from console.store import StoreError
from federation.database import DatabaseError, explain, open_reader


@dataclass(frozen=True)
class Sizes:
    incidents: int
    parts: tuple[tuple[str, int], ...]
    """(table or index, bytes), the largest first; the full-text index is one part"""

    @property
    def total(self) -> int:
        return sum(size for _, size in self.parts)


def sizes(path: Path) -> Sizes:
    """Reads the whole file.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no store here")
    try:
        with closing(open_reader(path)) as db:
            parts: dict[str, int] = defaultdict(int)
            for name, size in db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
                parts["search (full text)" if name.startswith("search_") else name] += int(size)
            incidents = int(db.execute("SELECT count(*) FROM incident").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreError(str(explain(error, path))) from None
    except DatabaseError as error:
        raise StoreError(str(error)) from None
    return Sizes(incidents, tuple(sorted(parts.items(), key=lambda part: -part[1])))
