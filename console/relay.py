"""A console's own way up: the thread that brings what its store queued to each of its parents."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from console.turn import FileTurn, Turn
from federation.parent import Parent, ParentRefused
from federation.policy import UpwardPolicy
from federation.pseudonyms import load_key
from federation.spool import Spool, SpoolError
from federation.uplink import AsItIs, Pace, Policy, Uplink

log = logging.getLogger(__name__)


class RelaySettings(Protocol):
    """What of a console's settings the relay reads."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def tier(self) -> str: ...
    @property
    def parent_links(self) -> Sequence[Mapping[str, object]]: ...


class HasPath(Protocol):
    """A store that keeps its queue to the parents in a file; None: it keeps none."""

    @property
    def path(self) -> Path | None: ...


class Relay:
    """The running lines of one console. Only one process of a console sends: the one whose turn it is."""

    def __init__(self, path: Path, parents: Sequence[Parent], policy: Policy, pace: Pace | None, turn: Turn) -> None:
        self._path = path
        self._turn = turn
        self._parents = tuple(parents)
        self._policy = policy
        self._pace = pace
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
        goes_on = True
        while goes_on and not self._stop.is_set():
            if self._turn.take():
                goes_on = self._send()
                self._turn.give_back()
            else:
                self._stop.wait(self._turn.check_s)

    def _send(self) -> bool:
        """Send for as long as it is our turn; False: it cannot be done at all."""
        try:
            spool = Spool(self._path, [parent.name for parent in self._parents], may_drop=False)
        except SpoolError as error:
            log.error("nothing is reported upward: %s", error)
            return False
        uplink = Uplink(spool, self._parents, self._policy, pace=self._pace)
        uplink.start()
        while not self._stop.wait(self._turn.check_s) and self._turn.take():
            pass
        if uplink.stop():
            spool.close()
        return True


def start_relay(
    store: HasPath, settings: RelaySettings, pace: Pace | None = None, turn: Turn | None = None
) -> Relay | None:
    """Begin to report upward, or None where the settings name no parent.

    `turn` says which of several processes sends; None: the one that holds a lock on a file beside the store.

    An enterprise's records are cut by the default policy; what comes from below to a province was cut there.

    Raises:
        ValueError: a parent's entry or the pseudonym key cannot be used; the message says why.
    """
    if store.path is None:
        return None
    parents = [_parent(link) for link in settings.parent_links]
    if not parents:
        _let_go(store.path)
        return None
    policy: Policy = AsItIs()
    if settings.tier == "enterprise":
        policy = UpwardPolicy(load_key(settings.data_dir / "pseudonym.key"))
    relay = Relay(store.path, parents, policy, pace, turn or FileTurn(store.path.with_suffix(".relay.lock")))
    relay.start()
    return relay


def _let_go(path: Path) -> None:
    """No parent is left: end the queues that earlier settings began."""
    try:
        Spool(path, (), may_drop=False).close()
    except SpoolError as error:
        log.error("%s", error)


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
