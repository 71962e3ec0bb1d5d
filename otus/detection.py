"""What replay, sensor and demo share: rules, baseline and model made ready for one engine."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor.site import NOTHING, Site

if TYPE_CHECKING:
    from detectors.alerts import Analyst, WindowJudge
    from detectors.baseline.rejected import Rejected
    from detectors.describe import Description
    from detectors.maintenance import Expected
    from detectors.rules import RuleSet, Source
    from sensor._core import Engine


@dataclass(frozen=True)
class Detection:
    """Rules, baseline and model, loaded."""

    rules: RuleSet
    table: bytes | None
    judge: WindowJudge | None
    window_ns: int
    """what the model was learned on, and so what the engine has to cut; 0: no windows"""
    learned: dict[str, Any] | None
    """what the baseline knows, for statistics"""
    facts: dict[str, Any]
    """for the heartbeat: rules_loaded, baseline, versions"""
    site: Site = NOTHING
    expected: Expected | None = None
    """work that was announced"""
    rejected: Rejected | None = None
    """entries of the baseline that somebody rejected"""
    files: Mapping[str, Any] = field(default_factory=dict)
    """hashes of the baseline's files: the same ones make the same judge"""
    values: bytes | None = None
    """what process values are like"""

    def engine(self, *, state: bytes | None = None, **settings: Any) -> Engine:
        from sensor._core import Engine

        content = {"window_ns": self.window_ns, **self.site.engine_settings(), **settings}
        return Engine(json.dumps(content), self.core_rules(), self.table, state, self.values)

    def with_rules(self, rules: RuleSet) -> Detection:
        """The same with other rules."""
        return replace(self, rules=rules)

    def core_rules(self) -> str:
        """The rules as the engine reads them."""
        return self.rules.to_core_json(self.site.segments.names)

    def analyst(
        self,
        origin: str,
        tenant: str = "default",
        *,
        files: bool = False,
        keep_open: bool = False,
        rules_of: Callable[[int], RuleSet] | None = None,
    ) -> Analyst:
        """`rules_of` says which rules an engine had in a generation, where it is not given these ones only."""
        from detectors.alerts import Analyst

        return Analyst(
            origin,
            tenant,
            self.describers(rules_of),
            self.judge,
            files=files,
            keep_open=keep_open,
            importance=self.site.stations.of,
            expected=self.expected,
        )

    def describers(self, rules_of: Callable[[int], RuleSet] | None = None) -> dict[str, Callable[[Any], Description]]:
        """Who finds words for a hit, by the first part of its cause."""
        from detectors.baseline.describe import describe as describe_deviation
        from detectors.baseline.rejected import describing
        from detectors.signature import describe as describe_rule
        from detectors.values import describe as describe_value

        return {
            "rule": lambda hit: describe_rule(hit, self.rules if rules_of is None else rules_of(hit.generation)),
            "baseline": describing(describe_deviation, self.rejected) if self.rejected else describe_deviation,
            "period": describe_deviation,
            "value": describe_value,
        }


Place = str | Path | None
"""of a file or folder; None or empty: there is none"""


@dataclass(frozen=True)
class Given:
    """What detection is made of."""

    rules: Place = None
    """instead of the bundled ones"""
    baseline: Place = None
    site: Site = NOTHING
    site_filters: Place = None
    """what the site takes out of its rules' hits"""
    packs: Sequence[Source] = ()
    """of rules, verified"""
    maintenance: Place = None
    """work that was announced"""
    suppliers: Place = None
    """who is trusted"""
    nursery: bool = False
    """with rules that wait for examples"""

    @classmethod
    def of(cls, settings: Mapping[str, Any], site: Site) -> Given:
        """As a sensor's settings name it; packs as they are installed now.

        Raises:
            ValueError: a pack is not what its maker signed.
        """
        from otus.pack_sources import installed

        names = ("rules", "baseline", "site_filters", "maintenance", "suppliers")
        packs = installed(settings.get("rule_packs") or "", settings.get("pack_keys") or "")
        places = {name: settings.get(name) or None for name in names}
        return cls(site=site, packs=packs, nursery=bool(settings.get("nursery")), **places)


def load(given: Given = Given()) -> Detection:
    """Read everything and make it ready.

    Raises:
        ValueError: rules or baseline are not right; the message names file, line and way out.
    """
    from detectors.rules import load_rules, with_filters
    from sensor import _core

    ruleset = load_rules(Path(given.rules) if given.rules else None, packs=given.packs, nursery=given.nursery)
    ruleset = with_filters(ruleset, given.site_filters)
    expected = rejected = None
    if given.maintenance or given.suppliers:
        ruleset, expected = _announced(ruleset, given.maintenance, given.suppliers)
    table, judge, learned, window_ns, files, values = None, None, None, 0, {}, None
    if given.baseline:
        from detectors.baseline import read_folder
        from detectors.baseline.rejected import Rejected
        from detectors.baseline.versions import decisions_of

        folder = read_folder(Path(given.baseline), known=False)
        table, learned, files = folder.table, folder.summary(), folder.manifest["files"]
        rejected = Rejected(decisions_of(folder))
        values = folder.values
        if folder.has_model:
            from detectors.anomaly import load_judge

            judge = load_judge(folder, _core.Forest)
            window_ns = (folder.window_s or 0) * 1_000_000_000
    versions = {"otus": _core.__version__, **{f"rules.{pack.name}": pack.version for pack in given.packs}}
    facts = {"rules_loaded": len(ruleset), "baseline": _baseline_fact(learned), "versions": versions}
    return Detection(ruleset, table, judge, window_ns, learned, facts, given.site, expected, rejected, files, values)


def _announced(ruleset: RuleSet, maintenance: Place, suppliers: Place) -> tuple[RuleSet, Expected]:
    """Work orders and suppliers: what is expected, and the rules about uplinks beside those that are there.

    Raises:
        ValueError: all problems of a file at once.
    """
    from detectors.maintenance import Expected, read_orders, read_suppliers, with_uplinks

    listed = read_suppliers(Path(suppliers)) if suppliers else None
    if listed is not None and suppliers:
        ruleset = with_uplinks(ruleset, listed, Path(suppliers))
    return ruleset, Expected(read_orders(Path(maintenance)) if maintenance else (), listed)


OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""More objects made than freed since the last one: some ten megabytes at most."""


def started() -> None:
    """Start-up is over. What was loaded until now stays to the end, so the garbage collector is told to leave it alone.

    It would otherwise walk modules, rules and names of stations again and again as a run makes objects: one to three
    per cent of a replay full of alarms. What a reload replaces is freed all the same when nothing points at it.

    What a storm makes are records, which nothing inside points back from: to look through them at every seven hundredth
    object took a quarter of the time that alerts take. Some megabytes of circles may wait to be found instead.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def _baseline_fact(learned: dict[str, Any] | None) -> dict[str, Any] | None:
    """Which baseline it is and how much it knows, under the names that go up (heartbeat.baseline.*)."""
    if learned is None:
        return None
    told = {
        "id": str(learned["sha256"])[:16],
        "tuples": sum(int(learned[name]) for name in ("assets", "links", "operations", "polls")),
    }
    if learned["version"]:
        told |= {"version": learned["version"], "approved": learned["approved"]}
        told |= {"suspicious": (learned["review"] or {}).get("suspicious", 0)}
    meter = learned["completeness"]
    return told | {name: meter[name] for name in ("complete", "new_per_day_most") if meter.get(name) is not None}
