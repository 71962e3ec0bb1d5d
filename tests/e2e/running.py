"""Commands running beside a test: what they print, when, and what is left of them afterwards."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.captures import ROOT

MARK = "OTUS_TEST_RUN"
"""In the environment of a command and so of every process it starts: by this they are found among all others."""


class Running:
    """`otus …` as a process, with temporary files of its own so that runs beside it do not disturb."""

    def __init__(self, temporary: Path, *arguments: str | Path) -> None:
        self.mark, self.temporary = secrets.token_hex(8), temporary
        temporary.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "otus.cli", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, MARK: self.mark, "TMPDIR": str(temporary)},
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self._lines)

    def wait_for(self, words: str, within_s: float) -> None:
        """Wait until it has printed this; fails with what it printed instead."""
        deadline = time.monotonic() + within_s
        while words not in self.output:
            assert self.process.poll() is None, f"ended before it said {words!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"did not say {words!r} within {within_s:.0f} s:\n{self.output}"
            time.sleep(0.1)

    def end(self, how: signal.Signals, within_s: float = 60) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait(within_s)

    def wait(self, within_s: float) -> int:
        code = self.process.wait(within_s)
        if code != -signal.SIGKILL:  # what a killed one started may live on and hold the other end of the pipe
            self._reader.join(10)
        return code

    def processes(self) -> dict[int, str]:
        """Everything it started, and itself, as far as it still runs: process id → command."""
        return processes_marked(self.mark)


def processes_marked(mark: str) -> dict[int, str]:
    found, needle = {}, f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = command.decode("utf-8", "replace")
        except OSError:  # it ended meanwhile
            continue
    return found


def wait_until_gone(mark: str, within_s: float = 10) -> dict[int, str]:
    """What still runs after a grace."""
    deadline = time.monotonic() + within_s
    while (left := processes_marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def end_all(mark: str) -> None:
    """For a test's own clearing up after a failure: ends what carries the mark and nothing else."""
    for pid in processes_marked(mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def run_ids(output: str) -> list[str]:
    """The ids of the plants a demo has built, from what it said about its mirror port."""
    return re.findall(r"mirror port oc([0-9a-z]+)", output)
