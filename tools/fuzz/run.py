"""One target under libFuzzer: within bounds of time and memory, and what came of it."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.fuzz.build import CORE, ROOT, SEEDS, Target

GROWN = ROOT / "build" / "fuzz" / "grown"
REGRESSIONS = CORE / "fuzz" / "regressions"
MEMORY_MB = 1024
ALLOCATION_MB = 64
"""at once: no input is larger than a few KiB"""
SLOW_S, INPUT_S = 3, 5
"""an input takes microseconds; less than this and a busy machine would be blamed on the parser"""
MINIMISE_S = 60
MEMORY_FOLDER = Path("/dev/shm")
"""where there is one: a capture reader's input is a file, and a disk would be most of the time"""


@dataclass(frozen=True)
class Ran:
    """What libFuzzer said at the end."""

    inputs: int
    seconds: float
    edges: int
    """of the program's branches, those that were taken"""
    corpus: int
    """inputs of which each takes a branch, or takes it a number of times, that no other does"""
    crash: Path | None = None
    said: str = ""
    """of the crash"""


def arguments(target: Target, seconds: int, runs: int, artefacts: Path) -> list[str]:
    return [
        f"-max_len={target.longest}",
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-malloc_limit_mb={ALLOCATION_MB}",
        f"-report_slow_units={SLOW_S}",
        "-print_final_stats=1",
        "-reload=0",  # nobody else grows this corpus
        # Weighing inputs by how rare their branches are costs more than it finds where an input takes a thousand.
        "-entropic=0",
        f"-artifact_prefix={artefacts}/",
    ]


def fuzz(programs: Path, target: Target, seconds: int, runs: int = -1) -> Ran:
    """Grow the target's corpus for so long, or with so many inputs. A crash is minimised and kept as a regression."""
    grown = GROWN / target.name
    for folder in (grown, SEEDS / target.name):
        folder.mkdir(parents=True, exist_ok=True)
    memory = MEMORY_FOLDER if os.access(MEMORY_FOLDER, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="otus-fuzz-", dir=memory) as scratch:
        artefacts = Path(scratch)
        command = [str(programs / target.program), str(grown), str(SEEDS / target.name)]
        ran = subprocess.run(
            [*command, *arguments(target, seconds, runs, artefacts)],
            env=environment(target, artefacts),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        found = read(ran.stderr.decode(errors="replace"))
        crash = next((path for path in sorted(artefacts.iterdir()) if path.is_file()), None)
        if crash is None and ran.returncode == 0:
            return found
        if crash is None:
            raise RuntimeError(f"{target.name}: {found.said or ran.stderr.decode(errors='replace')[-500:]}")
        kept = keep(minimised(programs, target, crash), target)
        return Ran(found.inputs, found.seconds, found.edges, found.corpus, kept, found.said or crash.name.split("-")[0])


def environment(target: Target, folder: Path) -> dict[str, str]:
    return {**os.environ, "FUZZ_TARGET": target.name, "RUST_BACKTRACE": "0", "TMPDIR": str(folder)}


def minimised(programs: Path, target: Target, crash: Path) -> bytes:
    """The smallest input that libFuzzer comes to in a minute; a slow one stays as it is."""
    if not crash.name.startswith("crash-"):
        return crash.read_bytes()
    smaller = crash.with_name("smaller")
    command = [str(programs / target.program), "-minimize_crash=1", f"-max_total_time={MINIMISE_S}"]
    subprocess.run(
        [*command, f"-exact_artifact_path={smaller}", str(crash)],
        env=environment(target, crash.parent),
        capture_output=True,
        check=False,
    )
    return (smaller if smaller.is_file() and smaller.stat().st_size else crash).read_bytes()


def keep(content: bytes, target: Target) -> Path:
    folder = REGRESSIONS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(content).hexdigest()[:16]
    path.write_bytes(content)
    return path


def read(log: str) -> Ran:
    """What a run's log says, also of one that ended early."""
    progress = re.findall(r"^#(\d+)\t.*?cov: (\d+) .*?corp: (\d+)/", log, re.MULTILINE)
    inputs, edges, corpus = map(int, progress[-1]) if progress else (0, 0, 0)
    counted = re.search(r"number_of_executed_units: (\d+)", log)
    done = re.search(r"^Done \d+ runs in (\d+) second", log, re.MULTILINE)
    panic = re.search(r"panicked at ([^\n]*)\n([^\n]*)", log)
    wrong = re.search(r"ERROR: libFuzzer: ([^\n]*)", log)
    said = f"{panic[1]} {panic[2]}".removeprefix(f"{ROOT}/") if panic else wrong[1] if wrong else ""
    return Ran(int(counted[1]) if counted else inputs, float(done[1]) if done else 0.0, edges, corpus, said=said)
