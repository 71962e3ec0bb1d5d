"""What a run of the range has made, kept on disk so that the next start can clean up after one that was killed.

One file per run id. It is written *before* the thing it names is made, so nothing can be left behind unnamed.
A process is named by pid and start time, a machine's life by its boot id: a reused pid is never killed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from testbed.commands import RangeError

TERMINATION_WAIT_S = 3.0


@dataclass(frozen=True)
class ProcessMark:
    """A process that can be found again: its pid, and its start time in clock ticks since boot."""

    pid: int
    start_ticks: int
    name: str = ""

    @classmethod
    def of(cls, pid: int, name: str = "") -> ProcessMark:
        """Mark a running process; a process already gone gets start 0, which matches nothing."""
        return cls(pid, _start_ticks(pid) or 0, name)

    def alive(self) -> bool:
        """True while this very process runs (a zombie counts as gone)."""
        return self.start_ticks != 0 and _start_ticks(self.pid) == self.start_ticks


@dataclass
class RunState:
    """Everything a run has made. Mutable on purpose: it grows while the run builds itself."""

    run_id: str
    owner: ProcessMark
    boot_id: str
    namespaces: list[str] = field(default_factory=list)
    interfaces: list[str] = field(default_factory=list)
    processes: list[ProcessMark] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    """temporary ones, named `otus-…`; removed with everything in them"""

    @classmethod
    def begin(cls, run_id: str) -> RunState:
        """Claim a run id for this process.

        Raises:
            RangeError: another run holds the id.
        """
        state = cls(run_id, ProcessMark.of(os.getpid(), "owner"), boot_id())
        with lock():
            if path_of(run_id).exists():
                raise RangeError(f"run id {run_id} is already in use; take another one")
            state.save()
        return state

    def save(self) -> None:
        """Write the file whole or not at all."""
        target = path_of(self.run_id)
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")
        draft.replace(target)

    def stale(self) -> bool:
        """True when nobody owns this run any more."""
        return self.boot_id != boot_id() or not self.owner.alive()

    @classmethod
    def load(cls, path: Path) -> RunState:
        """Read one state file.

        Raises:
            RangeError: the file is not one of ours.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                run_id=str(raw["run_id"]),
                owner=ProcessMark(**raw["owner"]),
                boot_id=str(raw["boot_id"]),
                namespaces=[str(name) for name in raw["namespaces"]],
                interfaces=[str(name) for name in raw["interfaces"]],
                processes=[ProcessMark(**mark) for mark in raw["processes"]],
                folders=[str(name) for name in raw.get("folders", [])],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RangeError(f"{path}: not a state file of the range ({error}); delete it if no demo runs") from error


def folder() -> Path:
    """The folder of the state files, made when missing; refused when somebody else could write in it."""
    path = Path(tempfile.gettempdir()) / f"otus-range-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise RangeError(f"{path} is not a private folder of this user; remove it and start again")
    return path


def path_of(run_id: str) -> Path:
    return folder() / f"{run_id}.json"


def all_states() -> list[RunState]:
    """Every run on this machine that left a state file."""
    found = []
    for path in sorted(folder().glob("*.json")):
        try:
            found.append(RunState.load(path))
        except RangeError:
            if path.exists():  # or its run ended meanwhile, which takes no lock
                raise
    return found


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Held while runs are claimed or cleaned up, so that two starts do not clean the same remains at once."""
    with (folder() / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def end_processes(marks: list[ProcessMark]) -> None:
    """SIGTERM, a bounded wait, then SIGKILL; only to processes that are still the ones that were marked."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for mark in marks:
            if mark.alive():
                with contextlib.suppress(ProcessLookupError):  # it ended between the look and the signal
                    os.kill(mark.pid, sign)
        deadline = time.monotonic() + TERMINATION_WAIT_S
        while any(mark.alive() for mark in marks) and time.monotonic() < deadline:
            time.sleep(0.02)


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None for a process that is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the command name may hold spaces and brackets
    return None if fields[0] in "ZX" else int(fields[19])
