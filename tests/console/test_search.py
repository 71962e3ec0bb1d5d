"""The search box of the list of incidents, and how many it says were found."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from console.state import state
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in
from tests.federation.line_records import alert


def found(client: FlaskClient, **query: str) -> dict[str, Any]:
    answer = client.get("/incidents.json", query_string=query)
    assert answer.status_code == 200
    figures = answer.get_json()
    assert isinstance(figures, dict)
    return figures


@pytest.mark.parametrize(
    ("text", "number"),
    [("写入", 1), ("学习范围", 1), ("匿名　登录", 1), ("login", 1), (sample.ATTACKER, 4), ("192.168.10", 5),
     ("T0858", 1), ("没有这样的词", 0), ("?!", 0), ("%' OR 1=1 --", 0), ("\x00\u202e匿名", 1)],
)  # fmt: skip
def test_words_are_found(client: FlaskClient, text: str, number: int) -> None:
    figures = found(client, text=text)
    assert (figures["total"], figures["exact"], len(figures["incidents"])) == (number, True, number)


def test_words_and_filters_narrow_together(client: FlaskClient) -> None:
    assert found(client, text=sample.ATTACKER, level="critical")["total"] == 1
    assert found(client, text=sample.ATTACKER, workflow="closed")["total"] == 0
    assert found(client, text=sample.ATTACKER, protocol="modbus")["levels"] == {"high": 1, "low": 1}


def test_the_page_keeps_what_was_typed(client: FlaskClient, english: FlaskClient) -> None:
    page = client.get("/incidents?text=%22%3E%3Cscript%3E").get_data(as_text=True)
    assert 'value="&#34;&gt;&lt;script&gt;"' in page and "没有符合筛选条件的告警" in page and ">搜索<" in page
    shown = english.get("/incidents?text=login").get_data(as_text=True)
    assert 'value="login"' in shown and "One alert matches:" in shown and ">Search<" in shown


def test_beyond_a_thousand_the_page_says_so_and_goes_on(make_console: MakeConsole) -> None:
    app = make_console()
    for start in range(0, 1200, 300):
        state(app).store.merge([alert(number) for number in range(start, start + 300)], "sensor-1")
    client = log_in(app)
    figures = found(client, text="写命令")
    assert (figures["total"], figures["exact"], figures["levels"]) == (1000, False, {})
    page = client.get("/incidents?text=写命令").get_data(as_text=True)
    assert "超过 1,000 条" in page and "text=%E5%86%99%E5%91%BD%E4%BB%A4" in page.partition('class="pages"')[2]
    assert "1,000+ alerts match" in log_in(app, language="en").get("/incidents?text=192.168").get_data(as_text=True)
    # One filter alone is counted out at any size; two are not.
    assert found(client, detector="signature")["total"] == 1200
    assert found(client, detector="signature", protocol="modbus")["exact"] is False
    following = found(client, text="写命令", cursor=figures["next_cursor"])
    assert len(following["incidents"]) == 50
    assert not {row["id"] for row in figures["incidents"]} & {row["id"] for row in following["incidents"]}
