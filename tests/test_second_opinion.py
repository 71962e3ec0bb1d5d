"""Each message that tshark or we find in a capture is found by both, or the difference has a reason that holds."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.captures import bundled_captures, shared_captures
from tests.second_opinion.compare import Difference, Evidence
from tests.second_opinion.differences import explain, load, name_of
from tests.second_opinion.reasons import CHECKS
from tests.second_opinion.totals import TOTALS

CAPTURES = [*bundled_captures(), *shared_captures()]
AT_ONCE = 2


@dataclass(frozen=True)
class Answer:
    agreed: Counter[str]
    differences: list[tuple[Difference, str | None]]


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[Answer]]]:
    """Of the captures that were selected: two are asked about at a time, in the tests' order."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed: no second opinion")
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir("second_opinion")

    def answer(capture: Path) -> Answer:
        evidence = Evidence(tshark, capture, folder)
        return Answer(evidence.agreed, explain(evidence))

    wanted = [
        item.callspec.params["capture"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_every_message_is_found_by_both"
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {capture: pool.submit(answer, capture) for capture in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(900)  # what is not in the cache is asked first; the pool has all captures in it
@pytest.mark.parametrize("capture", CAPTURES, ids=name_of)
def test_every_message_is_found_by_both(capture: Path, answers: dict[Path, Future[Answer]]) -> None:
    answer = answers[capture].result()
    TOTALS.captures += 1
    TOTALS.agreed += answer.agreed
    TOTALS.differences += Counter(
        (difference.message.protocol, difference.only, reason or "NO REASON")
        for difference, reason in answer.differences
    )
    assert [(each.only, *each.message) for each, reason in answer.differences if reason is None] == []
    found = Counter(reason for _, reason in answer.differences)
    name = name_of(capture)
    listed = {entry.reason: entry.captures[name] for entry in load() if name in entry.captures}
    assert {reason: found[reason] for reason in listed} == listed, "read the difference, then change the list"


def test_captures_of_others_are_there(shared: list[Path]) -> None:
    """Skipped visibly where they are not: then only ours were compared."""
    assert shared


def test_the_list_names_what_is_checked() -> None:
    listed = load()
    assert {(entry.reason, only) for entry in listed for only in entry.only} == {
        (reason, only) for only, checks in CHECKS.items() for reason in checks
    }
    assert all(entry.right in ("tshark", "ours", "both") and entry.text for entry in listed)
