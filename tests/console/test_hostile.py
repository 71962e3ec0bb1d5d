# ruff: noqa: E501  (tables of names)
"""What came from the wire, or from a stranger's browser, is data: shown, escaped, shortened, never obeyed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.language import reader_language
from console.plain import clean
from console.present.drawing import band, number, pairs, rhythm
from console.present.message import line
from console.present.reason import explain
from console.words import Words
from sensor.schema import Alert, Asset, Endpoint, Evidence, Link, Reason, Text
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in

SCRIPT = "<script>alert('x')</script>"
QUOTE = '" onmouseover="alert(1)" x="'
TEMPLATE = "{{ config }}{% raw %}"
RTL = "safe\u202egnp.exe"
CONTROL = "a\x00b\x1b[31m\r\nSet-Cookie: x\x7f"
LONG = "长" * 8_000
HOSTILE = [SCRIPT, QUOTE, TEMPLATE, RTL, CONTROL, LONG, "\u202e" * 50, "%s %n {0} {name}", "😀\U000e0001"]


def hostile_records(text: str) -> list[Any]:
    fields = {"modbus.function_name": text, "opcua.user_name": text, text[:60]: text, "network.protocol": text[:60],
              "operation.name": text, "modbus.values": [text] * 5, "deep": {"a": [{"b": text}]}}  # fmt: skip
    end = Endpoint(ip=text[:500], port=1, mac=text[:500])
    alert = Alert.from_json({
        **sample.alert("value").to_json(), "title": {"zh": text, "en": text}, "advice": {"zh": text, "en": text},
        "consequence": {"zh": text, "en": text}, "detector": text[:64], "protocol": text[:64], "rule_id": text[:300],
        "technique": [text[:64]], "client": end.to_json(), "server": end.to_json(), "fields": fields,
        "reason": {"code": text[:200], "params": {"features": [{"name": text, "value": 1, "low": 0, "high": 2}], "x.y": text}},
        "evidence": [Evidence(1, sample.NOW_NS, file=text[:500], fields=fields).to_json()],
        "cut": {"policy": text, "dropped": text, "pseudonym": [text]}, "coverage": {"received": text},
    })  # fmt: skip
    asset = Asset(segment=text[:64], ip=text[:100], mac=text[:100], first_ns=0, last_ns=2**62, roles=(text[:64],),
                  protocols=(text[:64],), identity={text[:60]: text})  # fmt: skip
    link = Link(segment=text[:64], client=text[:100], server=text[:100], server_port=1, protocol=text[:64],
                first_ns=0, last_ns=2**62)  # fmt: skip
    beat = sample.heartbeat(
        versions={text[:60]: text}, model=text[:60], windows={"seen": text, "judged": [text]},
        spool={"pending": text, "dropped": text}, baseline={"id": text, "approved": text, "tuples": text},
    )  # fmt: skip
    return [
        sample.record("hostile", alert.to_json()),
        sample.record("asset", asset.to_json(), kind="asset"),
        sample.record("link", link.to_json(), kind="link"),
        sample.record("beat", beat.to_json(), kind="heartbeat"),
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:16]))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_obeys_what_a_record_says(make_console: MakeConsole, text: str, language: str) -> None:
    client = log_in(make_console("province", hostile_records(text)), language=language)
    assert client.get("/incidents.json").get_json()["total"] == 1, "the record is kept, whatever it says"
    for path in (
        "/",
        "/incidents",
        f"/incidents/sensor-1/{sample.record_id('hostile')}",
        "/assets",
        f"/assets/sensor-1/{sample.record_id('asset')}",
        "/links",
        "/sensors",
        "/children",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        page = answer.get_data(as_text=True)
        assert "<script>alert" not in page
        assert 'onmouseover="alert' not in page
        assert "\u202e" not in page and "\x1b" not in page and "\x00" not in page and "\x7f" not in page
        assert "SECRET_KEY" not in page
        scripts = re.findall(r"<script\b[^>]*>", page)
        assert all('src="/static/' in tag for tag in scripts)
        assert len(page) < 400_000, "a long text is shortened"


@pytest.mark.parametrize("text", [SCRIPT, QUOTE, LONG[:3000], CONTROL])
def test_queries_are_data(client: FlaskClient, text: str) -> None:
    for query in ("level", "detector", "protocol", "technique", "child", "cursor", "workflow"):
        page = client.get("/incidents", query_string={query: text})
        assert page.status_code == 200
        assert "<script>alert" not in page.get_data(as_text=True)
    for path, query in (("/assets", "cursor"), ("/assets", "child"), ("/sensors", "child"), ("/preview", "record"),
                        ("/links", "address"), ("/links", "protocol"), ("/links", "child"), ("/links", "cursor")):  # fmt: skip
        assert client.get(path, query_string={query: text}).status_code == 200
    assert client.get("/login", query_string={"next": text}).status_code in (302, 200)


def test_login_form_is_data(app: Flask) -> None:
    from tests.console.conftest import token_of

    client = app.test_client()
    token = token_of(client)
    for name in (SCRIPT, LONG[:3_000], CONTROL):
        answer = client.post("/login", data={"name": name, "password": name, "csrf_token": token, "next": SCRIPT})
        assert answer.status_code == 401
        assert "<script>alert" not in answer.get_data(as_text=True)


def test_a_huge_form_is_refused(client: FlaskClient) -> None:
    answer = client.post("/login", data={"name": "x" * 5_000_000})
    assert answer.status_code == 413
    assert "提交的内容太大" in answer.get_data(as_text=True)


def test_what_a_reader_writes_is_escaped_too(client: FlaskClient) -> None:
    from tests.console.conftest import token_of

    path = f"/incidents/sensor-1/{sample.record_id('value')}"
    token = token_of(client, path)
    client.post(f"{path}/workflow", data={"after": "confirmed", "note": SCRIPT + RTL + "x" * 5000, "csrf_token": token})
    page = client.get(path).get_data(as_text=True)
    assert "&lt;script&gt;alert" in page and "<script>alert" not in page and "\u202e" not in page
    assert len(client.get(path + ".json").get_json()["steps"][0]["note"]) < 600


@given(st.text(max_size=200))
def test_cleaned_text_can_be_printed(text: str) -> None:
    assert clean(text).isprintable()
    assert clean(clean(text)) == clean(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["operation", "space", "start", "end", "index", "learned", "object", "features", "value", "low",
                         "high", "period_ns", "learned_period_ns", "silent_ns", "new", "learned_protocols", "ranges"])  # fmt: skip
CODES = st.sampled_from(["new_asset", "new_link", "new_operation", "new_object", "period_slower", "period_stopped", "window_deviates",
                         "rule_matched", "who knows", ""])  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CODES, st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=8), st.sampled_from(["zh", "en"]))
def test_any_reason_can_be_explained(code: str, params: dict[str, Any], language: str) -> None:
    alert = sample.alert("value", reason=Reason(code, params))
    found = explain(alert, language)
    assert found.sentence.isprintable()
    for drawn in found.bands:
        assert 0 <= drawn.dot <= 100
        assert all(0 <= left <= 100 and 0 < width <= 101 for left, width in drawn.ranges)
    if found.rhythm:
        assert len(found.rhythm.before) <= 41 and len(found.rhythm.after) <= 41
        assert all(0 <= tick <= 100 for tick in (*found.rhythm.before, *found.rhythm.after))


FIELDS = st.sampled_from(["operation.name", "network.protocol", "message.kind", "modbus.address", "modbus.values", "s7comm.szl_id",
                          "s7comm.item.area", "s7comm.item.db", "s7comm.item.address", "opcua.identity_token",
                          "modbus.exception_name", "opcua.status_name"])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(FIELDS, JSON, max_size=8), st.sampled_from(["modbus", "s7comm", "opcua", "?"]))
def test_any_message_has_a_line(fields: dict[str, Any], protocol: str) -> None:
    said = line(fields, "zh", protocol)
    assert said and said.isprintable() and len(said) < 4000


@given(JSON)
def test_any_stretches(value: Any) -> None:
    for low, high in pairs(value):
        assert number(low) is not None and number(high) is not None


@given(st.floats(allow_nan=True), st.floats(allow_nan=True) | st.none())
def test_any_rhythm(before: float, after: float | None) -> None:
    usable = number(before) is not None and (after is None or number(after) is not None)
    drawn = rhythm(before, after) if usable else None
    assert drawn is None or len(drawn.before) >= 1


@given(st.lists(st.tuples(st.integers(), st.integers()), max_size=20), st.integers(), st.integers())
def test_any_band(learned: list[tuple[int, int]], first: int, last: int) -> None:
    stretches = [(float(low), float(high)) for low, high in learned]
    drawn = band("x", stretches, float(first), float(last))
    assert (drawn is None) == (not learned)


def test_an_older_title_in_one_language_only(make_console: MakeConsole) -> None:
    record = sample.record("t", sample.alert("stop", title=Text("", "Only English")).to_json())
    assert "Only English" in log_in(make_console(records=[record])).get("/incidents").get_data(as_text=True)


def test_language_outside_of_a_request_is_chinese(app: Flask) -> None:
    with app.app_context():
        assert reader_language() == "zh"
    assert Words("zh").level("critical") == "危急" and Words("en").level("critical") == "Critical"
