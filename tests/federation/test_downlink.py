"""What a child makes of its parents' answers: kept before it is acknowledged, and nobody believed too far."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.store import OrderFilter, StoreFull
from console.store.sqlite import SqliteStore
from federation.downlink import Downlink
from federation.parent import Parent
from federation.uplink import Pace
from sensor.schema import Record
from tests.federation.line_records import alert
from tests.federation.order_records import notice, order_id

GD = Parent("gd", "https://gd.example", "gd-secret")
TG = Parent("tg", "https://tg.example", "other")
PACE = Pace(first_s=0.05, longest_s=0.2, slow_s=0.3, idle_s=0.02, timeout_s=10)

Answering = Callable[[httpx.Request], httpx.Response]


def handed(*records: Record, after: int = 1, **more: Any) -> dict[str, Any]:
    answer = {"schema": "1.0", "node": "shili", "after": after, "again_s": 0.0}
    return {**answer, "records": [record.to_json() for record in records], **more}


def ask(inbox: Any, answering: Answering, parent: Parent = GD) -> float:
    return Downlink(inbox, [parent], pace=PACE, transport=httpx.MockTransport(answering), jitter=lambda: 0.5).ask_once(
        parent
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.sqlite", parents=["gd", "tg"])
    yield opened
    opened.close()


def kept(store: SqliteStore) -> list[tuple[str, int, int]]:
    return sorted((row.parent, int(row.id, 16), row.revision) for row in store.orders(OrderFilter()).rows)


def test_the_next_call_acknowledges_what_was_kept(store: SqliteStore) -> None:
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer gd-secret" and request.url.path == "/api/v1/tasks"
        asked.append(request.url.params["after"])
        fresh = request.url.params["after"] == "0"
        return httpx.Response(200, json=handed(*([notice(1), notice(2)] if fresh else []), after=7))

    assert ask(store, answering) == 0.0, "there may be more at once"
    assert ask(store, answering) > 0.0
    assert asked == ["0", "7"] and kept(store) == [("gd", 1, 1), ("gd", 2, 1)]


def test_an_answer_that_got_lost_is_asked_for_again(store: SqliteStore) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("cut")

    assert ask(store, lost) > 0.0 and store.heard_from("gd") == 0
    for _ in range(2):  # the same twice: kept once
        ask(store, lambda request: httpx.Response(200, json=handed(notice(1), after=4)))
    assert kept(store) == [("gd", 1, 1)] and store.heard_from("gd") == 4


def test_several_parents_each_with_its_own_place(store: SqliteStore) -> None:
    ask(store, lambda request: httpx.Response(200, json=handed(notice(1), after=4)))
    ask(store, lambda request: httpx.Response(200, json=handed(notice(1, origin="tg"), after=9, node="plant-7")), TG)
    assert kept(store) == [("gd", 1, 1), ("tg", 1, 1)]
    assert (store.heard_from("gd"), store.heard_from("tg")) == (4, 9)
    names = {row.parent: row.name for row in store.orders(OrderFilter()).rows}
    assert names == {"gd": "shili", "tg": "plant-7"}


@pytest.mark.parametrize(
    "answer",
    [
        {"records": []},
        handed(after=-1),
        handed(after=2**63),
        handed(after="7"),  # type: ignore[arg-type]
        handed(node="10.0.0.1"),
        handed(node=7),
        handed(again_s=-1),
        handed(again_s="soon"),
        handed(records={}),
        handed(records=[{}] * 501),
        [],
    ],
)
def test_an_answer_that_is_none_changes_nothing(
    store: SqliteStore, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(store, lambda request: httpx.Response(200, content=json.dumps(answer))) > 0.0
    assert store.heard_from("gd") == 0 and "parent gd" in caplog.text


def test_what_is_no_order_holds_up_nothing(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    bad = {**notice(3).to_json(), "body": {"title": 7}}
    records = [{"id": "odd"}, bad, alert(1).to_json(), notice(2).to_json(), {**notice(4).to_json(), "id": order_id(4)}]
    ask(store, lambda request: httpx.Response(200, json=handed(after=5) | {"records": records}))
    assert kept(store) == [("gd", 2, 1), ("gd", 4, 1)] and store.heard_from("gd") == 5
    assert "what is no record" in caplog.text
    assert sorted(letter.id for letter in store.dead_letters()) == sorted([order_id(3), alert(1).id])


@pytest.mark.parametrize(
    ("status", "headers", "least_s", "said"),
    [
        (401, {}, 0.2, "does not know our credential"),
        (404, {}, 0.2, "is this the address of a console"),
        (503, {"Retry-After": "9"}, 9.0, "full or busy"),
        (500, {}, 0.01, "failed (500)"),
        (302, {"Location": "https://elsewhere.example/"}, 0.2, "302"),
    ],
)
def test_a_parent_that_says_no(
    store: SqliteStore, status: int, headers: dict[str, str], least_s: float, said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    assert ask(store, lambda request: httpx.Response(status, headers=headers)) >= least_s
    assert said in caplog.text and "gd-secret" not in caplog.text


def test_how_often_it_asks_is_for_the_parent_to_say(store: SqliteStore) -> None:
    assert ask(store, lambda request: httpx.Response(200, json=handed(after=0, again_s=40))) == 40
    assert ask(store, lambda request: httpx.Response(200, json=handed(after=0, again_s=1e300))) == 3600


def test_a_store_that_is_full_acknowledges_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Full:
        def heard_from(self, parent: str) -> int:
            return 3

        def receive(self, records: object, parent: str, name: str, after: int) -> list[object]:
            raise StoreFull("no room; free some space")

    assert ask(Full(), lambda request: httpx.Response(200, json=handed(notice(1), after=9))) > 0.0
    assert "no room" in caplog.text


def test_after_stop_nothing_is_kept(store: SqliteStore) -> None:
    """An answer that comes late was not acknowledged: the next process asks for it again."""
    came, go = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        came.set()
        go.wait(10)
        return httpx.Response(200, json=handed(notice(1), after=9))

    line = Downlink(store, [GD], pace=PACE, transport=httpx.MockTransport(slow))
    line.start()
    assert came.wait(10)
    began_s = time.monotonic()
    line.stop()
    assert time.monotonic() - began_s < 1, "a call under way is not waited for"
    go.set()
    for thread in threading.enumerate():
        if thread.name == "downlink-gd":
            thread.join(10)
    assert kept(store) == [] and store.heard_from("gd") == 0
