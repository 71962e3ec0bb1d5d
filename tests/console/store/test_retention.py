"""The contract of a store: what is old goes, what is not stays, and both are said."""

from __future__ import annotations

import time

import pytest

from console.store import CountBy, Found, IncidentFilter, Store, Workflow
from tests.federation.line_records import FIRST_NS, alert, asset, evidence, heartbeat, record_id

DAY_NS = 86_400 * 1_000_000_000
LONG_AFTER = (180 + 62) * DAY_NS
"""Two whole months beyond: a store that deletes by the month has no excuse."""


@pytest.fixture
def filled(store: Store) -> Store:
    # By the packets' clock number 1 is of 1970 and number 2 of 2100: age does not go by it.
    store.merge(
        [alert(1, first_ns=1, last_ns=2), alert(2, first_ns=130 * 365 * DAY_NS, last_ns=130 * 365 * DAY_NS)], "p"
    )
    store.merge([alert(3), evidence(3), asset(1), heartbeat(1)], "p")
    store.set_workflow("sensor-1", record_id(3), Workflow.TRIAGE, "li")
    return store


def test_nothing_younger_than_what_is_promised_goes(filled: Store) -> None:
    now = time.time_ns()
    for later in (0, 100, 179):
        expired = filled.expire(now + later * DAY_NS)
        assert (expired.incidents, expired.others, expired.done) == (0, 0, True)
        assert expired.before_ns <= now + (later - 180) * DAY_NS
        assert expired.oldest_before_ns is not None and abs(expired.oldest_before_ns - now) < 600 * 10**9
        assert expired.oldest_after_ns == expired.oldest_before_ns
    assert filled.totals().incidents == 3


def test_what_is_old_goes_whole(filled: Store) -> None:
    expired = filled.expire(time.time_ns() + LONG_AFTER)
    assert (expired.incidents, expired.others, expired.done) == (3, 1, True)
    assert expired.oldest_before_ns is not None and expired.oldest_after_ns is None
    assert filled.incidents().rows == () and filled.incident("sensor-1", record_id(3)) is None
    assert filled.incident_count(IncidentFilter(text="写命令")) == Found(0)
    assert all(filled.counts(by) == [] for by in CountBy)
    totals = filled.totals()
    assert (totals.incidents, totals.assets) == (0, 1)
    assert len(filled.sensors().rows) == 1 and filled.sensors().rows[0].heartbeat is not None
    assert {key[1] for key in filled.latest()} == {asset(1).id, heartbeat(1).id}


def test_what_went_may_come_again(filled: Store) -> None:
    filled.expire(time.time_ns() + LONG_AFTER)
    assert [str(answer.status) for answer in filled.merge([alert(3, revision=2)], "p")] == ["stored"]
    found = filled.incident("sensor-1", record_id(3))
    assert found is not None and found.row.workflow is Workflow.NEW and found.steps == ()
    assert filled.incident_count(IncidentFilter(text="写命令")) == Found(1)


def test_health_says_what_a_person_must_know(filled: Store) -> None:
    health = filled.health()
    assert health.size_bytes > 0 and health.free_bytes >= 0 and health.keep_days == 180
    assert health.oldest_ns is not None and health.oldest_ns > FIRST_NS - 10**18 and health.remarks == ()
    assert health.expired is None
    expired = filled.expire(time.time_ns())
    assert filled.health().expired == expired
    assert not filled.acknowledge("damaged")


def test_weeks_are_the_nodes(store: Store) -> None:
    # 2026-11-22 is a Sunday; 16:30Z is already Monday in Shanghai.
    sunday = 1_795_305_600_000_000_000
    hours = 3600 * 10**9
    moments = (sunday, sunday + 15 * hours, sunday + 16 * hours + hours // 2)
    store.merge([alert(n, first_ns=moment, last_ns=moment) for n, moment in enumerate(moments)], "plant")
    assert [(item.key, item.incidents) for item in store.counts(CountBy.WEEK)] == [("2026-W47", 2), ("2026-W48", 1)]


def test_a_span_is_what_began_in_it(store: Store) -> None:
    hour = 3600 * 10**9
    base = FIRST_NS - FIRST_NS % hour
    store.merge([alert(n, first_ns=base + n * hour, last_ns=base + 90 * hour) for n in range(6)], "plant")
    for where, hours in (
        ({"began_ns": base + 2 * hour}, 4),
        ({"began_ns": base + 2 * hour + 1}, 3),
        ({"began_ns": base + 2 * hour, "until_ns": base + 4 * hour}, 2),
        ({"began_ns": base + 2 * hour, "until_ns": base + 4 * hour + 1}, 3),
        ({"until_ns": base + 1}, 1),
    ):
        span = IncidentFilter(**where)  # type: ignore[arg-type]
        assert sum(item.incidents for item in store.counts(CountBy.HOUR, span)) == hours
        assert len(store.incidents(span).rows) == hours and store.incident_count(span) == Found(hours)
