"""A fixed beat: each poll happens at start + n × period, however long the work of one beat took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

CONTROL_LOOK_S = 0.1


async def every(period_s: float, work: Callable[[int], Awaitable[None]], control: Path | None = None) -> None:
    """Call `work(n)` at a fixed beat until cancelled.

    `control` may appear while running: a file that holds another period in seconds, which counts at once; when it goes
    away, the beat is the old one again. Beats missed by more than a period are left out, not made up for, as in a PLC
    driver.
    """
    due_s = time.monotonic()
    beat = 0
    while True:
        await work(beat)
        beat += 1
        last_s, now_s = due_s, time.monotonic()
        while (due_s := last_s + period_from(control, period_s)) > now_s:
            left_s = due_s - now_s
            await asyncio.sleep(left_s if control is None else min(left_s, CONTROL_LOOK_S))
            now_s = time.monotonic()
        if due_s < now_s - period_from(control, period_s):
            due_s = now_s


def period_from(control: Path | None, otherwise_s: float) -> float:
    """The period a control file asks for, between 20 ms and an hour; `otherwise_s` without a readable wish."""
    if control is None:
        return otherwise_s
    try:
        return min(max(float(control.read_text(encoding="ascii")), 0.02), 3600.0)
    except (FileNotFoundError, ValueError):  # not there, or just being written
        return otherwise_s


def cycle(values: tuple[int, ...], beat: int) -> int:
    """The value of a beat: the plant repeats itself, so that learning has seen all of it after one round."""
    return values[beat % len(values)]
