"""Four processes in a line (sensor, 企业, 省, 部) under steady load, each killed again and again. Prints what happened.

Run as a program: `kill_range.py FOLDER SEED KILLS`. The parent imports everything once and forks the four, so that a
restart takes milliseconds. It opens no database and starts no thread itself.

A death is either from outside at a random time, or in a named window: the child then kills itself with SIGKILL where
the window is. The windows are wrapped around the product's functions here; the product itself knows nothing of them.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx  # noqa: F401  imported before the fork, as all below
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

import console.ingest
import console.relay
import console.store.merge
import console.store.sqlite
import console.tasks
import federation.spool
import federation.spool_tables
import federation.uplink
from console.cli import enrol
from console.nodes import Nodes
from console.registry import open_registry
from console.settings import ConsoleSettings
from federation.parent import Parent
from federation.policy import UpwardPolicy  # noqa: F401
from federation.uplink import Pace
from tests.federation.line_records import alert

LINE = ("sensor-1", "enterprise", "province", "ministry")
PACE = Pace(first_s=0.02, longest_s=0.15, slow_s=0.3, idle_s=0.02, timeout_s=5.0)
SENSOR_WINDOWS = ("before_commit", "after_commit", "uplink_before_send", "uplink_before_answer_is_kept", "any_time")
CONSOLE_WINDOWS = ("received_before_merge", *SENSOR_WINDOWS)
MINISTRY_WINDOWS = ("received_before_merge", "before_commit", "after_commit", "any_time")
WINDOW_LIMIT_S = 3.0
"""A window that was not reached by then (its neighbour was down) is a death at any time, and is tried again."""
GIVE_UP_S = 100.0
"""A window that is not reached in that long is none: the product goes another way now."""
SETTLED_S = 60.0
"""Nothing more reaches anybody when nothing did for so long."""


def windows_of(name: str) -> tuple[str, ...]:
    return {"sensor-1": SENSOR_WINDOWS, "ministry": MINISTRY_WINDOWS}.get(name, CONSOLE_WINDOWS)


@dataclass
class Death:
    window: str
    passes: int
    """die at this many passes of the window"""
    after_s: float
    limit_s: float = WINDOW_LIMIT_S

    def again(self) -> Death:
        """The same window with less asked and more time: a machine full of other work gets there, too."""
        return Death(self.window, 1, self.after_s, 2 * self.limit_s)

    def here(self, window: str) -> None:
        if window == self.window:
            self.passes -= 1
            if self.passes <= 0:
                os.write(3, f"{window}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


def wrap(
    owner: Any, name: str, before: Callable[[], None] | None = None, after: Callable[[], None] | None = None
) -> None:
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if before:
            before()
        result = original(*arguments, **named)
        if after:
            after()
        return result

    setattr(owner, name, wrapped)


def place_windows(name: str, death: Death) -> None:
    if name == "sensor-1":
        wrap(federation.spool_tables, "append_written", after=lambda: death.here("before_commit"))
        wrap(federation.spool.Spool, "append", after=lambda: death.here("after_commit"))
    else:
        wrap(console.store.merge.Merge, "run", after=lambda: death.here("before_commit"))
        wrap(
            console.store.sqlite.SqliteStore,
            "merge",
            before=lambda: death.here("received_before_merge"),
            after=lambda: death.here("after_commit"),
        )
    wrap(
        federation.uplink.Uplink,
        "_post",
        before=lambda: death.here("uplink_before_send"),
        after=lambda: death.here("uplink_before_answer_is_kept"),
    )


def run_sensor(folder: Path, parent: Parent) -> None:
    """Appends for ever: new alerts and revisions of old ones. Writes a line of what `append` acknowledged."""
    spool = federation.spool.Spool(folder / "spool.sqlite", [parent.name])
    uplink = federation.uplink.Uplink(spool, [parent], pace=PACE)
    uplink.start()
    journal_path = folder / "acknowledged"
    done = len(journal_path.read_text().splitlines()) if journal_path.exists() else 0
    chance = random.Random(done)
    number = done
    with journal_path.open("a", buffering=1) as journal:
        while not (folder / "enough").exists():
            number += 1
            # What a killed predecessor committed but did not note comes once more here: known, and nothing happens.
            batch = [alert(number)]
            if number > 5 and chance.random() < 0.7:
                old = number - chance.randint(1, 5)
                batch.append(alert(old, revision=1 + chance.randint(1, 4)))
            spool.append(batch)
            journal.write(json.dumps([[record.origin, record.id, record.revision] for record in batch]) + "\n")
            time.sleep(0.004)
    signal.pause()


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as a real server keeps them

    def log_request(self, *_: object, **__: object) -> None:
        return


@dataclass
class Settings:
    data_dir: Path
    tier: str
    parent_links: tuple[dict[str, object], ...]


def run_console(folder: Path, name: str, port: int, link: dict[str, object] | None) -> None:
    links = () if link is None else (link,)
    nodes = Nodes(open_registry(f"sqlite:///{folder}/registry.sqlite"))
    parents = [str(item["name"]) for item in links]
    store = console.store.sqlite.SqliteStore(folder / "store.sqlite", parents=parents, nodes=nodes)
    app = Flask(name)
    app.register_blueprint(console.ingest.bp)
    app.register_blueprint(console.tasks.bp)
    console.ingest.connect(app, store, nodes)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    console.relay.start_relay(console.relay.FileOutlet(store.path), store, Settings(folder, name, links), PACE)
    server.serve_forever()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Range:
    def __init__(self, folder: Path, seed: int, kills: int) -> None:
        self.folder, self.kills = folder, kills
        self.random = random.Random(seed)
        self.port = {name: free_port() for name in LINE[1:]}
        for name in LINE:
            (folder / name).mkdir()
        self.token = {
            child: enrol(ConsoleSettings(folder / parent), child, "sensor" if child == LINE[0] else "console")
            for child, parent in itertools.pairwise(LINE)
        }
        self.deaths: dict[str, list[str]] = {name: [] for name in LINE}
        self.alive: dict[str, tuple[int, int, Death | None, float]] = {}

    def schedule(self, name: str) -> list[Death]:
        """Every window equally often, in an order of the seed's."""
        windows = windows_of(name)
        names = [windows[number % len(windows)] for number in range(self.kills)]
        self.random.shuffle(names)
        return [Death(window, self.random.randint(1, 6), self.random.uniform(0.03, 0.4)) for window in names]

    def spawn(self, name: str, death: Death | None) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            self.alive[name] = (pid, reader, death, time.monotonic())
            return
        try:
            os.dup2(writer, 3)
            if death is not None:
                place_windows(name, death)
            above = LINE[LINE.index(name) + 1] if name != LINE[-1] else None
            url = None if above is None else f"http://127.0.0.1:{self.port[above]}"
            if name == LINE[0]:
                run_sensor(self.folder / name, Parent(str(above), str(url), self.token[name]))
            else:
                link = None if above is None else {"name": above, "url": url, "token": self.token[name]}
                run_console(self.folder / name, name, self.port[name], link)
        except BaseException:
            logging.exception("%s ended by itself", name)
        finally:
            os._exit(70)

    def end(self, name: str) -> str:
        """Reap a process that died, and say in which window."""
        pid, reader, _, _ = self.alive.pop(name)
        _, status = os.waitpid(pid, 0)
        said = os.read(reader, 100).decode().strip()
        os.close(reader)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            raise SystemExit(f"{name} was not killed but ended with status {status}")
        return said or "any_time"

    def run(self) -> None:
        plans = {name: self.schedule(name) for name in LINE}
        for name in reversed(LINE):
            self.spawn(name, plans[name].pop())
        while any(death is not None for _, _, death, _ in self.alive.values()):
            time.sleep(0.003)
            for name in LINE:
                pid, _, death, born = self.alive[name]
                gone = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
                limit_s = 0.0 if death is None else death.after_s if death.window == "any_time" else death.limit_s
                if not gone and death is not None and time.monotonic() - born > limit_s:
                    os.kill(pid, signal.SIGKILL)
                    gone = True
                if gone:
                    window = self.end(name)
                    self.deaths[name].append(window)
                    if death is not None and window != death.window:
                        if death.limit_s > GIVE_UP_S:
                            raise SystemExit(f"{name} never comes to {death.window}")
                        plans[name].insert(0, death.again())  # the last to be tried
                    self.spawn(name, plans[name].pop() if plans[name] else None)

    def finish(self) -> None:
        for name in list(self.alive):
            os.kill(self.alive[name][0], signal.SIGKILL)
            self.end(name)


