"""Evidence: quota, crashes, a full disk; and that a slice is what the capture says, whatever it is read from."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from detectors.rules import load_rules
from sensor._core import Engine, Slice
from sensor.evidence import EvidenceShelf, Keeper
from sensor.evidence.shelf import read_folder
from sensor.schema import EvidenceFile, Level, Record, evidence_id
from tests.captures import ROOT
from tests.federation.line_records import FIRST_NS, evidence, record_id
from tests.federation.small_disk import fill, small_disk

STOP = ROOT / "pcaps" / "s7comm" / "plc_stop.pcap"
SCAN = ROOT / "pcaps" / "modbus" / "function_code_scan.pcap"


def kept(
    number: int, level: Level = Level.HIGH, size: int = 1000, hit_ns: int = 0
) -> tuple[Record, EvidenceFile, bytes]:
    content = bytes([number % 256]) * size
    body = replace(
        evidence(number, level=level).evidence_file(),
        sha256=hashlib.sha256(content).hexdigest(),
        size=size,
        hit_ns=hit_ns or FIRST_NS + number,
    )
    return replace(evidence(number), body=body.to_json()), body, content


def put_all(shelf: EvidenceShelf, items: Iterable[tuple[int, Level]], size: int = 1000) -> list[bool]:
    return [shelf.put(*kept(number, level, size)) for number, level in items]


def left(folder: Path) -> set[int]:
    return {int(path.stem, 16) for path in folder.glob("*.pcapng")}


def test_the_least_severe_goes_first_then_the_oldest(tmp_path: Path) -> None:
    one = len(json.dumps(kept(1)[0].to_json(), indent=1)) + 1000 + 16
    shelf = EvidenceShelf(tmp_path, 4 * one)
    assert all(put_all(shelf, [(1, Level.LOW), (2, Level.CRITICAL), (3, Level.LOW), (4, Level.NOTICE)]))
    assert put_all(shelf, [(5, Level.HIGH)]) == [True]
    assert left(tmp_path) == {1, 2, 3, 5}, "the notice went"
    assert put_all(shelf, [(6, Level.HIGH)]) == [True]
    assert left(tmp_path) == {2, 3, 5, 6}, "the older one of equal severity went"
    assert put_all(shelf, [(7, Level.NOTICE)]) == [False], "everything kept is worth more"
    assert put_all(shelf, [(8, Level.CRITICAL), (9, Level.CRITICAL)]) == [True, True]
    assert left(tmp_path) == {2, 6, 8, 9}
    assert shelf.deleted == {"notice": 2, "low": 2, "high": 1}
    assert shelf.bytes <= 4 * one and len(shelf) == 4
    assert shelf.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_a_file_larger_than_the_quota_pushes_nothing_out(tmp_path: Path) -> None:
    shelf = EvidenceShelf(tmp_path, 4000)
    assert put_all(shelf, [(1, Level.NOTICE)]) == [True]
    assert put_all(shelf, [(2, Level.CRITICAL)], size=10_000) == [False]
    assert left(tmp_path) == {1}


def test_a_smaller_quota_holds_from_the_start(tmp_path: Path) -> None:
    put_all(EvidenceShelf(tmp_path, 1 << 20), [(number, Level.LOW) for number in range(1, 9)])
    shelf = EvidenceShelf(tmp_path, 4000)
    assert left(tmp_path) == {7, 8} and shelf.deleted == {"low": 6}


CRASH = """
import os, sys
from pathlib import Path
from sensor.evidence import EvidenceShelf
from tests.sensor.test_evidence import kept
from sensor.schema import Level
calls = 0
def crash(name):
    real = getattr(Path, name)
    def now(self, *rest):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os._exit(9)
        return real(self, *rest)
    setattr(Path, name, now)
