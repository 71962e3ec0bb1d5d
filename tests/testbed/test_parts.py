"""The small parts of the range that need no network."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import pairwise
from pathlib import Path

import pytest

from testbed import commands, manifest, pcapfile, rhythm, state
from testbed.commands import RangeError
from testbed.plant_modbus import ListenOnly
from testbed.s7_server import PROTECTED, TurbinePlc, parse_pi_service

HEADER = b"\x00\x01\x00\x00\x00\x06\x01"


async def beats(seconds: float, period_s: float, control: Path | None = None) -> list[float]:
    times: list[float] = []

    async def note(beat: int) -> None:
        assert beat == len(times)
        times.append(time.monotonic())
        await asyncio.sleep(0.01)  # work must not add to the period

    task = asyncio.create_task(rhythm.every(period_s, note, control))
    await asyncio.sleep(seconds)
    task.cancel()
    return times


def test_the_beat_does_not_drift() -> None:
    times = asyncio.run(beats(1.05, 0.1))
    assert 9 <= len(times) <= 11
    assert abs((times[8] - times[0]) - 0.8) < 0.05


def test_a_control_file_changes_the_beat_at_once_and_gives_it_back(tmp_path: Path) -> None:
    control = tmp_path / "period"

    async def play() -> list[float]:
        task = asyncio.create_task(beats(2.4, 0.4, control))
        await asyncio.sleep(0.8)
        control.write_text("0.1", encoding="ascii")
        await asyncio.sleep(0.8)
        control.unlink()
        return await task

    times = asyncio.run(play())
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[0] > 0.3 and gaps[-1] > 0.3
    assert min(gaps[1:-1]) < 0.2
    assert len(times) >= 8  # without the wish it would be 6


@pytest.mark.parametrize(("text", "period"), [("0.5", 0.5), ("", 2.0), ("soon", 2.0), ("0", 0.02), ("1e9", 3600.0)])
def test_a_wish_is_bounded(text: str, period: float, tmp_path: Path) -> None:
    control = tmp_path / "period"
    control.write_text(text, encoding="ascii")
    assert rhythm.period_from(control, 2.0) == period


def test_listen_only_until_restart() -> None:
    hook = ListenOnly()
    answer = HEADER + b"\x03\x02\x00\x01"
    assert hook(True, answer) == answer
    hook(False, HEADER + b"\x08\x00\x04\x00\x00")
    assert hook(True, answer) == b""
    hook(False, HEADER + b"\x03\x00\x00\x00\x01")
    assert hook(True, answer) == b"", "only a restart brings a device back"
    hook(False, HEADER + b"\x08\x00\x01\x00\x00")
    assert hook(True, answer) == answer


@pytest.mark.parametrize(
    ("parameters", "service"),
    [
        (b"\x28" + bytes(6) + b"\xfd\x00\x0a\x01\x000C00017P\x05_INSE", (b"_INSE", b"\x01\x000C00017P")),
        (b"\x28" + bytes(6) + b"\xfd\x00\x00\x09P_PROGRAM", (b"P_PROGRAM", b"")),
        (b"\x28\x00", (b"", b"")),
        (b"\x28" + bytes(6) + b"\xfd\xff\xff\x01\x00", (b"", b"\x01\x00")),  # a length that lies
    ],
)
def test_pi_service(parameters: bytes, service: tuple[bytes, bytes]) -> None:
    assert parse_pi_service(parameters) == service


def download_request(number: bytes, size: bytes = b"000100") -> dict[str, object]:
    raw = b"\x1a\x00\x01" + bytes(5) + b"\x09_0C" + number + b"P\x0d1" + size + b"000028"
    return {"raw_parameters": raw, "sequence": 7}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (download_request(b"00017"), 0),
        (download_request(b"01001"), PROTECTED),
        (download_request(b"xxxxx"), 0x8104),
        (download_request(b"00017", b"999999"), 0x8104),
        ({"raw_parameters": b"\x1a", "sequence": 7}, 0x8104),
        ({"sequence": 7}, 0x8104),
    ],
)
def test_download_request(request_: dict[str, object], error: int) -> None:
    plc = TurbinePlc()
    answer = plc._handle_request_download(request_, ("10.77.1.66", 1))
    assert answer[:2] == b"\x32\x03" and answer[4:6] == b"\x00\x07"
    assert int.from_bytes(answer[10:12], "big") == error
    assert bool(plc._download_contexts) == (error == 0)


def test_capture_files_hold_nanoseconds(tmp_path: Path) -> None:
    frames = [pcapfile.Frame(1_767_225_600_123_456_789, b"\x01" * 60), pcapfile.Frame(1_767_225_601_000_000_001, b"x")]
    pcapfile.write(tmp_path / "x.pcap", frames)
    assert list(pcapfile.read(tmp_path / "x.pcap")) == frames
    assert [path.name for path in tmp_path.iterdir()] == ["x.pcap"]
    (tmp_path / "y.pcap").write_bytes(b"not a capture, but long enough")
    with pytest.raises(ValueError, match=r"y\.pcap is not a capture"):
        list(pcapfile.read(tmp_path / "y.pcap"))


def test_an_action_is_found_in_its_frames(tmp_path: Path) -> None:
    def frame(ts_ns: int, source: int, target: int) -> pcapfile.Frame:
        addresses = bytes((10, 77, 1, source, 10, 77, 1, target))
        return pcapfile.Frame(ts_ns, bytes(12) + b"\x08\x00" + bytes(12) + addresses)

    truth = tmp_path / "truth.ndjson"
    line = {"time_ns": 100, "action": "s7_plc_stop", "source": "10.77.1.66", "target": "10.77.1.21", "detail": ""}
    truth.write_text(json.dumps(line) + "\n", encoding="utf-8")
    frames = [frame(90, 66, 21), frame(110, 101, 21), frame(120, 66, 21), frame(130, 21, 66), frame(140, 66, 11)]
    (done,) = manifest.locate(frames, truth)
    assert (done.first_frame, done.last_frame) == (3, 4)


def test_manifest_entries_are_replaced_in_place(tmp_path: Path) -> None:
    path, capture = tmp_path / "manifest.yml", tmp_path / "modbus" / "x.pcap"
    pcapfile.write(capture, [])
    for text in ("first", "second"):
        manifest.enter(path, capture, ["modbus"], text, made="by hand")
    (entry,) = manifest.load(path)
    assert (entry["path"], entry["text"], entry["clean"]) == ("modbus/x.pcap", "second", True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["manifest.yml", "modbus"]


def test_a_failing_command_is_one_clear_line() -> None:
    with pytest.raises(RangeError, match=r"^ls /nowhere: .*No such file"):
        commands.run(["ls", "/nowhere"])
    with pytest.raises(RangeError, match="otus-no-such-tool 未找到"):
        commands.run(["otus-no-such-tool"])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run_id": "x"}'])
def test_a_broken_state_file_is_named_with_the_way_out(content: str, tmp_path: Path) -> None:
    path = tmp_path / "abc.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RangeError, match=r"abc\.json: not a state file"):
        state.RunState.load(path)


def test_a_state_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    ours = state.folder()
    assert ours.stat().st_mode & 0o777 == 0o700
    ours.chmod(0o777)
    with pytest.raises(RangeError, match="not a private folder"):
        state.folder()
    ours.rmdir()
    ours.symlink_to(tmp_path)
    with pytest.raises(RangeError, match="not a private folder"):
        state.folder()


def test_a_run_of_an_earlier_boot_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    run = state.RunState.begin("abc")
    assert not run.stale()
    with pytest.raises(RangeError, match="already in use"):
        state.RunState.begin("abc")
    run.boot_id = "another life"
    run.save()
    (found,) = state.all_states()
    assert found.stale()


def test_a_run_that_ends_while_another_one_looks_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    ending = state.RunState.begin("abc")
    state.RunState.begin("xyz")
    real = state.RunState.load

    def late(path: Path) -> state.RunState:
        state.path_of(ending.run_id).unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(state.RunState, "load", late)
    assert [found.run_id for found in state.all_states()] == ["xyz"]
