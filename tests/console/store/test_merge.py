"""The contract of a store: what goes in, and what an answer means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from console.store import Answer, CountBy, IncidentFilter, Status, Store, Workflow
from sensor.schema import Record
from tests.federation.line_records import alert, asset, evidence, heartbeat, record_id


def statuses(answers: list[Answer]) -> list[str]:
    return [str(answer.status) for answer in answers]


def test_a_record_is_stored_once(store: Store) -> None:
    assert statuses(store.merge([alert(1), alert(2)], "plant")) == ["stored", "stored"]
    assert statuses(store.merge([alert(1), alert(2)], "plant")) == ["duplicate", "duplicate"]
    assert store.totals().incidents == 2


def test_the_same_record_twice_in_one_batch(store: Store) -> None:
    assert statuses(store.merge([alert(1), alert(1), alert(1, revision=2)], "plant")) == [
        "stored",
        "duplicate",
        "stored",
    ]


def test_answers_name_their_records_in_order(store: Store) -> None:
    records = [alert(3), asset(1), heartbeat(1), evidence(1)]
    assert [(a.origin, a.id, a.revision) for a in store.merge(records, "plant")] == [r.key for r in records]


def test_the_highest_revision_is_shown_whatever_the_order(store: Store) -> None:
    store.merge([alert(1, revision=2)], "plant")
    assert statuses(store.merge([alert(1, revision=1)], "plant")) == ["duplicate"]
    assert statuses(store.merge([alert(1, revision=7)], "plant")) == ["stored"]
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.row.count == 7
    assert [item.revision for item in found.revisions] == [7, 2]
    assert store.latest() == {("sensor-1", record_id(1), 7)}


def test_acknowledged_survives_a_restart_without_close(reopen: Callable[[], Store]) -> None:
    reopen().merge([alert(1), asset(1), heartbeat(1)], "plant")
    again = reopen()
    assert again.latest() == {alert(1).key, asset(1).key, heartbeat(1).key}
    assert again.totals().pending_up == {"up": 3}


def test_what_is_stored_waits_for_the_parent_with_the_hop_in_its_path(store: Store) -> None:
    store.merge([replace(alert(1), path=("sensor-1",))], "plant")
    store.merge([alert(1)], "plant")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.record.path == ("sensor-1", "plant")
    assert store.totals().pending_up == {"up": 1}


def test_unknown_fields_are_kept_and_passed_on(store: Store) -> None:
    newer = alert(1)
    newer = replace(newer, body={**newer.body, "newest": {"a": [1]}}, extra={"signature": "x"})
    store.merge([newer], "plant")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None
    assert found.record.body["newest"] == {"a": [1]} and found.record.extra == {"signature": "x"}
    assert found.record.alert().extra == {"newest": {"a": [1]}}


def test_a_kind_from_a_newer_version_is_kept_and_passed_on(store: Store) -> None:
    newer = Record(kind="inspection", id=record_id(9), revision=1, origin="sensor-1", body={"x": 1})
    assert statuses(store.merge([newer], "plant")) == ["stored"]
    assert newer.key in store.latest() and store.totals().pending_up == {"up": 1}


def test_an_origin_belongs_to_the_child_it_first_came_through(store: Store) -> None:
    store.merge([alert(1)], "plant")
    answers = store.merge([alert(1, revision=9), alert(5), alert(6, origin="sensor-2")], "thief")
    assert statuses(answers) == ["rejected", "rejected", "stored"]
    assert answers[0].reason.startswith("origin_not_under_child")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.row.revision == 1 and found.row.child == "plant"
    assert store.totals().pending_up == {"up": 2}


def test_a_sensor_that_moved_is_believed_after_it_was_released(store: Store) -> None:
    store.merge([alert(1)], "plant")
    assert store.release_origin("sensor-1")
    assert not store.release_origin("sensor-1")
    assert statuses(store.merge([alert(1, revision=2)], "other")) == ["stored"]
    assert statuses(store.merge([alert(1, revision=3)], "plant")) == ["rejected"]


BAD_BODIES = [
    {"level": "dreadful"},
    {"count": 0},
    {"count": 2**63},
    {"count": True},
    {"first_ns": -1},
    {"title": "text"},
    {"client": "192.168.1.1"},
    {"evidence": [{}] * 9},
    {"cause": "\ud800"},
]


@pytest.mark.parametrize(
    "bad", BAD_BODIES, ids=[str(item)[:40].encode("ascii", "replace").decode() for item in BAD_BODIES]
)
def test_one_bad_record_is_rejected_alone_and_seen(store: Store, bad: dict[str, object]) -> None:
    wrong = alert(1)
    wrong = replace(wrong, body={**wrong.body, **bad})
    answers = store.merge([wrong, alert(2)], "plant")
    assert statuses(answers) == ["rejected", "stored"]
    assert store.latest() == {alert(2).key}
    letters = store.dead_letters()
    assert [(item.direction, item.peer, item.id) for item in letters] == [("incoming", "plant", record_id(1))]
    assert letters[0].reason == answers[0].reason != ""


def test_an_id_cannot_change_its_kind(store: Store) -> None:
    store.merge([alert(1)], "plant")
    changed = replace(asset(1, revision=2), id=record_id(1))
    answers = store.merge([changed], "plant")
    assert statuses(answers) == ["rejected"] and answers[0].reason.startswith("kind_changed")


def test_a_batch_may_hold_the_whole_life_of_an_incident(store: Store) -> None:
    """As after an outage: several revisions, some of what is there already, one under another technique."""
    store.merge([alert(1, technique=("T0801",))], "plant")
    store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "li")
    batch = [
        alert(1, revision=2, technique=("T0802",)),
        alert(2, technique=("T0803",)),
        replace(asset(1, revision=3), id=record_id(2)),
        alert(2, revision=2, technique=("T0804", "T0855")),
        alert(1, revision=3, technique=("T0805",)),
        alert(1, revision=2),
    ]
    stored, refused, known = "stored", "rejected", "duplicate"
    assert statuses(store.merge(batch, "plant")) == [stored, stored, refused, stored, stored, known]
    first, second = (store.incident("sensor-1", record_id(number)) for number in (1, 2))
    assert first is not None and second is not None
    assert first.row.workflow is Workflow.TRIAGE and [item.revision for item in first.revisions] == [3, 2, 1]
    assert second.row.workflow is Workflow.NEW and [item.revision for item in second.revisions] == [2, 1]
    assert {item.key: item.incidents for item in store.counts(CountBy.TECHNIQUE)} == {
        "T0804": 1,
        "T0855": 1,
        "T0805": 1,
    }
    for technique, number in (("T0801", 0), ("T0802", 0), ("T0803", 0), ("T0804", 1), ("T0805", 1)):
        assert store.incident_count(IncidentFilter(technique=technique)).number == number
        assert len(store.incidents(IncidentFilter(technique=technique, text="控制器")).rows) == number


def test_a_record_that_went_in_a_circle_is_refused(store: Store) -> None:
    circling = replace(alert(1), path=tuple(f"node-{number}" for number in range(16)))
    assert statuses(store.merge([circling], "plant")) == ["rejected"]


def test_a_persons_word_stays_when_revisions_come(store: Store) -> None:
    store.merge([alert(1)], "plant")
    step = store.set_workflow("sensor-1", record_id(1), Workflow.TRIAGE, "li", "正在核实")
    assert (step.before, step.after) == (Workflow.NEW, Workflow.TRIAGE)
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
    store.merge([alert(1, revision=2)], "plant")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None and found.row.revision == 2
    assert found.row.workflow is Workflow.CONFIRMED
    assert [(item.by, item.after, item.note) for item in found.steps] == [
        ("li", Workflow.TRIAGE, "正在核实"),
        ("li", Workflow.CONFIRMED, ""),
    ]
    with pytest.raises(KeyError):
        store.set_workflow("sensor-1", record_id(2), Workflow.TRIAGE, "li")


def test_only_the_newest_revisions_are_remembered(store: Store) -> None:
    for revision in range(1, 61):
        store.merge([alert(1, revision=revision)], "plant")
    found = store.incident("sensor-1", record_id(1))
    assert found is not None
    assert [item.revision for item in found.revisions] == list(range(60, 10, -1))


def test_many_threads_lose_nothing(store: Store) -> None:
    def work(worker: int) -> None:
        for number in range(20):
            batch = [alert(worker * 1000 + number * 5 + extra) for extra in range(5)]
            assert statuses(store.merge(batch, "plant")) == [str(Status.STORED)] * 5
            store.incidents(limit=10)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.totals().incidents == 400


def test_an_origin_is_bound_once(store: Store) -> None:
    assert store.bind_origin("sensor-1", "sensor-1") == "sensor-1"
    assert store.bind_origin("sensor-1", "plant") == "sensor-1"
    assert [answer.status for answer in store.merge([alert(1)], "plant")] == [Status.REJECTED]
    assert store.release_origin("sensor-1")
    assert store.bind_origin("sensor-1", "plant") == "plant"
