"""How good detection is: alerts against labels. Every alert and every event counts once (docs/evaluation.md)."""

from detectors.evaluation.labels import Event, LabelError, Labelled, Learn, read_labels
from detectors.evaluation.score import Found, Result, Seen, score, totals

__all__ = [
    "Event",
    "Found",
    "LabelError",
    "Labelled",
    "Learn",
    "Result",
    "Seen",
    "read_labels",
    "score",
    "totals",
]