shelf = EvidenceShelf(Path(sys.argv[1]), 1 << 20)
shelf.put(*kept(1, Level.HIGH))
crash("rename")
shelf.put(*kept(2, Level.HIGH))
"""


@pytest.mark.parametrize(("before_rename", "whole"), [(1, {1}), (2, {1, 2})])
def test_a_crash_leaves_no_half_file(tmp_path: Path, before_rename: int, whole: set[int]) -> None:
    """Before the first rename the file is not there; before the second it is, without its record."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), str(before_rename)], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 9, done.stderr.decode()
    assert list(tmp_path.glob("*.part"))
    shelf = EvidenceShelf(tmp_path, 1 << 20)
    assert not list(tmp_path.glob("*.part"))
    assert left(tmp_path) == whole and len(shelf) == len(whole)
    problems = {int(item.alert, 16): item.problem() for item in read_folder(tmp_path)}
    assert problems[1] is None
    assert problems.get(2, "no record beside it") == "no record beside it"
    assert shelf.put(*kept(2)), "the alert comes again: now it is whole"
    assert all(item.problem() is None for item in read_folder(tmp_path))


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    shelf = EvidenceShelf(tmp_path, 1 << 20)
    put_all(shelf, [(1, Level.HIGH), (2, Level.HIGH), (3, Level.HIGH)])
    (tmp_path / f"{record_id(1)}.pcapng").write_bytes(b"x" * 1000)
    (tmp_path / f"{record_id(2)}.pcapng").write_bytes(b"short")
    problems = {int(item.alert, 16): item.problem() for item in read_folder(tmp_path)}
    assert "SHA-256" in (problems[1] or "") and "5 bytes" in (problems[2] or "") and problems[3] is None


@dataclass(frozen=True)
class FakeSlice:
    fold: int
    pcapng: bytes = b"packets"
    ts_ns: int = FIRST_NS
    frame: int = 17
    packets: int = 3
    first_ns: int = FIRST_NS
    last_ns: int = FIRST_NS
    reaches_back_ns: int = 0
    reaches_back_packets: int = 1
    before: str = "beginning"
    after: str = "end"


def batch(folds: Iterable[int], done: bool = False) -> tuple[Any, list[Record]]:
    numbers = list(folds)
    hits = [SimpleNamespace(kind="first", fold=n, id=record_id(n), segment="default") for n in numbers]
    slices = [FakeSlice(n, bytes([n]) * 5000) for n in numbers]
    records = [Record("alert", record_id(n), 1, "s", {"level": "high"}) for n in numbers]
    return SimpleNamespace(hits=hits, slices=slices, now_ns=FIRST_NS, done=done), records


@pytest.mark.parametrize("background", [False, True])
def test_each_alert_gets_its_record(tmp_path: Path, background: bool) -> None:
    keeper = Keeper(EvidenceShelf(tmp_path, 1 << 20), "s", background=background)
    records = [item for done in (False, True) for item in keeper.take(*batch(range(1 + 5 * done, 6 + 5 * done), done))]
    assert [item.id for item in records] == [evidence_id(record_id(number)) for number in range(1, 11)]
    assert all(item.evidence_file().alert == record_id(n) for n, item in enumerate(records, 1))
    assert left(tmp_path) == set(range(1, 11))
    assert keeper.state()["kept"] == 10 and keeper.state()["missing"] == 0


@pytest.mark.parametrize("background", [False, True])
def test_a_full_disk_is_said_once_and_alerts_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, background: bool
) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        keeper = Keeper(EvidenceShelf(disk, 1 << 30), "s", background=background)
        filler = fill(disk, 30_000)
        with caplog.at_level(logging.ERROR):
            found = keeper.take(*batch(range(1, 30), done=background))
        shown = len(list(disk.glob("*.pcapng")))
        assert len(found) == shown < 29
        assert keeper.state()["missing"] == 29 - shown
        assert not list(disk.glob("*.part"))
        assert [record.message.count("\n") for record in caplog.records] == [0]
        assert all(item.problem() is None for item in read_folder(disk))
        if not background:
            filler.unlink()
            assert len(keeper.take(*batch([40]))) == 1
            assert "written again" in caplog.records[-1].message


def slices(path: Path, packets: int = 1_000_000, **settings: Any) -> list[Slice]:
    engine = Engine(json.dumps({"evidence_mib": 1, **settings}), load_rules().to_core_json())
    engine.open_files([path])
    found: list[Slice] = []
    while True:
        polled = engine.poll(packets)
        found += polled.slices
        if polled.done:
            return found


def told(found: Iterable[Slice]) -> list[tuple[Any, ...]]:
    return [
        (s.fold, s.cause, s.frame, s.packets, s.before, s.after, hashlib.sha256(s.pcapng).hexdigest()) for s in found
    ]


def test_batches_change_no_slice() -> None:
    whole = told(slices(SCAN))
    assert len(whole) > 1
    for packets in (1, 7, 100):
        assert told(slices(SCAN, packets)) == whole


