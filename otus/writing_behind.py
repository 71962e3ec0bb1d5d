"""A table that is written on a thread of its own while the core reads on."""

from __future__ import annotations

import threading
from queue import Queue
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from otus.tables import Table
    from sensor._core import Batch

WAITING = 2
"""Batches between the core and the file: what bounds memory. More would only wait longer."""


class Behind:
    """Hands batches to `table` in their order. What goes wrong there is raised at the next `put`, or by `keep`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._queue: Queue[Batch | None] = Queue(WAITING)
        self._thread = threading.Thread(target=self._write, name="otus-events")
        self._failed: BaseException | None = None

    def __enter__(self) -> Self:
        self._table.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._table.__exit__(kind, error, trace)

    def put(self, batch: Batch) -> None:
        self._raise()
        self._queue.put(batch)

    def keep(self) -> None:
        self._end()
        self._raise()
        self._table.keep()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self._failed is None:
                try:
                    self._table.put(batch)
                except BaseException as error:  # told where the reading is done
                    self._failed = error
