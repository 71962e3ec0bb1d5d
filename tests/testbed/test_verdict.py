"""The demo's judge: what it must not let pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sensor.schema import Alert, Endpoint, Level, Outcome, Reason, Record, Text
from testbed.truth import TruthLine
from testbed.verdict import innocent_alarms, judge

SECOND = 1_000_000_000
LINE = TruthLine(100 * SECOND, "s7_plc_stop", "10.77.1.66", "10.77.1.21", "S7 PLC stopped")
STOP = Alert(
    cause="rule:x",
    detector="signature",
    level=Level.CRITICAL,
    title=Text(zh="S7 控制器停机命令", en="S7 PLC Stop"),
    reason=Reason("rule_matched"),
    protocol="s7comm",
    first_ns=101 * SECOND,
    last_ns=101 * SECOND,
    count=1,
    client=Endpoint(ip="10.77.1.66"),
    server=Endpoint(ip="10.77.1.21"),
    outcome=Outcome.SUCCESS,
)


def record(number: int, alert: Alert = STOP, **changes: Any) -> Record:
    body = replace(alert, **changes).to_json()
    return Record(kind="alert", id=f"{number:032x}", revision=1, origin="sensor-1", body=body)


def test_an_action_is_seen_when_its_alert_is_at_the_ministry() -> None:
    (seen,) = judge([LINE], [record(1)], [record(1)])
    assert seen.good and seen.outcome == "success" and seen.detectors == ("signature",)


def test_an_alert_that_stayed_in_the_plant_is_not_enough() -> None:
    (seen,) = judge([LINE], [record(1)], [record(2)])
    assert seen.alerts and not seen.good


def test_what_does_not_tell_of_the_action_does_not_count() -> None:
    for number, changes in enumerate(
        (
            {"title": Text(zh="别的", en="Another Rule")},
            {"client": Endpoint(ip="10.77.1.101")},
            {"server": Endpoint(ip="10.77.1.11")},
            {"first_ns": 10 * SECOND, "last_ns": 20 * SECOND},
            {"outcome": Outcome.FAILURE},
        )
    ):
        records = [record(number, **changes)]
        (seen,) = judge([LINE], records, records)
        assert not seen.good, changes


def test_an_innocent_host_with_a_medium_alert_is_told() -> None:
    innocent = {"client": Endpoint(ip="10.77.1.101")}
    grave, light = record(2, level=Level.MEDIUM, **innocent), record(3, level=Level.LOW, **innocent)
    alarms = innocent_alarms([LINE], [record(1), grave, light])
    assert [alarm.level for alarm in alarms] == [Level.MEDIUM]
