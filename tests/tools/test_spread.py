"""Tests on several workers: files of the lists are there, totals come together, and programs can be stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import spread
from tests.captures import ROOT
from tests.second_opinion.totals import Totals


@pytest.mark.drift
def test_the_lists_name_files_that_are_there() -> None:
    assert [name for name in (*spread.LONGEST, *spread.APART) if not (ROOT / name).is_file()] == []
    assert [name for name in spread.TOGETHER if not (ROOT / name).is_dir() or not name.endswith("/")] == []


def test_a_file_stays_together_unless_it_is_apart() -> None:
    (folder, *_) = spread.TOGETHER
    assert spread.scope_of(f"{folder}a.py::test") == spread.scope_of(f"{folder}b.py::test") == folder
    assert spread.scope_of("tests/x.py::test_a[b::c]") == spread.scope_of("tests/x.py::test_d") == "tests/x.py"
    (apart, *_) = spread.APART
    assert spread.scope_of(f"{apart}::test[a]") != spread.scope_of(f"{apart}::test[b]")


def test_the_longest_begin_and_what_is_apart_fills_up() -> None:
    (apart, *_), (first, *others) = spread.APART, spread.LONGEST
    names = [f"{file}::test" for file in (first, *others, "tests/a.py", "tests/zz.py", apart)]
    assert sorted(names[::-1], key=spread.place_of) == [*names[:-3], "tests/zz.py::test", "tests/a.py::test", names[-1]]


def test_totals_of_workers_are_added() -> None:
    one, two = (Totals(1, Counter(tls=2), Counter({("tls", "ours", "early"): number})) for number in (1, 3))
    one.add(two.plain())
    assert one == Totals(2, Counter(tls=4), Counter({("tls", "ours", "early"): 4}))


def test_what_a_test_starts_takes_sigint() -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


def test_also_where_the_tests_were_started_in_the_background() -> None:
    """A shell has what it starts there ignore SIGINT; it went on to every program that a test wanted to stop by it."""
    asked = f"{Path(__file__).relative_to(ROOT)}::{test_what_a_test_starts_takes_sigint.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", asked]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False, timeout=250,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
