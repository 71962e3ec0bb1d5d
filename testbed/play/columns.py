"""Checksums of many frames at once: every field a column of a matrix with one row a frame.

RFC 1071: one's complement sums. A number's share of such a sum is the number itself modulo 65,535, where 2^16 is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint8]
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Put:
    """A field that differs from row to row. The template holds zeros there."""

    offset: int
    """from the message's first byte"""
    kind: str
    """as numpy spells it: `>u2`, `<u4`, `<f8`"""
    values: NDArray[Any]


def column(rows: Rows, offset: int, kind: str) -> NDArray[Any]:
    """One field of every row, to be written: a view, aligned or not."""
    return np.ndarray(len(rows), np.dtype(kind), rows.data, offset, (rows.strides[0],))


def words(data: bytes) -> int:
    """A message's share of the sum: sixteen-bit words, modulo 65,535."""
    return int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 65_535


def share(put: Put) -> Words:
    """A field's share of that sum.

    A number weighs what it is, or 256 times as much where its last byte is the first of a word; swapping the bytes of
    every word is a factor of 256, too.
    """
    values = np.ascontiguousarray(put.values, dtype=np.dtype(put.kind).newbyteorder("="))
    numbers = values.view(f"u{values.itemsize}").astype(np.uint64)
    odd_end = (put.offset + values.itemsize) % 2 == 1
    swapped = put.kind.startswith("<")
    numbers = (numbers & np.uint64(0xFFFF_FFFF)) + (numbers >> np.uint64(32))
    return numbers << np.uint64(8) if odd_end != swapped else numbers


def checksum(total: Words) -> Words:
    """RFC 1071, for sums below 2^48."""
    low, bits = np.uint64(0xFFFF), np.uint64(16)
    for _ in range(3):
        total = (total & low) + (total >> bits)
    return total ^ low


def checksum_of(data: bytes) -> int:
    """The same for one piece of bytes."""
    return 0xFFFF ^ (words(data) or (0xFFFF if any(data) else 0))
