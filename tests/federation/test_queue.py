"""What a queue to the parents promises, on every implementation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from federation import queue
from federation.queue import Queue, Verdict
from sensor.schema import Record
from tests.federation.line_records import alert
from tests.federation.queues import QUEUES, Kept


@pytest.fixture(params=QUEUES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    made = QUEUES[request.param](request, tmp_path)
    yield made
    made.close()


def answer_all(opened: Queue, parent: str = "a", rejected: str | None = None) -> int:
    done = 0
    while batch := opened.take(parent):
        opened.answer(parent, [Verdict(item, rejected) for item in batch])
        done += len(batch)
    return done


def numbers(opened: Queue, parent: str = "a") -> list[tuple[int, int]]:
    return [(int(item.key[1], 16), item.key[2]) for item in opened.take(parent)]


def test_what_was_appended_is_there_after_a_restart(kept: Kept) -> None:
    kept.open("a")
    assert kept.append(alert(1), alert(2)) == 2
    # No close: what append acknowledged must not need one.
    again = kept.open("a")
    assert numbers(again) == [(1, 1), (2, 1)]
    assert Record.from_bytes(again.take("a")[0].body) == alert(1)


def test_a_newer_revision_replaces_one_that_waits_in_its_place(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2))
    assert kept.append(alert(1, revision=3)) == 1
    assert numbers(opened) == [(1, 3), (2, 1)]
    assert opened.pending("a") == 2


def test_a_newer_revision_of_what_was_answered_goes_to_the_end(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2))
    opened.answer("a", [Verdict(opened.take("a")[0])])
    kept.append(alert(3), alert(1, revision=2))
    assert numbers(opened) == [(2, 1), (3, 1), (1, 2)]


@pytest.mark.parametrize("revision", [1, 2])
def test_an_old_or_equal_revision_changes_nothing(kept: Kept, revision: int) -> None:
    opened = kept.open("a")
    kept.append(alert(1, revision=2))
    assert kept.append(alert(1, revision=revision)) == 0
    answer_all(opened)
    assert kept.append(alert(1, revision=revision)) == 0
    assert numbers(opened) == []
    assert kept.latest() == {alert(1, revision=2).key}


def test_an_answer_counts_only_for_the_revision_it_names(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1))
    under_way = opened.take("a")
    kept.append(alert(1, revision=2))
    opened.answer("a", [Verdict(item) for item in under_way])
    assert numbers(opened) == [(1, 2)]


def test_a_record_stays_until_every_parent_answered(kept: Kept) -> None:
    opened = kept.open("a", "b")
    kept.append(alert(1))
    assert answer_all(opened, "a") == 1
    assert (opened.pending("a"), opened.pending("b")) == (0, 1)
    assert kept.waiting_bytes() > 0
    assert answer_all(opened, "b") == 1
    assert kept.waiting_bytes() == 0


def test_a_new_parent_is_owed_what_waits_and_a_removed_one_nothing(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2))
    opened.answer("a", [Verdict(opened.take("a")[0])])
    opened.close()
    both = kept.open("a", "b")
    assert numbers(both, "b") == [(2, 1)]
    both.close()
    only_b = kept.open("b")
    assert "a is no parent any more: 1 records" in caplog.text
    assert answer_all(only_b, "b") == 1
    assert kept.waiting_bytes() == 0


def test_a_rejected_record_goes_to_the_dead_letters_and_can_be_revived(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2))
    first, second = opened.take("a")
    opened.answer("a", [Verdict(first, "body: wrong"), Verdict(second)])
    assert [(dead.key, dead.reason) for dead in opened.dead_letters()] == [(alert(1).key, "body: wrong")]
    assert opened.pending("a") == 0
    assert opened.parent("a").refused == 1
    with pytest.raises(ValueError, match="'b' is no parent; those there are: a"):
        kept.resend("b")
    assert kept.resend("a") == 1
    assert numbers(opened) == [(1, 1)]
    assert opened.dead_letters() == []
    assert answer_all(opened) == 1
    assert kept.waiting_bytes() == 0


def test_what_one_parent_refused_is_sent_again_to_that_one(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "KEEP_RECEIPTS", 0)  # nobody remembers that b has it
    opened = kept.open("a", "b")
    kept.append(alert(1))
    answer_all(opened, "b")
    answer_all(opened, "a", rejected="no")
    assert kept.resend("a") == 1
    assert (opened.pending("a"), opened.pending("b")) == (1, 0)


def test_a_dead_letter_that_a_newer_revision_overtook_is_not_sent_again(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1))
    answer_all(opened, rejected="no")
    kept.append(alert(1, revision=2))
    kept.resend("a")
    assert numbers(opened) == [(1, 2)]


def test_dead_letters_are_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "KEEP_DEAD_LETTERS", 3)
    opened = kept.open("a")
    kept.append(*(alert(number) for number in range(1, 8)))
    answer_all(opened, rejected="no")
    assert [int(dead.key[1], 16) for dead in opened.dead_letters()] == [7, 6, 5, 4][:3]


def test_receipts_are_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "KEEP_RECEIPTS", 3)
    opened = kept.open("a")
    kept.append(*(alert(number) for number in range(1, 8)))
    answer_all(opened)
    assert {int(key[1], 16) for key in kept.latest()} == {5, 6, 7}


def test_deferred_records_wait_behind_the_others(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2), alert(3))
    opened.defer("a", opened.take("a", limit=2))
    assert numbers(opened) == [(3, 1), (1, 1), (2, 1)]


def test_take_is_bounded_in_records_and_bytes(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(*(alert(number) for number in range(1, 11)))
    size = len(alert(1).to_bytes())
    assert len(opened.take("a", limit=4)) == 4
    assert len(opened.take("a", max_bytes=3 * size + 10)) == 3
    assert len(opened.take("a", max_bytes=1)) == 1


def test_without_a_parent_nothing_is_queued(kept: Kept) -> None:
    kept.open()
    assert kept.append(alert(1)) == 0
    assert kept.latest() == set()


def test_of_one_batch_with_several_revisions_the_newest_waits_where_the_first_stood(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2), alert(1, revision=4), alert(1, revision=3), alert(1, origin="sensor-2"))
    assert numbers(opened) == [(1, 4), (2, 1), (1, 1)]
    assert kept.waiting_bytes() == sum(len(item.body) for item in opened.take("a"))


def test_a_revision_keeps_its_place_for_who_waits_and_goes_to_the_end_for_who_answered(kept: Kept) -> None:
    opened = kept.open("a", "b")
    kept.append(alert(1), alert(2))
    opened.answer("a", [Verdict(opened.take("a")[0])])
    kept.append(alert(1, revision=2))
    assert (numbers(opened, "a"), numbers(opened, "b")) == ([(2, 1), (1, 2)], [(1, 2), (2, 1)])


def test_bytes_are_those_of_the_bodies_that_wait(kept: Kept) -> None:
    opened = kept.open("a", "b")
    kept.append(alert(1), alert(2), alert(3))
    answer_all(opened, "a")
    kept.append(alert(1, revision=20), alert(4))
    opened.answer("b", [Verdict(item, "no") for item in opened.take("b", limit=2)])
    kept.append(alert(2, revision=300))
    waiting = {item.seq: len(item.body) for parent in "ab" for item in opened.take(parent)}
    assert kept.waiting_bytes() == sum(waiting.values())
    kept.resend("b")
    waiting = {item.seq: len(item.body) for parent in "ab" for item in opened.take(parent)}
    assert kept.waiting_bytes() == sum(waiting.values())
    answer_all(opened, "a"), answer_all(opened, "b")
    assert kept.waiting_bytes() == 0


def test_the_state_of_a_line_is_kept(kept: Kept) -> None:
    opened = kept.open("a")
    kept.append(alert(1), alert(2))
    at_ns = opened.now_ns() + 10**12
    assert opened.failed("a", "parent a is away", at_ns).failures == 1
    opened.failed("a", "parent a is away", at_ns + 1)
    again = kept.open("a").parent("a")
    assert (again.failures, again.retry_at_ns, again.problem) == (2, at_ns + 1, "parent a is away")
    first, second = opened.take("a")
    opened.answer("a", [Verdict(first), Verdict(second, "no")])
    state = opened.parent("a")
    assert (state.failures, state.retry_at_ns, state.problem) == (0, 0, "")
    assert (state.answered, state.refused) == (1, 1) and state.last_answer_ns > 0
    with pytest.raises(KeyError):
        opened.parent("b")


def test_names_and_letters_of_any_script(kept: Kept) -> None:
    opened = kept.open("省厅")
    kept.append(alert(1, origin="佛山-1", fields={"note": "阀门 ✓ \x00"}))
    (item,) = opened.take("省厅")
    assert item.key[0] == "佛山-1" and Record.from_bytes(item.body).body["fields"] == {"note": "阀门 ✓ \x00"}
    opened.answer("省厅", [Verdict(item, "内容有误")])
    assert opened.dead_letters()[0].reason == "内容有误"
