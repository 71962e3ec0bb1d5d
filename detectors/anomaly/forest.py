"""The isolation forest: windows whose features are unusual together. Kept with skops; no pickle anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.anomaly.tail import BOUNDED, Scores, threshold
from detectors.baseline.folder import BaselineError

TRUSTED = ("sklearn.tree._tree.Tree",)
"""The one type of the file that skops does not know by itself. Nothing else is ever loaded."""

TREES = 200
SAMPLES = 256
"""Windows per tree, as in the paper (Liu, Ting, Zhou 2008): more only hide what is rare."""
SEED = 20_000_101


def _input(scores: Scores) -> Scores:
    """Distances in spreads, their far ends drawn in: a forest splits at random between the extremes."""
    drawn: Scores = np.sign(scores) * np.log1p(np.abs(scores))
    return drawn


def fit(scores: Scores) -> Any:
    """A forest over the distances that `robust.Robust.scores` gives. The same scores give the same forest."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(scores)), random_state=SEED, n_jobs=1)
    return forest.fit(_input(scores))


def unusual(forest: Any, scores: Scores) -> Scores:
    """How unusual each row is: from 0 to 1, about 0.5 and less is ordinary."""
    found: Scores = -forest.score_samples(_input(scores))
    return found


def limit(scores: Scores, rate: float) -> float:
    """The score that an ordinary window exceeds with chance `rate`: each half judged by a forest of the other half."""
    even, odd = scores[::2], scores[1::2]
    outside = np.concatenate([unusual(fit(odd), even), unusual(fit(even), odd)])
    return threshold(outside, rate, BOUNDED)


def dump(forest: Any) -> bytes:
    import skops.io

    data: bytes = skops.io.dumps(forest)
    return data


def load(data: bytes, place: str, width: int) -> Any:
    """Load a forest over so many features from bytes whose hash was checked (`baseline.folder.read_folder`).

    Raises:
        BaselineError: it is no forest of ours, or not readable by this version.
    """
    try:
        import skops.io
        from sklearn.ensemble import IsolationForest
    except ImportError:
        raise BaselineError(f"{place}: the anomaly model needs scikit-learn and skops; install otus[anomaly]") from None
    try:
        strange = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
        if strange:
            raise BaselineError(f"{place}: contains {', '.join(sorted(strange))}, which no model of ours does; refused")
        forest = skops.io.loads(data, trusted=list(TRUSTED))
    except BaselineError:
        raise
    except Exception as error:  # the file is hashed but may come from another version: any failure is told, not raised
        raise BaselineError(f"{place}: cannot be loaded ({type(error).__name__}); learn the baseline again") from error
    if not isinstance(forest, IsolationForest) or getattr(forest, "n_features_in_", 0) != width:
        raise BaselineError(f"{place}: is no forest over {width} features; learn the baseline again")
    return forest
