"""What people decided at the console about this sensor's baseline: fetched, carried out, answered with the version.

The sensor asks; nobody calls it. An order is on the disk before it is acknowledged, and its number stands in the
version that came of it: carried out twice it changes nothing the second time. The answer is given when the running
sensor holds traffic against that version, not before.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from federation.inbox import FileInbox, InboxError, Waiting
from otus.baseline_report import BEHIND_ALL_ELSE, told_folder
from otus.pack_orders import PackNotTaken, carry_out_pack
from sensor.schema import Kind, Receipt, Record, Review, receipt_id
from sensor.schema.order import MAX_NOTE, MAX_PERSON, Reference, Step
from sensor.schema.pack_order import PackOrder
from sensor.schema.review import APPLIED, REFUSED

if TYPE_CHECKING:
    from detectors.baseline.folder import Folder
    from federation.parent import Parent
    from federation.spool import Spool

log = logging.getLogger(__name__)

FILE = "orders.json"
LOOK_S = 1.0
AGAIN_S = 10.0
"""how long an order that could not be answered for (a full disk) is left alone"""
PATIENCE_S = 300.0
"""how long a reload may take"""

OURSELVES = "otus baseline (sensor)"
"""author of a version that takes back what could not be loaded"""

Reload = Callable[[], tuple[bool, str]]
"""Have the running sensor load its baseline again: whether it is in place, and a line."""


class Refused(ValueError):
    """The order cannot be carried out: `code: detail`; the console has words for the code."""


@dataclass(frozen=True)
class CarriedOut:
    version: int


def carry_out(order: Review, number: str, issuer: str, settings: Mapping[str, Any], reload: Reload) -> CarriedOut:
    """Make the version that an order asks for, and have it count. `number`: the order's id; `issuer`: of its node.

    Raises:
        Refused: nothing is other than it was.
    """
    from detectors.baseline.folder import BaselineError
    from detectors.baseline.review import ReviewError

    found = told_folder(settings)
    if found is None:
        raise Refused("no_baseline: this sensor has no baseline yet")
    try:
        before, after = _next_version(order, number, issuer, found[0], settings)
    except ReviewError as error:
        raise Refused(f"cannot_decide: {error}") from None
    except BaselineError as error:
        raise Refused(f"cannot_write: {error}") from None
    done, line = reload()
    if not done:
        if before is not None:
            _take_back(after, before.version, number)
        raise Refused(f"not_loaded: {line}")
    return CarriedOut(after.version)


def _next_version(
    order: Review, number: str, issuer: str, path: Path, settings: Mapping[str, Any]
) -> tuple[Folder | None, Folder]:
    """What was there, and what is there now; None and the same where a restart had come between."""
    from detectors.baseline import read_folder
    from detectors.baseline.versions import put_in_place, rollback
    from otus.reviewing import codec, decided

    at_ns = order.steps[0].at_ns if order.steps else order.issued_ns
    said: dict[str, Any] = {"author": f"{order.person}@{issuer}", "note": order.text, "time_ns": at_ns, "order": number}
    if order.enforce:
        if not settings["baseline"] or not settings["baseline_shadow"]:
            raise Refused("no_trial: no baseline is tried beside one that counts")
        path = Path(settings["baseline"])
    folder = read_folder(path)
    if done := [one for one in folder.versions if one.get("order") == number]:
        if done[-1]["author"] == OURSELVES:
            raise Refused("not_loaded: the sensor could not use what came of it")
        return None, folder
    if order.enforce:
        tried = read_folder(Path(settings["baseline_shadow"]))
        return folder, put_in_place(tried, path, codec(), **{**said, "note": f"enforce: {order.text}"})
    if order.rollback is not None:
        said["note"] = f"rollback to version {order.rollback}: {order.text}"
        return folder, rollback(folder, order.rollback, codec(), **said)
    return folder, decided(folder, order.decisions, said)


def _take_back(folder: Folder, version: int, number: str) -> None:
    """What the running sensor refuses does not wait for its next start."""
    from detectors.baseline.folder import BaselineError
    from detectors.baseline.versions import rollback
    from otus.reviewing import codec

    try:
        rollback(folder, version, codec(), author=OURSELVES, note="not loaded", time_ns=time.time_ns(), order=number)
    except BaselineError as error:
        log.error("%s: version %d could not be put back: %s", folder.path, version, error)


class Carrier:
    """Carries out one order after the other, in a thread of its own that waits for everything else."""

    def __init__(self, inbox: FileInbox, spool: Spool, settings: Mapping[str, Any], reload: Reload) -> None:
        self._inbox, self._spool, self._settings, self._reload = inbox, spool, settings, reload
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """An order under way is carried out once more after the next start."""
        self._stop.set()
        self._thread.join(LOOK_S * 2)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND_ALL_ELSE)
        while not self._stop.is_set():
            waiting = self._inbox.wait(LOOK_S)
            if waiting is None:
                continue
            try:
                self.settle(waiting)
            except (OSError, RuntimeError) as error:  # the disk is full, or the sensor ends
                log.error("an order of %s waits: %s", waiting.parent, error)
                self._stop.wait(AGAIN_S)

    def settle(self, waiting: Waiting) -> None:
        """Carry out one order and queue the answer to it. Raises RuntimeError: it is to be done again."""
        order, version, state = waiting.record.order(), None, APPLIED
        try:
            if isinstance(order, PackOrder):
                note = carry_out_pack(order, self._settings, self._reload)
                log.warning("rule pack by order of %s: %s is in force", order.person, note)
            else:
                assert isinstance(order, Review)
                number, issuer, note = waiting.record.id, waiting.record.origin, ""
                version = carry_out(order, number, issuer, self._settings, self._reload).version
                log.warning("%s decided about the baseline: version %d is in force", order.person, version)
        except (Refused, PackNotTaken) as refused:
            state, note = REFUSED, str(refused)[:MAX_NOTE]
            log.error("an order of %s is refused: %s", waiting.parent, note)
        self._spool.append([_receipt(waiting, state, note, version)], waiting.parent)
        self._inbox.done(waiting)


def _receipt(waiting: Waiting, state: str, note: str, version: int | None) -> Record:
    about = Reference(waiting.record.origin, waiting.record.id)
    now_ns = time.time_ns()
    steps = (Step(now_ns, waiting.name[:MAX_PERSON], state, note),)
    body = Receipt(about, state, True, now_ns, steps=steps, version=version)
    # Said twice, after a crash between the two, it is the newer that stands; both say the same.
    return Record(str(Kind.RECEIPT), receipt_id(about), now_ns // 1_000_000, waiting.name, body.to_json())


def parent_that_decides(settings: Mapping[str, Any], parents: list[Parent]) -> Parent | None:
    """Whose people decide. Where the sensor reports to one console only, that one's, unless the site wants none.

    Raises:
        ValueError: the setting names no parent.
    """
    wanted = settings["orders_from"]
    if wanted == "nobody":
        return None
    if wanted:
        found = next((parent for parent in parents if parent.name == wanted), None)
        if found is None:
            raise ValueError(f"orders_from: {wanted!r} is none of the parents, nor 'nobody'")
        return found
    return parents[0] if len(parents) == 1 else None


def start_carrying_out(
    settings: Mapping[str, Any], spool: Spool, ask_reload: Callable[[Callable[[bool, str], None]], None]
) -> Callable[[], None] | None:
    """Begin to ask the console what people decided; returns what ends it. None: nobody decides from afar.

    Raises:
        ValueError, InboxError: a setting, or what is on the disk, is wrong; one line says what.
    """
    from federation.downlink import Downlink
    from otus.parents import parent_of

    parent = parent_that_decides(settings, [parent_of(entry) for entry in settings["parents"]])
    if parent is None:
        return None
    inbox = FileInbox(Path(settings["spool_dir"]) / FILE, [Kind.REVIEW, Kind.PACK])
    ending = threading.Event()

    def reload() -> tuple[bool, str]:
        answered, outcome = threading.Event(), list[tuple[bool, str]]()

        def then(done: bool, line: str) -> None:
            outcome.append((done, line))
            answered.set()

        ask_reload(then)
        until_s = time.monotonic() + PATIENCE_S
        while not answered.wait(LOOK_S):
            if ending.is_set() or time.monotonic() > until_s:
                raise RuntimeError("the sensor did not load its baseline again")
        return outcome[0]

    carrier = Carrier(inbox, spool, settings, reload)
    downlink = Downlink(inbox, [parent])
    carrier.start()
    downlink.start()

    def end() -> None:
        ending.set()
        downlink.stop()
        carrier.stop()

    return end


__all__ = ["CarriedOut", "Carrier", "InboxError", "Refused", "carry_out", "parent_that_decides", "start_carrying_out"]
