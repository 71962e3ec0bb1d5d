"""Three consoles on this machine, 企业 → 省 → 部, each a process with its own folder, port and credential."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from console.cli import add_account, enrol
from console.opening import open_console_registry, open_console_store
from console.settings import ConsoleSettings
from console.store import Store, StoreError
from console.store.elastic import ElasticSettings
from sensor.schema import Record
from testbed.commands import RangeError
from testbed.state import ProcessMark, RunState, end_processes

READY_WAIT_S = 40.0
FIRST_PORT = 18081
"""Looked for from here on, so that the addresses are the same each time where nothing else has them."""


@dataclass(frozen=True)
class Tier:
    kind: str
    node: str
    zh: str
    en: str
    login: str


PASSWORD = "Otus-demo-2026"
"""Printed by the demo: its consoles listen on loopback only and are gone when it ends."""
TIERS = (
    Tier("enterprise", "plant-1", "示例电器有限公司（演示）", "Example Appliances Ltd. (demo)", "plant"),
    Tier("province", "gd", "广东省工业互联网安全监测（演示）", "Guangdong provincial desk (demo)", "province"),
    Tier("ministry", "miit", "部级工业互联网安全监测（演示）", "Ministry desk (demo)", "ministry"),
)
SENSOR = "sensor-1"


@dataclass
class RunningTier:
    tier: Tier
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    parents: list[str] = field(default_factory=list)
    cluster: ElasticSettings | None = None
    """where its records are kept; None: in its folder"""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.folder / "console.log"

    def settings(self) -> ConsoleSettings:
        return ConsoleSettings(self.folder, elasticsearch=self.cluster)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """The tier's store, read beside the process that writes it."""
        settings = self.settings()
        with (
            contextlib.closing(open_console_registry(settings)) as registry,
            contextlib.closing(open_console_store(registry, settings)) as store,
        ):
            yield store

    def alerts(self) -> list[Record]:
        """Every alert that the tier holds, by its last revision."""
        records, cursor = [], None
        with self.store() as store:
            while True:
                page = store.incidents(limit=200, cursor=cursor)
                for row in page.rows:
                    incident = store.incident(row.origin, row.id)
                    if incident is not None:
                        records.append(incident.record)
                cursor = page.next_cursor
                if cursor is None:
                    return records


def start_module(arguments: list[str], log_path: Path, run: RunState | None, name: str) -> subprocess.Popen[bytes]:
    """Start `otus …` as a process of its own, named in the run's state file so that a killed demo is cleaned up."""
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "otus.cli", *arguments],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if run is not None:
        run.processes.append(ProcessMark.of(process.pid, name))
        run.save()
    return process


def log_tail(path: Path, lines: int = 3) -> str:
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return " | ".join([line for line in text.splitlines() if line.strip()][-lines:]) or "(empty log)"


def free_port(first: int) -> int:
    """The first free loopback port from `first` on."""
    for port in range(first, first + 2000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RangeError(f"no free port on 127.0.0.1 from {first} on")


class Tiers:
    """Starts bottom tiers last, so that every child finds its parent."""

    def __init__(self, workdir: Path, run: RunState | None, cluster_url: str | None = None) -> None:
        """`cluster_url`: an Elasticsearch that keeps the records of all tiers above the enterprise."""
        self._run = run
        self.tokens: dict[str, Path] = {}
        self.running: list[RunningTier] = []
        port = FIRST_PORT
        for tier in TIERS:
            folder = workdir / tier.kind
            folder.mkdir(parents=True, exist_ok=True)
            port = free_port(port)
            running = RunningTier(tier, folder, port)
            if cluster_url is not None and tier.kind != "enterprise":
                running.cluster = ElasticSettings((cluster_url,), prefix=tier.node)
            self.running.append(running)
            port += 1

    @property
    def enterprise(self) -> RunningTier:
        return self.running[0]

    @property
    def ministry(self) -> RunningTier:
        return self.running[-1]

    def start(self) -> None:
        """Make accounts and credentials, start the consoles, wait until each answers.

        Raises:
            RangeError: one did not come up; the message quotes the end of its log.
        """
        children = [SENSOR, *(tier.node for tier in TIERS[:-1])]
        for running, child in zip(self.running, children, strict=True):
            settings = running.settings()
            add_account(settings, running.tier.login, PASSWORD, "analyst")
            kind = "sensor" if child == SENSOR else "console"
            self._keep_token(child, enrol(settings, child, kind), running.folder.parent)
        for below, above in zip(self.running, self.running[1:], strict=False):
            token = self.tokens[below.tier.node]
            below.parents.append(f"{above.tier.node}={above.url},{token}")
        for running in reversed(self.running):
            running.process = start_module(self._arguments(running), running.log_path, self._run, running.tier.kind)
        for running in self.running:
            self._wait(running)

    def _keep_token(self, child: str, token: str, folder: Path) -> None:
        path = folder / f"{child}.token"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token + "\n")
        self.tokens[child] = path

    @staticmethod
    def _arguments(running: RunningTier) -> list[str]:
        tier = running.tier
        arguments = ["console", "run", "--data-dir", str(running.folder), "--tier", tier.kind]
        arguments += ["--node-name", tier.node, "--title", tier.zh, "--title-en", tier.en, "--port", str(running.port)]
        for parent in running.parents:
            arguments += ["--parent", parent]
        if running.cluster is not None:
            arguments += ["--store", "elasticsearch", "--url", running.cluster.urls[0]]
            arguments += ["--prefix", running.cluster.prefix]
        return arguments

    @staticmethod
    def _wait(running: RunningTier) -> None:
        deadline = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline:
            if running.process is not None and running.process.poll() is not None:
                raise RangeError(f"console {running.tier.kind} ended at its start: {log_tail(running.log_path)}")
            try:
                if httpx.get(f"{running.url}/api/v1/health", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise RangeError(f"console {running.tier.kind} does not answer: {log_tail(running.log_path)}")

    def wait_until_equal(self, within_s: float) -> bool:
        """Wait until every tier holds the alerts that the enterprise holds, in the same revisions."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                sets = [{record.key for record in running.alerts()} for running in self.running]
            except StoreError:  # an index that is made this moment cannot be searched yet
                continue
            if sets[0] and all(one == sets[0] for one in sets):
                return True
        return False

    def stop(self) -> None:
        """End all consoles. Twice is fine."""
        for running in self.running:
            if running.process is not None:
                end_processes([ProcessMark.of(running.process.pid)])
                running.process.wait(10)
                running.process = None
