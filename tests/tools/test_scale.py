"""The load of a province: what it makes is what sensors send, and the command says what it was asked for."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from console.store import CountBy, IncidentFilter, Status, open_store
from tools.scale import load, page, plan, servers
from tools.scale.incidents import BEGAN_NS, DAY_NS, LATE, MOST_LATE_NS, YEAR_NS, batches, heartbeats
from tools.scale.progress import Progress
from tools.scale.province import CITIES, make
from tools.scale.questions import CHINESE, LIST, OVERVIEW, SEARCH, Answered, all_questions, ask_all

ROOT = Path(__file__).resolve().parents[2]
ANSWERED = [Answered(group, "a question", 1.0, 2.0) for group in (OVERVIEW, LIST, SEARCH)]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.scale", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_incidents_are_records_a_sensor_could_send() -> None:
    province = make(200)
    made = list(batches(province, 3000))
    records = [record for _, batch in made for record in batch]
    for record in records:
        assert record.alert().to_json() == record.body and not record.alert().extra
    assert len({record.id for record in records}) == 3000 < len(records)
    assert {child for child, _ in made} <= set(CITIES) and max(len(batch) for _, batch in made) <= 2 * 500
    assert list(batches(make(200), 3000)) == made, "the same for the same seed"
    assert all(record.heartbeat().ledger.balanced for _, batch in heartbeats(province) for record in batch)


def test_incidents_come_as_they_happen_more_by_day_and_a_few_late() -> None:
    made = [r for _, batch in batches(make(3000), 60_000) for r in batch if r.revision == 1]
    first_ns = [r.body["first_ns"] for r in sorted(made, key=lambda record: int(record.id[8:], 16))]
    latest_ns, late = 0, 0
    for at_ns in first_ns:
        late += at_ns < latest_ns
        latest_ns = max(latest_ns, at_ns)
    assert 0.5 * LATE < late / len(made) < 1.5 * LATE
    hours = Counter(at_ns % DAY_NS // (DAY_NS // 24) for at_ns in first_ns)
    work, night = (min(hours[hour] for hour in range(3, 10)), max(hours[hour] for hour in range(14, 22)))
    assert len(hours) == 24 and work > 1.5 * night


def test_every_question_has_its_chinese_name(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    assert {question.name for question in all_questions(store, make(3))} == set(CHINESE)
    store.close()


def test_an_asking_that_was_stopped_asks_the_rest(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    first = next(ask_all(store, make(3), 2))
    path, load_of = tmp_path / "store.progress.json", {"incidents": 600}
    Progress(path, load_of).answered(replace(first, p99_ms=1e9))
    known = Progress(path, load_of).answers()
    answers = list(ask_all(store, make(3), 2, 1, known))
    assert [answer.name for answer in answers] == list(CHINESE), "in their order"
    assert answers[0].p99_ms == 1e9 and all(answer.p99_ms < 1e9 for answer in answers[1:])
    store.close()
    table = page.table("sqlite", 600, 3, load.Rate(600, 1.0), answers, {"all": 1})
    Progress(path, load_of).finish(table)
    assert not Progress(path, load_of).answers(), "the next asking begins anew"
    assert "asked 20 times before the clock ran" in page.asked(table, answers, 600, 20).text()


def test_the_rate_is_of_what_came_last() -> None:
    said, since = load.Rate(1000, 1.0), load.Rate(950, 2.0)
    assert load.Filled(9, 1950, since, said).latest(1000) is since
    assert load.Filled(9, 1950, since, said).latest(2000) is said
    assert load.Filled(9, 950, since).latest(2000) is since, "there is no other"


def test_a_store_takes_all_of_it(tmp_path: Path) -> None:
    province = make(50)
    store = open_store(tmp_path / "store.sqlite")
    rate = load.fill(store, itertools.chain(heartbeats(province), batches(province, 2000)), lambda *said: None, 10**9)
    assert rate.records > 2050 and rate.seconds > 0
    assert store.totals().incidents == 2000 and store.coverage(0).sensors == 50
    assert sum(count.incidents for count in store.counts(CountBy.DAY)) == 2000
    closed = sum(count.incidents for count in store.counts(CountBy.DETECTOR, IncidentFilter(state="closed")))
    assert 500 < closed == rate.records - 2050, "each second record of an incident closes it"


def test_processor_time_is_of_both_halves() -> None:
    """Also of a process whose name looks like the end of one."""
    code = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b'a) b (c'); sum(range(10**7)); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        while servers.processor_s(process.pid) == 0:
            assert process.poll() is None
        process.communicate(b"\n")
    whole = load.Rate(400, 1.0, 0.02, 0.01) + load.Rate(600, 3.0, 0.08, 0.09)
    assert whole.costs_us == pytest.approx((100, 100)) and whole.per_second == 250


def test_a_record_that_is_not_stored_ends_the_measurement(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.sqlite")
    batch = next(batches(make(5), 200))
    assert {answer.status for answer in store.merge(batch[1], batch[0])} == {Status.STORED}
    with pytest.raises(RuntimeError, match="were not stored"):
        load.fill(store, iter([batch]), lambda *said: None, 10**9)


def test_a_filling_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "AT_ONCE", 2)
    heard: list[load.Filled] = []

    def stop(filled: load.Filled) -> None:
        if len(heard) == 2:
            raise KeyboardInterrupt  # kept, and not written down
        heard.append(filled)

    path, province = tmp_path / "store.sqlite", make(50)
    store = open_store(path)
    with pytest.raises(KeyboardInterrupt):
        load.fill(store, batches(province, 4000), lambda *said: None, 10**9, note=stop)
    kept = store.totals().records
    store.close()
    begun = load.Filled.from_json(json.loads(json.dumps(heard[-1].to_json())))
    assert begun == heard[-1] and begun.batches == 4
    store = open_store(path)
    rate = load.fill(store, batches(province, 4000), lambda *said: None, 10**9, begun=begun, note=heard.append)
    assert kept < store.totals().incidents == 4000
    assert heard[-1].records == sum(len(records) for _, records in batches(province, 4000))
    assert heard[-1].records > rate.records > begun.records, "what was known already is no rate"


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    command = ["--incidents", "600", "--enterprises", "9", "--stores", "sqlite", "--times", "1"]
    command += ["--keep", str(tmp_path / "kept"), "--json", str(tmp_path / "scale.json")]
    first = run(*command)
    assert first.returncode == 0 and "a second" in first.stdout, first.stderr
    again = run(*command)
    assert again.returncode == 0 and "a second," not in again.stdout, again.stderr
    table = first.stdout[first.stdout.index("SQLite") :]
    assert again.stdout.strip() == table.strip()
    more = run(*command, "--more", "500")
    assert more.returncode == 0 and " records (600 incidents) in the store; " in more.stdout, more.stderr
    assert "records a second over the last" in more.stdout, "of the year's own filling, beside it"
    more = run(*command, "--more", "40")
    assert more.returncode == 0 and " records (1,100 incidents) in the store; " in more.stdout, more.stderr
    assert more.stdout.count("Kept later") == 1
    asked = run(*command, "--ask")
    assert asked.returncode == 0 and "Incidents in the store when it was asked: 1,140." in asked.stdout, asked.stderr
    assert asked.stdout.count("Kept later") == 1 and len(
        re.findall(r"^(?:overview|list|search) ", asked.stdout, re.M)
    ) == len(CHINESE)
    store = open_store(tmp_path / "kept" / "store.sqlite")
    assert store.totals().incidents == 1140
    store.close()
    other = run(*command, "--enterprises", "10")
    assert other.returncode == 2 and "is of 600 incidents, 9 enterprises" in other.stderr


def test_what_follows_the_year_is_later_and_new() -> None:
    province = make(50)
    year, after = ([r for _, b in batches(province, 900, n) for r in b] for n in (0, 900))
    assert {record.id for record in year}.isdisjoint(record.id for record in after)
    ended_ns = BEGAN_NS + YEAR_NS
    assert max(r.body["first_ns"] for r in year) < ended_ns <= min(r.body["first_ns"] for r in after) + MOST_LATE_NS
    assert len({record.id for record in after}) == 900


def test_more_and_again_need_a_store_that_was_kept() -> None:
    done = run("--stores", "sqlite", "--more", "5")
    assert done.returncode == 2 and "--more is a number from 1, and goes with --keep" in done.stderr
    done = run("--stores", "sqlite", "--ask")
    assert done.returncode == 2 and "--ask goes with --keep" in done.stderr


def test_the_command(tmp_path: Path) -> None:
    figures = tmp_path / "scale.json"
    done = run(
        "--incidents", "1500", "--enterprises", "40", "--stores", "sqlite", "--times", "2", "--json", str(figures)
    )
    assert done.returncode == 0, done.stderr
    assert "the front page, all of it" in done.stdout and re.search("records a second over the last [1-9]", done.stdout)
    assert "µs of processor time each" in done.stdout and "0 µs at the store's server" in done.stdout
    table = json.loads(figures.read_text(encoding="utf-8"))["tables"]["sqlite"]
    assert table["data"]["incidents"] == 1500 and set(table["data"]["p99_ms"]) == {"overview", "list", "search"}


def test_a_page_of_what_was_kept(tmp_path: Path) -> None:
    """Of each store the largest that came to its end, and what is a part says so."""
    kept = [("a", "sqlite", page.WHOLE), ("b", "elasticsearch", 70), ("a", "elasticsearch", 9)]
    for folder, store, incidents in kept:
        (tmp_path / folder).mkdir(exist_ok=True)
        made = page.table(store, incidents, 3, load.Rate(1, 1.0), ANSWERED, {"incident": 900, "heartbeat": 90})
        Progress(tmp_path / folder / f"{store}.progress.json", {}).finish(made)
    Progress(tmp_path / "b" / "sqlite.progress.json", {}).note("incidents", load.BEGIN)
    tables = page.kept([tmp_path / "a", tmp_path / "b"])
    assert [table.data["incidents"] for table in tables] == [page.WHOLE, 70]
    assert [page.PART in map(tuple, table.notes) for table in tables] == [False, True]
    with pytest.raises(ValueError, match="no measurement of SQLite"):
        page.kept([tmp_path / "b"])
    done = run("--page", str(tmp_path / "b"), str(tmp_path / "c"))
    assert done.returncode == 1 and "no measurement of SQLite that came to its end" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stores", "oracle"], "no store oracle"),
        (["--incidents", "0"], "numbers from 1"),
        (["--incidents", "100000000000"], "GB are needed"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode != 0 and said in done.stderr and done.stderr.count("\n") == 1


def test_the_plan_counts_a_provinces_sums_at_the_ministry() -> None:
    figures = {"bytes": {"incident": 3_000_000, "heartbeat": 400_000}, "incidents": 1000, "sensors": 1000}
    rows = {row[0].partition("<br>")[2]: row[1:] for row in plan.table(figures, 5000).rows}
    assert rows["records a second: heartbeats"] == ["500.0", "1.9"]
    assert rows["heartbeat documents a day"] == ["720,000", "888"]
    assert rows["incidents a day"] == ["27,397", "1,013,699"]
    assert rows["of what one node kept here"] == ["10 %", "7 %"]
