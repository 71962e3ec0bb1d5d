"""Record scenarios from the living plant into small captures, and enter them in the manifest.

`python -m testbed.record SCENARIO OUT.pcap` records one; `python -m testbed.record --into pcaps [SCENARIO …]` records
several (all without a name) under their own paths and rewrites their entries in `pcaps/manifest.yml`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from testbed import manifest, pcapfile
from testbed.commands import RangeError
from testbed.demo_plant import STORY, Plant, available
from testbed.recorder import Recorder

ALL = ("modbus", "s7comm", "opcua")
BEFORE_S, AFTER_S = 7.0, 3.0
NORMAL_S, PLANT_NORMAL_S, LEARN_S = 62.0, 92.0, 15.0


@dataclass(frozen=True)
class Scenario:
    """What is played for one capture. Recording begins before the first connection, so sessions are whole."""

    path: str  # below pcaps/, without suffix
    protocols: tuple[str, ...]
    actions: tuple[str, ...] = ()
    before_s: float = BEFORE_S
    after_s: float = AFTER_S
    text: str = ""
    keep_truth: bool = False  # beside the capture, as the attacker wrote it; the manifest has it in any case


def _alone(path: str, *actions: str, text: str = "") -> Scenario:
    return Scenario(path, (path.split("/")[0],), actions, text=text)


SCENARIOS = (
    Scenario("modbus/normal_polling", ("modbus",), before_s=NORMAL_S, after_s=0, text="two stations poll two PLCs"),
    _alone("modbus/function_code_scan", "modbus_function_scan"),
    _alone("modbus/write_outside_range", "modbus_coil_write", "modbus_register_write"),
    _alone("modbus/device_identification", "modbus_device_identification"),
    _alone("modbus/listen_only", "modbus_listen_only"),
    _alone("modbus/known_host_write", "modbus_known_host_register_write", "modbus_known_host_coil_write"),
    _alone("modbus/register_scan", "modbus_register_scan"),
    _alone("modbus/unit_scan", "modbus_unit_scan"),
    _alone("modbus/rhythm_change", "rhythm_change"),
    _alone("modbus/poll_stopped", "poll_stopped"),
    Scenario("s7comm/normal_polling", ("s7comm",), before_s=NORMAL_S, after_s=0, text="two stations use data blocks"),
    _alone("s7comm/plc_stop", "s7_plc_stop"),
    _alone("s7comm/plc_start", "s7_plc_start"),
    _alone("s7comm/download_completed", "s7_download"),
    _alone("s7comm/download_refused", "s7_download_refused"),
    _alone("s7comm/upload", "s7_upload"),
    _alone("s7comm/szl_read", "s7_szl_read"),
    _alone("s7comm/block_delete", "s7_block_delete"),
    _alone("s7comm/clock_set", "s7_clock_set"),
    _alone("s7comm/password_guess", "s7_password_guess"),
    _alone("s7comm/memory_to_rom", "s7_memory_to_rom"),
    Scenario("opcua/normal_polling", ("opcua",), before_s=NORMAL_S, after_s=0, text="one polls, one subscribes"),
    _alone("opcua/anonymous_login", "opcua_anonymous_login"),
    _alone("opcua/failed_logins", "opcua_failed_logins"),
    _alone("opcua/user_login", "opcua_user_login"),
    _alone("opcua/method_call", "opcua_method_call"),
    _alone("opcua/write", "opcua_write"),
    _alone("opcua/browse", "opcua_browse"),
    Scenario("plant/normal", ALL, before_s=PLANT_NORMAL_S, after_s=0, text="the whole plant at demo cycles"),
    Scenario("plant/attack", ALL, STORY, before_s=LEARN_S, text="the story of the demo", keep_truth=True),
)
BY_PATH = {scenario.path: scenario for scenario in SCENARIOS}


def record(scenario: Scenario, out: Path) -> list[manifest.Done]:
    """Play one scenario and write its capture; returns the actions that happened, with their frames.

    Raises:
        RangeError: the plant could not be built, or an action did not come off; no capture is written.
    """
    with tempfile.TemporaryDirectory(prefix="otus-record-") as folder:
        with Plant(None, Path(folder), protocols=scenario.protocols) as plant:
            with Recorder(plant.capture_interface) as recorder:
                plant.start()
                time.sleep(scenario.before_s)
                for action in scenario.actions:
                    plant.attack(action)
                    time.sleep(1.0)
                time.sleep(scenario.after_s)
            if failed := plant.failures():
                raise RangeError("; ".join(failed))
            if plant.transmitted():
                raise RangeError(f"{plant.transmitted()} frames left through the capture port")
        pcapfile.write(out, recorder.frames)
        if not scenario.actions:
            return []
        if scenario.keep_truth:
            shutil.copyfile(plant.truth_path, out.with_name(f"{out.stem}.truth.ndjson"))
        return manifest.locate(recorder.frames, plant.truth_path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help=f"one of: {', '.join(BY_PATH)}")
    parser.add_argument("--into", type=Path, help="folder of captures with its manifest.yml")
    wanted = parser.parse_args()
    names, out = list(wanted.scenario), None
    if wanted.into is None and len(names) == 2:
        out = Path(names.pop())
    if set(names) - set(BY_PATH) or (wanted.into is None and out is None):
        parser.error(f"a scenario and an output file, or --into, please; scenarios: {', '.join(BY_PATH)}")
    try:
        if reason := available():
            raise RangeError(reason)
        if out is not None:
            record(BY_PATH[names[0]], out)
            return
        for name in names or list(BY_PATH):
            scenario = BY_PATH[name]
            path = wanted.into / f"{scenario.path}.pcap"
            done = record(scenario, path)
            made = f"python -m testbed.record --into pcaps {name}"
            manifest.enter(wanted.into / "manifest.yml", path, scenario.protocols, scenario.text, done, made=made)
            print(f"{path}: {path.stat().st_size} bytes, {len(done)} actions", flush=True)
    except RangeError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
