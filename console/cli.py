"""What `otus console run` calls."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from flask import Flask

from console import summed
from console.app import create_app
from console.housekeeping import check_at_start, jobs_of
from console.nodes import Nodes
from console.opening import open_console_registry, open_console_store, open_sessions, open_users, outlet_of
from console.registry import RegistryError, RegistryUnreachable
from console.registry.jobs import Jobs, JobState, job_states
from console.relay import Relay, start_relay
from console.server import ConsoleRefused, Server, listen, url_of
from console.settings import ConsoleSettings
from console.state import state
from console.store import StoreError
from console.users import Role, UserError
from federation.parent import Parent

log = logging.getLogger(__name__)
RETRY_S = 2.0


def prepare(settings: ConsoleSettings) -> None:
    """Make what a console keeps on disk, and find out now what would stop it later.

    Raises:
        ConsoleRefused: with one line for the person who starts it.
    """
    try:
        with closing(open_console_registry(settings)) as registry:
            open_console_store(registry, settings).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConsoleRefused(f"{settings.data_dir}: {reason}; choose another data folder, or mend this one") from None
    except RegistryError as error:
        raise ConsoleRefused(str(error)) from None
    except StoreError as error:
        raise ConsoleRefused(f"{settings.data_dir}: {error}") from None


@dataclass
class _Running:
    """What the serving process opened, and how to end it."""

    settings: ConsoleSettings
    relay: Relay | None = None
    jobs: Jobs | None = None
    app: Flask | None = field(default=None, repr=False)

    def load(self) -> Flask:
        self.app = self._create()
        here = state(self.app)
        tell = functools.partial(summed.tell, here) if self.settings.sums_up else None
        self.relay = start_relay(outlet_of(here.registry, self.settings), here.store, self.settings, tell=tell)
        check_at_start(here.store)
        self.jobs = Jobs(here.registry, jobs_of(here))
        self.jobs.start()
        return self.app

    def _create(self) -> Flask:
        """The application. Of a server that went away since `prepare` the process waits for its return."""
        while True:
            try:
                return create_app(self.settings)
            except RegistryUnreachable as error:
                log.error("waiting: %s", error)
                time.sleep(RETRY_S)

    def stop(self) -> None:
        if self.relay is not None:
            self.relay.stop()
        if self.jobs is not None:
            self.jobs.stop()
        if self.app is not None:
            here = state(self.app)
            here.store.close()
            here.registry.close()


def add_account(settings: ConsoleSettings, name: str, password: str, role: Role | str) -> None:
    """Make an account; the console may be running.

    Raises:
        RegistryError, UserError: it was not made; the message is one line.
    """
    with closing(open_console_registry(settings)) as registry:
        open_users(registry, settings).add(name, password, role)


def end_sessions(settings: ConsoleSettings, name: str) -> int:
    """End every session of an account, in all processes at once; returns how many there were.

    Raises:
        RegistryError, UserError: none was ended; the message is one line.
    """
    with closing(open_console_registry(settings)) as registry:
        if name not in open_users(registry, settings).names():
            raise UserError("unknown", f"there is no account {name!r}")
        return open_sessions(registry, settings).end_all(name)


def scheduled_jobs(settings: ConsoleSettings) -> list[JobState]:
    """What the processes of a console do every so often, and how it went."""
    with closing(open_console_registry(settings)) as registry:
        return job_states(registry)


def resend(settings: ConsoleSettings, parent: str) -> int:
    """Queue what a parent refused once more; the console may be running. Returns how many records.

    Raises:
        RegistryError, RuntimeError, ValueError: nothing was queued; the message is one line.
    """
    with closing(open_console_registry(settings)) as registry:
        return outlet_of(registry, settings).resend(parent)


def enrol(settings: ConsoleSettings, name: str, kind: str = "sensor") -> str:
    """Enrol a child and return its token; the console may be running.

    Raises:
        RegistryError, StoreError, ValueError: it was not enrolled; the message is one line.
    """
    with (
        closing(open_console_registry(settings)) as registry,
        closing(open_console_store(registry, settings)) as store,
    ):
        return Nodes(registry).add(store, name, kind)


def _link(parent: Parent) -> dict[str, object]:
    link: dict[str, object] = {"name": parent.name, "url": parent.url, "token": parent.token}
    return link if parent.ca_file is None else {**link, "ca_file": str(parent.ca_file)}


def _announce(url: str) -> None:
    sys.stderr.write(f"console at {url}\n")
    sys.stderr.flush()


def run_console(
    settings: ConsoleSettings, parents: Sequence[Parent] = (), announce: Callable[[str], None] = _announce
) -> None:
    """Serve a console until SIGTERM or SIGINT, then end cleanly.

    `parents` are the nodes it reports to, beside those in `settings.parent_links`. `announce` is told the address once
    the port is taken.

    Raises:
        ConsoleRefused: it cannot be started like this; the message is one line with the way out.
        SystemExit: when it has ended, with 0 after a signal.
    """
    if parents:
        settings = replace(settings, parent_links=(*settings.parent_links, *map(_link, parents)))
    listener = listen(settings)
    try:
        prepare(settings)
    except ConsoleRefused:
        listener.close()
        raise
    running = _Running(settings)
    announce(url_of(settings, listener))
    Server(settings, listener, running.load, running.stop).run()
