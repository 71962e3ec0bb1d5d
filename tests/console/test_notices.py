"""The pages of notices and spot checks: who may write and answer, what a form is told, what stands on a page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.state import state
from console.store import OrderFilter
from sensor.schema import Record
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of
from tests.federation.order_records import notice, order_id, receipt, results, task, warning

DAY_NS = 86_400 * 10**9
FORM = {"course": "bulletin", "title": "口令过弱", "text": "第一行\n第二行", "to": "some", "child": "shili"}


@pytest.fixture
def desk(make_console: MakeConsole) -> Flask:
    """A province with two consoles and a sensor below it."""
    app = make_console("province")
    for name in ("shili", "foshan"):
        state(app).nodes.add(state(app).store, name, "console")
    state(app).nodes.add(state(app).store, "sensor-7", "sensor")
    return app


@pytest.fixture
def plant(make_console: MakeConsole) -> Flask:
    app = make_console("enterprise")
    orders = [notice(1, deadline_ns=sample.NOW_NS - 1), warning(2), task(3, deadline_ns=sample.NOW_NS + 3 * DAY_NS)]
    state(app).store.receive(orders, "gd", "shili", 9)
    return app


def post(client: FlaskClient, path: str, **data: Any) -> TestResponse:
    page = "/notices/new" if path == "/notices" else path.rpartition("/")[0]
    return client.post(path, data={**data, "csrf_token": token_of(client, page)})


def own(app: Flask, number: int) -> Record | None:
    item = state(app).store.order("gd", order_id(number))
    assert item is not None
    return item.answer


def test_a_desk_issues_to_one_child(desk: Flask) -> None:
    client = log_in(desk)
    made = post(client, "/notices", **FORM, deadline="2026-11-23T18:00", level="high", incidents=f"sensor-1/{'a' * 32}")
    assert made.status_code == 303
    (row,) = state(desk).store.orders().rows
    item = state(desk).store.order(row.origin, row.id)
    assert item is not None and row.origin == "gd" and row.parent == ""
    order = item.record.order()
    assert order.addressees == ("shili",) and order.text == "第一行\n第二行" and order.steps[0].by == "wang"
    assert order.deadline_ns == sample.NOW_NS + 3 * DAY_NS + 4 * 3600 * 10**9  # 18:00 in Shanghai
    assert order.incidents[0].id == "a" * 32
    page = client.get(made.headers["Location"]).get_data(as_text=True)
    assert "口令过弱" in page and "未答复 1" in page and "尚未答复：" in page and "办结" in page
    listed = client.get("/notices.json").get_json()
    assert listed["totals"] == {"issued": 1, "issued_overdue": 0, "waiting": 0, "waiting_overdue": 0}


def test_a_spot_check_to_all_is_one_row(desk: Flask) -> None:
    client = log_in(desk)
    data = {**FORM, "course": "spot_check", "checklist": "口令\n\n 远程通道 \n", "scope": "一车间", "to": "all"}
    assert post(client, "/notices", **data).status_code == 303
    (row,) = state(desk).store.orders(OrderFilter(kind="task")).rows
    item = state(desk).store.order(row.origin, row.id)
    assert item is not None and row.all_below and row.addressees == 0
    assert item.record.body["checklist"] == ["口令", "远程通道"] and item.record.body["scope"] == "一车间"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "请填写标题"),
        ({"title": "a\u202eb"}, "请填写标题"),
        ({"title": "长" * 201}, "请填写标题"),
        ({"text": ""}, "请填写内容"),
        ({"text": "长" * 8001}, "请填写内容"),
        ({"course": "warning", "colour": "pink"}, "请选择预警级别"),
        ({"course": "decree"}, "这一步现在不能办理"),
        ({"deadline": "2026-11-19T18:00"}, "办理时限须晚于现在"),
        ({"deadline": "2029-11-19T18:00"}, "办理时限须晚于现在"),
        ({"deadline": "tomorrow"}, "办理时限须晚于现在"),
        ({"child": ""}, "请指定接收单位"),
        ({"child": "sensor-7"}, "有单位不在本级登记"),
        ({"child": "", "names": "shili，nobody"}, "有单位不在本级登记"),
        ({"names": " ".join(f"e{number}" for number in range(501))}, "最多 500 家"),
        ({"course": "spot_check", "checklist": "\n"}, "检查清单须有"),
        ({"course": "spot_check", "checklist": "x\n" * 51}, "检查清单须有"),
        ({"incidents": "sensor-1"}, "关联告警的写法不对"),
        ({"incidents": f"10.0.0.1/{'a' * 32}"}, "关联告警的写法不对"),
        ({"incidents": f"s/{'a' * 32} " * 21}, "关联告警的写法不对"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(desk: Flask, wrong: dict[str, str], said: str) -> None:
    client = log_in(desk)
    answer = post(client, "/notices", **{**FORM, "text": "写了很久的内容", **wrong})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and said in page
    if "text" not in wrong:
        assert "写了很久的内容" in page, "what was written is in the form again"
    assert state(desk).store.orders().rows == ()


def test_too_many_open_ones(desk: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.store import orders

    monkeypatch.setattr(orders, "MAX_OPEN", 1)
    client = log_in(desk)
    assert post(client, "/notices", **FORM).status_code == 303
    answer = post(client, "/notices", **FORM)
    assert answer.status_code == 400 and "请先了结一些" in answer.get_data(as_text=True)


def test_who_may_write_and_answer(desk: Flask, plant: Flask) -> None:
    reader, reading = log_in(desk, "li"), log_in(plant, "li")
    assert "拟写下发需要" in reader.get("/notices/new").get_data(as_text=True)
    state(desk).store.issue(notice(5))
    for client, path in (
        (reader, "/notices"),
        (reader, f"/notices/gd/{order_id(5)}/end"),
        (reading, f"/notices/gd/{order_id(1)}/answer"),
    ):
        token = token_of(client, "/account")
        assert client.post(path, data={**FORM, "after": "signed", "csrf_token": token}).status_code == 403
    assert "您的账号只能查看" in reading.get(f"/notices/gd/{order_id(1)}").get_data(as_text=True)
    # Nobody stands below an enterprise: nothing is issued there, whoever asks.
    analyst = log_in(plant)
    token = token_of(analyst, "/account")
    assert analyst.post("/notices", data={**FORM, "csrf_token": token}).status_code == 403
    assert own(plant, 1) is None and len(state(desk).store.orders().rows) == 1


def test_the_plant_answers_step_by_step(plant: Flask) -> None:
    client, path = log_in(plant), f"/notices/gd/{order_id(1)}"
    page = client.get("/notices").get_data(as_text=True)
    assert "有 3 件等本单位办理" in page and "其中 1 件已超过办理时限" in page and "已超期" in page
    assert '<span class="count num" title="3 件上级下发事项待办理">3</span>' in page
    for after, note in (
        ("signed", ""),
        ("verified", "两台工程师站"),
        ("rectified", "已改口令"),
        ("reported", "见附表"),
    ):
        text = client.get(path).get_data(as_text=True)
        assert f'name="after" value="{after}"' in text
        assert post(client, f"{path}/answer", after=after, note=note).headers["Location"].endswith(path)
    answer = own(plant, 1)
    assert answer is not None and answer.revision == 4 and answer.origin == "shili"
    body = answer.receipt()
    assert body.settled and [(step.by, step.note) for step in body.steps][1:3] == [
        ("wang", "两台工程师站"),
        ("wang", "已改口令"),
    ]
    assert state(plant).store.totals().pending_up == {"gd": 1}
    assert "本单位已办完" not in client.get(path).get_data(as_text=True), "more may still be said"
    assert "补充上报" in client.get(path).get_data(as_text=True)
    assert client.get("/notices.json").get_json()["totals"]["waiting"] == 2


@pytest.mark.parametrize(
    ("number", "before", "after", "data", "said"),
    [
        (1, [], "reported", {"note": "x"}, "这一步现在不能办理"),
        (1, [], "acknowledged", {}, "这一步现在不能办理"),
        (1, [], "nonsense", {}, "这一步现在不能办理"),
        (1, ["signed", "verified"], "reported", {"note": " "}, "请写明核实与整改情况"),
        (2, ["acknowledged"], "checked", {}, "请选择排查结论"),
        (2, ["acknowledged"], "checked", {"finding": "maybe"}, "请选择排查结论"),
        (3, ["signed"], "reported", {"verdict-0": "passed"}, "请逐项选择检查结果"),
        (3, ["signed"], "reported", {"verdict-0": "passed", "verdict-1": "good"}, "请逐项选择检查结果"),
    ],
)
def test_a_step_that_cannot_be_taken(
    plant: Flask, number: int, before: list[str], after: str, data: dict[str, str], said: str
) -> None:
    client, path = log_in(plant), f"/notices/gd/{order_id(number)}"
    for step in before:
        post(client, f"{path}/answer", after=step)
    answer = post(client, f"{path}/answer", after=after, **data)
    assert said in client.get(answer.headers["Location"]).get_data(as_text=True)
    kept = own(plant, number)
    assert (0 if kept is None else kept.revision) == len(before)


def test_a_warning_is_looked_into(plant: Flask) -> None:
    client, path = log_in(plant), f"/notices/gd/{order_id(2)}"
    post(client, f"{path}/answer", after="acknowledged")
    post(client, f"{path}/answer", after="checked", finding="unclear", note="日志不全")
    assert "更新排查结论" in client.get(path).get_data(as_text=True)
    post(client, f"{path}/answer", after="checked", finding="not_involved")
    answer = own(plant, 2)
    assert answer is not None and answer.receipt().settled and answer.receipt().finding == "not_involved"
    assert "橙色预警" in client.get(path).get_data(as_text=True)


def test_a_spot_check_is_reported_line_by_line(plant: Flask) -> None:
    client, path = log_in(plant), f"/notices/gd/{order_id(3)}"
    post(client, f"{path}/answer", after="signed")
    checked = {"verdict-0": "passed", "verdict-1": "failed", "remark-1": "待停机"}
    post(client, f"{path}/answer", after="reported", **checked)
    answer = own(plant, 3)
    assert answer is not None
    assert [(item.line, item.verdict, item.remark) for item in answer.receipt().results] == [
        (0, "passed", ""),
        (1, "failed", "待停机"),
    ]
    assert "待停机" in client.get(path).get_data(as_text=True)


def test_the_desk_sees_answers_and_ends_it(desk: Flask) -> None:
    client, store = log_in(desk), state(desk).store
    order = task(1, addressees=("shili", "foshan"))
    store.issue(order)
    store.merge([receipt(order, "shili"), results(order, "shili")], "shili")
    path = f"/notices/gd/{order_id(1)}"
    page = client.get(path).get_data(as_text=True)
    assert "已办完 1" in page and "未答复 1" in page and "foshan" in page.partition("尚未答复：")[2]
    assert "一条通道待停机时关闭" in page and "远程通道是否已关闭" in page
    figures = client.get(path + ".json").get_json()
    assert figures["counts"] == {"reported": 1} and figures["ends"] == ["closed", "withdrawn"]
    assert figures["choices"] == [], "the issuer does not answer itself"
    post(client, f"{path}/end", after="lifted")  # of a warning
    assert client.get(path + ".json").get_json()["record"]["revision"] == 1
    post(client, f"{path}/end", after="closed", note="都已整改")
    closed = client.get(path + ".json").get_json()
    assert closed["record"]["revision"] == 2 and not closed["record"]["body"]["open"] and closed["ends"] == []
    assert "都已整改" in client.get(path).get_data(as_text=True)
    assert "这一步现在不能办理" in client.get(f"{path}?problem=not_now").get_data(as_text=True)


def test_two_who_press_at_once(desk: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, store = log_in(desk), state(desk).store
    store.issue(notice(1))
    looked = store.order("gd", order_id(1))
    path = f"/notices/gd/{order_id(1)}"
    post(client, f"{path}/end", after="closed")
    monkeypatch.setattr(type(store), "order", lambda self, origin, record_id: looked)  # both looked before one pressed
    answer = post(client, f"{path}/end", after="withdrawn")
    assert "刚才有人先办理了" in client.get(answer.headers["Location"]).get_data(as_text=True)


def test_from_an_incident_to_the_form(make_console: MakeConsole) -> None:
    app = make_console("province", sample.plant(), via="shili")
    state(app).nodes.add(state(app).store, "shili", "console")
    client = log_in(app)
    incident = f"/incidents/sensor-1/{sample.record_id('stop')}"
    link = client.get(incident).get_data(as_text=True).partition('href="/notices/new')[2].partition('"')[0]
    page = client.get("/notices/new" + link.replace("&amp;", "&")).get_data(as_text=True)
    assert f"sensor-1/{sample.record_id('stop')}" in page and 'value="shili" checked' in page


def test_many_children_are_named_not_ticked(desk: Flask) -> None:
    for number in range(60):
        state(desk).nodes.add(state(desk).store, f"e{number}", "console")
    client = log_in(desk)
    page = client.get("/notices/new").get_data(as_text=True)
    assert 'name="names"' in page and 'type="checkbox"' not in page
    data = {**FORM, "child": "", "names": "shili、e3\ne4"}
    assert post(client, "/notices", **data).status_code == 303
    (row,) = state(desk).store.orders().rows
    assert row.addressees == 3


def test_how_many_stand_below_provinces_nobody_knows(make_console: MakeConsole) -> None:
    app = make_console("ministry")
    state(app).nodes.add(state(app).store, "gd", "console")
    order = warning(1, origin="miit")
    state(app).store.issue(order)
    state(app).store.merge([receipt(order, f"e{number}", state="acknowledged") for number in range(40)], "gd")
    page = log_in(app).get(f"/notices/miit/{order_id(1)}").get_data(as_text=True)
    assert "办理中 40" in page and "未答复" not in page and "经 gd" in page


def test_filters(desk: Flask) -> None:
    client, store = log_in(desk), state(desk).store
    store.issue(notice(1, addressees=("shili",), deadline_ns=sample.NOW_NS - 1))
    store.issue(warning(2))
    store.receive([task(3, origin="miit")], "miit", "gd", 5)

    def numbers(query: str) -> list[int]:
        return [int(item["id"], 16) for item in client.get(f"/notices.json?{query}").get_json()["orders"]]

    assert numbers("") == [3, 2, 1] and numbers("course=warning") == [2] and numbers("course=odd") == [3, 2, 1]
    assert numbers("side=received") == [3] and numbers("side=issued") == [2, 1]
    assert numbers("now=overdue") == [1] and numbers("now=ended") == [] and numbers("addressee=foshan") == [3, 2]
    assert "没有符合条件的事项" in client.get("/notices?now=ended").get_data(as_text=True)


def test_what_a_stranger_wrote_stays_text(plant: Flask) -> None:
    """A parent is believed no more than a child."""
    odd = '<script>alert(1)</script> " \u202e'
    state(plant).store.receive([notice(7, title=odd, text=odd), task(8, checklist=(odd,), scope=odd)], "gd", "shili", 9)
    client = log_in(plant)
    for path in ("/notices", f"/notices/gd/{order_id(7)}", f"/notices/gd/{order_id(8)}"):
        page = client.get(path).get_data(as_text=True)
        assert "<script>alert" not in page and "\u202e" not in page


def test_a_course_of_tomorrow_can_be_read(plant: Flask) -> None:
    later = notice(7)
    body = {**later.body, "form": "supervision", "state": "under_review"}
    state(plant).store.receive([Record("notice", later.id, 1, "gd", body)], "gd", "shili", 9)
    client = log_in(plant)
    page = client.get(f"/notices/gd/{order_id(7)}").get_data(as_text=True)
    assert "supervision" in page and 'name="after"' not in page
    assert "under_review" in client.get("/notices").get_data(as_text=True)
