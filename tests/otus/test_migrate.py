"""`otus store migrate` as its user has it: what goes wrong is one line, and a SIGKILL costs nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from console.registry import open_registry
from console.store import IncidentFilter, Store, open_store
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import Cluster
from tests.console.store.test_migrations import VERSION_1
from tests.federation.line_records import alert
from tests.federation.small_disk import fill, small_disk
from tests.otus.test_cli import otus


def make(folder: Path, number: int = 50) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(folder / "store.sqlite", parents=["up"])
    for start in range(0, number, 500):
        store.merge([alert(n) for n in range(start, min(start + 500, number))], "plant")
    store.close()
    return folder


def test_it_moves_and_says_what(tmp_path: Path) -> None:
    source, target = make(tmp_path / "old"), tmp_path / "new"
    done = otus("store", "migrate", "--from", source, "--to", target)
    assert done.returncode == 0 and "record:alert                        50" in done.stdout, done.stderr
    assert "the same in both / 两边一致: sha256 " in done.stdout
    assert otus("store", "check", "--data-dir", target).stdout == "everything agrees / 一致\n"
    assert sorted(path.name for path in target.iterdir()) == ["store.sqlite", "store.sqlite.lock"]
    again = otus("store", "migrate", "--from", source, "--to", target)
    assert again.returncode == 1 and "there is a store already" in again.stderr


def version(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {number}")


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    good, newer, older, text = (tmp_path / name for name in ("good", "newer", "older", "text"))
    for folder in (good, newer):
        make(folder)
    version(newer / "store.sqlite", 99)
    older.mkdir()
    with closing(sqlite3.connect(older / "store.sqlite")) as db:
        db.executescript(VERSION_1.read_text(encoding="utf-8"))
    text.write_text("no store")
    half = tmp_path / "half"
    half.mkdir()
    (half / "store.sqlite.moving").write_text("no store either")
    new = tmp_path / "new"
    away = "http://127.0.0.1:9"
    before = {path: path.read_bytes() for folder in (good, newer, older) for path in folder.glob("*.sqlite")}
    wrong: tuple[tuple[list[str | Path], str], ...] = (
        (["--from", tmp_path / "no", "--to", new], "there is no store here"),
        (["--from", newer, "--to", new], "was written by a newer Otus (store version 99"),
        (["--from", older, "--to", new], "is of store version 1; start a console once to upgrade it"),
        (["--from", good, "--to", good], "is named twice"),
        (["--from", good, "--to", good / "store.sqlite"], "is named twice"),
        (["--from", good, "--to", newer], "there is a store already"),
        (["--from", good, "--to", text / "under"], "cannot be written"),
        (["--from", good, "--to", half], "is damaged"),
        (["--from", good, "--to", "ftp://es.example.cn"], "is not the URL of a cluster"),
        (["--from", good, "--to", away], "the cluster cannot be reached"),
        (["--from", away, "--to", new], "the cluster cannot be reached"),
        (["--from", good, "--to", away, "--registry", "mysql://x/y"], "a registry is kept in SQLite or PostgreSQL"),
        (["--from", good, "--to", away, "--api-key-file", tmp_path / "no"], "the API key cannot be read"),
        (["--from", good, "--to", away, "--ca-file", tmp_path / "no"], "no such file"),
    )
    for arguments, said in wrong:
        shown = otus("store", "migrate", *arguments)
        assert (shown.returncode, shown.stdout) == (1, "") and said in shown.stderr, (arguments, shown.stderr)
        assert len(shown.stderr.splitlines()) == 1, shown.stderr
    assert {path: path.read_bytes() for path in before} == before
    misused: tuple[list[str | Path], ...] = (
        ["--from", away, "--to", away],
        ["--from", good, "--from", newer, "--to", new],
        ["--from", good, "--to", new, "--api-key-file", text],
        ["--from", good, "--to", away, "--prefix", "Not-This"],
        ["--from", good, "--to", away, "--period", "incident=decade"],
    )
    for arguments in misused:
        assert otus("store", "migrate", *arguments).returncode == 2


def test_a_running_console_is_not_moved_from(tmp_path: Path) -> None:
    store = open_store(make(tmp_path / "old") / "store.sqlite")
    shown = otus("store", "migrate", "--from", tmp_path / "old", "--to", tmp_path / "new")
    assert shown.returncode == 1 and "in use by a running console" in shown.stderr
    store.close()


def test_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    source = make(tmp_path / "old", 6000)
    with small_disk(tmp_path / "small", 64) as small:
        filler = fill(small, 13 * 2**20)
        command = ("store", "migrate", "--from", source, "--to", small / "new")
        shown = otus(*command)
        assert shown.returncode == 1 and "the disk is full" in shown.stderr, shown.stderr
        assert len(shown.stderr.splitlines()) == 1 and "goes on from there" in shown.stderr
        filler.unlink()
        shown = otus(*command)
        assert shown.returncode == 0 and "goes on after" in shown.stderr, shown.stderr
        store = open_store(small / "new" / "store.sqlite")
        assert store.totals().incidents == 6000
        store.close()


def whole(store: Store, number: int) -> None:
    assert store.totals().incidents == number and store.totals().pending_up["up"] == number
    assert not store.incident_count(IncidentFilter(text="写命令")).exact
    assert len(store.latest()) == number


def killed_until_done(command: list[str], kills: int, moved_so_far: Callable[[], int]) -> int:
    """Run, kill each time it has come further, and let the last one end. Returns how often it was killed."""
    killed, seen = 0, 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while killed < kills and process.poll() is None:
            now = moved_so_far()
            if now > seen:
                process.send_signal(signal.SIGKILL)
                killed, seen = killed + 1, now
                break
            time.sleep(0.01)
        _, said = process.communicate(timeout=240)
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 0, said
            assert "goes on after" in said
            return killed


def records_in(database: Path, statement: str) -> int:
    import json

    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as db:
            row = db.execute(statement).fetchone()
    except sqlite3.Error:
        return 0
    return 0 if row is None else int(sum(json.loads(row[0])["tally"]["numbers"].values()))


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "otus.cli", "store", "migrate", *map(str, arguments)]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killed_again_and_again_between_files(tmp_path: Path) -> None:
    source, target = make(tmp_path / "old", 8000), tmp_path / "new"
    part = target / "store.sqlite.moving"
    killed = killed_until_done(
        command("--from", source, "--to", target),
        8,
        lambda: records_in(part, "SELECT value FROM fact WHERE name = 'moving'"),
    )
    assert killed >= 5
    store = open_store(target / "store.sqlite")
    whole(store, 8000)
    store.close()
    assert otus("store", "check", "--data-dir", target).stdout == "everything agrees / 一致\n"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif("OTUS_TEST_ES_URL" in os.environ, reason="the numbers of a loaded server are not ours to time")
def test_killed_on_its_way_to_a_cluster_and_back(elasticsearch_url: str, tmp_path: Path) -> None:
    source, back = make(tmp_path / "old", 8000), tmp_path / "back"
    cluster = Cluster(elasticsearch_url, tmp_path)
    options = ["--prefix", cluster.prefix, "--registry", cluster.registry_url]
    open_registry(cluster.registry_url).close()
    registry = tmp_path / "registry.sqlite"
    assert killed_until_done(
        command("--from", source, "--to", elasticsearch_url, *options),
        2,
        lambda: records_in(registry, "SELECT state FROM unfinished_move"),
    )
    store = cluster.open(ElasticStore)
    whole(store, 8000)
    store.close()
    part = back / "store.sqlite.moving"
    assert killed_until_done(
        command("--from", elasticsearch_url, "--to", back, *options),
        2,
        lambda: records_in(part, "SELECT value FROM fact WHERE name = 'moving'"),
    )
    again = open_store(back / "store.sqlite")
    whole(again, 8000)
    again.close()
    cluster.remove()
