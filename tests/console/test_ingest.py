"""`POST /api/v1/batches`: who may send, what is answered, and that an answer comes after the commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.ingest import MAX_BATCH_BYTES, bp, connect
from console.nodes import Nodes
from console.registry import RegistryUnreachable, open_registry
from console.store import Store, StoreError, StoreFull, open_store
from sensor.schema import Record
from tests.federation.line_records import alert, asset, evidence, heartbeat, record_id


@dataclass
class Console:
    client: FlaskClient
    store: Store
    nodes: Nodes
    token: str

    def post(self, body: Any, token: str | None = None, **headers: str) -> TestResponse:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        headers.setdefault("Authorization", f"Bearer {self.token if token is None else token}")
        return self.client.post("/api/v1/batches", data=data, headers=headers)

    def send(self, *records: Record | dict[str, Any], token: str | None = None) -> TestResponse:
        items = [item.to_json() if isinstance(item, Record) else item for item in records]
        return self.post({"schema": "1.0", "records": items}, token)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    registry = open_registry(f"sqlite:///{tmp_path}/registry.sqlite")
    nodes = Nodes(registry)
    store = open_store(tmp_path / "store.sqlite", nodes=nodes)
    app = Flask("test")
    app.register_blueprint(bp)
    connect(app, store, nodes)
    yield Console(app.test_client(), store, nodes, nodes.add(store, "sensor-1"))
    store.close()
    registry.close()


def results(response: TestResponse) -> list[tuple[str, str]]:
    assert response.status_code == 200, response.text
    assert response.json is not None
    return [(item["status"], item["reason"]) for item in response.json["results"]]


def test_records_are_stored_and_answered_one_by_one(console: Console) -> None:
    sent = [alert(1), asset(1), heartbeat(1), evidence(1)]
    response = console.send(*sent)
    assert results(response) == [("stored", "")] * 4
    assert response.json is not None
    assert [(item["origin"], item["id"], item["revision"]) for item in response.json["results"]] == [
        r.key for r in sent
    ]
    assert results(console.send(*sent)) == [("duplicate", "")] * 4
    assert console.store.latest() == {record.key for record in sent}


def test_the_hop_is_written_into_the_path(console: Console) -> None:
    console.send(alert(1))
    found = console.store.incident("sensor-1", record_id(1))
    assert found is not None and found.record.path == ("sensor-1",)


BAD: list[tuple[str, Any]] = [
    ("no object", "text"),
    ("nothing", None),
    ("empty", {}),
    ("short id", alert(2).to_json() | {"id": "12"}),
    ("upper id", alert(2).to_json() | {"id": "A" * 32}),
    ("revision 0", alert(2).to_json() | {"revision": 0}),
    ("revision text", alert(2).to_json() | {"revision": "1"}),
    ("revision huge", alert(2).to_json() | {"revision": 10**30}),
    ("origin empty", alert(2).to_json() | {"origin": ""}),
    ("origin an address", alert(2).to_json() | {"origin": "10.0.0.1"}),
    ("origin with slash", alert(2).to_json() | {"origin": "../x"}),
    ("surrogate", alert(2).to_json() | {"tenant": "\ud800"}),
    ("body text", alert(2).to_json() | {"body": "x"}),
    ("level", alert(2).to_json() | {"body": alert(2).body | {"level": "dire"}}),
    ("port", alert(2).to_json() | {"body": alert(2).body | {"client": {"port": 70000}}}),
    ("time as text", alert(2).to_json() | {"body": alert(2).body | {"first_ns": "now"}}),
    ("too many fields", alert(2).to_json() | {"body": alert(2).body | {"fields": {str(n): n for n in range(600)}}}),
    ("ledger", heartbeat(2).to_json() | {"body": heartbeat(2).body | {"ledger": {"received": -1}}}),
    ("vlan", asset(2).to_json() | {"body": asset(2).body | {"vlan": 5000}}),
    ("kind", alert(2).to_json() | {"kind": "Alert; DROP"}),
    ("schema", alert(2).to_json() | {"schema": "2.0"}),
    ("too large", alert(2).to_json() | {"body": alert(2).body | {"note": "x" * 1_100_000}}),
    ("another sensor's", alert(2, origin="sensor-2").to_json()),
]


@pytest.mark.parametrize("item", [item for _, item in BAD], ids=[name for name, _ in BAD])
def test_one_bad_record_never_blocks_the_others(console: Console, item: Any) -> None:
    answers = results(console.send(alert(1), item, alert(3)))
    assert [status for status, _ in answers] == ["stored", "rejected", "stored"]
    assert answers[1][1] and "\n" not in answers[1][1]
    assert console.store.latest() == {alert(1).key, alert(3).key}
    assert [letter.peer for letter in console.store.dead_letters()] == ["sensor-1"]


@pytest.mark.parametrize("token", ["", "x", "otus_", "otus_0123_x", "Bearer", "é", "otus_" + "f" * 600])
def test_an_unknown_credential_is_401_and_says_what_to_do(console: Console, token: str) -> None:
    response = console.post(b"x" * 200_000, token.encode("utf-8").decode("latin-1"))
    assert response.status_code == 401
    assert response.json is not None and "enrol this node" in response.json["message"]
    assert console.store.latest() == set()


def test_the_scheme_must_be_bearer(console: Console) -> None:
    assert console.post({}, Authorization=f"Basic {console.token}").status_code == 401
    assert console.client.post("/api/v1/batches", data="{}").status_code == 401


def test_a_revoked_and_a_replaced_credential_end(console: Console) -> None:
    fresh = console.nodes.add(console.store, "sensor-1")
    assert console.send(alert(1)).status_code == 401
    assert console.send(alert(1), token=fresh).status_code == 200
    assert console.nodes.revoke("sensor-1")
    assert console.send(alert(2), token=fresh).status_code == 401


def test_a_token_with_a_foreign_secret_is_refused(console: Console) -> None:
    head = "_".join(console.token.split("_")[:2])
    assert console.send(alert(1), token=f"{head}_{'A' * 43}").status_code == 401


NO_BATCHES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"schema": "1.0"}',
    b'{"records": []}',
    b'{"schema": 1, "records": []}',
    b'{"schema": "one", "records": []}',
    b'{"schema": "1.0", "records": {}}',
    b'{"schema": "1.0", "rec',
    b"\xff\xfe",
    b"[" * 200_000,
]


@pytest.mark.parametrize("body", NO_BATCHES, ids=range(len(NO_BATCHES)))
def test_what_is_no_batch_is_400_in_one_line(console: Console, body: bytes) -> None:
    response = console.post(body)
    assert response.status_code == 400
    assert response.json is not None and response.json["error"] == "not_a_batch"
    assert "\n" not in response.json["message"]


def test_a_deeply_nested_record_is_rejected_alone(console: Console) -> None:
    deep = json.dumps(alert(2).to_json())[:-1] + ', "more": ' + "[" * 100 + "]" * 100 + "}"
    whole = json.dumps(alert(1).to_json())
    answers = results(console.post(f'{{"schema": "1.0", "records": [{whole}, {deep}]}}'))
    assert answers[0] == ("stored", "")
    assert answers[1][0] == "rejected" and "nested" in answers[1][1]


def test_numbers_json_does_not_know_are_rejected(console: Console) -> None:
    text = json.dumps(alert(1).to_json()).replace('"count": 1', '"count": NaN')
    assert results(console.post(f'{{"schema": "1.0", "records": [{text}]}}'))[0][0] == "rejected"


def test_a_newer_major_schema_is_409_and_nothing_is_read(console: Console) -> None:
    response = console.post({"schema": "2.0", "records": [alert(1).to_json()]})
    assert response.status_code == 409
    assert response.json is not None and response.json["error"] == "schema_too_new" and response.json["reads"] == "1.0"
    assert console.store.latest() == set()


def test_a_newer_minor_schema_is_taken_with_what_it_brings(console: Console) -> None:
    record = replace(alert(1), schema="1.7", extra={"signed": "x"})
    assert results(console.post({"schema": "1.7", "records": [record.to_json()], "more": 1})) == [("stored", "")]
    found = console.store.incident("sensor-1", record_id(1))
    assert found is not None and found.record.extra == {"signed": "x"} and found.record.schema == "1.7"


def test_sizes_are_limited(console: Console) -> None:
    assert console.send(*[alert(number) for number in range(501)]).status_code == 413
    assert console.post(b" " * (MAX_BATCH_BYTES + 1)).status_code == 413
    assert len(results(console.send(*[alert(number) for number in range(500)]))) == 500
    assert results(console.send()) == []


@pytest.mark.parametrize("error", [StoreFull("the disk is full"), StoreError("locked")])
def test_a_full_or_failing_store_says_when_to_come_back(
    console: Console, error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(console.store, "merge", fail)
    response = console.send(alert(1))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_without_the_registry_a_child_keeps_its_records(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RegistryUnreachable("no connection")

    for name in ("authenticate", "kind_of"):
        with monkeypatch.context() as away:
            away.setattr(console.nodes, name, fail)
            response = console.send(alert(1))
        assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0
        assert response.json is not None and response.json["error"] == "registry_away"
    assert console.store.latest() == set()


def test_a_console_speaks_for_its_sensors_but_not_for_a_siblings(console: Console) -> None:
    plant, other = (console.nodes.add(console.store, name, "console") for name in ("plant", "other"))
    assert results(console.send(alert(7, origin="boiler"), token=plant)) == [("stored", "")]
    for stolen in ("boiler", "sensor-1", "plant"):
        answers = results(console.send(alert(8, origin=stolen), token=other))
        assert answers[0][0] == "rejected" and answers[0][1].startswith("origin_not_under_child"), stolen
    assert console.store.latest() == {alert(7, origin="boiler").key}


def test_only_posts_are_answered(console: Console) -> None:
    assert console.client.get("/api/v1/batches").status_code == 405
