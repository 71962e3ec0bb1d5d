"""A console on Elasticsearch, as `otus console run` starts it, with the screens on what it keeps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import console
from console.cli import add_account, enrol
from console.settings import ConsoleSettings
from console.users import Role
from sensor.schema import Record
from tests.console.store.elastic.cluster import PREFIX, Cluster
from tests.elasticsearch_server import free_port
from tests.federation.line_records import alert, asset, heartbeat, record_id

ROOT = Path(console.__file__).parent.parent


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "otus.cli", "console", "run", "--data-dir", folder, "--port", "0", *more],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code", "line"),
    [
        (["--store", "elasticsearch", "--url", f"http://127.0.0.1:{free_port()}"], 1, "cannot be reached"),
        (["--store", "elasticsearch", "--url", "es.example"], 1, "a URL is like https://es.example.cn:9200"),
        (["--store", "elasticsearch", "--url", "http://127.0.0.1:1", "--api-key-file", "/nowhere"], 1, "/nowhere"),
        (["--store", "elasticsearch"], 2, "needs --url"),
        (["--url", "http://127.0.0.1:9200"], 2, "go with --store elasticsearch"),
        (["--store", "elasticsearch", "--url", "http://127.0.0.1:1", "--period", "incident=week"], 2, "--periods"),
    ],
)
def test_what_cannot_start_says_one_line(tmp_path: Path, more: list[str], code: int, line: str) -> None:
    running = start(tmp_path / "data", *more)
    _, errors = running.communicate(timeout=60)
    said = [text for text in errors.splitlines() if text and not text.startswith(("Usage:", "Try "))]
    assert running.returncode == code and len(said) == 1 and line in said[0], errors


def test_a_console_on_elasticsearch(cluster: Cluster, elasticsearch_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = ConsoleSettings(data_dir=folder)
    add_account(settings, "wang", "Correct-Horse-9", Role.ANALYST)
    token = enrol(settings, "sensor-1")
    running = start(folder, "--store", "elasticsearch", "--url", elasticsearch_url, "--prefix", PREFIX)
    assert running.stderr is not None
    try:
        url = running.stderr.readline().strip().removeprefix("console at ")
        batch = {"schema": "1.0", "records": [record.to_json() for record in (alert(1), asset(1), heartbeat(1))]}
        answer = _post(url, token, batch)
        assert [item["status"] for item in answer.json()["results"]] == ["stored"] * 3
        stranger = {"schema": "1.0", "records": [alert(2, origin="sensor-2").to_json()]}
        assert _post(url, token, stranger).json()["results"][0]["reason"].startswith("origin_not_under_child")
        (source,) = cluster.documents("incident")
        assert Record.from_bytes(source["otus.record"].encode()).path == ("sensor-1",)
        with httpx.Client(base_url=url, timeout=30) as browser:
            page = browser.get("/login").text
            form = {"name": "wang", "password": "Correct-Horse-9"}
            form["csrf_token"] = page.partition('name="csrf_token" value="')[2].partition('"')[0]
            assert browser.post("/login", data=form).status_code == 303
            assert "控制器收到写命令" in browser.get("/incidents").text
            assert "控制器收到写命令" in browser.get(f"/incidents/sensor-1/{record_id(1)}").text
            for place in ("/", "/assets", "/sensors"):
                assert browser.get(place).status_code == 200, place
    finally:
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0 and "Traceback" not in errors


def _post(url: str, token: str, batch: object) -> httpx.Response:
    for _ in range(100):
        try:
            return httpx.post(
                f"{url}/api/v1/batches", json=batch, headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError("not up")
