"""A console's own line to its parents: what its store queued goes up, notices and tasks come down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from console.registry import Registry, queue_tables
from console.registry.leases import Leases, this_process
from console.registry.queue import RegistryQueue, log_gone
from console.registry.secret import shared_secret
from console.turn import FileTurn, LeaseTurn, Turn
from federation import spool_tables
from federation.database import open_writer, transaction
from federation.downlink import Downlink, Inbox
from federation.parent import Parent, ParentRefused
from federation.policy import UpwardPolicy
from federation.pseudonyms import load_key
from federation.queue import Queue, QueueError
from federation.spool import Spool
from federation.summing import Summing
from federation.uplink import AsItIs, Pace, Policy, Uplink
from sensor.schema import Record

log = logging.getLogger(__name__)
KEY_FILE = "pseudonym.key"
AGAIN_S = 10.0
"""how long a queue that could not be opened is left alone"""


class RelaySettings(Protocol):
    """What of a console's settings the relay reads."""

    @property
    def tier(self) -> str: ...
    @property
    def parent_links(self) -> Sequence[Mapping[str, object]]: ...


class Outlet(Protocol):
    """Where a store keeps its queue to the parents, and whose turn it is to send what is in it."""

    @property
    def turn(self) -> Turn: ...

    def open(self, parents: Sequence[str]) -> Queue:
        """The queue, for these parents and no others; only while it is our turn.

        Raises:
            QueueError: it cannot be used now.
        """
        ...

    def let_go(self) -> None:
        """No parent is left: end the queues that earlier settings began, whoever's turn it is. What is queued for
        nobody would grow until nothing is accepted any more.

        Raises:
            RuntimeError: it cannot be done now.
        """
        ...

    def resend(self, parent: str) -> int:
        """Queue what a parent refused once more, after the cause was repaired; returns how many. It may be another's
        turn to send.

        Raises:
            ValueError, RuntimeError: nothing was queued; one line says why.
        """
        ...

    def pseudonym_key(self) -> bytes:
        """The key by which an enterprise's records are cut: one for all processes that may send them.

        Raises:
            ValueError: a file is in its place that is no key.
        """
        ...


class FileOutlet:
    """The embedded store's own file. A lock on this machine says whose turn it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.turn = FileTurn(path.with_suffix(".relay.lock"))

    def open(self, parents: Sequence[str]) -> Queue:
        return Spool(self._path, parents, may_drop=False)

    def let_go(self) -> None:
        Spool(self._path, (), may_drop=False).close()

    def resend(self, parent: str) -> int:
        if not self._path.is_file():
            raise ValueError(f"{self._path}: there is no store here")
        with closing(open_writer(self._path)) as db, transaction(db, self._path):
            return spool_tables.revive(db, parent)

    def pseudonym_key(self) -> bytes:
        return load_key(self._path.with_name(KEY_FILE))


class RegistryOutlet:
    """The registry, for consoles on several machines. A lease says whose turn it is, and is the fence of the queue."""

    def __init__(self, registry: Registry, node_name: str, folder: Path) -> None:
        """`folder` may hold the key of a time when this console kept its records in a file there."""
        self._registry = registry
        self._key_file = folder / KEY_FILE
        self.turn = LeaseTurn(Leases(registry, this_process()), f"relay:{node_name}")

    def open(self, parents: Sequence[str]) -> Queue:
        lease = self.turn.lease
        if lease is None:
            raise QueueError("the turn to send ended before it began")
        return RegistryQueue(self._registry, parents, lease)

    def let_go(self) -> None:
        with self._registry.transaction() as connection:
            gone = queue_tables.keep_parents(connection, ())
        log_gone(gone)

    def resend(self, parent: str) -> int:
        with self._registry.transaction() as connection:
            return queue_tables.revive(connection, parent)

    def pseudonym_key(self) -> bytes:
        earlier = load_key(self._key_file) if self._key_file.exists() else None
        key = shared_secret(self._registry, "pseudonyms", earlier)
        if earlier not in (None, key):
            log.warning("%s is not the key of this console's other processes and is not used", self._key_file)
        return key


class Relay:
    """The running lines of one console. Only one process of a console sends: the one whose turn it is."""

    def __init__(
        self,
        outlet: Outlet,
        inbox: Inbox,
        parents: Sequence[Parent],
        policy: Policy,
        pace: Pace | None,
        tell: Callable[[str], Record] | None = None,
    ) -> None:
        """`tell` makes the one heartbeat that is told in the place of all those from below; None: they go up."""
        self._outlet = outlet
        self._inbox = inbox
        self._turn = outlet.turn
        self._parents = tuple(parents)
        self._policy = policy
        self._pace = pace
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> bool:
        """End after the requests under way. Returns whether it ended in time; nothing is lost if not."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._turn.take():
                self._send()
                self._turn.give_back()
            else:
                self._stop.wait(self._turn.check_s)

    def _send(self) -> None:
        """Send, and ask what there is for us, for as long as it is our turn."""
        try:
            queue = self._outlet.open([parent.name for parent in self._parents])
        except QueueError as error:
            log.error("nothing is reported upward: %s", error)
            self._stop.wait(AGAIN_S)
            return
        uplink = Uplink(queue, self._parents, self._policy, pace=self._pace)
        downlink = Downlink(self._inbox, self._parents, pace=self._pace)
        uplink.start()
        downlink.start()
        summing = None
        if self._tell is not None:
            summing = Summing(self._parents, self._tell, downlink.known_as, pace=self._pace)
            summing.start()
        while not self._stop.wait(self._turn.check_s) and self._turn.take():
            pass
        if summing is not None:
            summing.stop()
        downlink.stop()
        if uplink.stop():
            queue.close()


def start_relay(
    outlet: Outlet,
    inbox: Inbox,
    settings: RelaySettings,
    pace: Pace | None = None,
    tell: Callable[[str], Record] | None = None,
) -> Relay | None:
    """Begin to report upward and to keep in `inbox` what comes down, or None where the settings name no parent: then
    queues that earlier settings began end.

    An enterprise's records are cut by the default policy; what comes from below to a province was cut there. `tell`
    makes the heartbeat of a console that sums up (`Store` keeps those from below back then).

    Raises:
        ValueError: a parent's entry or the pseudonym key cannot be used; the message says why.
    """
    parents = [_parent(link) for link in settings.parent_links]
    if not parents:
        try:
            outlet.let_go()
        except RuntimeError as error:
            log.error("%s", error)
        return None
    policy: Policy = AsItIs()
    if settings.tier == "enterprise":
        policy = UpwardPolicy(outlet.pseudonym_key())
    relay = Relay(outlet, inbox, parents, policy, pace, tell)
    relay.start()
    return relay


def _parent(link: Mapping[str, object]) -> Parent:
    """`{name, url, token | token_file, ca_file?}`"""
    name, url = link.get("name"), link.get("url")
    if not isinstance(name, str) or not isinstance(url, str):
        raise ParentRefused("a parent needs a name and a url")
    token, token_file, ca_file = link.get("token"), link.get("token_file"), link.get("ca_file")
    if token_file is not None:
        try:
            token = Path(str(token_file)).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ParentRefused(f"parent {name}: its token cannot be read from {token_file}: {error}") from None
    if not isinstance(token, str):
        raise ParentRefused(f"parent {name}: needs token_file, the file with the token its console gave us")
    return Parent(name, url, token, None if ca_file is None else Path(str(ca_file)))
