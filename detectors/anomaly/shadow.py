"""A candidate beside the model in use: the same windows judged by both, and what would have been alarmed about.

Nothing the candidate says becomes an alert. It is learned again from newer traffic when the model in use ages
(`drift.py`), looked at here, and enforced by a person, by `otus reload` with its folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detectors.alerts import WindowAlert, Windows
from detectors.anomaly.judge import Judge
from detectors.anomaly.rate import FOLD_NS

Place = tuple[str, str, str, str]


@dataclass
class Side:
    """One of the two models, and what it would have told."""

    judge: Judge
    incidents: Counter[str] = field(default_factory=Counter)
    """by title, folded as alerts are"""
    places: dict[Place, list[tuple[int, int]]] = field(default_factory=dict)
    """each incident's first and last window, by conversation"""

    def take(self, windows: Windows) -> None:
        for found in self.judge.judge(windows):
            self._fold(found)

    def _fold(self, found: WindowAlert) -> None:
        spans = self.places.setdefault((found.segment, found.client, found.server, found.protocol), [])
        if spans and found.end_ns - spans[-1][1] < FOLD_NS:
            spans[-1] = (spans[-1][0], max(spans[-1][1], found.end_ns))
            return
        spans.append((found.start_ns, found.end_ns))
        self.incidents[found.description.title.en] += 1

    @property
    def count(self) -> int:
        return sum(map(len, self.places.values()))


class Shadow:
    """Both sides, fed with the same windows: cut alike, so the candidate has to have the length of the other."""

    def __init__(self, active: Judge, candidate: Judge) -> None:
        self.active, self.candidate = Side(active), Side(candidate)

    def take(self, windows: Windows) -> None:
        for side in (self.active, self.candidate):
            side.take(windows)

    def report(self) -> dict[str, Any]:
        """`active` and `candidate` with `model`, `windows`, `incidents` and their `titles`; `both`: incidents of the
        candidate that lie in one of the other's conversations at the same time."""
        return {
            "active": _told(self.active),
            "candidate": _told(self.candidate),
            "both": sum(
                any(first < end and start < last for first, last in self.active.places.get(place, ()))
                for place, spans in self.candidate.places.items()
                for start, end in spans
            ),
        }


def _told(side: Side) -> Mapping[str, Any]:
    return {**side.judge.state(), "incidents": side.count, "titles": dict(side.incidents.most_common())}
