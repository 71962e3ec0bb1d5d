"""Rule packs down the line: sent by a parent, looked at, passed on to the sensors by a person or by standing word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from console.cli import enrol
from console.settings import ConsoleSettings
from console.state import state
from console.store import OrderFilter, open_store
from otus.cli import otus
from sensor.schema import Receipt, Record, receipt_id
from sensor.schema.order import Reference, Step
from sensor.schema.pack_order import PackOrder, packed
from tests.console.conftest import MakeConsole, log_in, token_of
from tests.console.test_tasks import token, told
from tests.detectors.packs.making import Maker
from tests.federation.order_records import ISSUED_NS, notice, order_id


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "maker")


def pack(maker: Maker, number: int = 1, **changes: Any) -> Record:
    content = packed(maker.pack("2026.11.1", key=changes.pop("key", None)).read_bytes())
    body = PackOrder(**{
        "title": "规则包 plant-rules 2026.11.1", "text": "新增 1 条 S7 规则", "issued_ns": ISSUED_NS, "all_below": True,
        "steps": (Step(ISSUED_NS, "省办 刘", "issued"),), "name": "plant-rules", "version": "2026.11.1",
        "content": content, **changes,
    })  # fmt: skip
    return Record("pack", order_id(number), 1, "gd", body.to_json())


@pytest.fixture
def app(make_console: MakeConsole, maker: Maker) -> Flask:
    return make_console(pack_keys=maker.keys)


def page(app: Flask, number: int = 1, who: str = "wang") -> str:
    answer = log_in(app, who).get(f"/notices/gd/{order_id(number)}")
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def pass_on(app: Flask, number: int = 1, who: str = "wang", **form: str) -> Any:
    client = log_in(app, who)
    path = f"/notices/gd/{order_id(number)}"
    return client.post(f"{path}/pass-on", data={"csrf_token": token_of(client, "/notices"), **form})


def test_a_person_looks_at_it_and_passes_it_on(app: Flask, maker: Maker) -> None:
    client, sensor = app.test_client(), token(app, "sensor-1", "sensor")
    state(app).store.receive([pack(maker)], "gd", "shili", 7)
    assert told(client, sensor)[0] == [], "not before somebody said so"
    shown = page(app)
    assert "有效，签名人 maker" in shown and "级别为 high" in shown and "下发到本单位探针" in shown
    assert "规则包" in log_in(app).get("/notices").get_data(as_text=True)
    assert pass_on(app, note="先试一周", consent="yes").status_code == 303
    (row,) = state(app).store.orders(OrderFilter(course="rule_pack", received=False)).rows
    item = state(app).store.order(row.origin, row.id)
    assert item is not None
    order = item.record.order()
    assert isinstance(order, PackOrder)
    assert (order.addressees, order.consent, order.person) == (("sensor-1",), True, "wang")
    assert told(client, sensor)[0] == [int(row.id, 16)]
    # The sensor's answer is shown there; the order stays open for others.
    about = Reference(row.origin, row.id)
    steps = (Step(ISSUED_NS, "sensor-1", "applied", "plant-rules 2026.11.1"),)
    receipt = Record(
        "receipt", receipt_id(about), 1, "sensor-1", Receipt(about, "applied", True, ISSUED_NS, steps=steps).to_json()
    )
    assert [str(one.status) for one in state(app).store.merge([receipt], "sensor-1")] == ["stored"]
    answer = log_in(app).get(f"/notices/{row.origin}/{row.id}").get_data(as_text=True)
    assert "已生效" in answer and state(app).store.totals().pending_up == {"gd": 0}


def test_what_is_not_signed_by_whom_we_trust_is_not_passed_on(app: Flask, maker: Maker) -> None:
    token(app, "sensor-1", "sensor")
    stranger = pack(maker, key=maker.new_key("stranger", trusted=False))
    other = pack(maker, 2, version="2026.11.9")
    state(app).store.receive([stranger, other], "gd", "shili", 7)
    for number in (1, 2):
        shown = page(app, number)
        assert "无效，不能下发" in shown and "下发到本单位探针" not in shown
        assert "problem=not_trusted" in pass_on(app, number).headers["Location"]
    assert state(app).store.orders(OrderFilter(received=False)).rows == ()


def test_who_may_not_cannot(app: Flask, maker: Maker) -> None:
    state(app).store.receive([pack(maker)], "gd", "shili", 7)
    assert "problem=no_sensors" in pass_on(app).headers["Location"]
    token(app, "sensor-1", "sensor")
    assert "下发到本单位探针" not in page(app, who="li") and pass_on(app, who="li").status_code == 403
    state(app).store.receive([notice(3)], "gd", "shili", 8)
    assert "problem=not_now" in pass_on(app, 3).headers["Location"]
    assert state(app).store.orders(OrderFilter(received=False)).rows == ()


def test_without_keys_the_sensor_verifies(make_console: MakeConsole, maker: Maker) -> None:
    app = make_console()
    token(app, "sensor-1", "sensor")
    state(app).store.receive([pack(maker)], "gd", "shili", 7)
    shown = page(app)
    assert "由探针验签" in shown and "级别为 high" not in shown, "what is not verified is not shown as if it were"
    assert pass_on(app).status_code == 303


def test_by_standing_word_nobody_is_asked(make_console: MakeConsole, maker: Maker) -> None:
    app = make_console(pass_packs=True)
    client, sensor = app.test_client(), token(app, "sensor-1", "sensor")
    state(app).store.receive([pack(maker), notice(2)], "gd", "shili", 7)
    assert told(client, sensor)[0] == [1], "the pack, and no notice"
    about = Reference("gd", order_id(1))
    receipt = Record("receipt", receipt_id(about), 1, "sensor-1", Receipt(about, "applied", True, ISSUED_NS).to_json())
    assert [str(one.status) for one in state(app).store.merge([receipt], "sensor-1")] == ["stored"]
    assert state(app).store.totals().pending_up == {"gd": 1}, "and who sent it hears of each sensor"


def test_it_is_sent_by_a_command(tmp_path: Path, maker: Maker) -> None:
    data, file = tmp_path / "gd", str(maker.pack("2026.11.1"))
    enrol(ConsoleSettings(data), "shili", "console")

    def send(*words: str) -> Any:
        return CliRunner().invoke(otus, ["console", "send-pack", "--data-dir", str(data), "--text", "x", *words])

    done = send(file, "--keys", str(maker.keys), "--person", "刘")
    assert done.exit_code == 0 and "plant-rules 2026.11.1 is sent" in done.output, done.output
    done = send("--rollback", "plant-rules@2026.11.1", "--to", "shili")
    assert done.exit_code == 0 and "is taken back" in done.output, done.output
    strange = str(maker.pack("2026.11.2", key=maker.new_key("x", trusted=False)))
    untrusted, nobody = (strange, "--keys", str(maker.keys)), ("--rollback", "a@1", "--to", "nobody")
    for wrong in ((file,), (), ("--rollback", "plant-rules"), nobody, untrusted):
        assert send(*wrong).exit_code != 0, wrong
    store = open_store(data / "store.sqlite")
    orders = [store.order(row.origin, row.id) for row in store.orders().rows]
    store.close()
    sent = [item.record.order() for item in orders if item is not None]
    assert all(isinstance(order, PackOrder) for order in sent) and len(sent) == 2
    assert {(order.all_below, order.addressees) for order in sent} == {(True, ()), (False, ("shili",))}
