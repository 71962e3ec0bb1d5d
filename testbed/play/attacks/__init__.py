"""Everything that can be done to a synthesised plant: one line each."""

from __future__ import annotations

from testbed.play.attacks import modbus
from testbed.play.stage import Attack

M = ("modbus",)

ATTACKS = (
    Attack("modbus-function-scan", modbus.function_scan, ("T0846",), "试探 Modbus 功能码", "scan of Modbus function codes",
           "大量非法功能码异常应答", "many exceptions for functions that are not there", needs=M),
    Attack("modbus-unit-scan", modbus.unit_scan, ("T0846",), "扫描 Modbus 单元号", "scan of Modbus unit ids",
           "网关反复回答目标无响应", "a gateway answers again and again that nobody is there", needs=M),
    Attack("modbus-register-scan", modbus.register_scan, ("T0861",), "扫描 Modbus 寄存器（有快有慢）",
           "scan of Modbus registers, fast or slow", "非法地址异常应答", "exceptions for addresses", needs=M),
    Attack("modbus-new-writer", modbus.new_writer, ("T0855", "T0836"), "从未写过的主机写设定值",
           "a host that never wrote writes set points", "新的写入者", "a writer that is new", needs=M),
    Attack("modbus-outside-range", modbus.outside_range, ("T0836",), "写入超出历史范围的设定值",
           "a set point far outside what was ever written", "数值超出学习范围", "a value beyond the learned range", needs=M),
    Attack("modbus-write-flood", modbus.write_flood, ("T0806",), "高频反复写同一寄存器", "brute-force writing of one register",
           "写入频率异常", "writes far too often", needs=M),
    Attack("modbus-broadcast-write", modbus.broadcast_write, ("T0855",), "Modbus 广播写", "Modbus broadcast write",
           "单元号 0 的写请求", "a write to unit 0", needs=M),
    Attack("modbus-listen-only", modbus.listen_only, ("T0814",), "使 Modbus 设备只听不答", "Modbus device silenced (FC 8/4)",
           "诊断子功能 4，之后轮询无应答", "diagnostics sub-function 4, then polls without answers", needs=M),
    Attack("modbus-restart-communication", modbus.restart_communication, ("T0816",), "重启 Modbus 通信",
           "Modbus communication restarted (FC 8/1)", "诊断子功能 1", "diagnostics sub-function 1", needs=M),
    Attack("modbus-identification", modbus.identification, ("T0888",), "读取 Modbus 设备标识",
           "Modbus device identification read", "功能码 43/14 与 17", "functions 43/14 and 17", kind="deviation", needs=M),
    Attack("modbus-umas-stop", modbus.umas_stop, ("T0858", "T0816"), "通过 UMAS 预约并停止施耐德控制器",
           "Schneider controller reserved and stopped over UMAS", "功能码 90 停机", "function 90 that stops", needs=M),
    Attack("modbus-malformed", modbus.malformed, ("T0814",), "畸形 Modbus 报文", "malformed Modbus messages",
           "报文缺陷", "flaws in messages", needs=M),
    Attack("modbus-bulk-read", modbus.bulk_read, ("T0861", "T0802"), "批量读取控制器全部寄存器",
           "everything a controller holds is read", "从未读过的对象，量大", "objects never read before, many", needs=M),
    Attack("modbus-request-flood", modbus.request_flood, ("T0814",), "Modbus 读请求洪泛", "flood of Modbus reads",
           "请求速率异常", "far too many requests", needs=M),
    Attack("modbus-injected-answers", modbus.injected_answers, ("T0856",), "注入伪造的 Modbus 应答",
           "forged Modbus answers", "没有请求的应答", "answers nobody asked for", needs=M),
)  # fmt: skip
BY_NAME = {attack.name: attack for attack in ATTACKS}
