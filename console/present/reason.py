"""Why an alert was raised: a sentence in the reader's language, and a drawing where the reason is a number.

The sentence of a code is `reason.<code>` in the catalogue; what stands in its braces is made from the parameters here.
Above the enterprise parameters may be missing, because the cut dropped them: the sentence then says so in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from console.catalogue import entries, known, listed, say
from console.plain import clean
from console.present.drawing import Band, Rhythm, band, number, pairs, period_text, rhythm
from console.present.fields import Line, label, table
from console.present.message import operation_of, shown
from console.words import Words
from sensor.schema import Alert

MAX_FEATURES = 12
MAX_OPERATIONS = 6
OPENED = "connection_opened"
"""what the core calls the beginning of a connection, where an operation's name might stand"""
NUMBERED = ("file_record", "umas_block", "canopen_object")
"""spaces of Modbus that a unit has several of: the number is the lower half of their index"""


@dataclass(frozen=True)
class Explanation:
    sentence: str
    bands: tuple[Band, ...] = ()
    rhythm: Rhythm | None = None
    complete: bool = True
    """False: parameters were not sent up to this tier"""
    looked_at: tuple[Line, ...] = ()
    """fields of the message that a rule looked at, with what it found in them"""


def key_of(alert: Alert) -> str | None:
    """The catalogue's key of an alert's reason: its code, without or with the detector it comes from."""
    code = alert.reason.code
    tail = code.rpartition(":")[2]
    candidates = (code.replace(":", "_"), f"{alert.detector}_{tail}", tail)
    return next((f"reason.{name}" for name in candidates if known(f"reason.{name}")), None)


def explain(alert: Alert, language: str) -> Explanation:
    key, looked_at = key_of(alert), _looked_at(alert, language)
    beat = _rhythm(alert.reason.params)
    bands = () if beat else tuple(_bands(alert, language))
    if key is None:
        said = say("reason_frame.unknown", language, code=clean(alert.reason.code))
        return Explanation(said, bands, beat, looked_at=looked_at)
    wanted = {name for _, name, _, _ in Formatter().parse(entries()[key].zh) if name}
    values = {name: _PARTS.get(name, _plain(name))(alert, language) for name in wanted}
    missing = say("frame.not_sent", language)
    sentence = say(key, language, **{name: missing if value is None else value for name, value in values.items()})
    sentence += _known_to_people(alert, language) + _alike(alert, language)
    return Explanation(sentence, bands, beat, complete=None not in values.values(), looked_at=looked_at)


def _known_to_people(alert: Alert, language: str) -> str:
    """What people had said about it before: a work order, a review of the baseline."""
    params = alert.reason.params
    if alert.detector == "supplier":  # its own sentence names the order
        return ""
    said = ""
    if {"rejected_by", "rejected_because"} <= params.keys():
        who, why = shown(params["rejected_by"]), shown(params["rejected_because"])
        said += say("reason_frame.rejected", language, rejected_by=who, rejected_because=why)
    if {"work_order", "person"} <= params.keys():
        key = "reason_frame.went_on" if "went_on_after_ns" in params else "reason_frame.announced"
        said += say(key, language, work_order=shown(params["work_order"]), person=shown(params["person"]))
    return said


def _looked_at(alert: Alert, language: str) -> tuple[Line, ...]:
    """A rule's parameters are named like the fields it looked at: `modbus.function_code`."""
    return table({name: value for name, value in alert.reason.params.items() if "." in name}, language)


Part = Callable[[Alert, str], str | None]


def _plain(name: str) -> Part:
    """A parameter as it came."""

    def part(alert: Alert, language: str) -> str | None:
        value = alert.reason.params.get(name)
        return None if value is None else shown(value)

    return part


def _operation(alert: Alert, language: str) -> str | None:
    params = alert.reason.params
    name = params.get("operation")
    if not isinstance(name, str):
        name = operation_of(alert.fields, alert.protocol)
    return Words(language).operation(alert.protocol, name) if name else None


def _named(name: str) -> Part:
    """Operations by their names, several with commas between."""

    def part(alert: Alert, language: str) -> str | None:
        said = alert.reason.params.get(name)
        if not isinstance(said, str):
            return None
        opened = say("reason_frame.connection_opened", language)
        words = Words(language)
        known = [one.strip() for one in said.split(",") if one.strip()]
        named = [opened if one == OPENED else words.operation(alert.protocol, one) for one in known[:MAX_OPERATIONS]]
        return listed(named, language) + (" …" if len(known) > MAX_OPERATIONS else "")

    return part


