"""A sensor that runs, and others on the machine who want something of it: through the folder of its state."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from pathlib import Path

PID = "sensor.pid"
"""Locked as long as the sensor runs; its process number stands in it."""
ANSWER = "reload.json"
"""What came of the last reload."""
BEAT_S = 5.0
"""How often the sensor shows that it goes on, by the time of that file."""
STUCK_S = 60.0
"""Not seen to go on for this long: a disk that hangs and a storm of alerts are over sooner."""
PATIENCE_S = 120.0
"""A large baseline and a model of many trees take seconds, on a small machine many."""


class Running:
    """This process is the one sensor of a folder of state.

    Raises:
        ValueError: another one is, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beaten_s = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / PID, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ValueError(f"{folder}: the state cannot be kept there: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ValueError(f"{folder}: another sensor runs with this state; give each its own state_dir") from None
        os.ftruncate(self._lock, 0)

    def listen(self) -> None:
        """From now on a signal is understood: others may know the process number."""
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def tend(self) -> None:
        """Called between batches."""
        now_s = time.monotonic()
        if now_s - self._beaten_s >= BEAT_S:
            self._beaten_s = now_s
            with contextlib.suppress(OSError):  # health says then that it cannot be seen
                os.utime(self._lock)

    def answer(self, done: bool, line: str) -> None:
        """Say what came of a reload, to whoever waits for it."""
        text = json.dumps({"done": done, "line": line}, ensure_ascii=False)
        fresh = self._folder / f".{ANSWER}"
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.rename(self._folder / ANSWER)
        except OSError:
            pass  # it has been said in the log

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)


def running(folder: Path) -> int | None:
    """The process number of the sensor that runs with this state."""
    try:
        descriptor = os.open(folder / PID, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return int(os.pread(descriptor, 32, 0) or b"0") or None
    finally:
        os.close(descriptor)
    return None


def health(folder: Path) -> str:
    """That the sensor of this folder runs and goes on, in a line.

    Raises:
        RuntimeError: it does not, and how that shows.
    """
    pid = running(folder)
    if pid is None:
        raise RuntimeError(f"{folder}: no sensor runs with this state (otus sensor run --state-dir {folder})")
    silent_s = max(0.0, time.time() - (folder / PID).stat().st_mtime)
    if silent_s > STUCK_S:
        raise RuntimeError(
            f"{folder}: the sensor (process {pid}) has not gone on for {silent_s:.0f} s; look at its log"
        )
    return f"the sensor (process {pid}) runs; it went on {silent_s:.0f} s ago"


def ask_to_reload(folder: Path, patience_s: float = PATIENCE_S) -> str:
    """Have the sensor of this folder load its rules and baseline again; returns what it has then.

    Raises:
        ValueError: it refused them, and why.
        RuntimeError: no sensor runs with this folder, or it does not answer.
    """
    pid = running(folder)
    if pid is None:
        raise RuntimeError(f"{folder}: no sensor runs with this state (otus sensor run --state-dir {folder})")
    (folder / ANSWER).unlink(missing_ok=True)
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            found = json.loads((folder / ANSWER).read_bytes())
        except FileNotFoundError:
            time.sleep(0.05)
            continue
        if not found["done"]:
            raise ValueError(f"not reloaded: {found['line']}")
        return f"reloaded: {found['line']}"
    raise RuntimeError(f"{folder}: the sensor (process {pid}) has not answered for {patience_s:.0f} s; look at its log")
