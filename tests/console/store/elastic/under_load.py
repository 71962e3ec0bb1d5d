"""Several senders at once, and what each was told is kept."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from console.store import Status
from console.store.elastic.store import ElasticStore
from tests.federation.line_records import alert

WORKERS, BATCH = 3, 40
Acknowledged = dict[tuple[str, str], int]
"""the last revision by origin and id"""


@contextmanager
def senders(store: ElasticStore) -> Iterator[Acknowledged]:
    """They send until the block ends: new incidents, and each time a later revision of those of the batch before. None
    of them may have failed."""
    acknowledged: Acknowledged = defaultdict(int)
    stop = threading.Event()
    failed: list[BaseException] = []

    def load(worker: int) -> None:
        number = worker * 10**6
        try:
            while not stop.wait(0.5 if store._drain.away else 0.05):
                batch = [alert(number + extra, revision=1) for extra in range(BATCH)]
                batch += [alert(number - extra - 1, revision=2) for extra in range(BATCH) if number % 10**6]
                for answer in store.merge(batch, "plant"):
                    assert answer.status in (Status.STORED, Status.DUPLICATE), answer
                    name = (answer.origin, answer.id)
                    acknowledged[name] = max(acknowledged[name], answer.revision)
                number += BATCH
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=load, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
