"""The record that travels: what it keeps, what it refuses, and that equal records are equal bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.schema import (
    LEVELS,
    Alert,
    Asset,
    EvidenceFile,
    Heartbeat,
    Ledger,
    Link,
    Notice,
    Receipt,
    Record,
    RecordError,
    Story,
    Task,
    batch,
)
from sensor.schema.shape import known_name
from tests.federation.line_records import alert, asset, evidence, heartbeat, link, story
from tests.federation.order_records import results, task, warning

BODIES: dict[str, tuple[Record, Callable[[object], Any]]] = {
    "alert": (alert(1), Alert.from_json),
    "asset": (asset(1), Asset.from_json),
    "heartbeat": (heartbeat(1), Heartbeat.from_json),
    "evidence": (evidence(1), EvidenceFile.from_json),
    "link": (link(1), Link.from_json),
    "notice": (warning(1), Notice.from_json),
    "task": (task(1, addressees=("shili", "foshan-2")), Task.from_json),
    "receipt": (results(task(1), "shili"), Receipt.from_json),
    "story": (story(1), Story.from_json),
}
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
)


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_come_back_as_they_went(kind: str) -> None:
    record, read = BODIES[kind]
    assert Record.from_bytes(record.to_bytes()) == record
    assert read(record.body).to_json() == record.body


@pytest.mark.parametrize("kind", BODIES)
def test_unknown_keys_are_kept_at_every_depth(kind: str) -> None:
    record, read = BODIES[kind]

    def grown(value: Any) -> Any:
        if isinstance(value, list):
            return [grown(item) for item in value]
        if isinstance(value, dict):
            return {key: grown(item) for key, item in value.items()} | {"newer": 1}
        return value

    newer = grown(record.body)
    for plain in ("skipped", "lost"):  # maps of counts, not objects of ours
        if kind == "heartbeat":
            newer["ledger"][plain].pop("newer")
    if kind == "heartbeat":
        newer["versions"].pop("newer")
    assert read(newer).to_json() == newer
    envelope = record.to_json() | {"newer": {"a": 1}}
    assert Record.from_json(envelope).to_json() == envelope


@pytest.mark.parametrize("kind", BODIES)
@given(key=st.data())
def test_whatever_stands_in_a_key_is_read_or_refused_in_words(kind: str, key: st.DataObject) -> None:
    record, read = BODIES[kind]
    name = key.draw(st.sampled_from(sorted(record.body)))
    body = dict(record.body) | {name: key.draw(anything)}
    try:
        read(body)
    except RecordError as error:
        assert name in str(error) or "body" in str(error)


@given(anything)
def test_whatever_comes_as_an_envelope_is_read_or_refused_in_words(data: Any) -> None:
    with pytest.raises(RecordError):
        Record.from_json(data)


def height(data: Any) -> int:
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return max((1 + height(item) for item in inner), default=0)


@given(anything, st.integers(1, 6))
def test_how_deep_a_record_is_nested(data: Any, limit: int) -> None:
    assert batch._deeper_than(data, limit) == (height(data) >= limit)


def test_equal_records_are_equal_bytes() -> None:
    record = alert(1)
    turned = replace(record, body=dict(reversed(record.body.items())))
    assert record.to_bytes() == turned.to_bytes()
    assert "写" in record.to_bytes().decode("utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}, b"raw"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(RecordError, match="cannot be written as JSON"):
        replace(alert(1), body={"x": value}).to_bytes()


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null"])
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(RecordError):
        Record.from_bytes(data)


def test_a_record_grows_its_path_by_each_hop() -> None:
    assert alert(1).via("sensor-1").via("plant").path == ("sensor-1", "plant")
    assert alert(1).via("plant").key == alert(1).key


def test_levels_are_ranked() -> None:
    assert [level.rank for level in LEVELS] == [5, 4, 3, 2, 1]


def test_the_ledger_is_an_equation() -> None:
    assert Ledger(received=10, parsed=4, skipped={"a": 3}, lost={"b": 2}, held=1).balanced
    assert not Ledger(received=10, parsed=4).balanced


@pytest.mark.parametrize("name", ["sensor-1", "示例厂", "91440101MA5XXXXX0A", "a.b_c-d", "x" * 64])
def test_names_of_nodes(name: str) -> None:
    assert known_name(name)


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "x" * 65, "10.0.0.1", "fe80--1 ", "001b1b000001", "a\n", "a:b", "０.０.０.０:"]
)
def test_names_no_node_has(name: str) -> None:
    assert not known_name(name)


def test_to_json_is_what_json_makes_of_it() -> None:
    for record, _ in BODIES.values():
        assert json.loads(json.dumps(record.to_json())) == record.to_json()
