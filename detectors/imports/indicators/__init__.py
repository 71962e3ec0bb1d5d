"""Indicators of compromise, imported as lists with rules that use them: STIX 2.1 and CSV. `docs/rule-import.md`."""

from detectors.imports.indicators.collected import Bounds, Collected, Outcome
from detectors.imports.indicators.importing import read_indicators
from detectors.imports.indicators.rules import files

__all__ = ["Bounds", "Collected", "Outcome", "files", "read_indicators"]