def _new(alert: Alert, language: str) -> str | None:
    which = alert.reason.params.get("new")
    key = f"reason_frame.new_{which}"
    return say(key, language) if known(key) else None if which is None else shown(which)


def _protocols(alert: Alert, language: str) -> str | None:
    learned = alert.reason.params.get("learned_protocols")
    if learned is None:
        return None
    names = learned if isinstance(learned, list) else [name.strip() for name in str(learned).split(",")]
    words = Words(language)
    return listed([words.protocol(name) for name in names if name], language) or say(
        "reason_frame.no_protocols", language
    )


def _object(alert: Alert, language: str) -> str | None:
    """`保持寄存器 112–113（单元 1）`, `数据块 DB1 的 4–7`, `节点 ns=2;s=Speed`"""
    params = alert.reason.params
    point, place = params.get("point"), place_text(params, alert.protocol, language)
    return place if point is None else say("reason_frame.point", language, name=shown(point), place=place or "")


def place_text(params: Mapping[str, Any], protocol: str, language: str) -> str | None:
    """Of `space`, `index`, and `object` or `start` and `end`; None where they are not told."""
    space, index = params.get("space"), params.get("index")
    start, end = number(params.get("start")), number(params.get("end"))
    name = params.get("object")
    if name is None and start is None:
        return None
    if name is not None and space is None:
        return shown(name)
    key = f"reason_frame.space_{space}"
    word = say(key, language) if known(key) else shown(space or "")
    if name is not None:
        return say("reason_frame.object_range", language, space=word, range=shown(name))
    stretch = f"{start:g}" if end is None or end == start else f"{start:g}–{end:g}"
    if space == "db":
        return say("reason_frame.object_db", language, space=word, index=shown(index), range=stretch)
    if protocol == "modbus" and index is not None:
        if space in NUMBERED and isinstance(index, int):
            index, inner = divmod(index, 1 << 16)
            word = f"{word} {inner}"
        return say("reason_frame.object_unit", language, space=word, range=stretch, index=shown(index))
    return say("reason_frame.object_range", language, space=word, range=stretch)


def _counted(alert: Alert, language: str) -> str | None:
    """The field whose different values were counted."""
    name = alert.reason.params.get("counted")
    return (label(name, language) or clean(name)) if isinstance(name, str) else None


def _grouped(alert: Alert, language: str) -> str | None:
    """`客户端地址、服务端地址`: what the messages have in common that were counted together."""
    names = alert.reason.params.get("group_by")
    if not isinstance(names, list):
        return None
    return listed([label(name, language) or clean(name) for name in names if isinstance(name, str)], language)


def _features(alert: Alert, language: str) -> str | None:
    features = alert.reason.params.get("features")
    if not isinstance(features, list):
        return None
    names = [_feature_name(item, language) for item in features[:MAX_FEATURES] if isinstance(item, Mapping)]
    return listed(names, language) or say("reason_frame.combination", language)


