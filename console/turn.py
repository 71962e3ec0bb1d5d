"""Whose turn it is: of all processes that could do a piece of work, the one that does it."""

from __future__ import annotations

import fcntl
import logging
import time
from pathlib import Path
from typing import IO, Protocol

from console.registry import RegistryError
from console.registry.leases import Lease, Leases

log = logging.getLogger(__name__)


class Turn(Protocol):
    """Asked for again and again: whether it is ours, and whether it still is."""

    check_s: float
    """how often to ask"""

    def take(self) -> bool:
        """Take it or keep it. False: it is another's, or it cannot be known, and the work must rest."""
        ...

    def give_back(self) -> None: ...


class FileTurn:
    """A lock on a file of this machine; the kernel gives it back when its holder dies, at once and without a clock.

    For a queue that is itself a file it is the better one: it cannot run out under a process that is merely slow.
    """

    check_s = 2.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        if self._file is not None:
            return True
        file = self._path.open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def give_back(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class LeaseTurn:
    """A lease in the registry, for consoles on several machines."""

    def __init__(self, leases: Leases, name: str, seconds: float = 30.0) -> None:
        self._leases, self._name, self._seconds = leases, name, seconds
        self.check_s = seconds / 4
        self._lease: Lease | None = None
        self._until_s = 0.0

    @property
    def lease(self) -> Lease | None:
        """What is held; its number is the fence of what is done."""
        return self._lease

    def take(self) -> bool:
        held, asked_s = self._lease, time.monotonic()
        try:
            if held is None:
                self._lease = self._leases.acquire(self._name, self._seconds)
            else:
                self._lease = self._leases.renew(held, self._seconds)
            self._until_s = asked_s + self._seconds
        except RegistryError as error:
            # Ours for as long as nobody else can have it: until it would be asked for once more too late.
            if held is not None and time.monotonic() + self.check_s >= self._until_s:
                log.error("%s rests: %s", self._name, error)
                self._lease = None
        return self._lease is not None

    def give_back(self) -> None:
        if self._lease is not None:
            try:
                self._leases.release(self._lease)
            except RegistryError as error:
                log.warning("%s is free only when its lease ends: %s", self._name, error)
            self._lease = None
