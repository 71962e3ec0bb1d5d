"""The queue to the parents with several processes at it: its turn, its fence, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from console.registry.leases import Leases
from console.registry.queue import RegistryQueue
from console.relay import RegistryOutlet, start_relay
from console.settings import ConsoleSettings
from console.turn import LeaseTurn
from federation.queue import BATCH_BYTES, QueueError, Verdict
from tests.federation.line_records import alert
from tests.federation.queues import InRegistry

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def kept(registry_url: URL) -> Iterator[InRegistry]:
    made = InRegistry(registry_url)
    yield made
    made.close()


def test_a_sender_that_was_followed_changes_nothing(kept: InRegistry) -> None:
    slow = Leases(kept.registry, "slow")
    lease = slow.acquire("relay:here", 0.05)
    assert lease is not None
    before = RegistryQueue(kept.registry, ["up"], lease)
    kept.append(alert(1), alert(2))
    batch = before.take("up")
    time.sleep(0.1)
    # Over, and nobody else has come: what it did still counts.
    before.answer("up", [Verdict(batch[0])])
    after = kept.open("up")
    for work in (
        lambda: before.answer("up", [Verdict(batch[1])]),
        lambda: before.defer("up", batch),
        lambda: before.failed("up", "away", 10**19),
        lambda: RegistryQueue(kept.registry, [], lease),
    ):
        with pytest.raises(QueueError, match="another process sends now"):
            work()
    assert [item.key for item in after.take("up")] == [alert(2).key]
    assert after.parent("up").failures == 0


APPEND = """
import json, sys
from console.registry import open_registry, queue_tables
from tests.federation.line_records import alert
from tests.federation.queues import written
registry, chosen = open_registry(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(1, 61):
    # Records of its own, and some that the other appends too, each time in a later revision.
    records = [alert(number, origin=chosen), alert(number % 7, revision=number, origin="both")]
    with registry.transaction() as connection:
        queue_tables.append(connection, written(records))
"""


def test_processes_that_append_at_once_leave_each_record_once_and_exact_counts(
    registry_url: URL, kept: InRegistry
) -> None:
    opened = kept.open("a", "b")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, registry_url.render_as_string(hide_password=False), name],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for name in ("one", "two")
    ]  # fmt: skip
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    seen: set[tuple[str, str, int]] = set()
    while any(process.poll() is None for process in running):  # and somebody sends meanwhile
        batch = opened.take("a", limit=5)
        seen |= {item.key for item in batch}
        opened.answer("a", [Verdict(item) for item in batch])
    for process in running:
        assert process.communicate(timeout=30)[1] == "" and process.returncode == 0
    while batch := opened.take("a"):
        seen |= {item.key for item in batch}
        opened.answer("a", [Verdict(item) for item in batch])
    assert {alert(n, origin=name).key for n in range(1, 61) for name in ("one", "two")} <= seen
    newest = {(origin, record_id): revision for origin, record_id, revision in sorted(seen)}
    assert {(*name, revision) for name, revision in newest.items()} == kept.latest()
    waiting = opened.take("b", max_bytes=BATCH_BYTES)
    assert len(waiting) == 127 and kept.waiting_bytes() == sum(len(item.body) for item in waiting)
    assert opened.pending("a") == 0


HANG = """
import sys, time
from console.registry import open_registry, queue_tables
from console.registry.leases import Leases
from console.registry.queue import RegistryQueue
from federation.queue import Verdict
from tests.federation.line_records import alert
from tests.federation.queues import written
registry = open_registry(sys.argv[1])
lease = Leases(registry, "to be killed").acquire("relay:here", 3)
queue = RegistryQueue(registry, ["up"], lease)
with registry.transaction() as connection:
    queue_tables.append(connection, written([alert(2)]))
with registry.transaction() as connection:
    queue_tables.append(connection, written([alert(3)]))
    queue_tables.answer(connection, "up", [Verdict(item) for item in queue_tables.take(connection, "up", 9, 10**6)], 1)
    print("inside", flush=True)
    time.sleep(600)
"""


def test_a_process_killed_inside_leaves_what_was_committed_and_is_followed(kept: InRegistry, registry_url: URL) -> None:
    kept.open("up")
    kept.append(alert(1))
    held = kept.leases.acquire("relay:here", 600)
    assert held is not None
    kept.leases.release(held)
    process = subprocess.Popen(
        [sys.executable, "-c", HANG, registry_url.render_as_string(hide_password=False)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    began = time.monotonic()
    turn = LeaseTurn(Leases(kept.registry, "the next"), "relay:here")
    while not turn.take():
        assert time.monotonic() - began < 10
        time.sleep(0.05)
    assert turn.lease is not None
    after = RegistryQueue(kept.registry, ["up"], turn.lease)
    assert [item.key for item in after.take("up")] == [alert(1).key, alert(2).key]
    assert kept.append(alert(3)) == 1


def test_all_processes_cut_with_one_key_and_an_earlier_one_is_kept(kept: InRegistry, tmp_path: Path) -> None:
    earlier, other = tmp_path / "earlier", tmp_path / "other"
    for folder in (earlier, other):
        folder.mkdir()
    (earlier / "pseudonym.key").write_text("ab" * 32 + "\n")
    key = RegistryOutlet(kept.registry, "gd", earlier).pseudonym_key()
    assert key == bytes.fromhex("ab" * 32)
    assert RegistryOutlet(kept.registry, "gd", other).pseudonym_key() == key
    (other / "pseudonym.key").write_text("cd" * 32 + "\n")
    assert RegistryOutlet(kept.registry, "gd", other).pseudonym_key() == key


class NoInbox:
    """Without a parent nothing comes down."""

    def heard_from(self, parent: str) -> int:
        raise AssertionError(parent)

    def receive(self, records: object, parent: str, name: str, after: int) -> list[object]:
        raise AssertionError(parent)


def test_a_console_whose_last_parent_is_gone_lets_the_queue_go_whoever_sends(
    kept: InRegistry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.open("up")  # the lease is another's still
    kept.append(alert(1), alert(2))
    settings = ConsoleSettings(tmp_path)
    assert start_relay(RegistryOutlet(kept.registry, "here", tmp_path), NoInbox(), settings) is None
    assert "up is no parent any more: 2 records" in caplog.text
    assert kept.append(alert(3)) == 0 and kept.waiting_bytes() == 0
