"""Page 通信基线: what a sensor told, in words; and what people decide about it, until the sensor says it is done."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.reviewing import taken_in
from console.state import state
from console.store import OrderFilter
from sensor.schema import BaselineEntry, Endpoint, Reason, Record, Review
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of
from tests.federation.baseline_records import ENDS, LINK, carried_out, entry, part, suspicious_link, whole

KIND = {"seen": 4, "new_per_day": 0.0, "new_per_day_most": 0.6, "unseen_least": 0.0, "changing": False}
METER = {
    "complete": True, "days": 5.0, "new_per_day": 0.2, "new_per_day_most": 0.9, "allowed_per_day": 1.0,
    "share_seen_least": 0.99, "kinds": {"links": KIND, "operations": {**KIND, "new_per_day": 30.0, "changing": True,
    "new_per_day_most": 48.0, "unseen_least": 7.0}, "objects": KIND},
}  # fmt: skip
POLL = entry(
    0, name="poll:default/192.168.10.20>192.168.10.11/modbus#3.read.9", kind="poll",
    about={**ENDS, "class": "read", "code": 3, "operation": "read_holding_registers", "space": "holding_register",
           "index": 1, "start": 0, "end": 9, "period_us": 1_000_000, "low_us": 952_000, "high_us": 1_047_000,
           "stopped_us": 3_000_000},
)  # fmt: skip
VALUE = entry(
    0, name="value:x", kind="value", first_ns=None, last_ns=None, frame=None,
    about={**ENDS, "space": "holding_register", "index": 1, "start": 30, "end": 30, "type": "word", "low": 180.0,
           "high": 228.5, "setting": True, "set_limits": [185.0, 225.0]},
)  # fmt: skip
STATION = entry(
    0, name="station:default/192.168.10.11", kind="station", link="",
    about={"segment": "default", "ip": "192.168.10.11", "macs": ["02:00:00:00:0a:11"], "roles": ["server"]},
)  # fmt: skip
LINKED = entry(0, name=LINK, kind="link", about={**ENDS, "acts": True, "meter": METER})
WRITE = entry(
    0, name="operation:default/192.168.10.20>192.168.10.11/modbus#6.write", kind="operation", state="rejected",
    about={**ENDS, "class": "write", "code": 6, "operation": "write_single_register"},
    decision={"action": "reject", "person": "王工@shili", "reason": "操作员站只读", "time_ns": sample.NOW_NS},
)  # fmt: skip
TRIAL = {
    "messages": 48_000, "alerts": {"baseline:new_operation": 2, "baseline:new_object": 9}, "listed": 250,
    "uncounted": 5, "found": [{
        "cause": "baseline:new_object", "client": "192.168.10.20", "server": "192.168.10.11", "protocol": "modbus",
        "alerts": 9, "messages": 31, "first_ns": sample.NOW_NS, "last_ns": sample.NOW_NS, "frame": 77,
        "place": "mirror0",
        "params": {"operation": "write_single_register", "space": "holding_register", "index": 1, "start": 50,
                   "end": 50},
    }],
}  # fmt: skip
VERSIONS = (
    {"number": 3, "author": "王工@shili", "time_ns": sample.NOW_NS, "note": "reject 1: 操作员站只读", "added": 0,
     "removed": 1, "changed": 0, "lines": [f"- {WRITE.name}"]},
    {"number": 2, "author": "otus baseline learn", "time_ns": sample.NOW_NS - 10**14, "note": "sensor:base"},
    {"number": 1, "author": "otus baseline learn", "time_ns": sample.NOW_NS - 10**15, "note": "sensor:base"},
)  # fmt: skip


def told(*, origin: str = "sensor-1", revision: int = 1, waiting: int = 1, **changes: Any) -> list[Record]:
    """Everything a sensor tells of a small baseline."""
    first = [STATION, LINKED, WRITE, entry(0), POLL, VALUE]
    second = [suspicious_link(), suspicious_link("192.168.10.67")][:waiting]
    entries = [*first, *second]
    parts = {
        "meter": METER, "states": {"suspicious": waiting, "rejected": 1, "learned": 5}, "entries": len(entries),
        "kinds": {"station": 1, "link": 1 + waiting, "operation": 1, "object": 1, "poll": 1, "value": 1},
        "versions": VERSIONS, "trial": TRIAL, **changes,
    }  # fmt: skip
    return [
        part(1, *first, revision=revision, origin=origin),
        part(2, *second, revision=revision, origin=origin),
        whole(revision=revision, origin=origin, **parts),
    ]


@pytest.fixture
def app(make_console: MakeConsole) -> Flask:
    return make_console(records=[*sample.plant(), *told()])


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return " ".join(answer.get_data(as_text=True).split())


def decide(client: FlaskClient, what: str = "decide", **form: Any) -> Any:
    token = token_of(client, "/baseline?view=versions")
    return client.post(f"/baseline/{what}", data={"sensor": "sensor-1", "csrf_token": token, **form})


def orders(app: Flask) -> list[Review]:
    here = state(app).store
    items = [here.order(row.origin, row.id) for row in here.orders(OrderFilter(kind="review")).rows]
    return [order for item in items if item is not None and isinstance(order := item.record.order(), Review)]


def test_what_waits_comes_first(client: FlaskClient) -> None:
    page = text(client, "/baseline")
    assert "有 1 项可疑内容等您审核" in page and "学习了 5 天" in page
    assert "探针正按它检测" in page and "192.168.10.66" in page
    assert "向 S7 控制器发出停止命令" in page and "第 19,944 帧" in page, "the evidence stands beside it"
    assert "有写入、控制或程序操作" in page
    assert "1 条超出基线的告警还没有处理" in page and "写入学习范围以外的对象" in page, "seen, and not learned"
    assert "192.168.10.11</span> <span class=\"muted\">Modbus" not in page, "what nobody has to look at is not in it"


def test_completeness_in_words(client: FlaskClient) -> None:
    page = text(client, "/baseline")
    assert "预计：每月 6.0 个（最多每天 0.9 个）" in page and "允许：每天 1.0 个" in page
    assert "没有再出现新的（今后最多每天 0.6 个）" in page
    assert "仍有新的出现，约每小时 1.2 个（最多每小时 2.0 个），至少还有 7 个没见过" in page and "近期仍在变化" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"meter": {**METER, "complete": False, "new_per_day_most": 2.0}}, "基线还没有学完整"),
        ({"role": "learning", "version": 0, "meter": {**METER, "complete": False}}, "正在学习，已学 5 天"),
        ({"meter": None}, "这份基线不是学习得来的"),
        ({"role": "trial"}, "探针正在试运行它"),
        ({"role": "of tomorrow"}, "基线可用"),
        ({"meter": {"complete": True, "kinds": {"links": "many"}, "new_per_day": "x"}}, "学习时间太短"),
    ],
)
def test_the_state_of_the_whole(make_console: MakeConsole, changes: dict[str, Any], said: str) -> None:
    client = log_in(make_console(records=told(waiting=0, **changes)))
    assert said in text(client, "/baseline")
    for view in ("entries", "trial", "versions"):
        assert said in text(client, f"/baseline?view={view}")


def test_days_that_are_left_are_told(make_console: MakeConsole) -> None:
    quiet = {"links": KIND}
    meter = {**METER, "complete": False, "days": 2.0, "new_per_day_most": 1.5, "kinds": quiet}
    client = log_in(make_console(records=told(waiting=0, meter=meter)))
    assert "大约再学 1 天即可学完整" in text(client, "/baseline")
    changing = {**meter, "kinds": {"links": {**KIND, "changing": True}}}
    client = log_in(make_console(records=told(waiting=0, meter=changing)))
    assert "大约再学" not in text(client, "/baseline"), "nobody can say"


def test_every_entry_in_words(client: FlaskClient, english: FlaskClient) -> None:
    page = text(client, "/baseline?view=entries")
    assert "基线共 7 项" in page
    for said in (
        "02:00:00:00:0a:11", "写单个寄存器", "读取 保持寄存器 0–9（单元 1）", "保持寄存器 0–9（单元 1），每 1 s 一次",
        "952 ms–1.05 s 之间算正常，超过 3 s 没有算停止", "保持寄存器 30（单元 1）：180 至 228.5",
        "设定值", "写入过 185 至 225", "王工@shili：操作员站只读", "mirror0",
    ):  # fmt: skip
        assert said in page, said
    page = text(english, "/baseline?view=entries")
    assert "7 entries" in page and "every 1 s" in page and "set point" in page and "Rejected" in page


def test_entries_are_searched_and_paged_by_the_store(make_console: MakeConsole) -> None:
    many = [entry(10 * number) for number in range(120)]
    records = [part(1, *many), whole(parts=1, entries=120, kinds={"object": 120})]
    client = log_in(make_console(records=records))
    seen, path = [], "/baseline.json?view=entries"
    while path:
        page = client.get(path).get_json()
        seen += [one["name"] for one in page["entries"]]
        path = f"/baseline.json?view=entries&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [one.name for one in many] and page["total"] == 120
    found = client.get("/baseline.json?view=entries&text=:1190-").get_json()
    assert [one["name"] for one in found["entries"]] == [many[-1].name] and found["total"] == 1
    assert client.get("/baseline.json?view=entries&text=保持寄存器 1190").get_json()["total"] == 1, "as it is shown"
    assert client.get("/baseline.json?view=entries&text=Holding register 1190").get_json()["total"] == 1
    assert "没有符合条件的条目" in text(client, "/baseline?view=entries&state=rejected")
    assert "没有符合条件的条目" in text(client, "/baseline?view=entries&text=%ED%A0%80%00")
    assert "基线共 120 项" in text(client, "/baseline?view=entries&state=of-tomorrow&cursor=x")


def test_a_trial_in_words(client: FlaskClient) -> None:
    page = text(client, "/baseline?view=trial")
    assert "核对了 48,000 条报文，如果启用会产生 11 条告警" in page
    assert "对象超出范围" in page and "出现新操作" in page and "写单个寄存器 保持寄存器 50（单元 1）" in page
    assert "mirror0 #77" in page and "另有 254 处没有列出" in page and "操作次序、轮询节律和过程值" in page
    assert "只统计、不告警：" not in page and 'action="/baseline/enforce"' in page


def test_families_on_trial_in_words(make_console: MakeConsole) -> None:
    """Nothing can be put in the place of the one that counts: it is the one."""
    row = {"cause": "period:stopped", "client": "192.168.10.20", "server": "192.168.10.11", "protocol": "modbus",
           "alerts": 1, "messages": 1, "frame": 0, "place": "mirror0", "params": {}}  # fmt: skip
    own = {"candidate": False, "families": ["rhythms", "values", 7], "alerts": {"value:drift": 2}, "found": [row]}
    client = log_in(make_console(records=told(trial={**TRIAL, **own})))
    page = text(client, "/baseline?view=trial")
    assert "只统计、不告警：轮询节律、过程值（" in page and "过程值持续漂移" in page and "轮询中断" in page
    assert 'action="/baseline/enforce"' not in page and "mirror0 #" not in page
    assert "version" in decide(client, "enforce", reason="x").headers["Location"]


def test_versions_and_what_they_changed(client: FlaskClient) -> None:
    page = text(client, "/baseline?view=versions")
    assert "现为第 3 版（王工@shili，14:00:00）" in page and "否决 1 项：操作员站只读" in page and "自动学习" in page
    assert "第 3 版" in page and "正在使用" in page and "比上一版新增 0 项、减少 1 项、改变 0 项" in page
    assert WRITE.name.replace(">", "&gt;") in page and page.count("回退到这一版") == 2
    assert "还没有人在平台上审核过" in page


def test_a_decision_goes_down_and_is_done_when_the_sensor_says_so(app: Flask, client: FlaskClient) -> None:
    name = suspicious_link().name
    answer = decide(client, entry=[name], action="approve", reason="工单 118，检修电脑", back_view="review")
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/baseline?sensor=sensor-1&view=review")
    (order,) = orders(app)
    assert (order.addressees, order.person, order.text) == (("sensor-1",), "wang", "工单 118，检修电脑")
    assert [(str(one.action), one.entry) for one in order.decisions] == [("approve", name)]
    assert order.steps[0].at_ns == sample.NOW_NS
    page = text(client, "/baseline")
    assert "1 项决定等待探针执行" in page and "确认 1 项" in page and "工单 118，检修电脑" in page
    assert "已提交确认，等待探针执行" in page and f'value="{name}"' not in page, "not to be decided twice"
    assert "通报" not in text(client, "/notices.json"), "it is nothing for the desk of notices"
    here = state(app).store
    (row,) = here.orders(OrderFilter(kind="review")).rows
    item = here.order(row.origin, row.id)
    assert item is not None
    here.merge([carried_out(item.record, version=4), *told(revision=2, waiting=0, version=4)], "sensor-1")
    page = text(client, "/baseline?view=versions")
    assert "已生效 · 第 4 版" in page and "wang：" in page and "等待探针执行" not in page
    assert "没有待审核的内容" in text(client, "/baseline?view=review")


def test_a_refusal_is_told_in_words(app: Flask, client: FlaskClient) -> None:
    decide(client, entry=[LINK], action="reject", reason="不应出现")
    decide(client, entry=[LINK], action="reject", reason="再试")
    here = state(app).store
    rows = here.orders(OrderFilter(kind="review")).rows
    for row, note in zip(rows, ("not_loaded: windows of 10 s", "of_tomorrow: \u202ex"), strict=True):
        item = here.order(row.origin, row.id)
        assert item is not None
        receipt = carried_out(item.record, state="refused", version=None)
        steps = receipt.receipt().steps
        body = {**receipt.body, "steps": [{**steps[0].to_json(), "note": note}]}
        here.merge([replace(receipt, body=body)], "sensor-1")
    page = text(client, "/baseline?view=versions")
    assert page.count("探针未执行") == 2
    assert "没能加载新版本，已自动退回原来的版本（windows of 10 s）" in page and "of_tomorrow: \\u202ex" in page


def test_an_entry_is_widened_from_its_page(app: Flask, client: FlaskClient) -> None:
    name = entry(0).name
    page = text(client, f"/baseline/entry?sensor=sensor-1&name={name.replace('#', '%23')}")
    assert "读取 保持寄存器 0–9（单元 1）" in page and 'name="start"' in page and "这条通信关系学得全不全" in page
    assert "查看这条通信关系的全部 5 项" in page
    decide(client, entry=[name], action="widen", reason="新增测点", start="0", end="99", back_entry=name)
    page = text(client, f"/baseline/entry?sensor=sensor-1&name={LINK}")
    assert 'name="network"' in page and "有写入、控制或程序操作" in page
    decide(client, entry=[LINK], action="widen", reason="三台操作员站", network="192.168.10.16/29")
    network, stretch = sorted(orders(app), key=lambda order: order.decisions[0].network is None)
    assert stretch.decisions[0].stretch == (0, 99) and network.decisions[0].network == "192.168.10.16/29"
    assert "过程值只供查看" in text(client, "/baseline/entry?sensor=sensor-1&name=value:x")
    suspicious = text(client, f"/baseline/entry?sensor=sensor-1&name={suspicious_link().name}")
    assert "为什么可疑" in suspicious and "/incidents?text=192.168.10.66" in suspicious


def test_what_was_seen_and_not_learned_is_taken_in(app: Flask, client: FlaskClient) -> None:
    here, alert_id = state(app).store, sample.record_id("value")
    assert f'name="incident" value="{alert_id}"' in text(client, "/baseline")
    assert decide(client, "add", incident=[alert_id], reason="扩容，工单 120", back_view="review").status_code == 303
    (order,) = orders(app)
    (one,) = order.decisions
    assert (str(one.action), one.entry) == (
        "add", "object:default/192.168.10.66>192.168.10.11/modbus#write.holding_register.1:112-113",
    )  # fmt: skip
    assert order.title == "计入 1 项" and order.text == "扩容，工单 120"
    incident = here.incident("sensor-1", alert_id)
    assert incident is not None and incident.steps[-1].by == "wang"
    assert (incident.steps[-1].after, incident.steps[-1].note) == ("false_alarm", "已计入基线：扩容，工单 120")
    assert "还没有处理" not in text(client, "/baseline")
    other = sample.record_id("rhythm")
    for chosen, problem in (([other], "cannot_add"), ([], "nothing_chosen"), (["x"], "cannot_add")):
        answer = decide(client, "add", incident=chosen, reason="x")
        assert f"problem={problem}" in answer.headers["Location"]
    incident = here.incident("sensor-1", other)
    assert len(orders(app)) == 1 and incident is not None and incident.steps == ()
    assert "problem=action" in decide(client, entry=[LINK], action="add", reason="x").headers["Location"]


@pytest.mark.parametrize(
    ("cause", "params", "expected"),
    [
        ("new_link", {"operation_code": 3, "operation_class": "read", "operation": "read_holding_registers"},
         [("link:line 2/a>b/modbus", ""), ("operation:line 2/a>b/modbus#3.read", "read_holding_registers")]),
        ("new_asset", {"operation_code": 3, "operation_class": "read"},
         [("link:line 2/a>b/modbus", ""), ("operation:line 2/a>b/modbus#3.read", "")]),
        ("new_operation", {"operation_code": 3, "operation_class": "read"},
         [("operation:line 2/a>b/modbus#3.read", "")]),
        ("new_object", {"operation_class": "read", "space": "node", "index": 2, "object": "Pump"},
         [('object:line 2/a>b/modbus#read.node.2="Pump"', "")]),
        ("new_object", {"operation_class": "read", "space": "coil", "index": 1, "start": 7},
         [("object:line 2/a>b/modbus#read.coil.1:7-7", "")]),
        ("new_operation", {}, []),
        ("new_object", {"operation_code": 3, "operation_class": "read"}, []),
        ("new_link", {"operation_code": "3", "operation_class": "read"}, []),
        ("of_tomorrow", {"operation_code": 3, "operation_class": "read"}, []),
    ],
)  # fmt: skip
def test_what_an_alert_would_add(cause: str, params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    ends = {"client": Endpoint("a"), "server": Endpoint("b")}
    alert = sample.alert("value", cause=f"baseline:{cause}", reason=Reason(cause, params), **ends)
    assert [(one.entry, one.called) for one in taken_in(alert, "line 2")] == expected
    assert taken_in(replace(alert, client=None), "line 2") == () == taken_in(replace(alert, detector="value"), "line 2")


def test_back_to_a_version_and_the_trial_in_force(app: Flask, client: FlaskClient) -> None:
    assert decide(client, "rollback", number="2", reason="误报太多").status_code == 303
    assert decide(client, "enforce", reason="试运行一周").status_code == 303
    rollback, enforce = sorted(orders(app), key=lambda order: order.enforce)
    assert (rollback.rollback, rollback.title, rollback.text) == (2, "回退到第 2 版", "误报太多")
    assert enforce.enforce and enforce.rollback is None and enforce.title == "启用试运行的基线"


@pytest.mark.parametrize(
    ("what", "form", "problem"),
    [
        ("decide", {"entry": [LINK], "action": "approve", "reason": " "}, "reason"),
        ("decide", {"entry": [LINK], "action": "approve", "reason": "x" * 501}, "reason"),
        ("decide", {"action": "approve", "reason": "x"}, "nothing_chosen"),
        ("decide", {"entry": ["link:*"], "action": "approve", "reason": "x"}, "gone"),
        ("decide", {"entry": ["value:x"], "action": "approve", "reason": "x"}, "gone"),
        ("decide", {"entry": [LINK], "action": "delete", "reason": "x"}, "action"),
        ("decide", {"entry": [POLL.name], "action": "widen", "reason": "x"}, "action"),
        ("decide", {"entry": [LINK], "action": "widen", "reason": "x", "network": "10.0.0.0/28"}, "network"),
        ("decide", {"entry": [LINK], "action": "widen", "reason": "x", "network": "192.168.0.0/16"}, "network"),
        ("decide", {"entry": [LINK], "action": "widen", "reason": "x", "network": "192.168.10.0/27"}, "network"),
        ("decide", {"entry": [entry(0).name], "action": "widen", "reason": "x", "start": "9", "end": "0"}, "range"),
        ("decide", {"entry": [entry(0).name], "action": "widen", "reason": "x", "start": "²", "end": "9"}, "range"),
        ("decide", {"entry": [f"x{n}" for n in range(101)], "action": "approve", "reason": "x"}, "too_many_chosen"),
        ("rollback", {"number": "3", "reason": "x"}, "version"),
        ("rollback", {"number": "77", "reason": "x"}, "version"),
        ("rollback", {"number": "2", "reason": ""}, "reason"),
    ],
)
def test_what_must_be_said(app: Flask, client: FlaskClient, what: str, form: dict[str, Any], problem: str) -> None:
    answer = decide(client, what, **form)
    assert answer.status_code == 303 and f"problem={problem}" in answer.headers["Location"]
    assert 'role="alert"' in text(client, answer.headers["Location"]) and orders(app) == []


def test_who_may_not_decide_cannot(app: Flask) -> None:
    viewer = log_in(app, "li")
    page = text(viewer, "/baseline")
    assert "只读账号不能审核" in page and 'type="checkbox"' not in page and 'name="reason"' not in page
    entry_page = text(viewer, f"/baseline/entry?sensor=sensor-1&name={LINK}")
    assert "只读账号不能审核" in entry_page and 'name="reason"' not in entry_page
    assert "回退到这一版" not in text(viewer, "/baseline?view=versions")
    forms = {
        "decide": {"entry": [LINK], "action": "approve"}, "rollback": {"number": "2"}, "enforce": {},
        "add": {"incident": [sample.record_id("value")]},
    }  # fmt: skip
    for what, form in forms.items():
        assert decide(viewer, what, reason="x", **form).status_code == 403, what
    assert orders(app) == []


def test_a_sensor_that_takes_no_decisions_says_how(make_console: MakeConsole) -> None:
    app = make_console(records=told(decides=False))
    client = log_in(app)
    page = text(client, "/baseline")
    assert "otus baseline review" in page and 'name="reason"' not in page
    answer = decide(client, entry=[LINK], action="approve", reason="x")
    assert "problem=not_here" in answer.headers["Location"] and orders(app) == []


def test_too_many_that_wait_are_refused(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.reviewing.UNDER_WAY", 1)
    decide(client, entry=[LINK], action="approve", reason="x")
    assert "problem=busy" in decide(client, entry=[LINK], action="approve", reason="x").headers["Location"]
    assert len(orders(app)) == 1


def test_several_sensors(make_console: MakeConsole) -> None:
    app = make_console(records=told(waiting=0))
    state(app).store.merge(told(origin="sensor-2", waiting=2), "sensor-2")
    client = log_in(app)
    assert client.get("/baseline.json").get_json()["sensor"] == "sensor-2", "where somebody has to look comes first"
    page = text(client, "/baseline?sensor=sensor-1")
    assert '<option value="sensor-1" selected>' in page and "没有待审核的内容" in page
    assert client.get("/baseline?sensor=sensor-9").status_code == 404
    assert client.get("/baseline/entry?sensor=sensor-1&name=link:none").status_code == 404


def test_before_anything_was_told(make_console: MakeConsole) -> None:
    client = log_in(make_console(records=sample.plant()))
    page = text(client, "/baseline")
    assert "还没有探针上报通信基线" in page and "learn:" in page
    assert client.get("/baseline/entry").status_code == 404 and decide(client, reason="x").status_code == 404


def test_it_is_in_a_plants_menu_only(make_console: MakeConsole, client: FlaskClient) -> None:
    assert 'href="/baseline"' in text(client, "/links")
    assert 'href="/baseline"' not in text(log_in(make_console("province")), "/links")


def test_what_a_stranger_wrote_is_only_text(make_console: MakeConsole) -> None:
    """Names come from the wire: no tag, no direction sign and no odd type gets through."""
    evil = "<script>alert(1)</script>\u202e"
    about: dict[str, Any] = {"client": evil, "server": ["x"], "protocol": evil, "space": evil, "object": evil}
    odd = [
        BaselineEntry(f"{kind}:{evil}{number}", kind, evil, evil, about | more, decision={"action": evil, "stretch": 3})
        for number, (kind, more) in enumerate(
            [("station", {"macs": 3, "roles": evil}), ("link", {}), ("operation", {"operation": {"a": 1}}),
             ("object", {"index": {}}), ("poll", {"period_us": evil}), ("value", {"low": evil, "states": [evil, 1]}),
             (evil[:32], {})]
        )
    ]  # fmt: skip
    hit = {"title": evil, "level": evil, "time_ns": "x", "frame": [], "rule_id": None}
    odd.append(replace(suspicious_link(), suspicions=(hit, {})))
    trial = {"messages": evil, "alerts": {evil: evil}, "found": [evil, {"cause": evil, "params": evil, "frame": {}}]}
    versions = ({"number": evil, "author": 3, "note": evil}, {})
    app = make_console(records=[part(1, *odd), whole(parts=1, trial=trial, versions=versions, states={evil: 1})])
    client = log_in(app)
    for view in ("review", "entries", "trial", "versions"):
        page = text(client, f"/baseline?view={view}")
        assert "<script>alert" not in page
        # A form must give the very name back; what is read has no direction signs in it.
        assert "\u202e" not in re.sub(r"<[^>]*>", "", page)
    for one in odd:
        assert client.get("/baseline/entry", query_string={"name": one.name}).status_code == 200, one.kind
