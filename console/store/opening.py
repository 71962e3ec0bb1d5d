"""Opening the embedded store, also where its file is damaged."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from console.store import StoreError, damage
from console.store.file import StoreDamaged
from console.store.sqlite import SqliteStore

log = logging.getLogger(__name__)


def open_or_set_aside(path: Path, **settings: Any) -> SqliteStore:
    try:
        return SqliteStore(path, **settings)
    except StoreDamaged as error:
        log.error("%s", error)
    try:
        with damage.alone(path):
            aside = damage.set_aside(path, "damaged", time.time_ns())
    except damage.InUse as error:
        raise StoreError(f"{path}: is damaged, and in use by a running console; stop it first") from error
    except OSError as error:
        raise StoreError(f"{path}: is damaged and cannot be set aside: {error.strerror or error}") from None
    log.error("%s: was damaged and is now %s; a fresh store was begun, see docs/stores.md", path, aside)
    return SqliteStore(path, **settings)
