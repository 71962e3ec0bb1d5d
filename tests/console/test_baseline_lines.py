"""What the sensors' page says of a baseline."""

from __future__ import annotations

from typing import Any

import pytest

from console.present.baseline import lines
from sensor.schema import Heartbeat
from sensor.schema.heartbeat import Ledger


def said(baseline: dict[str, Any] | None, language: str = "zh") -> list[str]:
    beat = Heartbeat(sensor="s", start_ns=0, end_ns=1, ledger=Ledger(), baseline=baseline)
    return [line.text for line in lines(beat, language)]


@pytest.mark.parametrize("baseline", [None, {}, {"id": "4f1c", "tuples": 9}, {"version": "x", "suspicious": None}])
def test_what_a_sensor_does_not_say_is_left_out(baseline: dict[str, Any] | None) -> None:
    assert said(baseline) == []


def test_version_review_meter_and_trial() -> None:
    told = {"version": 3, "suspicious": 2, "complete": False, "new_per_day_most": 3.14, "shadow_alerts": 4}
    assert said(told) == [
        "第 3 版",
        "2 条可疑通信关系待审核，审核前不计入正常",
        "学习尚不完整",
        "预计每天新出现不超过 3.1 项",
        "试运行基线：若启用将产生 4 条告警",
    ]
    learning = {"learning": True, "learned_days": 2.5, "complete": True, "new_per_day_most": 1.2}
    assert said(learning, "en") == [
        "Learning, for 2.5 days",
        "Learning is complete",
        "At most 1.2 new things a day are expected",
    ]