def _alike(alert: Alert, language: str) -> str:
    """`与之最相似的正常窗口（2026-03-02 14:20 UTC）：请求数 96，本窗口 812。` Empty where no such window is known."""
    params = alert.reason.params
    when, features = params.get("alike_ns"), params.get("features")
    if not isinstance(when, int) or not isinstance(features, list) or not 0 <= when < 1 << 63:
        return ""
    pairs = [
        say("reason_frame.alike_feature", language, name=_feature_name(item, language), had=f"{had:g}", has=f"{has:g}")
        for item in features[:MAX_FEATURES]
        if isinstance(item, Mapping)
        and (had := number(item.get("alike"))) is not None
        and (has := number(item.get("value"))) is not None
    ]
    if not pairs:
        return ""
    time = datetime.fromtimestamp(when // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return say("reason_frame.alike", language, time=time, features=listed(pairs, language))


def _feature_name(feature: Mapping[str, Any], language: str) -> str:
    name = str(feature.get("name", ""))
    key = f"feature.{name}"
    return say(key, language) if known(key) else clean(name)


def seconds(params: Mapping[str, Any], *names: str) -> float | None:
    """A duration in seconds, from whichever of `names` is there; its unit is the end of its name."""
    for name in names:
        for suffix, scale in (("_ns", 1e9), ("_ms", 1e3), ("_s", 1.0)):
            value = number(params.get(name + suffix))
            if value is not None:
                return value / scale
    return None


def _duration(*names: str) -> Part:
    def part(alert: Alert, language: str) -> str | None:
        value = seconds(alert.reason.params, *names)
        return None if value is None else period_text(value)

    return part


def _amount(name: str) -> Part:
    """A process value with its unit, as many digits as a person reads."""

    def part(alert: Alert, language: str) -> str | None:
        value = number(alert.reason.params.get(name))
        if value is None:
            return None
        unit = clean(str(alert.reason.params.get("unit", "")))
        return f"{value:.5g} {unit}".rstrip()

    return part


def _learned(alert: Alert, language: str) -> str | None:
    """How long something was learned: minutes, hours or days."""
    value = seconds(alert.reason.params, "learned")
    if value is None:
        return None
    if value < 7200:
        return period_text(value)
    return f"{value / 3600:.3g} h" if value < 172_800 else f"{value / 86_400:.3g} d"


def _since(alert: Alert, language: str) -> str | None:
    when = alert.reason.params.get("since_ns")
    if not isinstance(when, int) or not 0 <= when < 1 << 63:
        return None
    return datetime.fromtimestamp(when // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _time_of(name: str) -> Part:
    """A parameter that is so many seconds."""

    def part(alert: Alert, language: str) -> str | None:
        value = number(alert.reason.params.get(name))
        return None if value is None else period_text(value)

    return part


LEARNED_PERIOD, PERIOD, SILENT = ("learned_period",), ("observed_period", "observed", "period"), ("silent", "silence")
_PARTS: Mapping[str, Part] = {
    "operation": _operation,
    "new": _new,
    "learned_protocols": _protocols,
    **{name: _named(name) for name in ("last_operation", "operation_before", "usually_before", "usually_after")},
    "object": _object,
    "features": _features,
    "learned_period": _duration(*LEARNED_PERIOD),
    "period": _duration(*PERIOD),
    "silent": _duration(*SILENT),
    "timespan": _duration("timespan"),
    "took": _duration("took"),
    "counted": _counted,
    "grouped": _grouped,
    "learned": _learned,
    "since": _since,
    "found_time": _time_of("found"),
    "limit_time": _time_of("limit"),
    **{name: _amount(name) for name in ("before", "value", "low", "high", "found", "limit")},
}


def _bands(alert: Alert, language: str) -> Iterable[Band]:
    params = alert.reason.params
    features = params.get("features")
    drawn: list[Band | None] = []
    if isinstance(features, list):
        drawn = [_score(params, language)]
        drawn += [_feature(item, language) for item in features[:MAX_FEATURES] if isinstance(item, Mapping)]
    else:
        label = _object(alert, language) or ""
        learned = pairs(params.get("learned")) or pairs(params.get("ranges"))
        start, end = number(params.get("start")), number(params.get("end"))
        value = number(params.get("value"))
        low, high = number(params.get("low")), number(params.get("high"))
        if value is not None and (learned or (low is not None and high is not None)):
            drawn = [band(label, learned or pairs([[low, high]]), value, value, clean(str(params.get("unit", ""))))]
        elif start is not None and learned:
            drawn = [band(label, learned, start, start if end is None else end)]
    return (item for item in drawn if item is not None)


def _score(params: Mapping[str, Any], language: str) -> Band | None:
    """The model's score beside its limit, where the model itself found the window odd."""
    score, limit = number(params.get("score")), number(params.get("score_limit"))
    if score is None or limit is None or score <= limit:
        return None
    return band(say("reason_frame.score", language), [(min(0.0, limit), limit)], score, score)


def _feature(feature: Mapping[str, Any], language: str) -> Band | None:
    seen, low, high = (number(feature.get(key)) for key in ("value", "low", "high"))
    if seen is None or low is None or high is None:
        return None
    return band(_feature_name(feature, language), [(low, high)], seen, seen)


def _rhythm(params: Mapping[str, Any]) -> Rhythm | None:
    before, after = seconds(params, *LEARNED_PERIOD), seconds(params, *PERIOD)
    if before is None or (after is None and seconds(params, *SILENT) is None):
        return None
    return rhythm(before, after)
