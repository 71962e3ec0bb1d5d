"""Techniques of ATT&CK for ICS that a rule may name: a tag that is not here is a slip of the pen."""

from __future__ import annotations

_RETIRED = (808, 810, 818, 824, 825, 833, 841, 844, 850, 854, 870, 875, 876)

TECHNIQUES = frozenset(f"T{number:04}" for number in range(800, 896) if number not in _RETIRED)
"""Matrix v15."""
