"""A PostgreSQL server of the tests' own: on loopback, in a temporary folder, as a user that may be nobody."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None, key=lambda path: int(path.parts[4]))
"""where Debian keeps them: no path leads there"""
USER, PASSWORD = "otus", "correct:horse@9/x"


PR_SET_PDEATHSIG = 1


def _end_with_the_tests() -> None:
    """Have the kernel end the server when the tests are killed and can end nothing themselves."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class Server:
    """One server process with its folder. `fsync` stays on: what the tests say about crashes is meant."""

    def __init__(self) -> None:
        assert BINARIES is not None
        self._process: subprocess.Popen[bytes] | None = None
        # Not below pytest's folder, which only its owner may enter; the server refuses to be root.
        self.folder = Path(tempfile.mkdtemp(prefix="otus-postgresql-"))
        self._as: dict[str, Any] = {"cwd": self.folder}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD, encoding="ascii")
        password_file.chmod(0o644)  # the folder itself is closed
        made = subprocess.run(
            [BINARIES.with_name("initdb"), "-D", self.folder / "data", "-U", USER, "--auth=scram-sha-256",
             f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            **self._as, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def url(self, database: str = "postgres", **change: Any) -> URL:
        return URL.create("postgresql+psycopg", USER, PASSWORD, "127.0.0.1", self.port, database).set(**change)

    def start(self) -> None:
        assert BINARIES is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARIES, "-D", self.folder / "data", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "shared_buffers=16MB",
                 "-c", "max_connections=60"],
                **self._as, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_the_tests,
            )  # fmt: skip
        patience = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text(errors="replace")[-2000:]
            assert time.monotonic() < patience, "the server does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        assert BINARIES is not None
        asked = [BINARIES.with_name("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it in order; SIGQUIT as a crash does, in the middle of whatever it was doing."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)  # nothing needs to be on the disk any more
        shutil.rmtree(self.folder, ignore_errors=True)


def new_database(server: URL) -> URL:
    """An empty database for one test, beside the one that `server` names."""
    name = f"otus_{secrets.token_hex(6)}"
    _administer(server, f'CREATE DATABASE "{name}"')
    return server.set(database=name)


def drop_database(url: URL, server: URL) -> None:
    _administer(server, f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)')


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def given() -> URL | None:
    """The server that `OTUS_TEST_POSTGRESQL_URL` names: its user may make databases, which are removed again."""
    found = os.environ.get("OTUS_TEST_POSTGRESQL_URL")
    return None if not found else make_url(found).set(drivername="postgresql+psycopg")
