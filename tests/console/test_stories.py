"""The pages of stories: what is to be done, one story drawn, and a verdict about all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.present import chain
from console.state import state
from console.store import Workflow
from sensor.schema import Level, Story, StoryStep, Text
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of
from tests.federation import line_records


def attack(client: FlaskClient) -> dict[str, Any]:
    """The most urgent one of the sample plant."""
    found: dict[str, Any] = client.get("/stories.json").get_json()["stories"][0]
    return found


def path_of(item: dict[str, Any]) -> str:
    return f"/stories/{item['origin']}/{item['id']}"


def test_what_is_to_be_done_comes_by_urgency(client: FlaskClient) -> None:
    found = client.get("/stories.json").get_json()
    numbers = [item["severity"]["number"] for item in found["stories"]]
    assert numbers == sorted(numbers, reverse=True) and found["open"] == len(numbers) < len(sample.ALERTS)
    assert sum(item["waiting"] for item in found["stories"]) == len(sample.ALERTS)
    text = client.get("/stories").get_data(as_text=True)
    assert "处置顺序数" in text and path_of(found["stories"][0]) in text and "已作用于过程" in text
    assert len(client.get("/stories.json?all=1").get_json()["stories"]) == found["open"]


def test_a_story_says_who_did_what_to_whom_and_why_it_is_one(client: FlaskClient, english: FlaskClient) -> None:
    item = attack(client)
    text = client.get(path_of(item)).get_data(as_text=True)
    assert f"{sample.ATTACKER} 对 {sample.PLC_S7}：向 S7 控制器发出停止命令" in text
    assert "归并依据：同一发起方" in text and "抑制响应功能" in text and "按流量判断：控制器" in text
    assert "控制器停止运行，所控设备失去控制" in text and "立即到现场确认控制器运行状态" in text
    assert "<svg" in text and "在各战术上的先后" in text
    assert f"/incidents/sensor-1/{item['steps'][0]['alert']}" in text
    told = english.get(path_of(item)).get_data(as_text=True)
    assert "Acted upon the process" in told and "the same actor" in told
    part = client.get(f"/incidents/sensor-1/{item['steps'][0]['alert']}").get_data(as_text=True)
    assert path_of(item) in part, "and an alert leads to its story"


def test_one_verdict_about_all_of_it(app: Flask, client: FlaskClient) -> None:
    item = attack(client)
    token = token_of(client, path_of(item))
    told = {"after": "false_alarm", "note": "演练", "csrf_token": token}
    assert client.post(f"{path_of(item)}/workflow", data=told).status_code == 303
    after = client.get(f"{path_of(item)}.json").get_json()
    assert after["waiting"] == 0 and {one["workflow"] for one in after["incidents"]} == {"false_alarm"}
    found = state(app).store.incident("sensor-1", after["incidents"][0]["id"])
    assert found is not None and (found.steps[0].by, found.steps[0].note) == ("wang", "演练")
    assert item["id"] not in {one["id"] for one in client.get("/stories.json").get_json()["stories"]}
    assert client.post(f"{path_of(item)}/workflow", data={**told, "after": "closed"}).status_code == 400
    missing = {"after": "ignored", "csrf_token": token}
    assert client.post(f"/stories/sensor-1/{'0' * 32}/workflow", data=missing).status_code == 404


def test_a_verdict_leaves_alone_what_it_cannot_follow_on(app: Flask, client: FlaskClient) -> None:
    item = attack(client)
    first = item["steps"][0]["alert"]
    state(app).store.set_workflow("sensor-1", first, Workflow.HANDLING, "li")
    told = {"after": "ignored", "csrf_token": token_of(client, path_of(item))}
    client.post(f"{path_of(item)}/workflow", data=told)
    states = {one["id"]: one["workflow"] for one in client.get(f"{path_of(item)}.json").get_json()["incidents"]}
    assert states.pop(first) == "handling" and set(states.values()) == {"ignored"}


def test_only_those_who_may_decide(app: Flask, client: FlaskClient) -> None:
    item = attack(client)
    reader = log_in(app, "li")
    told = {"after": "ignored", "csrf_token": token_of(reader, "/stories")}
    assert reader.post(f"{path_of(item)}/workflow", data=told).status_code == 403
    assert "全部误报" not in reader.get(path_of(item)).get_data(as_text=True)


def test_nothing_to_do_and_alerts_without_a_story(make_console: MakeConsole) -> None:
    empty = log_in(make_console(records=[]))
    assert "没有待处理的归并告警" in empty.get("/stories").get_data(as_text=True)
    alone = log_in(make_console(records=[line_records.alert(1)]))
    assert "另有 1 条告警未归并" in alone.get("/stories").get_data(as_text=True)
    assert alone.get(f"/stories/sensor-1/{'0' * 32}").status_code == 404


def test_one_that_became_part_of_another_leads_there(make_console: MakeConsole) -> None:
    one = line_records.story(1)
    records = [one, line_records.story(2, merged_into=one.id, follows=one.id)]
    client = log_in(make_console(records=records))
    text = client.get(f"/stories/sensor-1/{records[1].id}").get_data(as_text=True)
    assert "已并入" in text and f"/stories/sensor-1/{one.id}" in text
    assert "这里没有保存其中的告警" in text


def step(
    number: int, source: str | None, targets: tuple[str, ...], tactic: str = "discovery", **more: Any
) -> StoryStep:
    base = line_records.story(number).story().steps[0]
    parts = {"source": source, "targets": targets, "target_count": len(targets), "tactic": tactic}
    return replace(base, **{**parts, **more})


def tale(*steps: StoryStep) -> Story:
    return replace(line_records.story(1).story(), steps=steps)


def test_the_graph_goes_from_who_began_to_who_was_reached() -> None:
    story = tale(
        step(1, "10.0.0.66", ("10.0.0.20",)), step(2, "10.0.0.66", ("10.0.0.20",), level=Level.CRITICAL),
        step(3, "10.0.0.20", ("10.0.0.10", "10.0.0.11")), step(4, None, ("10.0.0.10",)),
    )  # fmt: skip
    drawn = chain.graph(story, "zh")
    assert drawn is not None
    columns = {node.text: (node.x // chain.COLUMN, node.role) for node in drawn.nodes}
    assert columns == {
        "10.0.0.66": (0, "actor"), "10.0.0.20": (1, "both"), "10.0.0.10": (2, "target"), "10.0.0.11": (2, "target")
    }  # fmt: skip
    assert next((edge.numbers, edge.level) for edge in drawn.edges) == ("1, 2", "critical") and len(drawn.edges) == 3


def test_many_targets_are_one_node_and_whoever_acts_stands_alone() -> None:
    targets = tuple(f"10.0.1.{n}" for n in range(32))
    story = tale(step(1, "10.0.0.66", targets, target_count=200), step(2, targets[3], ("10.0.0.10",)))
    drawn = chain.graph(story, "zh")
    assert drawn is not None
    assert {node.text for node in drawn.nodes} == {"10.0.0.66", "199 台设备", targets[3], "10.0.0.10"}


@pytest.mark.parametrize(
    "steps",
    [
        (step(1, "a", ("b",)), step(2, "b", ("a",))),
        (step(1, "a", ("a",)),),
        (step(1, "a", ("b",)), step(2, "c", ("d",)), step(3, "d", ("c",))),
        tuple(step(n, f"s{n}", tuple(f"t{n}.{m}" for m in range(6))) for n in range(1, 40)),
    ],
    ids=["ring", "itself", "two", "many"],
)
def test_odd_graphs_are_drawn_all_the_same(steps: tuple[StoryStep, ...]) -> None:
    drawn = chain.graph(tale(*steps), "en")
    assert drawn is not None and 0 < len(drawn.nodes) <= chain.MAX_NODES
    assert drawn.width >= chain.BOX[0]


def test_dots_keep_apart_and_within_the_drawing() -> None:
    steps = [step(n, "a", ("b",), first_ns=1000 if n < 30 else 2000) for n in range(1, 40)]
    steps.append(step(40, None, ("b",), "a_newer_tactic", first_ns=1500))
    drawn = chain.timeline(tale(*steps), "zh")
    assert drawn is not None and [word for word, _ in drawn.lanes] == ["发现", "未归类"]
    places = [dot.x for dot in drawn.dots[:39]]
    assert places == sorted(places) and len(set(places)) == 39 and max(places) <= chain.LEFT + chain.WIDTH
    assert chain.timeline(tale(steps[0]), "zh") is None and chain.graph(tale(steps[-1]), "zh") is None


def test_a_hostile_record_is_text_on_the_page(make_console: MakeConsole) -> None:
    title = Text("<script>alert(1)</script>", "<b>x</b>\u202e")
    bad = step(1, "<img src=x>", ('"><svg onload=x>',), title=title, relation="<i>", detector="<u>", technique=("<t>",))
    record = line_records.story(1, steps=(bad, step(2, "a", ("b",))), title=title, actor="<img src=x>")
    client = log_in(make_console(records=[record]))
    text = client.get(f"/stories/sensor-1/{record.id}").get_data(as_text=True)
    for part in ("<script>alert", "<img src=x>", "<svg onload", "<i>", "<t>", "\u202e"):
        assert part not in text
