"""Synthesised plants and acts: clean, the same for the same seed, and true about themselves."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sensor._core import Engine
from testbed import netns, pcapfile, state
from testbed.commands import RangeError
from testbed.demo_plant import Plant, available
from testbed.play import live
from testbed.play.attacks import ATTACKS
from testbed.play.collector import Collector
from testbed.play.columns import checksum_of
from testbed.play.devices import ModbusDevice
from testbed.play.plants import SCENARIOS
from testbed.play.play import START_NS, Order, built, fitting, play, play_into
from testbed.play.signals import Signal
from testbed.play.truth import FOUND, KINDS
from testbed.recorder import Recorder

SHORT = {"quiet_s": 120.0, "apart_s": 900.0}
NAMES = [scenario.name for scenario in SCENARIOS]
BROKEN = {
    "modbus-malformed",
    "modbus-function-scan",
    "modbus-injected-answers",
    "conflicting-segments",
    "wrong-protocol",
}
"""Acts that are about flaws."""


def digest(order: Order) -> str:
    found = hashlib.sha256()
    played = play(order, found.update)
    return f"{found.hexdigest()} {json.dumps(played.truth, sort_keys=True)}"


@pytest.fixture(scope="module")
def acts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict]]:  # type: ignore[type-arg]
    """Every act once: those of a protocol in its plant, the others spread over the three."""
    made = {}
    for place, name in enumerate(NAMES[:3]):
        fits = set(fitting(name))
        general = [attack.name for attack in ATTACKS if not attack.needs][place::3]
        own = [attack.name for attack in ATTACKS if attack.needs and attack.name in fits]
        folder = tmp_path_factory.mktemp(name)
        path = folder / "acts.pcap"
        order = Order(name, 11, None, (*own, *general), 60.0, 620.0)
        made[name] = (path, play_into(order, path, folder / "acts.truth.json").truth)
    return made


def test_enough_acts_and_each_listed_once() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert sum(attack.kind in FOUND for attack in ATTACKS) >= 30
    assert {attack.kind for attack in ATTACKS} == set(KINDS)
    for attack in ATTACKS:
        assert attack.zh and attack.en and attack.sign_zh and attack.sign_en
        assert bool(attack.technique) == (attack.kind in FOUND), attack.name


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(name: str) -> None:
    order = Order(name, 4, 240.0)
    assert digest(order) == digest(Order(name, 4, 240.0))
    assert digest(order) != digest(Order(name, 5, 240.0))


def test_acts_are_the_same_for_the_same_seed() -> None:
    names = ("arp-spoof", "modbus-listen-only", "replayed-values")
    orders = [Order("modbus-line", seed, None, names, **SHORT) for seed in (3, 3, 4)]
    one, again, other = (digest(order) for order in orders)
    assert one == again != other


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_plants_have_no_flaws_and_nothing_unread(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plain.pcap"
    played = play_into(Order(name, 7, 600.0), path, tmp_path / "truth.json")
    engine = Engine(json.dumps({"events": "ndjson"}))
    engine.open_files([path])
    events, batch = b"", engine.poll()
    while True:
        events += batch.events
        if batch.done:
            break
        batch = engine.poll()
    assert batch.ledger["received"] == played.frames
    assert not batch.ledger["skipped"].get("bad_checksum")
    assert not {reason for reason, n in batch.ledger["skipped"].items() if n} - {"no_payload"}
    lines = [json.loads(line) for line in events.splitlines()]
    assert len(lines) > 500
    assert not [line for line in lines if line.get("flaws")]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_tshark_finds_nothing_wrong_with_an_ordinary_plant(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plain.pcap"
    play_into(Order(name, 8, 300.0), path, tmp_path / "truth.json")
    wrong = "_ws.malformed || _ws.expert.severity >= 6291456 || tcp.analysis.flags || arp.duplicate-address-detected"
    checks = [f"{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    command = ["tshark", "-r", str(path), *(part for check in checks for part in ("-o", check)), "-Y", wrong]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_truth_names_exactly_the_packets_of_an_act(acts: dict) -> None:  # type: ignore[type-arg]
    """Whoever came new says nothing but what the truth says; whoever acts is part of it in every packet."""
    for path, truth in acts.values():
        numbered = dict(enumerate(pcapfile.read(path), 1))
        assert len(numbered) == truth["packets"]
        every = set(
            ipaddress.IPv4Address(frame.data[26:30]) for frame in numbered.values() if frame.data[12:14] == b"\x08\0"
        )
        for event in truth["events"]:
            mine = [number for first, last in event["frames"] for number in range(first, last + 1)]
            assert len(mine) == event["packets"] == len(set(mine))
            if event["name"] in ("poll-stopped", "device-replaced"):
                continue
            assert mine, event["name"]
            assert event["first_ns"] == numbered[mine[0]].ts_ns
            assert event["last_ns"] >= numbered[mine[-1]].ts_ns
            for number in mine:
                frame = numbered[number].data
                if frame[12:14] == b"\x08\0":
                    ends = {str(ipaddress.IPv4Address(frame[at : at + 4])) for at in (26, 30)}
                    assert ends & set(event["hosts"]), event["name"]
        assert len(every) > 5


def test_a_stranger_is_in_no_packet_outside_its_act(acts: dict) -> None:  # type: ignore[type-arg]
    for path, truth in acts.values():
        label_of = {}
        for place, event in enumerate(truth["events"]):
            for first, last in event["frames"]:
                label_of.update(dict.fromkeys(range(first, last + 1), place))
        seen: dict[bytes, set[int | None]] = {}
        for number, frame in enumerate(pcapfile.read(path), 1):
            if frame.data[12:14] == b"\x08\0":
                seen.setdefault(frame.data[26:30], set()).add(label_of.get(number))
        strangers = [labels for labels in seen.values() if None not in labels]
        assert strangers  # some acts come from new machines
        assert all(len(labels) == 1 for labels in strangers)


def test_only_acts_about_flaws_have_flaws(acts: dict) -> None:  # type: ignore[type-arg]
    for path, truth in acts.values():
        engine = Engine(json.dumps({"events": "ndjson"}))
        engine.open_files([path])
        flawed = set()
        while True:
            batch = engine.poll()
            for line in batch.events.splitlines():
                event = json.loads(line)
                if event.get("flaws") and event.get("network.protocol") != "arp":  # spoofing answers unasked
                    flawed.add(event["frame.number"])
            if batch.done:
                break
        for number in flawed:
            names = {e["name"] for e in truth["events"] if any(a <= number <= b for a, b in e["frames"])}
            assert names & BROKEN, (number, names)


def test_values_move_like_a_process(acts: dict) -> None:  # type: ignore[type-arg]
    """Readings differ from each other and stay within the range of their sensor."""
    path, _ = acts["modbus-line"]
    engine = Engine(json.dumps({"events": "ndjson", "protocols": ["modbus"]}))
    engine.open_files([path])
    batch = engine.poll(40_000)
    values = [json.loads(line)["modbus.values"] for line in batch.events.splitlines() if b'"modbus.values":[' in line]
    assert len({tuple(one) for one in values}) > len(values) / 20
    assert all(0 <= value <= 65_535 for one in values for value in one)


def test_a_count_runs_over_its_register_and_never_rests_at_its_end() -> None:
    plant = built(Order("modbus-line", seed=1003), Collector(lambda data: None), START_NS, START_NS + 10**9)
    times = START_NS + np.arange(0, 48 * 3600, 60, dtype=np.int64) * 1_000_000_000
    counts = [(device, one) for device in plant.devices for one in device.signals if one.kind == "counter"]
    for device, one in counts:
        assert isinstance(device, ModbusDevice)
        told = device.raw(one, one.values(times)).astype(np.int64)
        steps = np.diff(told)
        assert (steps >= 0).sum() >= len(steps) - 2 and len(set(told.tolist())) > 100
    assert len(counts) == 4


def test_noise_is_the_same_however_it_is_asked_for_and_never_comes_again() -> None:
    signal = Signal("pressure", "pressure", 0.0, 16.0, np.random.default_rng(3))
    times = START_NS + np.arange(6 * 3600, dtype=np.int64) * 1_000_000_000
    values = signal.values(times)
    assert np.array_equal(values, np.concatenate([signal.values(part) for part in np.array_split(times, 7)]))
    moves = np.diff(values)
    for back in range(60, 3 * 3600, 7):
        assert abs(np.corrcoef(moves[back:], moves[:-back])[0, 1]) < 0.1, back


def test_what_follows_a_set_point_does_not_jump_when_it_is_set_twice() -> None:
    wanted = Signal("set", "setpoint", 0.0, 100.0, np.random.default_rng(1), steps=[(START_NS, 50.0)])
    speed = Signal("speed", "temperature", 0.0, 100.0, np.random.default_rng(2), follows=wanted)
    for second, value in ((60, 75.0), (70, 25.0), (75, 60.0)):
        wanted.write(START_NS + second * 10**9, value)
    values = speed.values(START_NS + np.arange(3000, dtype=np.int64) * 200_000_000)
    assert np.abs(np.diff(values)).max() < 3.0
    assert abs(values[-1] - 60.0) < 8.0


def test_an_act_lasts_as_long_as_what_it_set() -> None:
    played = play(Order("modbus-line", 5, None, ("modbus-outside-range",), 60.0, 4000.0), lambda data: None)
    (event,) = played.truth["events"]
    # A minute at least until it is set back, and five for the process to follow.
    assert event["last_ns"] - event["first_ns"] >= 360 * 10**9
    assert "witness" in event["hosts"].values()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order("no-such-plant"), "modbus-line"),
        (Order("s7-cell", acts=("modbus-unit-scan",)), "modbus"),
        (Order("s7-cell", acts=("nonsense",)), "otus range list"),
        (Order("s7-cell", acts=("s7-stop",), duration_s=60.0), "acts need 2.4 h"),
        (Order("s7-cell", duration_s=1e12), "400"),
    ],
)
def test_what_cannot_be_played_is_said_in_one_line(order: Order, said: str) -> None:
    with pytest.raises(RangeError) as raised:
        play(order, lambda data: None)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_is_sent_outside_the_ranges_own_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "all_states", list)
    with pytest.raises(RangeError, match="namespace"):
        live.play_live(Order("s7-cell", duration_s=10.0), "lo", 1.0, None)


@pytest.mark.skipif(available() is not None, reason="no network namespaces here")
def test_live_frames_arrive_at_the_mirror_port(tmp_path: Path) -> None:
    with Plant(None, tmp_path, protocols=("modbus",)) as plant:
        namespace = netns.namespace_name(plant.run_id, "intruder")
        order = ["range", "play", "modbus-line", "--hours", "0.01", "--speed", "40", "--live", "eth0"]
        with Recorder(plant.capture_interface) as recorder:
            command = [*netns.enter(namespace), sys.executable, "-m", "otus.cli", *order]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            time.sleep(0.5)
        sent = int(done.stdout.split()[1])
        assert sent > 100
        assert len(recorder.frames) == sent


def test_checksum_of_known_bytes() -> None:
    # The example of RFC 1071, 3: 0001 f203 f4f5 f6f7 sum to ddf2.
    assert checksum_of(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2
