"""The attacker: one action per process, run inside the namespace of the host it comes from.

`python -m testbed.attacker ACTION --truth FILE [--control FILE]`. The ground truth gets its line before the first byte
of the action leaves: an action that was begun is an action that must be seen.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from testbed.commands import RangeError
from testbed.hosts import BY_NAME
from testbed.processes import say_ready, settle_in

RESULT_MARK = "result: "


@dataclass(frozen=True)
class Action:
    """One thing the attacker can do: where it lives, from which host it comes, whom it hits, what a person is told."""

    id: str
    call: str  # module.function below testbed; imported late, because the stacks are slow to import
    source: str
    target: str
    zh: str
    en: str


ACTIONS = (
    Action("modbus_function_scan", "attacks_modbus.function_scan", "intruder", "boiler",
           "逐个试探 Modbus 功能码", "scan of Modbus function codes"),
    Action("modbus_device_identification", "attacks_modbus.device_identification", "intruder", "boiler",
           "读取 Modbus 设备标识", "read of the Modbus device identification"),
    Action("modbus_coil_write", "attacks_modbus.coil_write", "intruder", "boiler",
           "写入学习范围之外的线圈 500", "write of coil 500, outside the learned range"),
    Action("modbus_register_write", "attacks_modbus.register_write", "intruder", "boiler",
           "写入学习范围之外的寄存器 400", "write of register 400, outside the learned range"),
    Action("modbus_listen_only", "attacks_modbus.listen_only", "intruder", "cooling",
           "使 PLC 进入只听模式", "PLC forced into listen-only mode"),
    Action("modbus_known_host_register_write", "attacks_modbus.register_write", "historian", "cooling",
           "失陷的历史数据站写入从未写过的寄存器", "compromised historian writes a register it never wrote"),
    Action("modbus_known_host_coil_write", "attacks_modbus.coil_write", "historian", "cooling",
           "失陷的历史数据站首次写线圈", "compromised historian writes a coil for the first time"),
    Action("modbus_register_scan", "attacks_modbus.register_scan", "intruder", "boiler",
           "扫描 Modbus 寄存器地址", "scan of Modbus register addresses"),
    Action("modbus_unit_scan", "attacks_modbus.unit_scan", "intruder", "boiler",
           "扫描 Modbus 单元号", "scan of Modbus unit ids"),
    Action("s7_szl_read", "attacks_s7.szl_read", "intruder", "turbine",
           "读取 S7 系统状态列表", "read of the S7 system status lists"),
    Action("s7_upload", "attacks_s7.upload", "intruder", "turbine",
           "从 S7 PLC 上载程序块", "upload of a block from the S7 PLC"),
    Action("s7_plc_stop", "attacks_s7.plc_stop", "intruder", "turbine",
           "停止 S7 PLC", "S7 PLC stopped"),
    Action("s7_plc_start", "attacks_s7.plc_start", "intruder", "turbine",
           "启动 S7 PLC", "S7 PLC started"),
    Action("s7_download", "attacks_s7.download", "intruder", "turbine",
           "向 S7 PLC 下装程序块并激活", "block download to the S7 PLC, completed and activated"),
    Action("s7_download_refused", "attacks_s7.download_refused", "intruder", "turbine",
           "向 S7 PLC 下装受保护的程序块，被拒绝", "download of a protected block to the S7 PLC, refused"),
    Action("s7_block_delete", "attacks_s7.block_delete", "intruder", "turbine",
           "删除 S7 PLC 中的程序块", "block deleted in the S7 PLC"),
    Action("s7_clock_set", "attacks_s7.clock_set", "intruder", "turbine",
           "修改 S7 PLC 时钟", "clock of the S7 PLC set"),
    Action("s7_password_guess", "attacks_s7.password_guess", "intruder", "turbine",
           "猜测 S7 PLC 会话口令", "session passwords guessed at the S7 PLC"),
    Action("s7_memory_to_rom", "attacks_s7.memory_to_rom", "intruder", "turbine",
           "将 S7 PLC 内存写入 ROM", "memory of the S7 PLC copied to ROM"),
    Action("opcua_failed_logins", "attacks_opcua.failed_logins", "intruder", "gateway",
           "猜测 OPC UA 口令，均被拒绝", "OPC UA passwords guessed, all refused"),
    Action("opcua_anonymous_login", "attacks_opcua.anonymous_login", "intruder", "gateway",
           "匿名登录 OPC UA 服务器", "anonymous login at the OPC UA server"),
    Action("opcua_user_login", "attacks_opcua.user_login", "engineer", "gateway",
           "工程师站用账号登录 OPC UA 服务器（正常作业）", "login by name from the engineering station (ordinary)"),
    Action("opcua_browse", "attacks_opcua.browse", "intruder", "gateway",
           "浏览 OPC UA 地址空间", "browse of the OPC UA address space"),
    Action("opcua_write", "attacks_opcua.write", "intruder", "gateway",
           "写入 OPC UA 设定值", "write of an OPC UA set-point"),
    Action("opcua_method_call", "attacks_opcua.method_call", "intruder", "gateway",
           "调用 OPC UA 方法", "call of an OPC UA method"),
    Action("rhythm_change", "attacks_modbus.rhythm_change", "historian", "cooling",
           "失陷的历史数据站改变轮询节奏", "compromised historian changes the rhythm of its poll"),
    Action("poll_stopped", "attacks_modbus.poll_stopped", "historian", "cooling",
           "历史数据站停止轮询", "the historian stops polling"),
)
BY_ID = {action.id: action for action in ACTIONS}
BY_CONTROL_FILE = frozenset({"rhythm_change", "poll_stopped"})  # they turn a knob of the host's own polling client


def write_truth(path: Path, action: Action) -> None:
    """Append one line, whole: time (UTC nanoseconds), action, source, target, detail."""
    line = json.dumps(
        {
            "time_ns": time.time_ns(),
            "action": action.id,
            "source": BY_NAME[action.source].address,
            "target": BY_NAME[action.target].address,
            "detail": action.en,
        }
    )
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)


def perform(action: Action, truth: Path, control: Path | None) -> str:
    """Write the truth, then act. Returns what came of it.

    Raises:
        RangeError: the stacks did not do what the action is about.
    """
    module, function = action.call.rsplit(".", 1)
    act = getattr(importlib.import_module(f"testbed.{module}"), function)
    argument = control if action.id in BY_CONTROL_FILE else BY_NAME[action.target].address
    if argument is None:
        raise RangeError(f"{action.id} needs --control")
    write_truth(truth, action)
    return str(act(argument))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=sorted(BY_ID))
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--ready", type=Path)
    wanted = parser.parse_args()
    settle_in(logging.WARNING)
    say_ready(wanted.ready)
    try:
        result = perform(BY_ID[wanted.action], wanted.truth, wanted.control)
        print(f"{RESULT_MARK}{result}", flush=True)
    except RangeError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
