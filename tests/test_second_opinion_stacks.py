"""What real stacks say to each other here and now, compared with tshark like the captures: nothing without a reason."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.recording import Recorder
from tests.second_opinion.compare import Evidence
from tests.second_opinion.differences import explain

POSTGRES = next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)


def compared(tshark: str, capture: Path, protocol: str) -> int:
    """How many messages both have, when all others have a reason."""
    evidence = Evidence(tshark, capture, capture.parent / "cache")
    assert [(each.only, *each.message) for each, reason in explain(evidence) if reason is None] == []
    return evidence.agreed[protocol]


class Pages(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """Takes a body, and answers in chunks."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(201)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")


def test_http(tshark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.txt").write_text("x" * 5000)
    monkeypatch.chdir(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Recorder(server.server_port) as recorder:
        client = http.client.HTTPConnection("127.0.0.1", recorder.port)
        for method, path, body in (
            ("GET", "/page.txt", None),
            ("HEAD", "/page.txt", None),
            ("GET", "/none?x=1", None),
            ("POST", "/form", b"a=1&b=2"),
            ("POST", "/large", b"z" * 9000),
            ("PUT", "/none", None),
            ("GET", "/%E9%98%80", None),
        ):
            client.request(method, path, body=body)
            client.getresponse().read()
        client.close()
    server.shutdown()
    server.server_close()
    assert compared(tshark, recorder.write(tmp_path / "http.pcap", 80), "http") >= 10


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """A server with a password, on a port of its own; it takes no orders from root."""
    assert POSTGRES
    other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if other:
        shutil.chown(folder, "postgres")
    (secret := folder / "secret").write_text("secret\n")
    secret.chmod(0o644)

    def run(*command: str) -> None:
        subprocess.run([*other, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    data = str(folder / "data")
    run(str(POSTGRES / "initdb"), "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}")
    control = [str(POSTGRES / "pg_ctl"), "-D", data, "-w"]
    run(*control, "-o", f"-p {port} -h 127.0.0.1 -k {folder}", "-l", str(folder / "log"), "start")
    try:
        yield port
    finally:
        run(*control, "-m", "immediate", "stop")


@pytest.mark.skipif(POSTGRES is None or shutil.which("psql") is None, reason="PostgreSQL is not installed")
def test_postgresql(tshark: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path(tmp_path_factory.mktemp("postgres"))
    if os.geteuid() == 0:
        for above in folder.parents:
            if above == Path(tempfile.gettempdir()):
                break
            above.chmod(0o755)
    with postgres(folder) as port, Recorder(port) as recorder:
        for password, statement in (
            ("secret", "select 1"),
            ("secret", "selct"),
            ("wrong", "select 1"),
            ("secret", "create table t (a int); insert into t values (1), (2); copy t to stdout"),
            ("secret", "select repeat('x', 20000)"),
        ):
            address = ["-h", "127.0.0.1", "-p", str(recorder.port), "-U", "postgres", "-c", statement, "postgres"]
            environment = {**os.environ, "PGPASSWORD": password, "PGSSLMODE": "disable"}
            subprocess.run(["psql", *address], env=environment, capture_output=True, check=False, timeout=30)
    assert compared(tshark, recorder.write(folder / "postgresql.pcap", 5432), "postgresql") > 40
