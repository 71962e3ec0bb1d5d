"""Other rules while packets flow: what did not change goes on, and what is wrong changes nothing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detectors.rules import RuleSet, load_rules
from otus.detection import Detection, Given, load
from otus.reload import Reloader, RuleBooks
from sensor.pipeline import Pipeline
from sensor.schema import Record
from tests.captures import ROOT

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
RELOADS = 100


@pytest.fixture(scope="module")
def detection() -> Detection:
    return load()


@pytest.fixture(scope="module")
def fewer(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Only the rules about S7: those that stay have other numbers than among all."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(ROOT / "rules" / "s7comm", folder / "s7comm")
    return load_rules(folder)


class Kept:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Any) -> None:
        self.records += records


Change = Callable[[Any, int], None]


def whole_run(detection: Detection, books: dict[int, RuleSet], threads: int, change: Change) -> tuple[Any, list[bytes]]:
    """Replay the attack in batches of 20 packets; `change` may do something between two of them."""
    engine = detection.engine(threads=threads, block_packets=7)
    engine.open_files([ATTACK])
    kept, batches = Kept(), iter(range(1 << 20))
    pipeline = Pipeline(
        engine,
        detection.analyst("sensor-9", files=True, rules_of=lambda generation: books[generation]),
        [kept],
        on_batch=lambda _: change(engine, next(batches)),
    )
    ledger = pipeline.run(max_packets=20)
    assert ledger["balanced"] and ledger["held"] == 0
    return ledger, [record.to_bytes() for record in kept.records]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_rules_a_hundred_times_change_nothing(detection: Detection, threads: int) -> None:
    books = {0: detection.rules}
    plain_ledger, plain = whole_run(detection, books, threads, lambda engine, at: None)

    def again(engine: Any, at: int) -> None:
        if at < RELOADS:
            books[engine.generation + 1] = detection.rules
            done = engine.reload(detection.core_rules())
            assert (done["kept"], done["added"], done["removed"]) == (len(detection.rules), 0, 0)

    ledger, records = whole_run(detection, books, threads, again)
    assert records == plain and len(plain) > 40
    assert ledger["notes"].pop("reloads") == RELOADS and plain_ledger["notes"].pop("reloads") == 0
    told = ledger.pop("reloads")
    assert plain_ledger.pop("reloads") == [] and ledger == plain_ledger
    assert [item["generation"] for item in told] == list(range(RELOADS - 15, RELOADS + 1)), "the latest ones"
    received = [item["received"] for item in told]
    assert received == sorted(received) and all(count % 20 == 0 for count in received)


@pytest.mark.parametrize("threads", [1, 2])
def test_rules_that_come_and_go_leave_the_others_alone(detection: Detection, fewer: RuleSet, threads: int) -> None:
    sets = [detection.rules, fewer]
    books = {0: detection.rules}
    _, plain = whole_run(detection, books, 1, lambda engine, at: None)

    def turn(engine: Any, at: int) -> None:
        if at < RELOADS:
            generation = engine.generation + 1
            books[generation] = sets[generation % 2]
            done = engine.reload(books[generation].to_core_json(("default",)))
            assert done["kept"] == len(fewer) and abs(done["added"] - done["removed"]) == len(sets[0]) - len(fewer)

    _, records = whole_run(detection, books, threads, turn)
    staying = {rule.id for rule in fewer}
    assert told(records, staying) == told(plain, staying) and len(told(plain, staying)) > 10
    # Those that went were closed, each alert once, and nothing is said of them under another rule's name.
    alerts = [record for record in map(Record.from_bytes, records) if record.kind == "alert"]
    others = [record for record in alerts if record.body["rule_id"] not in staying]
    latest = {record.id: record.body for record in others}
    assert latest and all(body["state"] == "closed" for body in latest.values())
    assert all(body["cause"] == f"rule:{body['rule_id']}" for body in latest.values())


def told(records: list[bytes], rules: set[str]) -> list[tuple[str, int, Any]]:
    """All revisions of these rules' alerts. (`coverage` counts hits of nobody; it is the same, too.) Which story they
    are part of depends on what the other rules said before."""
    found = [record for record in map(Record.from_bytes, records) if record.body.get("rule_id") in rules]
    return [(record.id, record.revision, {**record.body, "story": None}) for record in found]


def test_each_hit_says_under_which_rules_it_was_found(detection: Detection, fewer: RuleSet) -> None:
    """While another thread reloads as fast as it can: once between two polls at least."""
    sets = [detection.rules, fewer]
    engine = detection.engine(threads=2, block_packets=3)
    engine.open_files([ATTACK])
    documents = [rules.to_core_json(("default",)) for rules in sets]
    done = threading.Event()

    def reload() -> None:
        while not done.is_set():
            engine.reload(documents[(engine.generation + 1) % 2])

    thread = threading.Thread(target=reload)
    thread.start()
    seen = set()
    try:
        while True:
            before = engine.generation
            while engine.generation == before:
                pass
            batch = engine.poll(200)
            for hit in batch.hits:
                if hit.kind == "first" and hit.rule is not None:
                    assert hit.cause == f"rule:{sets[hit.generation % 2][hit.rule].id}"
                    seen.add(hit.generation)
            if batch.done:
                break
    finally:
        done.set()
        thread.join()
    assert batch.ledger["balanced"] and len(seen) > 1


@pytest.mark.parametrize(
    ("rules", "baseline", "said"),
    [
        ("{", None, "rules: "),
        ('{"version": 1, "rules": [{"id": "x", "protocol": "dnp4", "condition": {"and": []}}]}', None, "rule x: "),
        ('{"version": 1, "rules": []}', b"no table", "baseline"),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    detection: Detection, rules: str, baseline: bytes | None, said: str
) -> None:
    engine = detection.engine()
    with pytest.raises(ValueError, match=said) as refused:
        engine.reload(rules, baseline)
    assert "\n" not in str(refused.value)
    assert engine.generation == 0


def test_the_reloader_says_what_came_of_it(detection: Detection, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules" / "s7comm", tmp_path / "s7comm")
    settings = {"rules": str(tmp_path), "baseline": "", "nursery": 0, "segment": "default"}
    running = load(Given(tmp_path))
    engine = running.engine()
    books = RuleBooks(running.rules)
    answers: list[tuple[bool, str]] = []
    reloader = Reloader(engine, running, books, settings, lambda done, line: answers.append((done, line)))
    analyst = running.analyst("sensor-9", rules_of=books.of)

    def again() -> tuple[bool, str]:
        reloader.ask()
        reloader.tend(analyst, None)
        reloader.end()
        reloader.tend(analyst, None)
        return answers.pop()

    done, line = again()
    assert done and f"({len(running.rules)} kept, 0 added, 0 removed), no baseline, after packet 0" in line
    file = next(tmp_path.rglob("*.yml"))
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("condition:", "conditoin:"), encoding="utf-8")
    done, line = again()
    assert not done and file.name in line and "\n" not in line and engine.generation == 1
    file.unlink()
    done, line = again()
    assert done and f"{len(running.rules) - 1} rules ({len(running.rules) - 1} kept, 0 added, 1 removed)" in line
    assert len(books.of(2)) == len(running.rules) - 1
    settings["baseline"] = str(tmp_path / "nowhere")
    reloader = Reloader(engine, running, books, settings, lambda done, line: answers.append((done, line)))
    done, line = again()
    assert not done and "nowhere" in line and engine.generation == 2


def test_a_model_of_other_windows_is_refused(detection: Detection, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"rules": "", "baseline": "/var/lib/otus/baseline"}
    engine, answers = detection.engine(), list[tuple[bool, str]]()
    books = RuleBooks(detection.rules)
    reloader = Reloader(engine, detection, books, settings, lambda done, line: answers.append((done, line)))
    monkeypatch.setattr("otus.reload.load", lambda given: replace(detection, window_ns=20_000_000_000))
    analyst = detection.analyst("sensor-9", rules_of=books.of)
    reloader.ask()
    reloader.tend(analyst, None)
    reloader.end()
    reloader.tend(analyst, None)
    ((done, line),) = answers
    assert not done and engine.generation == 0
    assert "/var/lib/otus/baseline: its model was learned on windows of 20 s, the sensor cuts none" in line


def test_a_reload_reads_the_filters_of_the_site_again(tmp_path: Path) -> None:
    """Other filters are put in place with the same rules; a file that is wrong changes nothing."""
    filters = tmp_path / "filters.yml"
    line = "  - {id: scan, rules: [%s], when: {client.ip: 10.77.1.66}, person: p, reason: r, until: '2026-12-31'}\n"
    filters.write_text("filters:\n" + line % "S7 PLC Stop", encoding="utf-8")
    settings = {"rules": "", "baseline": "", "site_filters": str(filters)}
    running = load(Given(site_filters=filters))
    engine = running.engine()
    engine.open_files([ROOT / "pcaps" / "modbus" / "function_code_scan.pcap"])
    books = RuleBooks(running.rules)
    answers: list[tuple[bool, str]] = []
    reloader = Reloader(engine, running, books, settings, lambda done, line: answers.append((done, line)))
    analyst = running.analyst("sensor-9", rules_of=books.of)

    def again() -> tuple[bool, str]:
        reloader.ask()
        reloader.tend(analyst, None)
        reloader.end()
        reloader.tend(analyst, None)
        return answers.pop()

    assert engine.suppressed() == []
    filters.write_text("filters:\n" + line % "No Such Rule", encoding="utf-8")
    done, said = again()
    assert not done and "filters.yml:2: no rule No Such Rule is loaded" in said
    filters.write_text("filters:\n" + line % "Modbus Function Code Not Supported by Device", encoding="utf-8")
    done, said = again()
    assert done and f"({len(running.rules)} kept, 0 added, 0 removed)" in said
    while not engine.poll().done:
        pass
    assert [(name, hits) for name, _, hits in engine.suppressed()] == [("scan", 37)]
