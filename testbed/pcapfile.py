"""Write and read classic pcap, nanosecond flavour, Ethernet. Small on purpose: it holds what the range recorded."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC_NANOSECONDS = 0xA1B23C4D
ETHERNET = 1
SNAP_BYTES = 65535
FILE_HEAD = struct.pack("<IHHiIII", MAGIC_NANOSECONDS, 2, 4, 0, 0, SNAP_BYTES, ETHERNET)


@dataclass(frozen=True)
class Frame:
    """One frame as it was on the wire; time in UTC nanoseconds."""

    ts_ns: int
    data: bytes
    cut: int = 0
    """bytes at its end that the capture left out"""


def write(path: Path, frames: Iterable[Frame]) -> None:
    """Write a capture whole or not at all."""
    draft = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("wb") as out:
        out.write(FILE_HEAD)
        for frame in frames:
            seconds, nanoseconds = divmod(frame.ts_ns, 1_000_000_000)
            caught = len(frame.data)
            out.write(struct.pack("<IIII", seconds, nanoseconds, caught, caught + frame.cut) + frame.data)
    draft.replace(path)


def read(path: Path) -> Iterator[Frame]:
    """Read what `write` wrote.

    Raises:
        ValueError: another kind of file.
    """
    raw = path.read_bytes()
    if len(raw) < 24 or struct.unpack_from("<I", raw)[0] != MAGIC_NANOSECONDS:
        raise ValueError(f"{path} is not a capture of the range (little-endian nanosecond pcap)")
    position = 24
    while position + 16 <= len(raw):
        seconds, nanoseconds, caught, long = struct.unpack_from("<IIII", raw, position)
        data = raw[position + 16 : position + 16 + caught]
        yield Frame(seconds * 1_000_000_000 + nanoseconds, data, long - caught)
        position += 16 + caught
