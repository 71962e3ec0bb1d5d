"""A scenario onto an interface, in its own time. Only inside a network namespace that the range made."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from pathlib import Path

from testbed import pcapfile, state
from testbed.commands import RangeError
from testbed.play import truth
from testbed.play.play import Order, play_into

MOST_PER_S = 20_000
MOST_S = 6 * 3600.0
MOST_BYTES = 2 << 30


def play_live(order: Order, interface: str, speed: float, truth_path: Path | None) -> str:
    """Make the capture, then send it frame by frame; returns what was sent in one line.

    Raises:
        RangeError: this is no namespace of the range, or the scenario is too long to be sent.
    """
    if not 0.01 <= speed <= 1000:
        raise RangeError(f"--speed {speed:g}: between 0.01 and 1000, please")
    _check_place()
    with tempfile.TemporaryDirectory(prefix="otus-range-") as folder:
        capture = Path(folder) / "live.pcap"
        played = play_into(order, capture, truth_path or Path(folder) / "live.truth.json")
        length_s = (played.truth["last_ns"] - played.truth["first_ns"]) / 1e9 / speed
        if length_s > MOST_S or capture.stat().st_size > MOST_BYTES:
            raise RangeError(f"{length_s:.0f} s, {capture.stat().st_size >> 20} MiB: too much to be sent; shorten it")
        began_ns = time.time_ns()
        sent = _send(capture, interface, speed)
        if truth_path is not None:
            truth.write(truth_path, {**played.truth, "live": {"began_ns": began_ns, "speed": speed}})
    return f"{interface}: {sent} frames sent"


def _check_place() -> None:
    """Never onto a network that somebody else uses: the namespace of this process is one of the range's runs."""
    own = Path("/proc/self/ns/net").stat()
    for run in state.all_states():
        for name in run.namespaces:
            place = Path("/var/run/netns") / name
            if place.exists() and os.path.samestat(place.stat(), own):
                return
    raise RangeError("只能在靶场建立的网络命名空间内发送 / only inside a network namespace that the range made")


def _send(capture: Path, interface: str, speed: float) -> int:
    """Paced by the capture's times, and never faster than MOST_PER_S."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as port:
        try:
            port.bind((interface, 0))
        except OSError as error:
            raise RangeError(f"{interface}: {error.strerror}") from None
        begin_s, first_ns, sent, due_s = time.monotonic(), 0, 0, 0.0
        for frame in pcapfile.read(capture):
            first_ns = first_ns or frame.ts_ns
            due_s = max(due_s + 1 / MOST_PER_S, (frame.ts_ns - first_ns) / 1e9 / speed)
            if (wait_s := begin_s + due_s - time.monotonic()) > 0:
                time.sleep(wait_s)
            port.send(frame.data)
            sent += 1
    return sent
