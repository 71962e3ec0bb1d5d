"""Conversations that are alike: the same protocol, acting or only looking, about as many requests in a window.

What one conversation of an hour cannot tell, how long its tails are and which features go together, a dozen of its kind
can. Who polls a controller every second and who looks at web pages now and then have nothing to teach each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

REST = "*"
"""What has too few windows for a group of its own."""
MOST = 32
"""Groups with a forest of their own, the largest ones."""


def kind(protocol: str, requests: float, acts: bool) -> str:
    """`requests`: median of a window. A class spans a factor of four, from under one to hundreds."""
    pace = 0 if requests < 1.0 else 1 + int(math.log(requests, 4.0))
    return f"{protocol}/{'acting' if acts else 'reading'}/{pace}"


def grouped(kinds: Sequence[str], windows: Sequence[int], least: int) -> tuple[list[str], list[int]]:
    """Names of the groups, and the group of each conversation. Groups below `least` windows are one, which is last."""
    sums: dict[str, int] = {}
    for name, count in zip(kinds, windows, strict=True):
        sums[name] = sums.get(name, 0) + count
    large = sorted((name for name, count in sums.items() if count >= least), key=lambda name: (-sums[name], name))
    names = sorted(large[:MOST])
    places: Mapping[str, int] = {name: place for place, name in enumerate(names)}
    rest = len(names)
    members = [places.get(name, rest) for name in kinds]
    return ([*names, REST] if rest in members else names), members
