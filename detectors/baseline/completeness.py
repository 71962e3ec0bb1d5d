"""How much of what is normal was probably not seen yet: the meter that ends learning.

The unit of observation is the *occasion*: a stretch of time (a 33rd to a 64th of the time learned from) in which a
thing (a link, an operation, an object) was there at all. Messages are no such unit: a poll repeated a million times
would make the share of what came once vanish, and says nothing about what comes once a day.

With T stretches, Q1 things seen on one occasion and U occasions in all (incidence data):

- Q1 / T is the expected number of things that the next stretch brings for the first time, Q1 / U the share of its
  occasions that are new: Good, The population frequencies of species and the estimation of population parameters,
  Biometrika 40 (1953), for incidences Chao and Colwell, Thirty years of progeny from Chao's inequality, SORT 41 (2017).
- Its bound is the upper one of a Poisson count (Garwood, Biometrika 28 (1936)), by the approximation of Wilson and
  Hilferty.
- (T - 1) / T * Q1 (Q1 - 1) / (2 (Q2 + 1)) is a lower bound of how many things were not seen (Chao2).

These suppose a plant that is the same all the time. Where more was new in the last quarter than that allows, the plant
changes, and the pace of that quarter is told instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sensor.schema import Text

KINDS = ("links", "operations", "objects")
APART = ("orders",)
"""Estimated and told, and no part of the whole: of an order that is still growing nothing is ever told
(`orders.rs`), so it raises no alarm"""
WORDS = {
    "links": Text("通信关系", "links"),
    "operations": Text("操作", "operations"),
    "objects": Text("对象", "objects"),
    "orders": Text("操作次序", "orders of operations"),
}
DAY_NS = 86_400_000_000_000
QUANTILE = 1.6448536
"""of the normal distribution: one-sided 95 %"""
LINKS_PER_LINE = 100
"""One new thing a day for every so many conversations is what whoever looks after a plant can look at; one at least."""


@dataclass(frozen=True)
class Meter:
    """Things of one kind: how many, on one occasion only, on two, occasions in all, new in the last quarter."""

    seen: int = 0
    once: int = 0
    twice: int = 0
    occasions: int = 0
    late: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Meter:
        return cls(**{name: int((data or {}).get(name, 0)) for name in cls.__dataclass_fields__})

    def without(self, other: Meter) -> Meter:
        """What is new on links that are not: a new link is one alarm, whatever is done on it."""
        once, late = max(0, self.once - other.once), max(0, self.late - other.late)
        return Meter(self.seen, once, self.twice, self.occasions, late)


@dataclass(frozen=True)
class Estimate:
    """What learning has not seen, of one kind."""

    seen: int
    new_per_day: float
    new_per_day_most: float
    """the upper 95 % bound"""
    unseen_least: float
    """lower bound of how many there are that were never seen"""
    mass: float
    """share of occasions that will be of things never seen"""
    mass_most: float
    changing: bool = False
    """the last quarter brought more than a plant that stays the same would"""


@dataclass(frozen=True)
class Completeness:
    """The meter of a whole baseline, or of one link."""

    kinds: Mapping[str, Estimate]
    new_per_day: float
    new_per_day_most: float
    days: float
    allowed_per_day: float

    @property
    def complete(self) -> bool:
        return self.days > 0 and self.new_per_day_most <= self.allowed_per_day

    @property
    def share_seen_least(self) -> float:
        """Lower 95 % bound of the share of occasions that are of things that were seen."""
        return 1.0 - max((one.mass_most for name, one in self.kinds.items() if name in KINDS), default=1.0)

    def to_json(self) -> dict[str, Any]:
        """For heartbeats and for the folder: numbers only."""
        return {
            "complete": self.complete,
            "days": round(self.days, 4),
            "new_per_day": _finite(self.new_per_day),
            "new_per_day_most": _finite(self.new_per_day_most),
            "allowed_per_day": round(self.allowed_per_day, 3),
            "share_seen_least": round(self.share_seen_least, 6),
        }


def _finite(number: float) -> float | None:
    return round(number, 3) if math.isfinite(number) else None


def most(count: float) -> float:
    """Upper 95 % bound of the mean of a Poisson count: 3.0 for nothing seen."""
    half = count + 1.0
    return half * (1.0 - 1.0 / (9.0 * half) + QUANTILE / (3.0 * math.sqrt(half))) ** 3


def least(count: float) -> float:
    """Lower 95 % bound of the same."""
    if count <= 0:
        return 0.0
    return float(count * max(0.0, 1.0 - 1.0 / (9.0 * count) - QUANTILE / (3.0 * math.sqrt(count))) ** 3)


def estimate(meter: Meter, stretches: int, days: float) -> Estimate:
    """`stretches` there were in the `days` learned from.

    Before two stretches nothing can be said: all is expected to be new.
    """
    if stretches < 2 or days <= 0:
        return Estimate(meter.seen, math.inf, math.inf, math.inf, 1.0, 1.0)
    changing = least(meter.late) * 4.0 > meter.once
    new, share = (meter.late, days / 4.0) if changing else (meter.once, days)
    unseen = (stretches - 1) / stretches * meter.once * (meter.once - 1) / (2.0 * (meter.twice + 1))
    occasions = max(meter.occasions, 1)
    return Estimate(
        meter.seen,
        new / share,
        most(new) / share,
        unseen,
        min(1.0, meter.once / occasions),
        min(1.0, most(meter.once) / occasions),
        changing,
    )


def completeness(report: Mapping[str, Any], allowed_per_day: float | None = None) -> Completeness:
    """The meter of everything, from the core's report (`Engine.learning`). `allowed_per_day`: new things a day that are
    accepted; by default one for every hundred conversations and at least one."""
    if allowed_per_day is None:
        allowed_per_day = max(1.0, Meter.of(report["meters"].get("links")).seen / LINKS_PER_LINE)
    return _meter(report, report["meters"], allowed_per_day)


def link_completeness(report: Mapping[str, Any], link: Mapping[str, Any]) -> Completeness:
    """The meter of one link of the report: which operations and objects it may still bring."""
    meters = {name: meter for name, meter in link["meters"].items() if name != "links"}
    return _meter(report, meters, 1.0)


def _meter(report: Mapping[str, Any], meters: Mapping[str, Any], allowed_per_day: float) -> Completeness:
    days = max(0, report["to_ns"] - report["from_ns"]) / DAY_NS
    links = Meter.of(meters.get("links"))
    own = {name: Meter.of(meters.get(name)) for name in (*KINDS, *APART) if name in meters}
    counted = {name: meter if name == "links" else meter.without(links) for name, meter in own.items()}
    kinds = {name: estimate(meter, report["stretches"], days) for name, meter in counted.items()}
    whole = [meter for name, meter in counted.items() if name in KINDS]
    together = Meter(once=sum(meter.once for meter in whole), late=sum(meter.late for meter in whole))
    all_of_it = estimate(together, report["stretches"], days)
    return Completeness(kinds, all_of_it.new_per_day, all_of_it.new_per_day_most, days, allowed_per_day)


def words(meter: Completeness) -> Iterable[Text]:
    """What is missing, a sentence a kind."""
    for name, one in meter.kinds.items():
        kind = WORDS[name]
        if math.isinf(one.new_per_day):
            yield Text(f"学习时间太短，尚无法估计{kind.zh}", f"too early to say anything about {kind.en}")
            continue
        pace = _pace(one.new_per_day)
        bound = _pace(one.new_per_day_most)
        changing = Text("，近期仍在变化", ", and is changing") if one.changing else Text("", "")
        if one.new_per_day == 0:
            yield Text(
                f"{kind.zh}：已见 {one.seen}，未再出现新的（新增最多{bound.zh}）",
                f"{kind.en}: {one.seen} seen, nothing new (at most {bound.en})",
            )
        else:
            yield Text(
                f"{kind.zh}：已见 {one.seen}，仍出现新的，约{pace.zh}（最多{bound.zh}），"
                f"估计至少还有 {one.unseen_least:.0f} 个未见{changing.zh}",
                f"{kind.en}: {one.seen} seen, still about {pace.en} new (at most {bound.en}), "
                f"at least {one.unseen_least:.0f} not seen yet{changing.en}",
            )


def _pace(per_day: float) -> Text:
    """In the unit of time that makes a number people can picture."""
    if per_day >= 24:
        return Text(f"每小时 {per_day / 24:.1f} 个", f"{per_day / 24:.1f} an hour")
    if per_day >= 0.5:
        return Text(f"每天 {per_day:.1f} 个", f"{per_day:.1f} a day")
    return Text(f"每月 {per_day * 30:.1f} 个", f"{per_day * 30:.1f} a month")