def latest(folder: Path) -> list[set[tuple[str, str, int]]]:
    """The sets of all four, read from the files while they run."""
    import sqlite3

    found = []
    for name in LINE:
        file, table = ("spool.sqlite", "spool_record") if name == LINE[0] else ("store.sqlite", "record")
        db = sqlite3.connect(f"file:{folder / name / file}?mode=ro", uri=True, timeout=10)
        found.append({tuple(row) for row in db.execute(f"SELECT origin, id, revision FROM {table}")})
        db.close()
    return found


def settle(folder: Path) -> None:
    """Wait until all four have the same, for as long as any of them still gets something."""
    sets, patience = latest(folder), time.monotonic() + SETTLED_S
    while any(found != sets[0] for found in sets) and time.monotonic() < patience:
        time.sleep(0.2)
        before, sets = sets, latest(folder)
        if sets != before:
            patience = time.monotonic() + SETTLED_S


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    logging.basicConfig(level=logging.ERROR)
    plant = Range(folder, seed, kills)
    started = time.monotonic()
    try:
        plant.run()
        killed_s = time.monotonic() - started
        (folder / LINE[0] / "enough").touch()
        settle(folder)
    finally:
        plant.finish()
    json.dump({"deaths": plant.deaths, "killed_s": killed_s, "all_s": time.monotonic() - started}, sys.stdout)


if __name__ == "__main__":
    main()
