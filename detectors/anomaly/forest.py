"""The isolation forest: windows whose features are unusual together.

scikit-learn grows it; the core scores with it, compiled (`compiled.py`). The document of record is kept with skops, no
pickle anywhere; it is opened only where a folder of an earlier version has no compiled forest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.anomaly.compiled import Forest, MakeForest, compiled
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


def unusual(forest: Forest, scores: Scores) -> Scores:
    """How unusual each row is: from 0 to 1, about 0.5 and less is ordinary."""
    found: Scores = np.frombuffer(forest.score(_input(scores).tobytes()), dtype=np.float64)
    return found


def limit(scores: Scores, rate: float, make_forest: MakeForest) -> float:
    """The score that an ordinary window exceeds with chance `rate`: each half judged by a forest of the other half."""
    even, odd = scores[::2], scores[1::2]
    halves = [unusual(make_forest(compiled(fit(own))), others) for own, others in ((odd, even), (even, odd))]
    return threshold(np.concatenate(halves), rate, BOUNDED)


def dump(forest: Any) -> bytes:
    import skops.io

    data: bytes = skops.io.dumps(forest)
    return data


def load(data: bytes, place: str, width: int, make_forest: MakeForest) -> Forest:
    """A compiled forest over so many features, from bytes whose hash was checked (`baseline.folder.read_folder`).

    Raises:
        BaselineError: it is no forest of ours, or not readable by this version.
    """
    try:
        forest = make_forest(data)
    except ValueError as error:
        raise BaselineError(f"{place}: {error}; learn the baseline again") from None
    if forest.width != width:
        raise BaselineError(f"{place}: is no forest over {width} features; learn the baseline again")
    return forest


def load_recorded(data: bytes, place: str, width: int, make_forest: MakeForest) -> Forest:
    """The same from the document of record, for folders that have nothing else. Takes a second or two.

    Raises:
        BaselineError: as `load`, or the packages that open it are not installed.
    """
    try:
        import skops.io
        from sklearn.ensemble import IsolationForest
    except ImportError:
        raise BaselineError(
            f"{place}: was learned by an earlier version and needs scikit-learn and skops; "
            "install otus[anomaly] or learn the baseline again"
        ) from None
    try:
        strange = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
        if strange:
            raise BaselineError(f"{place}: contains {', '.join(sorted(strange))}, which no model of ours does; refused")
        forest = skops.io.loads(data, trusted=list(TRUSTED))
        found = compiled(forest) if isinstance(forest, IsolationForest) else None
    except BaselineError:
        raise
    except Exception as error:  # the file is hashed but may come from another version: any failure is told, not raised
        raise BaselineError(f"{place}: cannot be loaded ({type(error).__name__}); learn the baseline again") from error
    if found is None:
        raise BaselineError(f"{place}: is no forest over {width} features; learn the baseline again")
    return load(found, place, width, make_forest)
