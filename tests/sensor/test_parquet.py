"""The core's Parquet files, read by a reader that is not ours: they hold what the same batches hold as Arrow."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from sensor._core import Columns, Engine, Parquet, protocols
from tests.captures import ROOT, bundled_captures

POLLING = ROOT / "pcaps" / "modbus" / "normal_polling.pcap"


def batches(captures: list[Path], at_once: int = 1_000_000, **settings: Any) -> Iterator[Columns]:
    engine = Engine(json.dumps({"events": "columns", **settings}))
    engine.open_files(captures)
    while True:
        batch = engine.poll(at_once)
        yield from batch.columns
        if batch.done:
            return


def written(captures: list[Path], at_once: int = 1_000_000, **groups: int) -> tuple[bytes, list[int]]:
    """The file, and how many rows each batch had."""
    writer, pieces, sizes = Parquet(**groups), [], []
    for columns in batches(captures, at_once):
        sizes.append(len(columns))
        pieces += writer.put(columns)
    return b"".join([*pieces, *writer.finish()]), sizes


def as_arrow(captures: list[Path], at_once: int = 1_000_000) -> Any:
    """The same rows, with the columns that there are at the end."""
    parts = [pyarrow.Table.from_batches([pyarrow.record_batch(one)]) for one in batches(captures, at_once)]
    whole = pyarrow.concat_tables(parts, promote_options="default").unify_dictionaries()
    return whole.select(parts[-1].column_names)


def same(found: Any, expected: Any) -> None:
    assert found.column_names == expected.column_names
    for name in expected.column_names:
        assert found[name].type == expected[name].type or pyarrow.types.is_list(found[name].type), name
        plain = expected[name].type
        if pyarrow.types.is_dictionary(plain):
            plain = plain.value_type
        assert found[name].cast(plain).combine_chunks() == expected[name].cast(plain).combine_chunks(), name


@pytest.mark.parametrize("groups", [{}, {"group_rows": 64}, {"group_bytes": 20_000}], ids=str)
def test_a_file_holds_what_its_batches_hold(groups: dict[str, int]) -> None:
    """Every bundled capture, one after the other: each protocol is seen late but for the first."""
    captures = bundled_captures()
    assert len(captures) > 20
    file, sizes = written(captures, 5_000, **groups)
    assert len(sizes) > 5
    same(pyarrow.parquet.read_table(io.BytesIO(file)), as_arrow(captures, 5_000))


@pytest.mark.parametrize("capture", bundled_captures()[::7], ids=lambda path: path.stem)
def test_a_capture_of_its_own(capture: Path) -> None:
    file, _ = written([capture], 100)
    same(pyarrow.parquet.read_table(io.BytesIO(file)), as_arrow([capture], 100))


def test_a_group_ends_at_so_many_rows_or_bytes() -> None:
    def groups(file: bytes) -> list[int]:
        metadata = pyarrow.parquet.read_metadata(io.BytesIO(file))
        return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]

    file, sizes = written([POLLING], 50)
    assert len(sizes) > 3 and groups(file) == [sum(sizes)]
    file, _ = written([POLLING], 50, group_rows=sizes[0] + sizes[1])
    assert groups(file)[0] == sizes[0] + sizes[1] and sum(groups(file)) == sum(sizes)
    file, _ = written([POLLING], 50, group_bytes=1)
    assert groups(file) == [size for size in sizes if size]


def test_the_index_tells_what_a_query_may_pass_over() -> None:
    file, _ = written([POLLING])
    table = pyarrow.parquet.read_table(io.BytesIO(file))
    group = pyarrow.parquet.read_metadata(io.BytesIO(file)).row_group(0)
    told = {(column := group.column(place)).path_in_schema: column.statistics for place in range(group.num_columns)}
    assert all(statistics.has_null_count for statistics in told.values())
    for name in ("frame.number", "client.port", "modbus.quantity"):
        numbers = [number for number in table[name].to_pylist() if number is not None]
        assert (told[name].min, told[name].max) == (min(numbers), max(numbers)), name
        assert told[name].null_count == len(table) - len(numbers), name
    assert not told["modbus.exception_code"].has_min_max


def test_columns_without_a_value_take_no_room() -> None:
    """Of a table of all protocols most are such."""
    wide = Parquet()
    names = [name for name, *_ in protocols()]
    pieces = [piece for columns in batches([POLLING], 50, protocols=names) for piece in wide.put(columns)]
    metadata = pyarrow.parquet.read_metadata(io.BytesIO(b"".join([*pieces, *wide.finish()])))
    group = metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    empty = [column for column in columns if column.statistics.null_count == column.num_values]
    assert len(empty) > 600
    assert max(column.total_compressed_size for column in empty) < 50


def test_a_file_without_rows_has_its_columns() -> None:
    writer = Parquet()
    pieces = [piece for columns in batches([POLLING], protocols=["s7comm"]) for piece in writer.put(columns)]
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join([*pieces, *writer.finish()])))
    assert len(table) == 0 and "s7comm.szl_id" in table.column_names


def test_what_was_taken_or_finished_is_said() -> None:
    writer = Parquet()
    first, *_ = batches([POLLING])
    writer.put(first)
    with pytest.raises(ValueError, match="taken"):
        writer.put(first)
    with pytest.raises(ValueError, match="taken"):
        pyarrow.record_batch(first)
    writer.finish()
    with pytest.raises(ValueError, match="finished"):
        writer.finish()


def questions(path: Path, count: int) -> Path:
    """A capture of DNS questions for names that never come twice."""
    frames = []
    for number in range(count):
        name = f"{number:060x}"[:60].encode()
        question = b"\x3c" + name + b"\x00\x00\x01\x00\x01"  # one label of 60, the root, type A, class IN
        dns = struct.pack(">6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + question
        udp = struct.pack(">4H", 40_000, 53, 8 + len(dns), 0) + dns  # checksum 0: none
        stations = bytes([10, 0, 0, 1, 10, 0, 0, 2])
        ip = struct.pack(">2B3H2BH8s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, stations)
        total = sum(struct.unpack(">10H", ip))
        total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        frame = bytes([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]) + ip[:10] + struct.pack(">H", total) + ip[12:] + udp
        frames.append(struct.pack("<4I", number // 1000, number % 1000 * 1000, len(frame), len(frame)) + frame)
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(frames))
    return path


def test_words_that_never_come_again_are_written_out(tmp_path: Path) -> None:
    """A dictionary ends at a megabyte: the pages behind it have the words themselves."""
    captures = [questions(tmp_path / "dns.pcap", 20_000)]
    file, sizes = written(captures, 4_000)
    table = pyarrow.parquet.read_table(io.BytesIO(file))
    assert sum(sizes) == len(table) == 20_000 and len(sizes) > 4
    [names] = [name for name in table.column_names if table[name].to_pylist()[-1] == f"{19_999:060x}"][:1]
    group = pyarrow.parquet.read_metadata(io.BytesIO(file)).row_group(0)
    told = {(column := group.column(place)).path_in_schema: column for place in range(group.num_columns)}
    assert {"PLAIN", "RLE_DICTIONARY"} <= set(told[names].encodings)
    assert (1 << 20) < told[names].total_uncompressed_size < 2 * 20_000 * 64
    same(table, as_arrow(captures, 4_000))
