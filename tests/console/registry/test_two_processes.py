"""Two console processes on one registry: as two machines behind a load balancer are, or two that start at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, create_engine, text

from console.app import create_app
from console.cli import _Running
from console.nodes import Nodes
from console.registry import Registry, RegistryUnreachable, open_registry, queue_tables
from console.registry.jobs import job_states
from console.registry.leases import Leases
from console.registry.migrate import VERSION_TABLE, versions
from console.registry.tables import account, metadata
from console.sessions import Sessions
from console.settings import ConsoleSettings
from console.state import state
from console.store.sqlite import SqliteStore
from console.users import Users
from console.users import Verdict as Login
from federation import spool_tables
from federation.queue import Verdict
from tests import postgresql
from tests.console.conftest import PASSWORD, QUICK_HASHER, token_of
from tests.federation.line_records import alert
from tests.federation.queues import written

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
import json, os, sys, time
from console.registry import open_registry
from console.registry.leases import Leases
def say(value): print(json.dumps(value), flush=True)
"""
OPEN = (
    HEAD
    + """
import alembic.command
say("ready")
sys.stdin.readline()
registry = open_registry(sys.argv[1])
from console.registry.secret import shared_secret
say(shared_secret(registry, "sessions").hex())
"""
)
HOLD = (
    HEAD
    + """
lease = Leases(open_registry(sys.argv[1]), "first").acquire("relay", float(sys.argv[2]))
say(lease and lease.fence)
time.sleep(600)
"""
)
GUESS = (
    HEAD
    + """
from console.users import Users
from tests.console.conftest import QUICK_HASHER
users = Users(open_registry(sys.argv[1]), lock_after=10, lock_s=60, hasher=QUICK_HASHER)
say("ready")
sys.stdin.readline()
say([str(users.check("wang", "guess")[0]) for _ in range(int(sys.argv[2]))])
"""
)


