"""What goes down the line and what is answered: bounds, and the ways they may go."""

from __future__ import annotations

import pytest

from sensor.schema import Record, RecordError
from sensor.schema.batch import check_record
from sensor.schema.course import COURSES
from sensor.schema.words import Finding, OrderState, ReceiptState
from tests.federation.order_records import notice, receipt, results, task, warning


@pytest.mark.parametrize("record", [notice(1), warning(2), task(3), receipt(notice(1), "e"), results(task(3), "e")])
def test_they_pass_the_edge(record: Record) -> None:
    assert check_record(record.to_json()) == record
    assert record.receipt() if record.kind == "receipt" else record.order().open


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"all_below": True, "addressees": ["a"]}, "either names, or all_below"),
        ({"all_below": False}, "either names, or all_below"),
        ({"form": "warning"}, "colour"),
        ({"colour": "red"}, "colour"),
        ({"colour": "pink"}, "colour"),
        ({"title": "长" * 201}, "title"),
        ({"text": "长" * 8001}, "text"),
        ({"all_below": False, "addressees": [f"n{number}" for number in range(501)]}, "addressees"),
        ({"incidents": [{"origin": "s", "id": "0" * 32}] * 21}, "incidents"),
        ({"steps": [{"at_ns": 1, "by": "x", "state": "issued"}] * 101}, "steps"),
        ({"state": ""}, "state"),
        ({"open": 1}, "open"),
        ({"deadline_ns": -1}, "deadline_ns"),
    ],
)
def test_a_notice_is_bounded(body: dict[str, object], wrong: str) -> None:
    record = notice(1)
    changed = record.to_json() | {"body": {**record.body, **body}}
    with pytest.raises(RecordError, match=wrong):
        check_record(changed).order()


def test_a_task_has_a_checklist() -> None:
    record = task(1)
    for checklist in ([], ["x"] * 51, ["长" * 301]):
        with pytest.raises(RecordError, match="checklist"):
            check_record(record.to_json() | {"body": {**record.body, "checklist": checklist}})


def test_a_receipt_is_about_one_order() -> None:
    good = receipt(notice(1), "shili")
    assert good.id != receipt(notice(2), "shili").id != receipt(notice(2, origin="tg"), "shili").id
    stolen = Record("receipt", receipt(notice(2), "shili").id, 1, "shili", good.body)
    with pytest.raises(RecordError, match="follows from the order"):
        stolen.receipt()


@pytest.mark.parametrize("name", COURSES)
def test_every_course_comes_to_its_end(name: str) -> None:
    """Each state can be reached, each step leads on, and the last one settles."""
    course = COURSES[name]
    reached, todo = set[ReceiptState](), [course.begins]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += course.choices(state)
    assert course.last in reached and set(course.follows) <= reached
    assert course.choices(None) == (course.begins,) and course.settled(course.last, None)
    assert all(course.settled(state, None) == (state is course.last) for state in reached)
    assert OrderState.ISSUED not in course.ends and course.needs_note <= reached


def test_who_is_not_involved_is_done_with_a_warning() -> None:
    course = COURSES["warning"]
    assert course.settled(ReceiptState.CHECKED, Finding.NOT_INVOLVED)
    assert not course.settled(ReceiptState.CHECKED, Finding.UNCLEAR)
    assert not course.settled(ReceiptState.CHECKED, Finding.INVOLVED)
    assert course.choices("a state of tomorrow") == ()
