"""Which index a record stands in, and what each kind's indices are called.

`otus-incident-2026.11-v1`: prefix, kind, period (UTC) and mapping version. A record's period comes from a time of it
that never changes, so that every revision finds the same document.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime

from console.store.elastic.settings import ElasticSettings
from sensor.schema import Kind, Record

VERSION = 1
"""Of the mapping. Raised where a field changes its type: new documents then go to new indices, old ones stay where
they are and are read on. A field that is only added needs no new version."""

KINDS = ("incident", "asset", "link", "heartbeat", "evidence", "receipt", "story", "other", "sensor")
"""What has indices. `other`: kinds of a newer schema. `sensor`: the last heartbeat of each origin."""
RECORD_KINDS = KINDS[:-1]

STRAYS = "strays"
"""The period of what is dated so far from now that its own month would be an index of its own."""
BACK_NS = 800 * 86_400 * 10**9
AHEAD_NS = 7 * 86_400 * 10**9
"""A sensor whose clock, or whose capture, jumps over the centuries must not make an index for every month of them."""

HOUR_NS = 3600 * 10**9
_FORMS = {"day": "%Y.%m.%d", "month": "%Y.%m", "year": "%Y"}
_KIND_OF: Mapping[str, str] = {
    Kind.ALERT: "incident",
    Kind.ASSET: "asset",
    Kind.LINK: "link",
    Kind.HEARTBEAT: "heartbeat",
    Kind.EVIDENCE: "evidence",
    Kind.RECEIPT: "receipt",
    Kind.STORY: "story",
}
_TIME_OF = {"incident": "first_ns", "heartbeat": "start_ns", "evidence": "first_ns"}


def kind_of(record: Record) -> str:
    return _KIND_OF.get(record.kind, "other")


def document_id(origin: str, record_id: str) -> str:
    return f"{origin}:{record_id}"


def alias(settings: ElasticSettings, kind: str) -> str:
    """What every index of a kind is read through."""
    return f"{settings.prefix}-{kind}"


def name(settings: ElasticSettings, kind: str, period: str | None, version: int) -> str:
    middle = "" if period is None else f"-{period}"
    return f"{alias(settings, kind)}{middle}-v{version}"


def of_sensors(settings: ElasticSettings) -> tuple[str, ...]:
    """Where a sensor's last heartbeat may stand, by mapping version. A new one goes to the first."""
    return tuple(name(settings, "sensor", None, version) for version in range(VERSION, 0, -1))


def homes(settings: ElasticSettings, record: Record, now_ns: int) -> tuple[str, ...]:
    """Where a record may stand. A new one goes to the first."""
    kind = kind_of(record)
    form = _FORMS.get(settings.period_of(kind))
    start = alias(settings, kind)
    if form is None:
        return _homes(start, "", None, False, VERSION)
    moment_ns = int(record.body[_TIME_OF[kind]])
    stray = not now_ns - BACK_NS <= moment_ns <= now_ns + AHEAD_NS
    return _homes(start, form, moment_ns // HOUR_NS, stray, VERSION)


@functools.lru_cache(4096)
def _homes(start: str, form: str, hour: int | None, stray: bool, newest: int) -> tuple[str, ...]:
    """A batch's records are of few hours. `hour`: of UTC since 1970; None where a kind has one index for all times."""
    middles = [""]
    if hour is not None:
        period = datetime.fromtimestamp(hour * 3600, UTC).strftime(form)
        middles = [f"-{STRAYS}", f"-{period}"] if stray else [f"-{period}", f"-{STRAYS}"]
    return tuple(f"{start}{middle}-v{version}" for middle in middles for version in range(newest, 0, -1))


def end_of(settings: ElasticSettings, index: str) -> datetime | None:
    """The moment after the last one an index can hold; None where its name tells no period of a kind."""
    for kind in KINDS:
        start = f"{alias(settings, kind)}-"
        form = _FORMS.get(settings.period_of(kind))
        if form is None or not index.startswith(start):
            continue
        try:
            begin = datetime.strptime(index.removeprefix(start).rpartition("-v")[0], form).replace(tzinfo=UTC)
        except ValueError:
            return None
        if form == _FORMS["day"]:
            return datetime.fromtimestamp(begin.timestamp() + 86_400, UTC)
        if form == _FORMS["month"]:
            return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
        return begin.replace(year=begin.year + 1)
    return None
