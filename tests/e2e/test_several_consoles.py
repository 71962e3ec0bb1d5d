"""A province as two whole console processes on one Elasticsearch and one PostgreSQL, behind a load balancer, with a
plant below and a ministry above."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import URL, text

from console.cli import add_account, end_sessions, enrol
from console.registry import open_registry, queue_tables
from console.registry.jobs import job_states
from console.settings import ConsoleSettings
from console.store import IncidentFilter
from console.store.elastic import ElasticSettings
from console.store.elastic.store import ElasticStore
from federation import uplink as uplink_module
from federation.parent import Parent
from federation.spool import Spool
from federation.uplink import Pace, Uplink
from sensor.schema import Key
from tests import postgresql
from tests.captures import ROOT
from tests.federation.line_records import alert, heartbeat, record_id

NAME, PASSWORD = "wang", "Correct-Horse-9"
PACE = Pace(first_s=0.1, longest_s=1, slow_s=1, idle_s=0.05, timeout_s=30)
pytestmark = pytest.mark.timeout(400)


class Console:
    """`otus console run …`, with everything it starts in one group."""

    def __init__(self, folder: Path, tier: str, node: str, *more: str, registry: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.log = (folder / "log").open("w+")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"OTUS_REGISTRY": registry} if registry else {})}
        command = [sys.executable, "-m", "otus.cli", "console", "run", "--data-dir", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--tier", tier, "--node-name", node, *more],
            cwd=ROOT, stderr=self.log, env=environment, start_new_session=True,
        )  # fmt: skip
        until(lambda: "console at http" in self.said() or self.process.poll() is not None)
        found = re.search(r"console at (http\S+)", self.said())
        assert found is not None, self.said()
        self.url = found[1]
        until(lambda: self.answers() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def has(self, pid: int) -> bool:
        """Whether a process is one of this console's."""
        try:
            return os.getpgid(pid) == self.process.pid
        except ProcessLookupError:
            return False

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.log.close()


