"""`otus events` as tables: the same messages as the lines, whole files or none, one clear line when something fails."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

from sensor._core import Engine, fields, protocols
from tests.captures import ROOT, bundled_captures

POLLING = ROOT / "pcaps" / "modbus" / "normal_polling.pcap"
MIXED = ROOT / "pcaps" / "plant" / "attack.pcap"
COMMAND = [sys.executable, "-m", "otus.cli", "events"]
KINDS = {name: kind for name, kind, _ in fields()}
TIMES = {name for name, kind in KINDS.items() if kind == "timestamp"}


def otus(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=ROOT, capture_output=True, timeout=120, env={**os.environ, **environment}
    )


def lines(*arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in otus(*arguments).stdout.splitlines()]


def plain(row: dict[str, Any], times: dict[str, int]) -> dict[str, Any]:
    """A row of a table in the words of a line: what is missing is left out, bytes are hexadecimal."""

    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(item) for item in value]
        return value.hex() if isinstance(value, bytes) else value

    row = {name: told(value) for name, value in row.items() if value is not None and name not in times}
    return {**row, **times}


def as_text(line: dict[str, Any]) -> dict[str, Any]:
    """Process values are texts in a table: their type changes from message to message."""
    every = {}
    for name, value in line.items():
        if name in TIMES:
            value = nanoseconds(value)
        if KINDS.get(name) == "any" and isinstance(value, list):
            value = [item if isinstance(item, str) else json.dumps(item) for item in value]
        every[name] = value
    return every


def rows(table: pyarrow.Table) -> list[dict[str, Any]]:
    times = [name for name in table.column_names if name in TIMES]
    numbers = table.select(times).cast(pyarrow.schema([(name, pyarrow.int64()) for name in times])).to_pylist()
    found = table.drop_columns(times).to_pylist()
    known = [{name: value for name, value in row.items() if value is not None} for row in numbers]
    return [plain(row, more) for row, more in zip(found, known, strict=True)]


def nanoseconds(text: str) -> int:
    whole, _, fraction = text.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 1_000_000_000 + int(fraction)


@pytest.mark.parametrize("shape", ["parquet", "arrow"])
def test_tables_say_what_the_lines_say(shape: str, tmp_path: Path) -> None:
    """Over captures of every protocol, read one after the other: columns come when a protocol is seen."""
    output = tmp_path / f"events.{shape}"
    for captures in ([POLLING], [MIXED], sorted(bundled_captures())):
        done = otus(*captures, "--format", shape, "-o", output)
        assert (done.returncode, done.stderr) == (0, b"")
        table = pyarrow.parquet.read_table(output) if shape == "parquet" else pyarrow.ipc.open_stream(output).read_all()
        expected = [as_text(line) for line in lines(*captures)]
        assert rows(table) == expected
        assert list(tmp_path.iterdir()) == [output]


def test_a_stream_to_standard_output_has_the_columns_of_every_protocol() -> None:
    done = otus(POLLING, "--format", "arrow")
    table = pyarrow.ipc.open_stream(done.stdout).read_all()
    assert set(table.schema.names) == set(KINDS) - {"message.bytes"}
    assert len(table) == len(lines(POLLING))


def test_a_table_has_all_columns_of_its_protocols_whatever_occurs(tmp_path: Path) -> None:
    output = tmp_path / "events.parquet"
    own = {name: set(names) for name, names, _, _ in protocols()}
    otus(POLLING, "--format", "parquet", "-o", output)
    names = set(pyarrow.parquet.read_schema(output).names)
    assert own["modbus"] < names and not names & own["s7comm"]
    otus(POLLING, "--format", "parquet", "-o", output, "--protocol", "s7comm")
    table = pyarrow.parquet.read_table(output)
    assert own["s7comm"] < set(table.schema.names) and len(table) == 0


def test_csv_holds_the_same_messages() -> None:
    found = list(csv.DictReader(io.StringIO(otus(MIXED, "--format", "csv").stdout.decode())))
    expected = lines(MIXED)
    assert len(found) == len(expected) > 100
    for row, line in zip(found, expected, strict=True):
        for name, value in line.items():
            if name == "flaws":
                assert row[name].split() == value
            elif isinstance(value, list):
                assert json.loads(row[name]) == value
            elif isinstance(value, str):
                assert row[name].lstrip("'") == value
            elif not isinstance(value, float):
                assert row[name] == json.dumps(value)
        assert all(text == "" for name, text in row.items() if name not in line)


def test_only_messages_of_the_protocols_that_were_named() -> None:
    every = lines(MIXED)
    named = lines(MIXED, "--protocol", "modbus", "--protocol", "opcua")
    assert named == [line for line in every if line["network.protocol"] in ("modbus", "opcua")]
    refused = otus(MIXED, "--protocol", "profinet")
    assert refused.returncode == 1 and b"unknown protocol profinet; there are" in refused.stderr


def test_batches_pass_the_seam_without_a_writer() -> None:
    engine = Engine(json.dumps({"events": "columns"}))
    engine.open_files([POLLING])
    batches = []
    while True:
        batch = engine.poll(7)
        batches += [pyarrow.record_batch(columns) for columns in batch.columns]
        if batch.done:
            break
    assert batch.events == b""
    assert sum(batch.num_rows for batch in batches) == batch.ledger["events"]
    for record_batch in batches:
        record_batch.validate(full=True)


def test_columns_without_a_value_share_their_room() -> None:
    """Of a wide table most are such: a batch of its own for each would be most of what an export takes."""
    engine = Engine(json.dumps({"events": "columns", "protocols": [name for name, *_ in protocols()]}))
    engine.open_files([POLLING])
    [columns] = engine.poll().columns
    record_batch = pyarrow.record_batch(columns)
    empty: dict[pyarrow.DataType, set[int | None]] = {}
    for column in record_batch.columns:
        if column.null_count == len(column):
            places = empty.setdefault(column.type, set())
            places.update(buffer.address for buffer in column.buffers()[:1] if buffer)
    assert len(record_batch.columns) > 700 and len(empty) > 5
    assert all(len(places) == 1 for places in empty.values()), empty


BAD = {
    "no file for parquet": ([POLLING, "--format", "parquet"], "-o events.parquet"),
    "no such folder": ([POLLING, "--format", "parquet", "-o", "/no/dir/x.parquet"], "make its folder first"),
    "a folder": ([POLLING, "-o", "/tmp"], "/tmp: cannot be written: Is a directory; name a file"),
    "a full disk": ([POLLING, "--format", "csv", "-o", "/dev/full"], "/dev/full"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_written_is_one_clear_line(case: str) -> None:
    arguments, words = BAD[case]
    done = otus(*arguments)
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith(("Usage:", "Try ")) and line]
    assert done.returncode != 0 and len(said) == 1 and words in said[0], said


def test_a_full_disk_under_the_way_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk; the signal that comes with it is ignored, as Python does."""
    output = tmp_path / "events.parquet"
    command = f"ulimit -f 8; exec {sys.executable} -m otus.cli events {MIXED} --format parquet -o {output}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1 and str(output).encode() in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_capture_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    output = tmp_path / "events.parquet"
    output.write_bytes(b"the one from before")
    done = otus("README.md", "--format", "parquet", "-o", output)
    assert done.returncode == 1 and b"not a capture" in done.stderr
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(output, b"the one from before")]


def test_a_reader_that_goes_away_is_no_error() -> None:
    for shape in ("ndjson", "csv", "arrow"):
        command = f"set -o pipefail; {' '.join(COMMAND)} {MIXED} --format {shape} | head -c 100 > /dev/null"
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, b""), shape


def test_without_pyarrow_the_way_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError", encoding="utf-8")
    done = otus(POLLING, "--format", "arrow", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1 and b"pip install 'otus[columns]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert otus(POLLING, "--format", "csv", PYTHONPATH=str(tmp_path)).returncode == 0


@pytest.mark.parametrize("shape", ["ndjson", "arrow", "parquet"])
def test_threads_change_nothing(shape: str, tmp_path: Path) -> None:
    def written(threads: int) -> Any:
        out = tmp_path / f"{threads}.{shape}"
        assert otus(MIXED, "--format", shape, "-o", out, "--threads", str(threads)).returncode == 0
        if shape == "ndjson":
            return out.read_bytes()
        return rows(pyarrow.parquet.read_table(out) if shape == "parquet" else pyarrow.ipc.open_stream(out).read_all())

    one = written(1)
    assert one and written(4) == one
