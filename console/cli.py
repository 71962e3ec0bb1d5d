"""What `otus console run` calls."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask import Flask

from console.app import create_app, secret_key
from console.nodes import Nodes
from console.relay import Relay, start_relay
from console.server import ConsoleRefused, Server, listen, url_of
from console.settings import ConsoleSettings
from console.state import state
from console.store import StoreError
from console.stores import open_console_store
from console.users import Users
from federation.parent import Parent


def open_users(settings: ConsoleSettings) -> Users:
    """The accounts of a console, with its limits."""
    return Users(
        settings.data_dir / "users.sqlite",
        lock_after=settings.lock_after_failures,
        lock_s=settings.lock_minutes * 60,
    )


def prepare(settings: ConsoleSettings) -> None:
    """Make what a console keeps on disk, and find out now what would stop it later.

    Raises:
        ConsoleRefused: with one line for the person who starts it.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret_key(settings.data_dir / "secret.key")
        open_console_store(settings).close()
        Nodes(settings.data_dir / "store.sqlite").close()
        open_users(settings).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConsoleRefused(f"{settings.data_dir}: {reason}; choose another data folder, or mend this one") from None
    except (sqlite3.Error, StoreError) as error:
        raise ConsoleRefused(f"{settings.data_dir}: {error}") from None


@dataclass
class _Running:
    """What the serving process opened, and how to end it."""

    settings: ConsoleSettings
    relay: Relay | None = None
    app: Flask | None = field(default=None, repr=False)

    def load(self) -> Flask:
        self.app = create_app(self.settings)
        here = state(self.app)
        # The embedded store keeps the queue to the parents in its own file; another store brings its own relay.
        self.relay = start_relay(here.store, self.settings)  # type: ignore[arg-type]
        return self.app

    def stop(self) -> None:
        if self.relay is not None:
            self.relay.stop()
        if self.app is not None:
            here = state(self.app)
            here.store.close()
            here.users.close()


def users_of(data_dir: Path) -> Users:
    """The accounts of the console that keeps its data there; the folder is made where it is missing."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Users(data_dir / "users.sqlite")


def nodes_of(data_dir: Path) -> Nodes:
    """The child nodes of the console that keeps its data there."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Nodes(data_dir / "store.sqlite")


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
