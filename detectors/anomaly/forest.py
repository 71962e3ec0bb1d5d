"""The isolation forest: windows whose features are unusual together.

scikit-learn grows it; the core scores with it, compiled (`compiled.py`). What scikit-learn made is kept with skops as
the document of record, no pickle anywhere; nothing is judged from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.anomaly.compiled import Forest, MakeForest, parted
from detectors.anomaly.tail import Scores
from detectors.baseline.folder import BaselineError

TREES = 100
"""As in the paper (Liu, Ting, Zhou 2008): path lengths have converged by then."""
SAMPLES = 256
"""Windows per tree, as there: more only hide what is rare."""
SEED = 20_000_101


def drawn_in(scores: Scores) -> Scores:
    """Distances with their far ends drawn in: a forest splits at random between the extremes."""
    drawn: Scores = np.sign(scores) * np.log1p(np.abs(scores))
    return drawn


def fit(drawn: Scores) -> Any:
    """A forest over rows as `drawn_in` gives them. The same rows give the same forest."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(drawn)), random_state=SEED, n_jobs=1)
    return forest.fit(drawn)


def unusual(forest: Forest, drawn: Scores) -> Scores:
    """How unusual each row is: from 0 to 1, about 0.5 and less is ordinary."""
    found: Scores = np.frombuffer(forest.score(np.ascontiguousarray(drawn).tobytes()), dtype=np.float64)
    return found


def load(data: bytes, place: str, width: int, count: int, make_forest: MakeForest) -> list[Forest]:
    """So many compiled forests over so many features, from bytes whose hash was checked (`baseline.folder`).

    Raises:
        BaselineError: it is no forest of ours, or not readable by this version.
    """
    try:
        forests = [make_forest(part) for part in parted(data)]
    except ValueError as error:
        raise BaselineError(f"{place}: {error}; learn the baseline again") from None
    if len(forests) != count or any(forest.width != width for forest in forests):
        raise BaselineError(f"{place}: is not {count} forests over {width} features; learn the baseline again")
    return forests
