"""Which techniques of ATT&CK for ICS are covered in which protocol: computed from examples that did what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.rules.examples import Result
from detectors.rules.model import Rule
from detectors.rules.vocabulary import family

LAYER_VERSION = "4.5"
"""Of the format of layers, as ATT&CK Navigator documents it."""
DOMAIN = "ics-attack"


@dataclass(frozen=True)
class Coverage:
    """`cells`: technique and protocol → titles of the rules that cover it, in their order. `unproven`: rules that cover
    nothing, because they have no example that fires and one that stays silent, or one of them failed."""

    cells: dict[tuple[str, str], tuple[str, ...]]
    unproven: tuple[str, ...]

    @property
    def techniques(self) -> tuple[str, ...]:
        return tuple(sorted({technique for technique, _ in self.cells}))

    @property
    def protocols(self) -> tuple[str, ...]:
        return tuple(sorted({protocol for _, protocol in self.cells}))

    def of(self, technique: str) -> dict[str, tuple[str, ...]]:
        """Rules of one technique by protocol."""
        found = ((protocol, self.cells.get((technique, protocol), ())) for protocol in self.protocols)
        return {protocol: titles for protocol, titles in found if titles}

    def to_json(self) -> dict[str, Any]:
        return {
            "techniques": {
                one: {name: list(titles) for name, titles in self.of(one).items()} for one in self.techniques
            },
            "unproven": list(self.unproven),
        }

    def to_layer(self) -> dict[str, Any]:
        """A layer for ATT&CK Navigator: the score of a technique is the number of its rules."""
        most = max((sum(map(len, self.of(one).values())) for one in self.techniques), default=1)
        return {
            "name": "Otus rules",
            "versions": {"layer": LAYER_VERSION},
            "domain": DOMAIN,
            "description": "Rules whose examples pass: otus rules coverage",
            "techniques": [self._technique(one) for one in self.techniques],
            "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": most},
            "legendItems": [],
            "hideDisabled": False,
        }

    def _technique(self, technique: str) -> dict[str, Any]:
        rules = self.of(technique)
        return {
            "techniqueID": technique,
            "score": sum(len(titles) for titles in rules.values()),
            "enabled": True,
            "comment": "; ".join(dict.fromkeys(title for titles in rules.values() for title in titles)),
            "metadata": [{"name": protocol, "value": str(len(titles))} for protocol, titles in rules.items()],
        }


def covered(rules: Iterable[Rule], results: Sequence[Result]) -> Coverage:
    """What the rules cover, by the results of their examples."""
    proven: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        proven[result.rule.id].append(result)
    cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    unproven = []
    for rule in rules:
        ran = proven[rule.id]
        fires, silent = (any(bool(r.example.alerts) is wanted for r in ran) for wanted in (True, False))
        if not (fires and silent and all(result.passed for result in ran)):
            unproven.append(rule.title)
            continue
        for technique in rule.technique:
            cells[technique, family(rule.protocol)].append(rule.title)
    return Coverage({key: tuple(titles) for key, titles in cells.items()}, tuple(unproven))
