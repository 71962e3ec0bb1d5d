"""What a container engine asks every half minute: does the sensor, does the console go on?"""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otus.parents import parent_of
from otus.running import PID, STUCK_S, Running
from tests.captures import ROOT


def otus(*arguments: str | Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "otus.cli", *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return ran.returncode, ran.stdout + ran.stderr


def test_no_sensor_runs(tmp_path: Path) -> None:
    code, said = otus("sensor", "health", "--state-dir", tmp_path)
    assert code == 1 and "no sensor runs with this state" in said
    assert otus("sensor", "health")[0] == 2  # which one?


def test_a_sensor_runs_or_hangs(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        running.listen()
        code, said = otus("sensor", "health", "--state-dir", tmp_path)
        assert code == 0 and f"process {os.getpid()}" in said
        long_ago = time.time() - STUCK_S - 10
        os.utime(tmp_path / PID, (long_ago, long_ago))
        code, said = otus("sensor", "health", "--state-dir", tmp_path)
        assert code == 1 and "has not gone on for" in said
        running.tend()
        assert otus("sensor", "health", "--state-dir", tmp_path)[0] == 0


class Something(http.server.BaseHTTPRequestHandler):
    """Answers, and is no console."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"name": "something else"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def something() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Something) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_what_answers_is_no_console(something: int) -> None:
    code, said = otus("console", "health", "--port", str(something))
    assert code == 1 and "what answers there is not a console" in said


def test_nobody_answers(tmp_path: Path) -> None:
    code, said = otus("console", "health", "--port", "1")
    assert code == 1 and "the console does not answer" in said and len(said.splitlines()) == 1
    code, said = otus("console", "health", "--port", "1", "--tls-certificate", tmp_path / "none.pem")
    assert code == 1 and len(said.splitlines()) == 1


def test_a_parent_with_an_authority_of_its_own(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    assert parent_of(f"gd=https://gd.example:8443,{token}").ca_file is None
    assert parent_of(f"gd=https://gd.example:8443,{token},/etc/otus/ca.pem").ca_file == Path("/etc/otus/ca.pem")
    for wrong in (f"https://gd.example:8443,{token}", "gd=https://gd.example:8443", f"gd=https://a,{token},b,c"):
        with pytest.raises(ValueError, match="expected NAME=URL,TOKENFILE"):
            parent_of(wrong)