class Process:
    def __init__(self, script: str, url: URL, *more: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, url.render_as_string(hide_password=False), *map(str, more)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def said(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate(timeout=10)[1]
        return json.loads(line)


def together(processes: list[Process]) -> None:
    """Let them go when all stand at the gate."""
    assert [process.said() for process in processes] == ["ready"] * len(processes)
    for process in processes:
        process.go()


@pytest.fixture
def start(registry_url: URL) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def one(script: str, *more: object) -> Process:
        started.append(Process(script, registry_url, *more))
        return started[-1]

    yield one
    for process in started:
        process.process.kill()
        process.process.communicate(timeout=10)


def test_both_open_an_empty_database_at_once(start: Callable[..., Process], registry_url: URL) -> None:
    processes = [start(OPEN) for _ in range(4)]
    together(processes)
    assert len({process.said() for process in processes}) == 1, "one key for all"
    engine = create_engine(registry_url)
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).all() == [(versions()[-1],)]
        for table in metadata.tables:
            connection.execute(text(f"SELECT count(*) FROM {table}"))
    engine.dispose()


def test_a_killed_holder_is_followed_when_its_lease_ends(start: Callable[..., Process], registry: Registry) -> None:
    holder = start(HOLD, 3.0)
    assert holder.said() == 1
    second = Leases(registry, "second")
    began = time.monotonic()
    assert second.acquire("relay", 3.0) is None
    holder.process.send_signal(signal.SIGKILL)
    holder.process.wait(10)
    lease = None
    while lease is None and time.monotonic() - began < 20:
        lease = second.acquire("relay", 3.0)
        time.sleep(0.05)
    assert lease is not None and lease.fence == 2
    assert 2 < time.monotonic() - began < 15


def test_wrong_passwords_are_counted_across_both(start: Callable[..., Process], registry: Registry) -> None:
    users = Users(registry, lock_after=10, lock_s=60, hasher=QUICK_HASHER)
    users.add("wang", PASSWORD)
    processes = [start(GUESS, 5) for _ in range(2)]
    together(processes)
    verdicts = [verdict for process in processes for verdict in process.said()]
    assert sorted(verdicts) == ["locked"] + ["wrong"] * 9, "none was lost, the tenth locks"
    assert users.check("wang", PASSWORD)[0] is Login.LOCKED


@pytest.fixture
def consoles(registry_url: URL, tmp_path: Path) -> Iterator[list[Flask]]:
    """Two applications with a registry each, as in two processes, behind one name."""
    made = []
    for number in range(2):
        folder = tmp_path / f"console-{number}"
        address = registry_url.render_as_string(hide_password=False)
        app = create_app(ConsoleSettings(folder, node_name="gd", registry=address))
        app.config["TESTING"] = False
        made.append(app)
    Users(state(made[0]).registry, hasher=QUICK_HASHER).add("wang", PASSWORD)
    yield made
    for app in made:
        state(app).store.close()
        state(app).registry.close()


def with_cookie(app: Flask, other: FlaskClient) -> FlaskClient:
    client = app.test_client()
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = other.get_cookie(name)
    assert cookie is not None
    client.set_cookie(name, cookie.value)
    return client


def test_a_session_is_good_in_both_and_ends_in_both(consoles: list[Flask]) -> None:
    one, two = consoles
    client = one.test_client()
    # The form comes from one, its answer goes to the other, as a load balancer pleases.
    token = token_of(client)
    there = with_cookie(two, client)
    answer = there.post("/login", data={"name": "wang", "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 303
    back = with_cookie(one, there)
    assert [browser.get("/").status_code for browser in (there, back)] == [200, 200]
    assert back.post("/logout", data={"csrf_token": token_of(back, "/")}).status_code == 303
    assert there.get("/").status_code == 302, "the copy of the cookie at the other is worth nothing"


def test_a_name_that_no_database_looks_for_is_wrong_like_any_other(consoles: list[Flask]) -> None:
    client = consoles[0].test_client()
    form = {"name": "wa\0ng", "password": PASSWORD, "csrf_token": token_of(client)}
    answer = client.post("/login", data=form)
    assert answer.status_code == 401 and "账号或口令不对" in answer.get_data(as_text=True)


def test_a_node_enrolled_at_one_is_known_at_the_other(consoles: list[Flask]) -> None:
    one, two = (state(app) for app in consoles)
    token = one.nodes.add(one.store, "sensor-1")
    answer = (
        consoles[1]
        .test_client()
        .post("/api/v1/batches", json={"schema": "1.0", "records": []}, headers={"Authorization": f"Bearer {token}"})
    )
    assert answer.status_code == 200
    two.nodes.revoke("sensor-1")
    assert one.nodes.authenticate(token) is None


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    """One of the test's own, to be killed."""
    if postgresql.BINARIES is None:
        pytest.skip("postgresql is not installed")
    made = postgresql.Server()
    try:
        made.start()
        yield made
    finally:
        made.remove()


def test_a_server_killed_in_the_middle_is_one_line_and_503(
    server: postgresql.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = server.url().render_as_string(hide_password=False)
    app = create_app(ConsoleSettings(tmp_path / "data", registry=address))
    app.config["TESTING"] = False
    here = state(app)
    Users(here.registry, hasher=QUICK_HASHER).add("wang", PASSWORD)
    node_token = here.nodes.add(here.store, "sensor-1")
    client = app.test_client()
    form = {"name": "wang", "password": PASSWORD, "csrf_token": token_of(client)}
    assert client.post("/login", data=form).status_code == 303

    with pytest.raises(RegistryUnreachable) as told, here.registry.transaction() as connection:
        connection.execute(account.update().values(epoch=99))
        server.stop(signal.SIGQUIT)
        connection.execute(account.update().values(epoch=100))
    assert "\n" not in str(told.value) and PASSWORD not in str(told.value)

    with caplog.at_level(logging.ERROR):
        page = client.get("/")
        batch = client.post(
            "/api/v1/batches", json={"schema": "1.0", "records": []}, headers={"Authorization": f"Bearer {node_token}"}
        )
    assert page.status_code == 503 and "账号与会话数据库暂时不可用" in page.get_data(as_text=True)
    assert batch.status_code == 503 and batch.headers["Retry-After"]
    assert client.get("/api/v1/health").status_code == 200
    assert all("\n" not in record.getMessage() and record.exc_info is None for record in caplog.records)

    server.start()
    assert client.get("/").status_code == 200, "the same session, without logging in again"
    with here.registry.reading() as connection:
        assert connection.execute(account.select()).one().epoch == 1, "the broken transaction left nothing"
    here.store.close()
    here.registry.close()


def test_a_process_that_begins_without_the_server_waits_for_it(
    server: postgresql.Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As one does that takes the place of a worker that died, and the server died with it."""
    running = _Running(ConsoleSettings(tmp_path, registry=server.url().render_as_string(hide_password=False)))
    open_registry(server.url()).close()
    server.stop(signal.SIGQUIT)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(running.load)
        until(lambda: bool(caplog.records))
        assert not loading.done()
        server.start()
        app = loading.result(30)
    assert app.test_client().get("/login").status_code == 200
    running.stop()
    assert all(record.getMessage().startswith("waiting: registry postgresql://otus@127") for record in caplog.records)


SERVE = """
import sys
from pathlib import Path
from console.cli import run_console
from console.settings import ConsoleSettings
links = ({"name": "gd", "url": "http://127.0.0.1:9", "token": "t"},)
settings = ConsoleSettings(
    data_dir=Path(sys.argv[1]), bind_port=0, registry=sys.argv[2], threads=4, node_name="plant", parent_links=links
)
run_console(settings, announce=lambda url: print(url, flush=True))
"""


def serve(folder: Path, address: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder), address], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience, "it did not happen in time"
        time.sleep(0.1)


def up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_two_real_consoles_do_what_is_for_one_once(registry_url: URL, tmp_path: Path) -> None:
    address = registry_url.render_as_string(hide_password=False)
    running = [serve(tmp_path / f"console-{number}", address) for number in range(2)]
    try:
        until(lambda: all(up(url) for _, url in running))
        with closing(open_registry(registry_url)) as registry:
            until(lambda: [job.finished_s is not None for job in job_states(registry)] == [True, True])
            with registry.reading() as connection:
                leases = connection.execute(text("SELECT name, fence FROM lease ORDER BY name")).all()
        # Each of these two has a store of its own, and with it a queue that nobody else can send.
        assert leases == [("job:expire", 1), ("job:forget_logins", 1)]
    finally:
        for process, _ in running:
            process.send_signal(signal.SIGTERM)
        errors = [process.communicate(timeout=30)[1] for process, _ in running]
    assert [process.returncode for process, _ in running] == [0, 0]
    assert all("Traceback" not in text for text in errors)


def test_a_console_without_its_registry_does_not_start_and_says_why(tmp_path: Path, postgresql_url: URL) -> None:
    address = postgresql_url.set(password="not:the@word").render_as_string(hide_password=False)
    ran = subprocess.run(
        [sys.executable, "-m", "otus.cli", "console", "run", "--data-dir", str(tmp_path / "data"), "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "OTUS_REGISTRY": address},
    )  # fmt: skip
    assert ran.returncode == 1 and ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1 and "not let in" in ran.stderr
    assert "word" not in ran.stderr.replace("password", "")


def test_accounts_and_nodes_are_made_from_the_command_line(tmp_path: Path, registry_url: URL) -> None:
    address = registry_url.render_as_string(hide_password=False)

    def otus(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "otus.cli", "console", *arguments, "--data-dir", str(tmp_path / "data")]
        environment = {**os.environ, "OTUS_NEW_PASSWORD": PASSWORD}
        return subprocess.run(
            [*command, "--registry", address], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
            env=environment,
        )  # fmt: skip

    assert otus("user", "add", "wang", "--role", "admin").stdout == "wang: admin\n"
    again = otus("user", "add", "wang")
    assert (again.returncode, again.stderr) == (1, "otus: there is an account 'wang' already\n")
    token = otus("node", "add", "sensor-1").stdout.strip()
    with closing(open_registry(registry_url)) as registry:
        users = Users(registry, hasher=QUICK_HASHER)
        user = users.get("wang")
        assert user is not None and user.role == "admin"
        found = Nodes(registry).authenticate(token)
        assert found is not None and found.name == "sensor-1"
        Sessions(registry, idle_s=60, longest_s=60).begin(user)
    assert otus("user", "end-sessions", "wang").stdout == "wang: 1 sessions ended\n"
    assert otus("user", "end-sessions", "nobody").stderr == "otus: there is no account 'nobody'\n"
    assert not (tmp_path / "data" / "registry.sqlite").exists()


@pytest.mark.parametrize("store", ["sqlite", "elasticsearch"])
def test_what_a_parent_refused_is_sent_again_from_the_command_line(
    tmp_path: Path, registry_url: URL, store: str
) -> None:
    with closing(open_registry(registry_url)) as registry, registry.transaction() as connection:
        queue_tables.add_parents(connection, ["miit"])
        queue_tables.append(connection, written([alert(1)]))
        refused = [Verdict(item, "origin_not_under_child") for item in queue_tables.take(connection, "miit", 9, 10**6)]
        queue_tables.answer(connection, "miit", refused, 1)
    embedded = SqliteStore(tmp_path / "store.sqlite", parents=["miit"])
    embedded.merge([alert(1), alert(2)], "plant")
    with embedded._write() as db:
        queued = spool_tables.take(db, "miit", 9, 10**6)
        spool_tables.answer(db, "miit", [Verdict(item, "origin_not_under_child") for item in queued], 1)

    def otus(parent: str, folder: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        address = registry_url.render_as_string(hide_password=False)
        command = ["console", "resend", "--data-dir", str(folder), "--registry", address, "--store", store, parent]
        return subprocess.run(
            [sys.executable, "-m", "otus.cli", *command], cwd=ROOT, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    number = {"sqlite": 2, "elasticsearch": 1}[store]
    assert otus("miit").stdout == f"miit: {number} records wait again\n"
    with closing(open_registry(registry_url)) as registry, registry.transaction() as connection:
        assert queue_tables.pending(connection) == {"miit": int(store == "elasticsearch")}
    assert embedded.totals().pending_up == {"miit": 2 if store == "sqlite" else 0}
    embedded.close()
    assert otus("gd").stderr == "otus: 'gd' is no parent; those there are: miit\n"
    if store == "sqlite":
        assert "there is no store here" in otus("miit", tmp_path / "no").stderr
