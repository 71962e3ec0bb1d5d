"""Why an alert was raised: a sentence in the reader's language, and a drawing where the reason is a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from console.catalogue import entries, known, say
from console.present.drawing import Band, Rhythm, band, number, pairs, period_text, rhythm
from console.present.message import shown
from console.words import Words, clean
from sensor.schema import Alert, Reason

LEARNED = ("ranges", "learned", "expected", "range", "learned_ranges")
SEEN = ("value", "observed", "seen")
MAX_FEATURES = 12


@dataclass(frozen=True)
class Explanation:
    sentence: str
    bands: tuple[Band, ...] = ()
    rhythm: Rhythm | None = None
    complete: bool = True
    """False: parameters were not sent up to this tier"""
    params: Mapping[str, str] = field(default_factory=dict)
    """parameters that neither the sentence nor a drawing shows"""


def explain(alert: Alert, language: str) -> Explanation:
    reason = alert.reason
    sentence, complete, used = _sentence(reason, language)
    beat = _rhythm(reason.params)
    bands = () if beat else tuple(_bands(reason.params, language))
    rest = {
        name: shown(value)
        for name, value in reason.params.items()
        if name not in used and not isinstance(value, Mapping) and not (isinstance(value, list) and bands)
    }
    return Explanation(sentence, bands, beat, complete, rest)


def _sentence(reason: Reason, language: str) -> tuple[str, bool, set[str]]:
    """The sentence; whether all its parameters were there; which it used."""
    key = f"reason.{reason.code.replace(':', '.')}"
    if not known(key):
        return say("reason_frame.unknown", language, code=clean(reason.code)), True, set()
    wanted = {name for _, name, _, _ in Formatter().parse(entries()[key].zh) if name}
    values = {name: _value(name, reason.params.get(name), language) for name in wanted}
    complete = wanted <= set(reason.params)
    return say(key, language, **values), complete, wanted


def _value(name: str, value: Any, language: str) -> str:
    if value is None:
        return say("frame.not_sent", language)
    if name in ("operation", "protocol", "detector"):
        words = Words(language)
        return words.protocol(value) if name == "protocol" else clean(str(value))
    seconds = number(value)
    if seconds is not None and name.endswith("_ns"):
        return period_text(seconds / 1e9)
    if seconds is not None and name.endswith("_ms"):
        return period_text(seconds / 1e3)
    if seconds is not None and name.endswith("_s"):
        return period_text(seconds)
    if name in LEARNED and pairs(value):
        return ", ".join(f"{low:g}–{high:g}" if low != high else f"{low:g}" for low, high in pairs(value)[:4])
    return shown(value)


def _bands(params: Mapping[str, Any], language: str) -> Iterable[Band]:
    features = params.get("features") or params.get("deviating")
    if isinstance(features, list):
        for feature in features[:MAX_FEATURES]:
            drawn = _feature(feature, language) if isinstance(feature, Mapping) else None
            if drawn is not None:
                yield drawn
        return
    learned = next((pairs(params[name]) for name in LEARNED if name in params), [])
    if not learned and {"low", "high"} <= set(params):
        learned = pairs([[params["low"], params["high"]]])
    seen = next((number(params[name]) for name in SEEN if number(params.get(name)) is not None), None)
    if learned and seen is not None:
        drawn = band(clean(str(params.get("object") or params.get("name") or "")), learned, seen,
                     clean(str(params.get("unit", ""))))  # fmt: skip
        if drawn is not None:
            yield drawn


def _feature(feature: Mapping[str, Any], language: str) -> Band | None:
    name = str(feature.get("name") or feature.get("feature") or "")
    seen = next((number(feature[key]) for key in SEEN if key in feature), None)
    learned = next((pairs(feature[key]) for key in LEARNED if key in feature), [])
    if not learned and {"low", "high"} <= set(feature):
        learned = pairs([[feature["low"], feature["high"]]])
    if seen is None or not learned:
        return None
    key = f"feature.{name}"
    return band(say(key, language) if known(key) else clean(name), learned, seen)


def _seconds(params: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        for suffix, scale in (("_ns", 1e9), ("_ms", 1e3), ("_s", 1.0)):
            value = number(params.get(name + suffix))
            if value is not None:
                return value / scale
    return None


def _rhythm(params: Mapping[str, Any]) -> Rhythm | None:
    before = _seconds(params, "learned_period", "expected_period", "period")
    after = _seconds(params, "observed_period", "seen_period")
    silent = _seconds(params, "silence", "silent", "quiet") is not None
    if before is None or (after is None and not silent):
        return None
    return rhythm(before, after)
