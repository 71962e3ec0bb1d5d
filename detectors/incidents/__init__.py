"""Alerts → stories (归并告警): what one person handles as one thing. `docs/incidents.md` has the rules."""

from detectors.incidents.severity import Importance, Station
from detectors.incidents.stories import Stories

__all__ = ["Importance", "Station", "Stories"]
