"""Words for process values that are not as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from detectors.describe import Description
from sensor.schema import Level, Reason, Text


class Hit(Protocol):
    """What is asked of the core's hit here."""

    @property
    def cause(self) -> str: ...
    def params(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Unlike:
    """One cause in words."""

    title: Text
    advice: Text
    consequence: Text
    level: Level
    technique: tuple[str, ...]


_FIELD = Text(
    "到现场或用另一路仪表核对实际值；实际正常的，检查变送器、线路和通信；实际异常的，按工艺规程处置，并查最近谁改过设定值或程序。",
    "Check the real value in the field or by another instrument. If it is in order, look at transmitter, wiring and "
    "network; if it is not, act by the process's own instructions and find out who changed set points or the program.",
)
_DECEIVED = Text(
    "操作员看到的可能不是现场的真实状态，会据此作出错误的操作。",
    "What operators see may not be what happens, and they act by it.",
)
_PROCESS = Text(
    "生产过程可能已偏离正常工况，影响产品质量，严重时危及设备和人员。",
    "The process may have left its ordinary state: a matter of quality first, of machines and people at worst.",
)

_CAUSES = {
    "range": _Unlike(
        Text("过程值超出历史范围", "Process value beyond its range"), _FIELD, _PROCESS, Level.MEDIUM, ("T0831",)
    ),
    "jump": _Unlike(
        Text("过程值突变", "Process value jumped"), _FIELD, _PROCESS, Level.MEDIUM, ("T0831", "T0856")
    ),
    "stuck": _Unlike(
        Text("过程值卡死不动", "Process value is stuck"), _FIELD, _DECEIVED, Level.MEDIUM, ("T0831", "T0856")
    ),
    "saturated": _Unlike(
        Text("过程值饱和，停在极限值", "Process value at the end of its scale"),
        Text(
            "核对实际值是否超出变送器或寄存器的量程；检查断线、量程组态和数据类型（累计值位数是否够用）。"
            "设备停运时停在零属正常，确认后可关闭。",
            "Check whether the real value has left the span of its transmitter or register: look at the wiring, the "
            "configured span and the data type (a total that needs more bits). A machine that stands still rests at "
            "zero, which is in order: confirm and close.",
        ),
        Text(
            "超出极限值之后的变化，操作员看不到，依此值动作的报警和联锁也不再有反应。",
            "What happens beyond the end is seen by no operator, and by no alarm or interlock that goes by this value.",
        ),
        Level.LOW,
        ("T0831",),
    ),
    "oscillation": _Unlike(
        Text("过程值异常振荡", "Process value oscillates"), _FIELD, _PROCESS, Level.MEDIUM, ("T0831",)
    ),
    "quiet": _Unlike(
        Text("过程值的自然波动消失", "Process value lost its noise"), _FIELD, _DECEIVED, Level.LOW, ("T0856",)
    ),
    "drift": _Unlike(
        Text("过程值持续漂移", "Process value drifts"), _FIELD, _PROCESS, Level.MEDIUM, ("T0831",)
    ),
    "state": _Unlike(
        Text("出现从未有过的状态值", "State never seen before"), _FIELD, _PROCESS, Level.LOW, ("T0831",)
    ),
    "counter": _Unlike(
        Text("计数值倒退", "Counter ran backwards"), _FIELD, _DECEIVED, Level.LOW, ("T0856", "T0832")
    ),
    "replay": _Unlike(
        Text("数值与此前逐一相同，疑似回放", "Values repeat older ones: a replay?"),
        Text(
            "立即到现场核对实际值；检查控制器与监控站之间有无插入的设备，核对双方的硬件地址。",
            "Check the real values in the field at once. Look for a device between controller and station, and compare "
            "their hardware addresses.",
        ),
        _DECEIVED,
        Level.HIGH,
        ("T0856", "T0830"),
    ),
    "set": _Unlike(
        Text("写入的设定值超出历史范围", "Set point beyond what was ever written"),
        Text(
            "向值班人员核对是谁、为什么改这个设定值；无人认领的，立即恢复为原值，并检查这台主机是否被他人控制。",
            "Ask the shift who changed this set point and why. If nobody did, put it back at once and check whether "
            "somebody else controls that host.",
        ),
        _PROCESS,
        Level.HIGH,
        ("T0836", "T0855"),
    ),
    "relation": _Unlike(
        Text("过程值之间的关系被破坏", "Relation between process values broken"),
        Text(
            "关系中的每个值单独看都可能正常。到现场核对关系中各个值，找出与实际不符的那一个；都属实的，检查设备和工况（泄漏、堵塞、阀门误动）。",
            "Each value may look ordinary by itself. Check all of them in the field and find the one that is not true; "
            "if all are, look at the equipment: a leak, a blockage, a valve that moved.",
        ),
        _DECEIVED,
        Level.MEDIUM,
        ("T0856", "T0831"),
    ),
    "limit": _Unlike(
        Text("过程值越过点表规定的限值", "Process value beyond its declared limit"),
        _FIELD, _PROCESS, Level.HIGH, ("T0831", "T0836"),
    ),
    "rate": _Unlike(
        Text("过程值变化快于点表规定", "Process value faster than declared"),
        _FIELD, _PROCESS, Level.MEDIUM, ("T0831", "T0856"),
    ),
    "allowed": _Unlike(
        Text("出现点表未规定的取值", "Value that the table of points does not allow"),
        _FIELD, _PROCESS, Level.MEDIUM, ("T0831", "T0836"),
    ),
}  # fmt: skip

CAUSES = tuple(f"value:{code}" for code in _CAUSES)
"""Every cause the core may name (a test compares)."""


def describe(hit: Hit) -> Description:
    """The words for a hit whose cause begins with `value:`.

    Raises:
        LookupError: a cause this version does not know; core and detectors are of different versions.
    """
    detector, _, code = hit.cause.partition(":")
    said = _CAUSES.get(code) if detector == "value" else None
    if said is None:
        raise LookupError(f"no words for the cause {hit.cause}")
    return Description(
        detector="value",
        level=said.level,
        title=said.title,
        reason=Reason(f"value_{code}", hit.params()),
        advice=said.advice,
        consequence=said.consequence,
        technique=said.technique,
    )