class Balancer(httpx.BaseTransport):
    """Each request goes to the next console; past one that nobody listens at."""

    def __init__(self, *urls: str) -> None:
        self._urls = itertools.cycle(urls)
        self._number = len(urls)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for attempt in range(1, self._number + 1):
            there = httpx.URL(next(self._urls))
            passed_on = httpx.Request(
                request.method,
                request.url.copy_with(host=there.host, port=there.port),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
            try:
                return self._inner.handle_request(passed_on)
            except httpx.ConnectError:
                if attempt == self._number:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Several clients share it."""


@dataclass
class Province:
    settings: ConsoleSettings
    cluster: ElasticSettings
    registry: URL
    consoles: list[Console]
    ministry: Console
    plant_token: str

    def balancer(self) -> Balancer:
        return Balancer(*(console.url for console in self.consoles))


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def province(
    elasticsearch_url: str, postgresql_server: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Province]:
    folder = tmp_path_factory.mktemp("several")
    cluster = ElasticSettings((elasticsearch_url,), prefix=f"t{secrets.token_hex(5)}")
    database = postgresql.new_database(postgresql_server)
    address = database.set(drivername="postgresql").render_as_string(hide_password=False)
    running: list[Console] = []
    try:
        ministry = Console(folder / "miit", "ministry", "miit")
        running.append(ministry)
        token = folder / "gd.token"
        token.write_text(enrol(ConsoleSettings(folder / "miit"), "gd", "console"))
        more = ["--store", "elasticsearch", "--url", elasticsearch_url, "--prefix", cluster.prefix]
        more += ["--parent", f"miit={ministry.url},{token}"]
        settings = ConsoleSettings(folder / "gd-0", registry=address, elasticsearch=cluster)
        for number in range(2):
            running.append(Console(folder / f"gd-{number}", "province", "gd", *more, registry=address))
        add_account(settings, NAME, PASSWORD, "analyst")
        yield Province(settings, cluster, database, running[1:], ministry, enrol(settings, "plant", "console"))
        for console in running:
            console.stop()
            assert "Traceback" not in console.said()
    finally:
        for console in running:
            if console.process.poll() is None:
                console.kill()
        client = Elasticsearch(elasticsearch_url)
        there = ",".join(client.indices.get_alias(index=f"{cluster.prefix}-*").body)
        if there:
            client.indices.delete(index=there)
        client.options(ignore_status=404).indices.delete_index_template(name=f"{cluster.prefix}-*")
        client.close()
        if postgresql.given() is not None:
            postgresql.drop_database(database, postgresql_server)


def log_in(province: Province) -> httpx.Client:
    """A person whose every click goes to the other console than the one before."""
    person = httpx.Client(base_url="http://gd.example", transport=province.balancer(), timeout=30)
    form = {"name": NAME, "password": PASSWORD, "csrf_token": token_of(person, "/login")}
    assert person.post("/login", data=form).status_code == 303
    return person


def token_of(person: httpx.Client, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', person.get(path).text)
    assert found is not None
    return found[1]


def send(province: Province, *records: object) -> list[str]:
    with httpx.Client(base_url="http://gd.example", transport=province.balancer(), timeout=30) as child:
        answer = child.post(
            "/api/v1/batches",
            json={"schema": "1.0", "records": [record.to_json() for record in records]},  # type: ignore[attr-defined]
            headers={"Authorization": f"Bearer {province.plant_token}"},
        )
    return [item["status"] for item in answer.json()["results"]]


def test_a_person_who_logs_in_at_one_works_at_the_other(province: Province) -> None:
    assert send(province, alert(1, origin="sensor-9"), heartbeat(1, origin="sensor-9")) == ["stored"] * 2
    person, page = log_in(province), f"/incidents/sensor-9/{record_id(1)}"
    until(lambda: person.get(page).status_code == 200)  # a second after it was stored it is found
    form = {"after": "triage", "note": "先看一下现场", "csrf_token": token_of(person, page)}
    assert person.post(f"{page}/workflow", data=form).status_code == 303
    pages = [person.get(page).text for _ in range(2)]
    assert all("先看一下现场" in text and "研判中" in text for text in pages), "what was decided at one is seen at both"
    assert [person.get("/incidents", headers={"Accept": "application/json"}).status_code for _ in range(2)] == [200] * 2
    # A form that one console made and that another session shows is worth nothing at either.
    stranger = log_in(province)
    assert stranger.post("/logout", data={"csrf_token": form["csrf_token"]}).status_code == 400
    assert end_sessions(province.settings, NAME) == 2
    for browser in (person, stranger):
        assert [browser.get("/").status_code for _ in range(2)] == [302] * 2, "logged out everywhere"


def test_guesses_at_both_count_together(province: Province) -> None:
    person = httpx.Client(base_url="http://gd.example", transport=province.balancer(), timeout=30)
    token = token_of(person, "/login")
    answers = [
        person.post("/login", data={"name": "li", "password": "guess", "csrf_token": token}).text for _ in range(5)
    ]
    assert ["账号已锁定" in answer for answer in answers] == [False] * 4 + [True]


def test_what_is_for_one_is_done_once(province: Province) -> None:
    with closing(open_registry(province.registry)) as registry:
        until(lambda: [job.finished_s is not None for job in job_states(registry)] == [True] * 2)
        assert [job.error for job in job_states(registry)] == [None] * 2
        with registry.reading() as connection:
            leases = connection.execute(text("SELECT name, fence FROM lease ORDER BY name")).all()
    assert leases == [("drain", 1), ("job:expire", 1), ("job:forget_logins", 1), ("relay:gd", 1)]


def kept_at(ministry: Console) -> set[Key]:
    """But for the sums of heartbeats that the province tells by itself."""
    with closing(sqlite3.connect(f"file:{ministry.folder}/store.sqlite?mode=ro", uri=True, timeout=10)) as db:
        rows = [tuple(row) for row in db.execute("SELECT origin, id, revision FROM record WHERE kind <> 'heartbeat'")]
    assert len(rows) == len({row[:2] for row in rows}), "a record is kept twice"
    return set(rows)


def sender(province: Province) -> Console:
    """The console whose process holds the lease of the line upward."""
    with closing(open_registry(province.registry)) as registry, registry.reading() as connection:
        holder = connection.execute(text("SELECT holder FROM lease WHERE name = 'relay:gd'")).scalar_one()
    (found,) = [console for console in province.consoles if console.has(int(str(holder).split(":")[1]))]
    return found


def seen(store: ElasticStore) -> int:
    store.refresh()
    return store.incident_count(IncidentFilter(origin="sensor-1")).number


@pytest.mark.long  # the leases of a killed process end after 30 s (upward) and 60 s (to the cluster)
def test_one_of_two_is_killed_and_the_ministry_gets_every_record_once(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept_at(province.ministry)
    monkeypatch.setattr(uplink_module, "BATCH_RECORDS", 20)
    spool = Spool(tmp_path / "spool.sqlite", ["gd"])
    parent = Parent("gd", "http://127.0.0.1:9", province.plant_token)
    line = Uplink(spool, [parent], pace=PACE, transport=province.balancer())
    line.start()
    for number in range(100, 500, 10):
        spool.append([alert(number + extra) for extra in range(10)])
        spool.append([alert(number - extra - 1, revision=2) for extra in range(5)])
    until(lambda: len(kept_at(province.ministry)) > len(before) + 40, 60)
    killed = sender(province)
    killed.kill()
    assert spool.pending("gd") > 0, "it was killed in the middle"
    began = time.monotonic()
    for number in range(500, 600, 10):
        spool.append([alert(number + extra) for extra in range(10)])
    until(lambda: spool.pending("gd") == 0, 60)
    until(lambda: kept_at(province.ministry) >= spool.latest(), 90)
    assert time.monotonic() - began < 90
    assert line.stop()
    assert spool.dead_letters() == []
    assert kept_at(province.ministry) - before == spool.latest()
    assert sender(province) is not killed
    with closing(open_registry(province.registry)) as registry:
        with registry.reading() as connection:
            until(lambda: queue_tables.pending(connection) == {"miit": 0})
            assert queue_tables.dead_letters(connection, 10) == []
        with closing(ElasticStore(province.cluster, registry)) as store:
            store.refresh()
            assert {key for key in store.latest() if key[0] == "sensor-1"} == spool.latest()
            until(lambda: seen(store) == len(spool.latest()), 120)  # and all of it stands on the cluster by then
