"""What is done every so often, by one process for all: each process asks, one does it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from console.registry.database import Registry
from console.registry.errors import RegistryError
from console.registry.leases import Lease, Leases, this_process
from console.registry.tables import job as table

log = logging.getLogger(__name__)
LOOK_S = 15.0
"""how often a process looks whether something is due"""
MAX_ERROR = 500


@dataclass(frozen=True)
class Job:
    """Work that may be begun again: one that outlasts `longest_s`, or dies, is done once more by another."""

    name: str
    every_s: int
    run: Callable[[], None]
    longest_s: float = 300.0
    retry_s: int | None = None
    """after it failed; None: as often as otherwise"""


@dataclass(frozen=True)
class JobState:
    """How a job went the last time, for an administrator."""

    name: str
    every_s: int
    holder: str
    started_s: int
    finished_s: int | None
    error: str | None


def job_states(registry: Registry) -> list[JobState]:
    """Every job that was ever begun, by name."""
    columns = (table.c.name, table.c.every_s, table.c.holder, table.c.started_s, table.c.finished_s, table.c.error)
    with registry.reading() as connection:
        return [JobState(*row) for row in connection.execute(select(*columns).order_by(table.c.name))]


class Jobs:
    """The thread of one process that does what is due."""

    def __init__(self, registry: Registry, jobs: Sequence[Job], look_s: float = LOOK_S) -> None:
        self._registry, self._jobs, self._look_s = registry, tuple(jobs), look_s
        self._leases = Leases(registry, this_process())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)
        self._away = False

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End after the job under way. Returns whether it ended in time; another process takes it up if not."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                for job in self._jobs:
                    self.run_if_due(job)
                self._away = False
            except RegistryError as error:
                if not self._away:
                    log.error("scheduled jobs wait: %s", error)
                self._away = True
            self._stop.wait(self._look_s)

    def run_if_due(self, job: Job) -> bool:
        """Do a job whose time has come and that nobody else does. Returns whether it was done here."""
        with self._registry.reading() as connection:
            if not self._due(connection, job):
                return False
        lease = self._leases.acquire(f"job:{job.name}", job.longest_s)
        if lease is None or not self._begin(job, lease):
            return False
        error = None
        try:
            job.run()
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"[:MAX_ERROR]
            log.error("job %s failed and is tried again in %d s: %s", job.name, _again(job, True), error)
        self._finish(lease, error)
        return True

    def _due(self, connection: Connection, job: Job) -> bool:
        row = connection.execute(select(table).where(table.c.name == job.name)).first()
        # Begun and never finished: whoever did it holds the lease still, or is dead.
        if row is None or row.finished_s is None:
            return True
        return bool(row.started_s + _again(job, row.error is not None) <= self._registry.now_s(connection))

    def _begin(self, job: Job, lease: Lease) -> bool:
        """Write down that it begins, unless another did it between our look and our lease."""
        with self._registry.transaction() as connection:
            due = self._due(connection, job)
            if due:
                values = {
                    "every_s": job.every_s, "holder": lease.holder, "finished_s": None,
                    "started_s": self._registry.now_s(connection),
                }  # fmt: skip
                connection.execute(
                    self._registry.insert(table)
                    .values(name=job.name, **values)
                    .on_conflict_do_update(index_elements=[table.c.name], set_=values)
                )
        if not due:
            self._leases.release(lease)
        return due

    def _finish(self, lease: Lease, error: str | None) -> None:
        name = lease.name.removeprefix("job:")
        with self._registry.transaction() as connection:
            connection.execute(
                table.update()
                .where(table.c.name == name, table.c.holder == lease.holder)
                .values(finished_s=self._registry.now_s(connection), error=error)
            )
        self._leases.release(lease)


def _again(job: Job, failed: bool) -> int:
    """Seconds from one beginning to the next."""
    return job.retry_s if failed and job.retry_s is not None else job.every_s
