"""What is out of sight for a while: who may say so, what must be said, and what becomes of it. And the load figure."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.clock import NS
from console.present.load import MOST_STORIES, _stories
from console.state import state
from console.store import CountBy, IncidentFilter
from sensor.schema import Ledger
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of

GOOD = {
    "title": "向 S7 控制器发出停止命令",
    "cause": "rule:b1f0",
    "hosts": sample.ATTACKER,
    "segment": "",
    "reason": "演练，工单 118",
    "until": "2026-12-01",
}


def post(client: FlaskClient, **changes: str) -> Any:
    return client.post("/suppressions", data={**GOOD, **changes, "csrf_token": token_of(client, "/suppressions/new")})


def waiting(client: FlaskClient) -> int:
    return sum(item["waiting"] for item in client.get("/stories.json").get_json()["stories"])


def test_an_alert_is_put_out_of_sight_from_its_page_and_comes_back(app: Flask, client: FlaskClient) -> None:
    path = f"/incidents/sensor-1/{sample.record_id('stop')}"
    before = waiting(client)
    assert "/suppressions/new?cause=rule:b1f0" in client.get(path).get_data(as_text=True).replace("%3A", ":")
    form = client.get(f"/suppressions/new?cause=rule:b1f0&host={sample.ATTACKER}&host={sample.PLC_S7}&segment=default")
    text = form.get_data(as_text=True)
    assert 'value="rule:b1f0"' in text and f"{sample.ATTACKER} {sample.PLC_S7}" in text and 'value="2026-12-20"' in text
    assert post(client).status_code == 303
    assert waiting(client) == before - 1
    assert "正被抑制" in client.get(path).get_data(as_text=True)
    hidden = client.get("/incidents.json?suppressed=yes").get_json()
    assert [item["id"] for item in hidden["incidents"]] == [sample.record_id("stop")]
    assert client.get("/incidents.json").get_json()["total"] == len(sample.ALERTS), "kept, and counted"
    new = client.get("/incidents.json?workflow=new").get_json()
    assert sample.record_id("stop") not in {item["id"] for item in new["incidents"]}
    assert new["total"] == len(sample.ALERTS) - 1
    assert "危急 1" not in client.get("/").get_data(as_text=True)
    listed = client.get("/suppressions").get_data(as_text=True)
    assert '<b class="wrap">向 S7 控制器发出停止命令</b>' in listed
    assert "有 1 条抑制生效" in listed and "演练，工单 118" in listed and "wang" in listed
    (item,) = state(app).store.suppressions()
    token = token_of(client, "/suppressions/new")
    assert client.post(f"/suppressions/{item.id}/end", data={"csrf_token": token}).status_code == 303
    assert waiting(client) == before
    over = client.get("/suppressions").get_data(as_text=True)
    assert "wang 提前结束" in over and "没有生效的抑制" in over


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("cause", ["", "x" * 201]),
        ("hosts", ["all", "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.0/8"]),
        ("reason", ["", "  ", "x" * 501]),
        ("segment", ["x" * 129]),
        ("until", ["", "2026-11-19", "2028-01-01", "9999-12-31", "soon"]),
    ],
)
def test_what_must_be_said(app: Flask, client: FlaskClient, field: str, values: list[str]) -> None:
    for value in values:
        answer = post(client, **{field: value})
        assert answer.status_code == 400 and 'role="alert"' in answer.get_data(as_text=True)
        # What was typed is still there.
        assert GOOD["until" if field != "until" else "cause"] in answer.get_data(as_text=True)
    assert state(app).store.suppressions() == []


def test_only_those_who_may_decide_and_text_is_text(app: Flask, client: FlaskClient) -> None:
    reader = log_in(app, "li")
    assert reader.get("/suppressions/new").status_code == 403
    token = {"csrf_token": token_of(reader, "/suppressions")}
    assert reader.post("/suppressions", data={**GOOD, **token}).status_code == 403
    assert reader.post(f"/suppressions/{'0' * 32}/end", data=token).status_code == 403
    assert post(client, reason="<script>x</script>", hosts="02:00:00:00:00:11").status_code == 303
    assert "<script>x" not in client.get("/suppressions").get_data(as_text=True)
    text = client.get("/suppressions/new?cause=<script>&title=<b>&host=<i>").get_data(as_text=True)
    assert "<script>&" not in text and "<b>" not in text.partition("<form")[2]


def test_the_page_of_detection_says_load_and_whether_it_is_alive(make_console: MakeConsole) -> None:
    detection = {"alive": True, "time_ns": sample.NOW_NS, "acts": 6, "found": 6, "failed": [], "hits_suppressed": 12}
    dead = {"alive": False, "time_ns": sample.NOW_NS, "acts": 6, "found": 5, "failed": ["s7-stop"]}
    app = make_console(records=sample.plant())
    for name, told in (
        ("sensor-2", detection),
        ("sensor-3", dead),
        ("sensor-4", {"alive": "yes", "acts": -1, "failed": 3}),
    ):
        beat = sample.heartbeat(sensor=name, detection=told, ledger=Ledger(received=1, parsed=1))
        state(app).store.merge([sample.record("beat", beat.to_json(), "heartbeat", origin=name)], name)
    client = log_in(app)
    post(client)
    found = client.get("/detection.json").get_json()
    assert [(item["sensor"], item["alive"]) for item in found["sensors"]] == [
        ("sensor-3", False), ("sensor-1", None), ("sensor-4", None), ("sensor-2", True)
    ]  # fmt: skip
    assert (
        found["sensors"][3]["site_filtered"] == 12
        and found["suppressed"] == 1
        and found["alerts"] == len(sample.ALERTS)
    )
    stories = len(client.get("/stories.json?all=1").get_json()["stories"])
    assert found["incidents"] == stories and found["analysts"] == 1 and found["a_day_each"] == stories / 7
    text = client.get("/detection").get_data(as_text=True)
    assert "1 台探针的检测自检没有通过" in text and "s7-stop" in text and "演练，工单 118" in text


def test_incidents_that_began_before_do_not_count_today(app: Flask) -> None:
    rows, exact = _stories(state(app).store, sample.NOW_NS - 450 * NS)
    everything, _ = _stories(state(app).store, 0)
    assert exact and 0 < len(rows) < len(everything) <= MOST_STORIES


def test_counts_of_what_is_shown_are_exact(app: Flask, client: FlaskClient) -> None:
    post(client)
    store = state(app).store
    for by in (CountBy.LEVEL, CountBy.DETECTOR, CountBy.DAY, CountBy.HOUR, CountBy.WORKFLOW, CountBy.TECHNIQUE):
        whole, hidden, shown = (
            {count.key: count.incidents for count in store.counts(by, IncidentFilter(suppressed=asked))}
            for asked in (None, True, False)
        )
        assert hidden and {key: shown.get(key, 0) + hidden.get(key, 0) for key in whole} == whole
