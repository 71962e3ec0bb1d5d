"""Compiled reading and writing against what it stands for, the way by hand: the same results, the same refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.ecs import alert_line
from sensor.schema import Alert, Record, RecordError, compiled
from sensor.schema.alert import _ORDINARY
from tests.federation.line_records import alert

texts = st.text(max_size=6) | st.sampled_from(['\x00\x1f\x7f\u2028"\\/\b\t', "\ud800", "é", "\uffff", "\U0001f600"])
scalars = (
    st.none() | st.booleans() | st.integers() | st.sampled_from([2**63, 2**64, -(2**63) - 1]) | st.floats() | texts
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
ODD: list[Any] = [{1, 2}, b"raw", {1: 2}, {None: 1}, float("nan"), float("-inf"), 1e16, 1e-7, ..., 1j]
NEW_KEYS = ["extra", "incident_class", "class", "cut", "newer"]


def by_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


@settings(deadline=None)
@given(st.dictionaries(texts, anything, max_size=5))
def test_what_is_written_is_what_json_writes(content: dict[str, Any]) -> None:
    written = compiled.write(content)
    assert written is None or written == by_json(content)


@settings(deadline=None)
@given(st.dictionaries(texts, anything, max_size=5))
def test_a_line_for_people_is_what_json_writes(content: dict[str, Any]) -> None:
    line = compiled.line(content)
    assert line is None or line == json.dumps(content, ensure_ascii=False)


def test_an_alert_as_a_line_is_written_by_compiled_code() -> None:
    line = alert_line(alert(1, outcome="failure"))
    assert compiled.line(line) == json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_what_json_writes_otherwise_or_not_at_all_is_left_to_it(odd: Any) -> None:
    assert compiled.write({"a": [odd]}) is None and compiled.write({"a": {"b": odd}}) is None


def test_what_is_ordinary_is_written_and_read_by_compiled_code() -> None:
    record = alert(1, incident_class="attack", story="0" * 32)
    assert compiled.write(record.to_json()) == by_json(record.to_json()) == record.to_bytes()
    for more in ({}, {"cut": {"policy": "up"}}, {"class": None}):
        found = _ORDINARY.read({**record.body, **more})
        assert found is not None and found == Alert._by_hand({**record.body, **more}, "body")


def test_a_number_with_a_fraction_is_written_as_ever() -> None:
    record = alert(1, fields={"value": 1e16})
    assert b'"value":1e+16' in record.to_bytes() and Record.from_bytes(record.to_bytes()) == record


def assert_read_alike(body: object) -> None:
    try:
        expected = Alert._by_hand(body, "body")
    except RecordError as error:
        with pytest.raises(RecordError) as caught:
            Alert.from_json(body)
        assert str(caught.value) == str(error)
        return
    found = Alert.from_json(body)
    # As text: what is not a number equals nothing.
    assert repr(found) == repr(expected) and type(found.fields) is dict is type(found.extra)


@settings(deadline=None)
@given(st.data())
def test_an_alert_is_read_or_refused_as_by_hand(data: st.DataObject) -> None:
    body: dict[str, Any] = dict(alert(1).body)
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from([*sorted(body), *NEW_KEYS]))
        inner = body.get(name)
        if isinstance(inner, dict) and data.draw(st.booleans()):
            body[name] = {**inner, data.draw(st.sampled_from([*sorted(inner), *NEW_KEYS, "zh"])): data.draw(anything)}
        elif data.draw(st.integers(0, 5)):
            body[name] = data.draw(anything)
        else:
            body.pop(name, None)
    assert_read_alike(body)


@pytest.mark.parametrize("key", [*alert(1).body, *NEW_KEYS])
@pytest.mark.parametrize("odd", [*ODD, alert(1).alert().title, (), [[]], {"zh": "x"}, 1.0, "2", True, -1], ids=repr)
def test_odd_values_too(key: str, odd: Any) -> None:
    assert_read_alike({**alert(1).body, key: odd})


def test_what_an_alert_is_was_looked_through_before_threads_ask() -> None:
    """msgspec does it at the first question, and two threads that asked at once crashed it."""
    known = "from sensor.schema import Alert; print('__msgspec_cache__' in vars(Alert))"
    done = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
