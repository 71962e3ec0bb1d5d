"""Tests on several workers: files of the lists are there, and totals come together."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import spread
from tests.captures import ROOT
from tests.second_opinion.totals import Totals


@pytest.mark.drift
def test_the_lists_name_files_that_are_there() -> None:
    assert [name for name in (*spread.LONGEST, *spread.APART) if not (ROOT / name).is_file()] == []


def test_a_file_stays_together_unless_it_is_apart() -> None:
    assert spread.scope_of("tests/x.py::test_a[b::c]") == spread.scope_of("tests/x.py::test_d") == "tests/x.py"
    (apart, *_) = spread.APART
    assert spread.scope_of(f"{apart}::test[a]") != spread.scope_of(f"{apart}::test[b]")


def test_totals_of_workers_are_added() -> None:
    one, two = (Totals(1, Counter(tls=2), Counter({("tls", "ours", "early"): number})) for number in (1, 3))
    one.add(two.plain())
    assert one == Totals(2, Counter(tls=4), Counter({("tls", "ours", "early"): 4}))
