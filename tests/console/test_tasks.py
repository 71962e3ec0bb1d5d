"""`GET /api/v1/tasks`: each child sees what is for it, and a stranger nothing."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console import tasks
from console.state import state
from console.store import StoreError
from sensor.schema import Record
from tests.console.conftest import MakeConsole
from tests.federation.baseline_records import review
from tests.federation.order_records import notice, order_id, receipt, task


@pytest.fixture
def app(make_console: MakeConsole) -> Flask:
    return make_console("province")


def token(app: Flask, name: str, kind: str = "console") -> dict[str, str]:
    here = state(app)
    return {"Authorization": f"Bearer {here.nodes.add(here.store, name, kind)}"}


def told(client: FlaskClient, credential: dict[str, str], after: int = 0, wait: str = "0") -> tuple[list[int], int]:
    answer = client.get(f"/api/v1/tasks?after={after}&wait={wait}", headers=credential)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = answer.get_json()
    return [int(Record.from_json(item).id, 16) for item in body["records"]], body["after"]


def test_each_child_sees_what_is_for_it(app: Flask) -> None:
    client, one, two = app.test_client(), token(app, "shili"), token(app, "foshan")
    state(app).store.issue(notice(1, addressees=("shili",)))
    state(app).store.issue(task(2))
    assert told(client, one)[0] == [1, 2] and told(client, two)[0] == [2]
    _, after = told(client, one)
    assert told(client, one, after) == ([], after)
    answer = client.get(f"/api/v1/tasks?after={after}", headers=two).get_json()
    assert answer["node"] == "foshan" and answer["records"] == [] and answer["again_s"] >= 5
    # Whatever it asks, the sibling's is never in it; nor can it answer it.
    assert all(1 not in told(client, two, after)[0] for after in (0, 1, 2**62))
    sent = client.post(
        "/api/v1/batches",
        json={"schema": "1.0", "records": [receipt(notice(1), "foshan").to_json()]},
        headers=two,
    )
    (result,) = sent.get_json()["results"]
    assert result["status"] == "rejected" and result["reason"].startswith("not_addressed")


def test_a_sensor_is_told_what_it_carries_out_and_nothing_else(app: Flask) -> None:
    client, sensor, console = app.test_client(), token(app, "sensor-1", "sensor"), token(app, "shili")
    state(app).store.issue(notice(1))
    state(app).store.issue(review(2, origin="gd"))
    assert told(client, sensor)[0] == [2] and told(client, console)[0] == [1]
    assert told(client, token(app, "sensor-2", "sensor"))[0] == []


def test_who_may_not_ask(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/v1/tasks").status_code == 401
    assert client.get("/api/v1/tasks", headers={"Authorization": "Bearer otus_0_x"}).status_code == 401
    gone = token(app, "gone")
    state(app).nodes.revoke("gone")
    assert client.get("/api/v1/tasks", headers=gone).status_code == 401


@pytest.mark.parametrize(
    "asked", ["after=-1", "after=x", "after=", f"after={2**63}", "wait=-1", "wait=nan", "wait=1e9", "wait=", "wait=²"]
)
def test_an_odd_question_is_refused(app: Flask, asked: str) -> None:
    answer = app.test_client().get(f"/api/v1/tasks?{asked}", headers=token(app, "shili"))
    assert answer.status_code == 400 and answer.get_json()["error"] == "not_a_question"


def test_a_held_call_is_answered_when_something_comes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LOOK_EVERY_S", 0.02)
    credential, found = token(app, "shili"), list[list[int]]()
    caller = threading.Thread(
        target=lambda: found.append(told(app.test_client(), credential, wait="20")[0]), daemon=True
    )
    began_s = time.monotonic()
    caller.start()
    time.sleep(0.3)
    assert not found
    state(app).store.issue(notice(1))
    caller.join(10)
    assert found == [[1]] and time.monotonic() - began_s < 10


def test_only_a_few_calls_are_held(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are told when to come back, so that people still get their pages."""
    monkeypatch.setattr(tasks, "LOOK_EVERY_S", 0.02)
    credentials = [token(app, f"e{number}") for number in range(tasks.MAX_HELD + 3)]
    taken: list[float] = []

    def ask(credential: dict[str, str]) -> None:
        began_s = time.monotonic()
        told(app.test_client(), credential, wait="2")
        taken.append(time.monotonic() - began_s)

    callers = [threading.Thread(target=ask, args=(credential,)) for credential in credentials]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert len([seconds for seconds in taken if seconds > 1.5]) == tasks.MAX_HELD and len(taken) == len(callers)


def test_held_calls_let_go_when_the_server_ends(app: Flask) -> None:
    credential, ending = token(app, "shili"), threading.Event()
    tasks.end_with(app, ending.is_set)
    ending.set()
    began_s = time.monotonic()
    assert told(app.test_client(), credential, wait="25") == ([], 0)
    assert time.monotonic() - began_s < 2


def test_the_more_children_the_later_each_comes_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = token(app, "shili")

    def again_s(children: int) -> float:
        monkeypatch.setattr(type(state(app).nodes), "list", lambda self: (None,) * children)
        return float(app.test_client().get("/api/v1/tasks", headers=credential).get_json()["again_s"])

    assert [again_s(number) for number in (1, 250, 1000, 30_000, 10**6)] == [5, 5, 20, 600, 600]


def test_a_store_that_fails_says_come_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise StoreError("the disk hangs")

    credential = token(app, "shili")
    monkeypatch.setattr(type(state(app).store), "orders_below", broken)
    answer = app.test_client().get("/api/v1/tasks", headers=credential)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_an_id_that_came_down_is_whole(app: Flask) -> None:
    state(app).store.issue(notice(1, title='引号 " 与 换行'))
    answer = app.test_client().get("/api/v1/tasks", headers=token(app, "shili")).get_json()
    assert Record.from_json(answer["records"][0]) == notice(1, title='引号 " 与 换行')
    assert answer["records"][0]["id"] == order_id(1)
