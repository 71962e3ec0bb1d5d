"""Judging windows: which are unlike the learned ones, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.alike import Examples
from detectors.anomaly.ensemble import Ensemble
from detectors.anomaly.finding import Deviating, WindowFinding
from detectors.anomaly.floods import Ceilings
from detectors.anomaly.forest import drawn_in
from detectors.anomaly.limits import both
from detectors.anomaly.robust import PAIR, SINGLE, Centre, Robust
from detectors.anomaly.rows import Key, Rows
from detectors.anomaly.tail import Scores

MAX_NAMED = 3
"""Features that are named when only the ensemble found a window unusual: those farthest out."""


class Before:
    """Of each conversation the last window that was judged: two in a row are judged together."""

    def __init__(self, conversations: int, width: int) -> None:
        """`width`: numbers of a window, the features' and how unlikely it is."""
        self._scores = np.zeros((conversations, width))
        self._ends = np.zeros(conversations, dtype=np.uint64)

    def common(self, scores: Scores, rows: NDArray[np.intp], starts: Any, ends: Any) -> Scores:
        """What each window has in common with the one right before it (`limits.both`), in this batch or the last."""
        order = np.lexsort((starts, rows))
        own, row = scores[order], rows[order]
        before, end = np.empty_like(own), np.empty(len(own), dtype=np.uint64)
        before[1:], end[1:] = own[:-1], ends[order][:-1]
        first = np.ones(len(own), dtype=np.bool_)
        first[1:] = row[1:] != row[:-1]
        before[first], end[first] = self._scores[row[first]], self._ends[row[first]]
        last = np.roll(first, -1)
        found = np.empty_like(scores)
        found[order] = both(own, before, end == starts[order])
        self._scores[row[last]], self._ends[row[last]] = own[last], ends[order][last]
        return found


@dataclass(frozen=True)
class Judged:
    """What one batch gave."""

    findings: list[WindowFinding]
    scores: Scores
    groups: NDArray[np.intp]
    ends: NDArray[np.uint64]


@dataclass(frozen=True)
class Anomaly:
    """A loaded model: what it says depends on the windows, and on the last one `before` them, alone."""

    robust: Robust
    ensembles: Sequence[Ensemble]
    """of each group"""
    examples: Examples
    window_ns: int

    @cached_property
    def _ceilings(self) -> Ceilings:
        return Ceilings(self.robust)

    def before(self) -> Before:
        return Before(len(self.robust.conversations), len(self.robust.features) + 1)

    def score(self, columns: Sequence[str], matrix: Any, keys: Sequence[Key]) -> list[WindowFinding]:
        """The unusual ones among these windows, in their order, as if none had been before.

        Of conversations that were not learned a flood of requests is told, all else is left to the baseline; windows of
        another length are not judged.
        """
        return self.judge(Rows.arrange(columns, matrix, keys, self.robust.names), self.before()).findings

    def judge(self, windows: Rows, before: Before) -> Judged:
        """The unusual ones, and how all that could be judged lie. The windows' columns are those of the model."""
        row_of = self.robust.conversations.get
        known = np.array([row_of(conversation, -1) for conversation in windows.conversations], dtype=np.intp)
        whole = windows.ends - windows.starts == self.window_ns
        floods = self._ceilings.findings(windows, np.flatnonzero((known < 0) & whole).tolist())
        places = np.flatnonzero((known >= 0) & whole)
        rows = known[places]
        groups, ends = self.robust.group[rows], windows.ends[places]
        values, opening = windows.values[places], windows.opening[places]
        scores = self.robust.scores(values, rows)
        if not len(places):
            return Judged(floods, scores, groups, ends)
        aside = self.robust.aside(scores, rows)
        judged = self.robust.judged(scores, aside)
        if opening.any():
            judged[np.ix_(opening, self.robust.ordinary_only)] = 0.0
        unlikely, limit = self._together(scores, groups)
        unlikely[opening | aside] = 0.0
        common = before.common(np.column_stack([judged, unlikely]), rows, windows.starts[places], ends)
        single = np.abs(judged) / self.robust.allowed(rows, SINGLE)
        pair = np.abs(common[:, :-1]) / self.robust.allowed(rows, PAIR)
        beyond = np.maximum(single, pair)
        by_feature, by_forest = beyond.max(axis=1) > 1.0, common[:, -1] > limit
        findings = []
        for index in np.flatnonzero(by_feature | by_forest):
            order = np.argsort(-beyond[index], kind="stable")
            outside = [int(feature) for feature in order if beyond[index, feature] > 1.0]
            if not outside:
                outside = np.argsort(-np.abs(scores[index]), kind="stable")[:MAX_NAMED].tolist()
            row, place = int(rows[index]), int(places[index])
            alike = self.examples.nearest(row, values[index], self._centre(row))
            findings.append(
                WindowFinding.at(
                    windows,
                    place,
                    features=tuple(
                        self._deviating(row, feature, values[index], single[index], pair[index], alike)
                        for feature in outside
                    ),
                    by_feature=bool(by_feature[index]),
                    by_forest=bool(by_forest[index]),
                    score=float(common[index, -1]),
                    score_limit=float(limit[index]),
                    alike_ns=None if alike is None else alike[0],
                )
            )
        return Judged(findings + floods, scores, groups, ends)

    def _together(self, scores: Scores, groups: NDArray[np.intp]) -> tuple[Scores, Scores]:
        """What forest and density of each window's group say, and their limit."""
        drawn = drawn_in(scores)
        unlikely, limit = np.zeros(len(drawn)), np.zeros(len(drawn))
        for number, ensemble in enumerate(self.ensembles):
            mine = np.flatnonzero(groups == number)
            if len(mine):
                unlikely[mine], limit[mine] = ensemble.unlikely(drawn[mine]), ensemble.limit
        return unlikely, limit

    def _centre(self, row: int) -> Centre:
        own = self.robust.centre
        return Centre(own.median[row], own.edge[row], own.spread[row], own.steady[row])

    def _deviating(
        self, row: int, feature: int, values: Scores, single: Scores, pair: Scores, alike: tuple[int, Scores] | None
    ) -> Deviating:
        kind = SINGLE if single[feature] >= pair[feature] and not self.robust.features[feature].lasting else PAIR
        low, high = self.robust.expected(row, feature, kind)
        return Deviating(
            self.robust.names[feature],
            float(values[feature]),
            low,
            high,
            float(max(single[feature], pair[feature])),
            None if alike is None else float(alike[1][feature]),
        )
