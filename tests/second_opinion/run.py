"""tshark with limits, each answer kept under what it was asked: its version, its arguments, the capture's content."""

from __future__ import annotations

import functools
import hashlib
import os
import resource
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.captures import ROOT
from tests.second_opinion.message import SEPARATOR, Row

CACHE = ROOT / "build" / "second_opinion"
TIMEOUT_S = 240
MEMORY_BYTES = 4 << 30
"""address space of one tshark; it keeps the state of every conversation until its end"""
BASE = (
    "frame.number",
    "frame.protocols",
    "frame.cap_len",
    "frame.len",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "tcp.stream",
    "tcp.seq",
    "tcp.len",
    "tcp.segment",
    "tcp.analysis.retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.checksum.status",
    "udp.checksum.status",
    "_ws.malformed",
    "_ws.expert.severity",
)
IN_ORDER = ("-o", "tcp.reassemble_out_of_order:TRUE")
CHECKSUMS = ("-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")


class TsharkFailed(Exception):
    """tshark did not come to its end: too long, too much memory, or it fell over."""


@functools.cache
def version(tshark: str) -> str:
    return subprocess.run([tshark, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def rows(
    tshark: str, capture: Path, fields: Sequence[str], options: Iterable[str], decode: Iterable[str], cache: Path
) -> list[Row]:
    """What tshark says about each frame. `decode`: rules of `-d`. Raises TsharkFailed."""
    asked = tuple(dict.fromkeys((*BASE, *fields)))
    arguments = ["-n", *options, "-T", "fields", "-E", "occurrence=a", "-E", "separator=/t"]
    arguments += ["-E", f"aggregator={SEPARATOR}"]
    arguments += [word for field in asked for word in ("-e", field)]
    arguments += [word for rule in decode for word in ("-d", rule)]
    text = _kept(tshark, capture, arguments, cache)
    columns = {field: place for place, field in enumerate(asked)}
    return [Row(columns, line) for line in text.split("\n") if line]


def _kept(tshark: str, capture: Path, arguments: list[str], cache: Path) -> str:
    content = hashlib.sha256(capture.read_bytes()).hexdigest()
    key = hashlib.sha256("\0".join((version(tshark), content, *arguments)).encode()).hexdigest()
    path = cache / key
    if path.exists():
        return path.read_text(encoding="utf-8")
    text = _run([tshark, "-r", str(capture), *arguments])
    cache.mkdir(parents=True, exist_ok=True)
    part = cache / f"{key}.{os.getpid()}.part"  # two workers may ask the same: some captures are copies
    part.write_text(text, encoding="utf-8")
    part.rename(path)
    return text


def _run(command: list[str]) -> str:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        try:
            output, errors = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise TsharkFailed(f"{command[2]}: tshark took more than {TIMEOUT_S} s") from None
    # 2: the capture is cut in the middle of a packet; what came before has been told.
    if process.returncode not in (0, 2):
        raise TsharkFailed(f"{command[2]}: tshark ended with {process.returncode}: {errors.decode(errors='replace')}")
    return output.decode(errors="replace")
