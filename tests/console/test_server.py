"""Starting and ending a console: what is refused in one line, and a real process from birth to SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import console
from console.cli import add_account, enrol, prepare
from console.server import ConsoleRefused, check_bind, is_loopback, listen, url_of
from console.settings import ConsoleSettings
from federation.parent import Parent

ROOT = Path(console.__file__).parent.parent
SERVE = """
import sys
from pathlib import Path
from console.cli import run_console
from console.settings import ConsoleSettings
settings = ConsoleSettings(data_dir=Path(sys.argv[1]), bind_port=int(sys.argv[2]))
run_console(settings, announce=lambda url: print(url, flush=True))
"""


def settings(tmp_path: Path, **more: Any) -> ConsoleSettings:
    return ConsoleSettings(**{"data_dir": tmp_path / "data", "bind_port": 0, **more})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("plant.example", False)],
)  # fmt: skip
def test_who_can_reach_an_address(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_clear_text_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConsoleRefused, match="give a TLS certificate and key") as refused:
        listen(settings(tmp_path, bind_host=host))
    assert "\n" not in str(refused.value)


def test_with_tls_it_may_be_reached(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    with pytest.raises(ConsoleRefused, match="no such file"):
        check_bind(settings(tmp_path, bind_host="0.0.0.0", tls_certificate=certificate, tls_key=key))
    certificate.touch()
    key.touch()
    check_bind(settings(tmp_path, bind_host="0.0.0.0", tls_certificate=certificate, tls_key=key))
    with pytest.raises(ConsoleRefused, match="give both, or neither"):
        check_bind(settings(tmp_path, tls_certificate=certificate))


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConsoleRefused, match=r"Address already in use; stop what uses it or choose another port"):
            listen(settings(tmp_path, bind_port=taken.getsockname()[1]))


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("localhost", -1)])
def test_no_such_address(tmp_path: Path, host: str, port: int) -> None:
    with pytest.raises(ConsoleRefused, match="no address to listen on"):
        listen(settings(tmp_path, bind_host=host, bind_port=port))


def test_a_free_port_is_found(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with listen(chosen) as listener:
        assert url_of(chosen, listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_damaged_store_is_set_aside_and_the_console_starts(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.data_dir.mkdir()
    (chosen.data_dir / "store.sqlite").write_bytes(b"this is no database" * 400)
    prepare(chosen)
    (aside,) = chosen.data_dir.glob("store.sqlite.damaged-*Z")
    assert aside.read_bytes() == b"this is no database" * 400


def test_a_store_of_a_newer_version_is_one_line(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    prepare(chosen)
    with closing(sqlite3.connect(chosen.data_dir / "store.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(ConsoleRefused, match="newer Otus") as refused:
        prepare(chosen)
    assert "\n" not in str(refused.value)


def test_what_it_keeps_is_private(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    prepare(chosen)
    assert chosen.data_dir.stat().st_mode & 0o077 == 0
    assert [path.name for path in chosen.data_dir.glob("registry*") if path.stat().st_mode & 0o077] == []


def test_settings_name_their_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="enterprise, province, ministry"):
        ConsoleSettings(data_dir=tmp_path, tier="city")
    linked = ConsoleSettings(
        data_dir=tmp_path, parent_links=({"name": "gd", "url": "http://127.0.0.1:1", "token": "t"},)
    )
    assert linked.parents == ("gd",)
    assert "token" not in repr(linked), "a credential is not printed"


class Process:
    """A console of its own, started as `otus console run` starts it."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(folder), str(port)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def wait_until_up(self) -> None:
        patience = time.monotonic() + 60
        while time.monotonic() < patience:
            try:
                if httpx.get(f"{self.url}/api/v1/health", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not up: {self.process.communicate(timeout=5)[1]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    add_account(ConsoleSettings(tmp_path / "data"), "wang", "Correct-Horse-9", "analyst")
    running = Process(tmp_path / "data")
    yield running
    running.stop()


def test_a_console_serves_and_ends_on_sigterm(process: Process, tmp_path: Path) -> None:
    process.wait_until_up()
    with httpx.Client(base_url=process.url) as browser:
        page = browser.get("/login").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"name": "wang", "password": "Correct-Horse-9", "csrf_token": token}
        assert browser.post("/login", data=form).status_code == 303
        assert "还没有数据" in browser.get("/").text
    token = enrol(ConsoleSettings(tmp_path / "data"), "sensor-1")
    batch = {"schema": "1.0", "records": []}
    answer = httpx.post(f"{process.url}/api/v1/batches", json=batch, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    code, errors = process.stop()
    assert code == 0 and "Traceback" not in errors


def test_a_killed_console_frees_its_port(process: Process, tmp_path: Path) -> None:
    process.wait_until_up()
    port = int(process.url.rpartition(":")[2])
    process.stop(signal.SIGKILL)
    again = None
    for _ in range(30):
        again = Process(tmp_path / "data", port)
        if again.url:
            break
        again.stop()
        time.sleep(0.1)
    assert again is not None and again.url == process.url
    again.wait_until_up()
    assert again.stop()[0] == 0


def test_two_consoles_on_one_machine(process: Process, tmp_path: Path) -> None:
    """gunicorn's shared control socket in the home folder would set the second against the first."""
    process.wait_until_up()
    other = Process(tmp_path / "other")
    other.wait_until_up()
    assert other.url != process.url
    assert other.stop()[0] == 0
    assert httpx.get(f"{process.url}/api/v1/health").status_code == 200


def test_parents_become_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from console import cli

    seen: list[ConsoleSettings] = []

    class Kept(cli.Server):
        def run(self) -> None:
            seen.append(self._settings)
            self._listener.close()

    monkeypatch.setattr(cli, "Server", Kept)
    cli.run_console(settings(tmp_path), [Parent("gd", "http://127.0.0.1:9", "secret")], announce=lambda url: None)
    assert seen[0].parents == ("gd",)
    assert seen[0].parent_links == ({"name": "gd", "url": "http://127.0.0.1:9", "token": "secret"},)
