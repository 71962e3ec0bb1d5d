"""The plant comes up, talks, is attacked, and leaves nothing behind: also when its owner is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from testbed import commands, netns, state
from testbed.commands import RangeError
from testbed.demo_plant import PROTOCOLS, STACKS, Plant, Told, new_run_id
from testbed.recorder import Recorder
from testbed.truth import read_truth

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.usefixtures("range_possible"), pytest.mark.timeout(120)]


def remains(run_id: str) -> list[str]:
    """Namespaces, interfaces and processes that carry a run id."""
    found = [name for name in netns.namespaces() + netns.interfaces() if run_id in name]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if run_id in command and "testbed." in command and path.parent.name != str(os.getpid()):
            found.append(command)
    return found


def folder(tmp_path: Path, run_id: str) -> Path:
    """A work folder with the run id in its path, by which the plant's processes can be found."""
    return tmp_path / f"work-{run_id}"


def test_whole_plant(tmp_path: Path) -> None:
    run_id = new_run_id()
    told: list[Told] = []
    work = folder(tmp_path, run_id)
    with Plant(run_id, work, callback=told.append) as plant, Recorder(plant.capture_interface) as recorder:
        plant.start()
        running = remains(run_id)
        plant.run_attacks(story=("modbus_function_scan", "s7_download", "s7_download_refused", "opcua_method_call"))
        assert not plant.failures()
        assert plant.transmitted() == 0
        assert len([line for line in running if "testbed." in line]) == len(STACKS)
        results = {one.action: one.result for one in told if one.phase == "done"}
        frames = [frame.data for frame in recorder.frames]
    truth = read_truth(plant.truth_path)
    assert [line.action for line in truth] == list(results)
    assert "activated" in results["s7_download"] and "0xd241" in results["s7_download_refused"]
    assert "returned 1" in results["opcua_method_call"]
    assert [one.phase for one in told][:2] == ["network", "stacks"]
    for port in (502, 102, 4840):
        assert any(port.to_bytes(2, "big") in (frame[34:36], frame[36:38]) for frame in frames if len(frame) > 54)
    assert max(len(frame) for frame in frames) <= 1514  # as on a wire: no super-frames
    packets = [frame for frame in frames if frame[12:14] == b"\x08\x00"]  # IP ids differ; two ARP requests need not
    assert len(packets) == len(set(packets)), "the mirror shows frames twice"
    assert remains(run_id) == []
    assert not state.path_of(run_id).exists()


def test_two_plants_do_not_disturb_each_other(tmp_path: Path) -> None:
    first, second = new_run_id(), new_run_id()
    with Plant(first, folder(tmp_path, first), protocols=["modbus"]) as one:
        one.start()
        with Plant(second, folder(tmp_path, second), protocols=["modbus"]) as two:
            two.start()
            assert one.capture_interface != two.capture_interface
            with Recorder(one.capture_interface) as recorder:
                two.attack("modbus_coil_write")  # comes from an address that the first plant has too
                time.sleep(1.0)
                intruder = bytes((10, 77, 1, 66))
                assert recorder.frames
                assert not [frame for frame in recorder.frames if intruder in (frame.data[26:30], frame.data[30:34])]
        assert remains(second) == []
        assert not one.failures()
        with Recorder(one.capture_interface) as recorder:
            time.sleep(1.5)
        assert recorder.frames, "the first plant fell silent when the second one went"
    assert remains(first) == []


OWNER = """
import sys, time
from pathlib import Path
from testbed.demo_plant import Plant
plant = Plant(sys.argv[1], Path(sys.argv[2]), protocols=["modbus"])
plant.start()
print("up", flush=True)
time.sleep(60)
"""


def test_after_a_kill_the_next_start_cleans_up_and_leaves_the_living_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Runs of its own: a plant that starts beside this test would clean up, too.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    killed, living = new_run_id(), new_run_id()
    command = [sys.executable, "-c", OWNER, killed, str(folder(tmp_path, killed))]
    owner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None and owner.stdout.readline() == "up\n"
        with Plant(living, folder(tmp_path, living), protocols=[]):
            assert killed not in netns.cleanup_stale(), "cleaned up a living run"
            assert remains(killed)
            owner.send_signal(signal.SIGKILL)
            owner.wait()
            deadline = time.monotonic() + 5
            while [line for line in remains(killed) if "testbed." in line] and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not [line for line in remains(killed) if "testbed." in line], "programs outlived their owner"
            assert netns.capture_name(killed) in remains(killed)
            third = new_run_id()
            with Plant(third, folder(tmp_path, third), protocols=[]):
                assert remains(killed) == []
                assert netns.capture_name(living) in remains(living)
        assert remains(living) == []
    finally:
        if owner.poll() is None:
            owner.kill()
            owner.wait()
        netns.cleanup(killed)


def test_a_reused_pid_is_not_killed() -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        mark = state.ProcessMark.of(bystander.pid)
        assert mark.alive()
        state.end_processes([state.ProcessMark(bystander.pid, mark.start_ticks - 1)])
        assert bystander.poll() is None
        state.end_processes([mark])
        assert bystander.wait(5) == -signal.SIGTERM
    finally:
        if bystander.poll() is None:
            bystander.kill()


def test_a_step_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = new_run_id()

    def refuse(switch: str, ports: list[str]) -> str:
        raise RangeError("no mirror today")

    monkeypatch.setattr(netns, "_mirror", refuse)
    with pytest.raises(RangeError, match="no mirror today"):
        Plant(run_id, folder(tmp_path, run_id)).start()
    assert remains(run_id) == [] and not state.path_of(run_id).exists()


def test_flooding_is_the_way_out_without_mirred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without u32 or mirred: `tc filter` fails, and the bridge floods every frame to the mirror port."""
    run_id = new_run_id()
    real = commands.run

    def without_filters(command: list[str], *, check: bool = True) -> str:
        if "filter" in command:
            raise RangeError("Error: TC classifier not found")
        return real(command, check=check)

    monkeypatch.setattr(netns, "run", without_filters)
    with Plant(run_id, folder(tmp_path, run_id), protocols=["modbus"]) as plant:
        assert plant.mirror == "flood"
        with Recorder(plant.capture_interface) as recorder:
            plant.start()
            time.sleep(1.5)
        assert plant.transmitted() == 0
        spoken = {frame.data[26:30] for frame in recorder.frames if frame.data[12:14] == b"\x08\x00"}
        assert {bytes((10, 77, 1, host)) for host in (11, 12, 101, 102)} <= spoken
    assert remains(run_id) == []


@pytest.mark.parametrize("run_id", ["", "TOO-LOUD", "much-too-long", "a/b", "x;y"])
def test_run_ids_are_checked(run_id: str, tmp_path: Path) -> None:
    bad = state.RunState(run_id, state.ProcessMark.of(os.getpid()), state.boot_id())
    with pytest.raises(RangeError, match="small letters"):
        netns.build(bad)


def test_names_fit_into_linux() -> None:
    assert len(netns.capture_name("a" * 8)) <= 15
    assert set(PROTOCOLS.values()) == {row[1] for row in STACKS}
