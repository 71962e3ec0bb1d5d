"""Fuzzing's own rooms: what a log says, what is picked, the table. The targets are replayed by `cargo test`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.fuzz import totals
from tools.fuzz.build import Target, listed, wanted
from tools.fuzz.run import ALLOCATION_MB, Ran, arguments, keep, read
from tools.fuzz.totals import BEGIN, END, PAGE, Total

LOG = """\
INFO: Seed: 1
#42\tINITED cov: 1400 ft: 4000 corp: 40/12Kb exec/s: 0 rss: 31Mb
#90112\tNEW    cov: 1447 ft: 6164 corp: 1257/175Kb lim: 512 exec/s: 6763 rss: 32Mb L: 20/512 MS: 1 Custom-
#100200\tDONE   cov: 1447 ft: 6170 corp: 1260/175Kb lim: 512 exec/s: 6763 rss: 32Mb
Done 100200 runs in 13 second(s)
stat::number_of_executed_units: 100200
"""
CRASH = """\
#42\tINITED cov: 1400 ft: 4000 corp: 40/12Kb exec/s: 0 rss: 31Mb

thread '<unnamed>' (1) panicked at hostile/src/record.rs:27:9:
modbus.values reaches beyond its message
==7== ERROR: libFuzzer: deadly signal
stat::number_of_executed_units: 51
"""


def test_a_run_that_ended_says_what_it_did() -> None:
    assert read(LOG) == Ran(100_200, 13.0, 1447, 1260)


def test_a_run_that_crashed_says_where() -> None:
    ran = read(CRASH)
    assert (ran.inputs, ran.edges, ran.corpus) == (51, 1400, 40)
    assert ran.said == "hostile/src/record.rs:27:9: modbus.values reaches beyond its message"


def test_what_took_too_long_or_too_much_is_named() -> None:
    assert read("==7== ERROR: libFuzzer: timeout after 5 seconds\n").said == "timeout after 5 seconds"


def test_parts_of_names_pick_targets() -> None:
    every = [
        listed("protocols protocol/modbus 512"),
        listed("protocols protocol/modbus/rtu 512"),
        listed("frames frames 9"),
    ]
    assert [target.name for target in wanted(every, ["modbus"])] == ["protocol/modbus", "protocol/modbus/rtu"]
    assert wanted(every, []) == every
    assert every[2] == Target("frames", "frames", 9)


def test_a_run_is_bounded() -> None:
    given = arguments(Target("frames", "frames", 512), 30, 1000, Path("/scratch"))
    for bound in ("-max_len=512", "-runs=1000", "-max_total_time=30", "-timeout=5", "-rss_limit_mb=1024"):
        assert bound in given
    assert f"-malloc_limit_mb={ALLOCATION_MB}" in given


def test_a_crash_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.fuzz.run.REGRESSIONS", tmp_path)
    target = Target("protocols", "protocol/modbus", 512)
    first, again, other = keep(b"a", target), keep(b"a", target), keep(b"b", target)
    assert first == again != other
    assert first.parent == tmp_path / "protocol" / "modbus" and first.read_bytes() == b"a"


def test_what_is_missing_is_what_nobody_has_run_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "FILE", tmp_path / "totals.json")
    totals.save({"frames": Total(inputs=totals.WANTED - 5), "streams": Total(inputs=totals.WANTED + 5)})
    assert [totals.missing(name) for name in ("frames", "streams", "captures")] == [5, 0, totals.WANTED]


def test_totals_add_up_and_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "FILE", tmp_path / "totals.json")
    assert totals.load() == {}
    both = Total().and_then(Ran(100, 2.0, 40, 9)).and_then(Ran(50, 1.0, 41, 8))
    assert both == Total(150, 3.0, 41, 8)
    totals.add("streams", Ran(100, 2.0, 40, 9))
    totals.add("frames", Ran(7, 1.0, 4, 3))
    totals.add("streams", Ran(50, 1.0, 41, 8))
    assert totals.load() == {"frames": Total(7, 1.0, 4, 3), "streams": both}


def test_the_table_says_who_has_had_enough() -> None:
    text = totals.table({"frames": Total(totals.WANTED, 100.0, 5, 6), "streams": Total(9, 0.0, 1, 1)})
    assert "| frames | 10,000,000 | 100,000 | 5 | 6 | 0 |" in text
    assert "10,000,009 inputs in all; 1 of 2 targets" in text


def test_only_the_figures_of_the_page_change() -> None:
    text = f"before\n{BEGIN}old\n{END}after\n"
    assert totals.page(text, {}).startswith(f"before\n{BEGIN}") and totals.page(text, {}).endswith(f"{END}after\n")
    assert "old" not in totals.page(text, {})


@pytest.mark.drift
def test_the_page_has_the_figures_that_are_kept() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert totals.page(text, totals.load()) == text, "python -m tools.fuzz --page"