def test_packed_plain_and_piped_captures_give_the_same_bytes(tmp_path: Path) -> None:
    """Read back by place from a plain file, kept in memory from the others."""
    plain = told(slices(STOP))
    assert len(plain) == 1
    packed = tmp_path / STOP.name
    packed.write_bytes(gzip.compress(STOP.read_bytes()))
    assert told(slices(packed)) == plain
    out = tmp_path / "piped"
    with STOP.open("rb") as stdin:
        subprocess.run(
            [sys.executable, "-m", "otus.cli", "replay", "-", "--evidence", str(out)], cwd=ROOT, stdin=stdin, check=True
        )
    [piped] = out.glob("*.pcapng")
    assert frames(piped) == frames_of(tmp_path, slices(STOP)[0].pcapng)


def frames_of(folder: Path, content: bytes) -> list[tuple[str, ...]]:
    path = folder / "one.pcapng"
    path.write_bytes(content)
    return frames(path)


def frames(path: Path) -> list[tuple[str, ...]]:
    """Time, length and bytes of each packet, as tshark reads them."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed: nobody else can say what the file holds")
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len"]
    command += ["-e", "tcp.payload", "-e", "ip.src"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def test_a_slice_holds_the_request_its_answer_and_nobody_else(tmp_path: Path) -> None:
    [found] = slices(STOP)
    original, cut = frames(STOP), frames_of(tmp_path, found.pcapng)
    hit = original[found.frame - 1]
    assert hit in cut and cut.index(hit) == found.reaches_back_packets
    assert set(cut) <= set(original), "each frame is one of the capture, byte for byte"
    ends = {frame[3] for frame in cut}
    assert len(ends) == 2 and hit[3] in ends
    # S7comm: the answer to function 0x29 (stop) says 0x29 again, from the other side.
    assert any(frame[3] != hit[3] and frame[2].endswith("29") for frame in cut[cut.index(hit) + 1 :])
    shown = subprocess.run(
        ["tshark", "-n", "-r", str(tmp_path / "one.pcapng"), "-Y", "frame.comment contains \"Otus: rule:\"", "-T",
         "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.split() == [str(found.reaches_back_packets + 1)]


def test_a_capture_that_is_gone_costs_its_evidence_only(tmp_path: Path) -> None:
    path = tmp_path / "soon_gone.pcap"
    path.write_bytes(STOP.read_bytes())
    engine = Engine(json.dumps({"evidence_mib": 1}), load_rules().to_core_json())
    engine.open_files([path])
    path.unlink()
    hits, warnings = [], []
    while True:
        polled = engine.poll()
        hits += polled.hits
        warnings += polled.warnings
        assert not polled.slices
        if polled.done:
            break
    assert hits and len(warnings) == 1 and "soon_gone.pcap" in warnings[0] and "\n" not in warnings[0]


def otus(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "otus.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=dict(os.environ))


def test_the_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    done = otus("replay", STOP, "--evidence", folder, "--format", "ndjson")
    assert done.returncode == 0, done.stderr
    [alert] = map(json.loads, done.stdout.splitlines())
    listed = otus("evidence", "--dir", folder, "list", "--format", "ndjson")
    [line] = map(json.loads, listed.stdout.splitlines())
    assert line["alert"] == alert["event.id"] and line["level"] == alert["level"] == "critical"
    assert otus("evidence", "--dir", folder, "verify").returncode == 0
    target = tmp_path / "for-the-court.pcapng"
    assert otus("evidence", "--dir", folder, "export", line["alert"][:8], target).returncode == 0
    assert hashlib.sha256(target.read_bytes()).hexdigest() == line["sha256"]
    shown = otus("evidence", "--dir", folder, "show", line["alert"][:8])
    assert shown.returncode == 0 and line["sha256"] in shown.stdout
    (folder / f"{line['alert']}.pcapng").write_bytes(target.read_bytes()[:-1] + b"x")
    broken = otus("evidence", "--dir", folder, "verify")
    assert broken.returncode == 1 and "SHA-256" in broken.stdout
    refused = otus("evidence", "--dir", folder, "export", line["alert"][:8], tmp_path / "no.pcapng")
    assert refused.returncode == 1 and "not exported" in refused.stderr and not (tmp_path / "no.pcapng").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay", str(STOP), "--evidence", "/dev/null/x"], ["/dev/null/x", "cannot be kept"]),
        (["evidence", "list"], ["name the folder"]),
        (["evidence", "--dir", "/no/such", "list"], ["/no/such", "no such folder"]),
        (["evidence", "--dir", "/tmp", "show", "ffffffff"], ["ffffffff", "no files begin so"]),
        (["sensor", "run", "-i", "x", "--capture-quota", "ten"], ["ten", "10GiB"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], words: list[str]) -> None:
    done = otus(*arguments)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
