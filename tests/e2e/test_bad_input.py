"""What is wrong, as its user meets it: one clear line with the way out, an exit code, and nothing acknowledged lost."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from federation.spool import Spool
from sensor.schema import Record
from tests.captures import ROOT
from tests.e2e.running import Running, end_all
from tests.federation.line_records import alert
from tests.federation.small_disk import fill, small_disk
from tests.otus.test_cli import otus

ATTACK = ROOT / "pcaps" / "plant" / "attack.pcap"
NORMAL = ROOT / "pcaps" / "plant" / "normal.pcap"
STOP = ROOT / "pcaps" / "s7comm" / "plc_stop.pcap"
RULE = """\
title: Coil written
id: 0d9f6f0e-7a3c-4a43-9a52-0d7f7b0d3c11
level: high
protocol: modbus
detection:
  selection:
    modbus.function_cod: 5
  condition: selection
"""


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> str:
    """The line a command ended with, after it was held to its promise."""
    assert done.returncode not in (0, None), done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(said) == 1 and said[0].startswith("otus: "), done.stderr
    for word in words:
        assert word in said[0], said[0]
    return said[0]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "baseline"
    assert otus("baseline", "learn", NORMAL, "-o", folder, "--window", "2").returncode == 0
    return folder


def cut_off(folder: Path) -> Path:
    path = folder / "cut.pcap"
    path.write_bytes(ATTACK.read_bytes()[:50_007])
    return path


def test_a_missing_interface() -> None:
    one_line(otus("sensor", "run", "-i", "nowhere0"), "nowhere0", "there are: lo")
    one_line(otus("baseline", "learn", "-i", "nowhere0", "--for", "1", "-o", "unused"), "nowhere0", "there are: lo")


def test_no_permission() -> None:
    """As a person without rights, with the same installation where that person can read it."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed")
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    command = [*as_nobody, sys.executable, "-m", "otus.cli"]
    if subprocess.run([*command, "version"], cwd=ROOT, capture_output=True, timeout=60).returncode != 0:
        pytest.skip("this installation cannot be read, or its user not be changed to, from here")
    done = subprocess.run([*command, "sensor", "run", "-i", "lo"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    one_line(done, "no permission", "CAP_NET_RAW")


@pytest.mark.parametrize("command", ["replay", "events"])
def test_not_a_capture(command: str, tmp_path: Path) -> None:
    text = tmp_path / "notes.pcap"
    text.write_text("these are my notes\n", encoding="ascii")
    one_line(otus(command, text), "notes.pcap", "not a capture", "pcap or pcapng")


@pytest.mark.parametrize("command", ["replay", "events"])
def test_a_cut_off_capture_is_read_to_its_end(command: str, tmp_path: Path) -> None:
    """What is there is told; the line and the exit code say that it is not all."""
    done = otus(command, cut_off(tmp_path))
    one_line(done, "cut.pcap", "after packet 422", "cut off", "copy it again")
    assert len(done.stdout.splitlines()) >= 5


def test_the_account_of_a_cut_off_capture(tmp_path: Path) -> None:
    stats = tmp_path / "stats.json"
    assert otus("replay", cut_off(tmp_path), "--stats", stats).returncode == 1
    ledger = json.loads(stats.read_text(encoding="utf-8"))["ledger"]
    assert ledger["balanced"] and ledger["received"] == 423 and ledger["lost"]["file_cut"] == 1


@pytest.mark.parametrize("command", [["replay", str(STOP)], ["sensor", "run", "-i", "lo"]], ids=["replay", "sensor"])
def test_a_rule_with_an_unknown_field(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "coil.yml").write_text(RULE, encoding="utf-8")
    one_line(otus(*command, "--rules", tmp_path), "coil.yml:7", "modbus.function_cod;", "modbus.function_code?")


@pytest.mark.parametrize("name", ["model.skops", "forest.bin", "baseline.bin", "robust.json"])
def test_a_tampered_baseline(name: str, baseline: Path, tmp_path: Path) -> None:
    folder = tmp_path / "baseline"
    shutil.copytree(baseline, folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    done = otus("replay", ATTACK, "--baseline", folder)
    one_line(done, name, "tampered", "refused", "learn again")
    assert done.stdout == ""
    one_line(otus("sensor", "run", "-i", "lo", "--baseline", folder), name, "refused")


def test_a_pickle_is_no_model(baseline: Path, tmp_path: Path) -> None:
    """Not even one that its manifest vouches for is opened as such."""
    import hashlib
    import pickle

    folder = tmp_path / "baseline"
    shutil.copytree(baseline, folder)
    trap = tmp_path / "sprung"
    content = pickle.dumps(Trap(str(trap)))
    (folder / "model.skops").write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["model.skops"] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert otus("replay", ATTACK, "--baseline", folder).returncode == 0, "judging needs the compiled forest alone"
    # Nor where that is missing, which is one line.
    (folder / "forest.bin").unlink()
    del manifest["files"]["forest.bin"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    one_line(otus("replay", ATTACK, "--baseline", folder), "forest.bin", "learn the baseline again")
    assert not trap.exists()


def test_a_model_is_used_without_the_packages_that_learned_it(baseline: Path, tmp_path: Path) -> None:
    """They take a second to load and are not on every sensor."""
    names = ("sklearn", "scipy", "skops", "joblib")
    program = (
        "import sys; from otus.cli import main; code = main(); "
        f"print([name for name in {names} if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    stats = tmp_path / "stats.json"
    command = [sys.executable, "-c", program, "replay", ATTACK, "--baseline", baseline, "--stats", stats]
    done = subprocess.run([*map(str, command), "--format", "ndjson"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    model = json.loads(stats.read_text(encoding="utf-8"))["model"]
    assert model["model"] == "active" and model["windows"]["judged"] > 0
    assert done.stderr.strip() == "[]"


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return open, (self.path, "w")


@pytest.mark.parametrize("option", ["--stats", "--hits"])
def test_a_file_that_cannot_be_written(option: str, tmp_path: Path) -> None:
    done = otus("replay", STOP, option, tmp_path / "no" / "such" / "file")
    one_line(done, "cannot be written", "make its folder first")
    assert done.stdout == "", "said before the work begins, not after"
    one_line(otus("replay", STOP, option, "/dev/full"), "/dev/full", "No space left", "free some space")


def test_results_onto_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "otus.cli", "events", str(ATTACK)],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    one_line(subprocess.CompletedProcess([], done.returncode, "", done.stderr), "No space left", "free some space")


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = otus("console", "run", "--data-dir", tmp_path / "data", "--port", str(port))
    one_line(done, f"127.0.0.1:{port}", "in use", "choose another port")


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    one_line(otus("console", "run", "--data-dir", tmp_path / "data", "--port", "0"), "data", "choose another")


class Console:
    """`otus console run` in a folder, and a child's way in."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        added = otus("console", "node", "add", "--data-dir", folder, "sensor-1")
        assert added.returncode == 0, added.stderr
        self.folder, self.token = folder, added.stdout.strip()
        self.running = Running(temporary, "console", "run", "--data-dir", folder, "--port", "0")
        self.running.wait_for("console at ", 60)
        self.url = self.running.output.partition("console at ")[2].split()[0]

    def send(self, records: list[Record], schema: str = "1.0") -> httpx.Response:
        batch = {"schema": schema, "records": [record.to_json() for record in records]}
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.url}/api/v1/batches", json=batch, headers=headers, timeout=60, trust_env=False)

    def close(self) -> None:
        try:
            assert self.running.end(signal.SIGTERM) == 0, self.running.output
            assert "Traceback" not in self.running.output
        finally:
            end_all(self.running.mark)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=4) as folder:
        yield folder


def statuses(answer: httpx.Response) -> set[str]:
    return {result["status"] for result in answer.json()["results"]}


def test_a_batch_of_a_newer_schema(tmp_path: Path) -> None:
    console = Console(tmp_path / "data", tmp_path / "tmp")
    try:
        refused = console.send([alert(1)], schema="2.0")
        assert refused.status_code == 409 and refused.json()["error"] == "schema_too_new"
        assert "upgrade this node" in refused.json()["message"] and refused.json()["reads"].startswith("1.")
        assert statuses(console.send([alert(1)])) == {"stored"}, "nothing of the refused batch was kept"
    finally:
        console.close()


def test_a_full_disk_at_ingest(disk: Path, tmp_path: Path) -> None:
    """The console says 503 and keeps what it has acknowledged; with room again it goes on by itself."""
    console = Console(disk / "data", tmp_path / "tmp")
    try:
        acknowledged: list[Record] = [alert(1)]
        assert statuses(console.send(acknowledged)) == {"stored"}
        filler = fill(disk)
        for number in range(100):
            batch = [alert(1000 + number * 10 + item, fields={"note": "x" * 20_000}) for item in range(10)]
            answer = console.send(batch)
            if answer.status_code != 200:
                break
            acknowledged += batch
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        assert "keep your records" in answer.json()["message"]
        filler.unlink()
        assert statuses(console.send(batch)) == {"stored"}, "nothing of the refused batch was kept"
        assert statuses(console.send(acknowledged)) == {"duplicate"}, "something acknowledged was lost"
    finally:
        console.close()
    # Which of the two comes first, the limit or the disk's own answer, depends on how much a batch takes.
    said = console.running.output
    assert "the disk is full; free some space" in said or "are free on its disk; nothing is accepted until" in said


def test_a_full_disk_at_the_spool(disk: Path, tmp_path: Path) -> None:
    """A sensor without room says so; what its spool took is there when the console comes, and arrives."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    token = tmp_path / "token"
    token.write_text("no-console-yet", encoding="ascii")
    config = tmp_path / "sensor.yml"

    def settings(url: str) -> None:
        parent = {"name": "console", "url": url, "token_file": str(token)}
        config.write_text(
            json.dumps({"node_name": "sensor-1", "spool_dir": str(disk / "spool"), "parents": [parent]}),
            encoding="utf-8",
        )

    def replay(capture: Path) -> Running:
        return Running(tmp_path / "tmp", "sensor", "replay", capture, "--config", config)

    settings(dead)
    first = replay(STOP)
    first.wait_for("cannot be reached", 60)
    assert first.end(signal.SIGINT) == 1 and "is the console up?" in first.output
    kept = held(disk / "spool")
    assert kept
    filler = fill(disk)
    second = replay(ATTACK)
    assert second.wait(90) == 1
    assert "Traceback" not in second.output
    assert "the disk is full; free some space" in second.output
    filler.unlink()
    assert held(disk / "spool") >= kept, "something acknowledged was lost"

    console = Console(tmp_path / "data", tmp_path / "tmp")
    try:
        token.write_text(console.token, encoding="ascii")
        settings(console.url)
        third = replay(ATTACK)
        assert third.wait(120) == 0, third.output
        assert held(disk / "spool") == stored(console.folder), "each record of both runs is at the console"
    finally:
        console.close()


def held(folder: Path) -> set[tuple[str, str]]:
    """Origin and id of all records that a spool has taken, sent or not."""
    spool = Spool(folder / "spool.db", ["console"])
    try:
        return {(origin, record_id) for origin, record_id, _ in spool.latest()}
    finally:
        spool.close()


def stored(folder: Path) -> set[tuple[str, str]]:
    database = sqlite3.connect(folder / "store.sqlite")
    try:
        return set(database.execute("SELECT origin, id FROM record"))
    finally:
        database.close()
