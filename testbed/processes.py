"""Start the plant's programs inside their namespaces, and have none of them outlive the one who started them.

A child holds the read end of a pipe as its standard input; its parent holds the write end and never writes. When the
parent ends, however it ends, the child reads the end of the file and leaves. (PR_SET_PDEATHSIG would fire when the
*thread* that started the child ends.)
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from testbed import state
from testbed.commands import RangeError
from testbed.netns import enter

READY_WAIT_S = 30.0
LOG_TAIL_LINES = 3


class Program:
    """One Python module running in a namespace, its output in a log file."""

    def __init__(self, run: state.RunState, namespace: str, module: str, arguments: list[str], workdir: Path) -> None:
        self.name = f"{namespace.rsplit('-', 1)[-1]}.{module.rsplit('.', 1)[-1]}.{arguments[0]}"
        self.log_path = workdir / f"{self.name}.log"
        self._ready_path = workdir / f"{self.name}.ready"
        self._ready_path.unlink(missing_ok=True)
        root = Path(__file__).resolve().parent.parent
        command = [*enter(namespace), sys.executable, "-m", module, *arguments]
        command += ["--ready", str(self._ready_path)]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=root, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        # nsenter becomes the program: the pid stays, and with it the start time.
        self.mark = state.ProcessMark.of(self._process.pid, self.name)
        run.processes.append(self.mark)
        run.save()

    def wait_ready(self, timeout_s: float = READY_WAIT_S) -> None:
        """Wait until the program says that it serves or polls.

        Raises:
            RangeError: it ended or did not get there in time; the message quotes the end of its log.
        """
        deadline = time.monotonic() + timeout_s
        while not self._ready_path.exists():
            if self._process.poll() is not None:
                raise RangeError(f"{self.name} ended at its start: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise RangeError(f"{self.name} was not ready within {timeout_s:.0f} s: {self.log_tail()}")
            time.sleep(0.02)

    def wait(self, timeout_s: float) -> int:
        """Wait for the program's end and return its exit code.

        Raises:
            RangeError: it still runs after timeout_s.
        """
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise RangeError(f"{self.name} did not end within {timeout_s:.0f} s: {self.log_tail()}") from None

    def running(self) -> bool:
        return self._process.poll() is None

    def log_tail(self) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
        return " | ".join(line for line in lines if line.strip())[-300 * LOG_TAIL_LINES :] or "(empty log 日志为空)"

    def stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        state.end_processes([self.mark])
        self._process.wait(state.TERMINATION_WAIT_S)


def settle_in(log_level: int = logging.INFO) -> None:
    """Called first by each of the plant's programs: log to standard error, and leave when the parent is gone."""
    logging.basicConfig(level=log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    def leave_with_parent() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)  # nothing to save: the plant keeps no state

    threading.Thread(target=leave_with_parent, name="leave-with-parent", daemon=True).start()


def say_ready(path: Path | None) -> None:
    if path is not None:
        path.touch()
