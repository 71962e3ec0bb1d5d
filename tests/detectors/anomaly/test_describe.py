"""Words for windows: which features, what was expected, how grave."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from detectors.anomaly import Anomaly, load_judge
from detectors.anomaly.describe import describe
from detectors.anomaly.finding import Deviating, WindowFinding
from detectors.baseline.folder import ModelFiles
from sensor._core import Forest
from sensor.schema import Level
from tests.detectors.anomaly.conftest import folder_of
from tests.detectors.anomaly.synthetic import COLUMNS, WINDOW_NS, windows
from tests.detectors.anomaly.test_train import Batch


def finding(*features: Deviating, by_feature: bool = True) -> WindowFinding:
    return WindowFinding(
        "default", "10.0.0.1", "10.0.1.1", "modbus", 0, WINDOW_NS, features, by_feature, not by_feature, 0.71234567, 0.7
    )


def test_the_reason_names_features_values_and_ranges() -> None:
    said = describe(finding(Deviating("failures", 7.0, 0.0, 0.44999999, 15.0), Deviating("requests", 40, 18, 22, 2.0)))
    assert said.reason.code == "window_deviates"
    params = dict(said.reason.params)
    assert params["features"][0] == {"name": "failures", "value": 7.0, "low": 0.0, "high": 0.45}
    assert params["window_ns"] == WINDOW_NS and params["score"] == 0.712346 and params["decided_by"] == "feature"
    assert "错误应答数、请求数" in said.title.zh and "failures, requests" in said.title.en
    assert said.technique == ("T0888", "T0802")
    json.dumps(params, allow_nan=False)


def test_what_was_done_is_graver_than_when() -> None:
    assert describe(finding(Deviating("writes", 50.0, 0.0, 2.0, 20.0))).level is Level.MEDIUM
    assert describe(finding(Deviating("writes", 3.0, 0.0, 2.0, 1.3))).level is Level.LOW
    assert describe(finding(Deviating("latency_median_ms", 5000.0, 1.0, 2.0, 900.0))).level is Level.LOW
    assert describe(finding(Deviating("requests", 60.0, 18.0, 22.0, 9.0), by_feature=False)).level is Level.LOW


def test_far_more_requests_are_a_flood_and_a_few_more_are_not() -> None:
    said = describe(
        finding(Deviating("requests", 90.0, 18.0, 22.0, 9.0), Deviating("responses", 90.0, 18.0, 22.0, 9.0))
    )
    assert (said.level, said.reason.code, said.technique) == (Level.MEDIUM, "request_flood", ("T0814",))
    params = dict(said.reason.params)
    assert (params["requests"], params["most"]) == (90.0, 22.0)
    assert describe(finding(Deviating("requests", 24.0, 18.0, 22.0, 1.2))).reason.code == "window_deviates"
    assert describe(finding(Deviating("requests", 2.0, 18.0, 22.0, 9.0))).reason.code == "window_deviates"


def test_requests_that_are_missing_are_the_rhythms_to_tell() -> None:
    fewer, late = Deviating("requests", 2.0, 18.0, 22.0, 9.0), Deviating("interval_std_ms", 900.0, 0.0, 20.0, 4.0)
    assert describe(finding(fewer, late)).level is Level.NOTICE
    assert describe(finding(late)).level is Level.LOW
    assert describe(finding(fewer, Deviating("unanswered", 9.0, 0.0, 3.5, 2.0))).level is Level.LOW
    assert describe(finding(fewer, Deviating("failures", 30.0, 0.0, 3.5, 9.0))).level is Level.MEDIUM


def test_the_most_alike_normal_window_is_told() -> None:
    found = finding(Deviating("requests", 812.0, 18.0, 120.0, 9.0, 96.0))
    params = dict(describe(replace(found, alike_ns=1_700_000_000_000_000_000)).reason.params)
    assert params["alike_ns"] == 1_700_000_000_000_000_000
    assert params["features"][0]["alike"] == 96.0
    assert "alike_ns" not in dict(describe(found).reason.params)


def test_the_judge_makes_alerts_of_findings(learned: ModelFiles, anomaly: Anomaly) -> None:
    judge = load_judge(folder_of(learned), Forest)
    matrix, keys = windows(conversations=22, count=1, seed=3)  # two of them were not learned
    matrix[4, COLUMNS.index("failures")] = 70.0
    (alert,) = judge.judge(Batch(matrix, keys))
    assert (alert.client, alert.protocol, alert.start_ns) == (keys[4][1], "modbus", keys[4][4])
    assert alert.description.detector == "anomaly"
    assert judge.state() == {"model": "active", "windows": {"seen": 22, "judged": 20}}
    assert judge.judge(Batch(np.empty((0, 13)), [])) == []
