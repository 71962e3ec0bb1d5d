"""What a console does every so often, by one of its processes for all; and what each does once, at its start."""

from __future__ import annotations

import logging
import threading

from console.registry.jobs import Job
from console.state import ConsoleState
from console.store import Store, StoreError
from console.store.sqlite import SqliteStore
from federation.database import CHECK_BELOW_BYTES

log = logging.getLogger(__name__)

TIDY_EVERY_S = 600
EXPIRE_EVERY_S, EXPIRE_AGAIN_S = 86_400, 3600


def jobs_of(here: ConsoleState) -> tuple[Job, ...]:
    """Every scheduled job of a console."""

    def forget_logins() -> None:
        here.sessions.forget_ended()
        here.users.forget_attempts()

    def expire() -> None:
        """Retention and the proof of it. A run that is ended in the middle is whole as far as it came."""
        done = False
        while not done:
            expired = here.store.expire(here.clock.now_ns())
            done = expired.done
            if expired.incidents or expired.others:
                log.warning("retention: %d incidents and %d other records went", expired.incidents, expired.others)
        for remark in here.store.health().remarks:
            log.error("the store: %s %s", remark.code, dict(remark.parameters))

    return (
        Job("forget_logins", TIDY_EVERY_S, forget_logins),
        Job("expire", EXPIRE_EVERY_S, expire, retry_s=EXPIRE_AGAIN_S),
    )


def check_at_start(store: Store) -> threading.Thread | None:
    """A large file was not read through when it was opened: that is done now, beside all else."""
    if not isinstance(store, SqliteStore) or store.path.stat().st_size <= CHECK_BELOW_BYTES:
        return None

    def check() -> None:
        try:
            store.check_file()
        except StoreError as error:
            log.error("%s", error)

    thread = threading.Thread(target=check, name="check", daemon=True)
    thread.start()
    return thread
