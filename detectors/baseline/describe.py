"""Words for what leaves the baseline and for polls that change their rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from detectors.describe import Description
from sensor.schema import Level, Reason, Text

WORDS = {
    "read": Text("读取", "read"),
    "write": Text("写入", "write"),
    "control": Text("控制", "control"),
    "program": Text("程序上传下载", "program transfer"),
    "session": Text("连接与登录", "connection and login"),
    "discover": Text("浏览与识别", "browsing and identification"),
    "diagnose": Text("诊断", "diagnostics"),
    "other": Text("其他操作", "other operation"),
}
"""Operation classes, in the words of the person in front of the plant."""

ACTING = ("write", "control", "program")
"""Classes that change what the plant does."""


class Hit(Protocol):
    """What is asked of the core's hit here."""

    @property
    def cause(self) -> str: ...
    def params(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Deviation:
    """One cause in words. `{zh}` and `{en}` stand for the class of the operation."""

    title: Text
    advice: Text
    consequence: Text
    acting: Level
    """level where the operation changes the plant"""
    looking: Level
    """level where it only reads"""
    otherwise: Level


@dataclass(frozen=True)
class _Rhythm:
    title: Text
    advice: Text
    consequence: Text
    level: Level
    technique: tuple[str, ...]


_ACTS = Text(
    "可能改变设备的参数、状态或程序，直接影响生产。",
    "It can change parameters, state or program of the device and so the process itself.",
)
_LOOKS = Text(
    "可能是攻击者在收集点位和设备信息，为下一步操作做准备。",
    "It may be somebody collecting points and device data to prepare the next step.",
)

_BASELINE = {
    "new_asset": _Deviation(
        Text("网络中出现新设备", "New station on the network"),
        Text(
            "核对这台设备是否为新装、备件更换或检修电脑；无人认领时，到现场按交换机端口找到并断开。确认合法后重新学习基线。",
            "Find out whether the station was newly installed, replaced, or is a service laptop. If nobody knows it, "
            "trace its switch port and disconnect it. If it belongs here, learn the baseline again.",
        ),
        Text(
            "未经登记的设备可以直接与控制器通信，可能读取、改写数据或传播恶意程序。",
            "A station that nobody registered can talk to controllers: read, change, or spread malware.",
        ),
        Level.MEDIUM,
        Level.MEDIUM,
        Level.MEDIUM,
    ),
    "new_link": _Deviation(
        Text("出现学习期内没有的通信关系（{zh}）", "New conversation ({en})"),
        Text(
            "核对客户端是否应当访问这台设备、是谁在操作；未经批准的，先在交换机或防火墙上阻断，再查客户端主机。",
            "Check whether this client has business with that device, and who is using it. If not approved, block it "
            "at the switch or firewall and then look at the client.",
        ),
        _ACTS,
        Level.HIGH,
        Level.MEDIUM,
        Level.MEDIUM,
    ),
    "new_operation": _Deviation(
        Text("已知通信关系中出现新操作（{zh}）", "New operation on a known conversation ({en})"),
        Text(
            "向值班人员核对这一操作是否有操作票或检修计划；没有的，检查客户端主机是否被他人控制。",
            "Ask the shift whether there was a permit or maintenance for this operation. If not, check whether "
            "somebody else controls the client.",
        ),
        _ACTS,
        Level.HIGH,
        Level.LOW,
        Level.MEDIUM,
    ),
    "new_object": _Deviation(
        Text("访问了学习期内没有的地址或变量（{zh}）", "Access to addresses or variables never used before ({en})"),
        Text(
            "对照点表核对这些地址的用途；若为写入，确认现场值和设定值是否正确并按需恢复。",
            "Look the addresses up in the point list. If it was a write, check values and set points in the field and "
            "restore them where needed.",
        ),
        _ACTS,
        Level.HIGH,
        Level.LOW,
        Level.MEDIUM,
    ),
    "new_order": _Deviation(
        Text("操作次序与以往不同（{zh}）", "Operations in an order never seen before ({en})"),
        Text(
            "核对是谁在操作、是否跳过了平时必经的步骤（登录、先读后写、停机前的检查等）；无人认领的，检查客户端主机是否被他人控制。",
            "Find out who did this and whether a usual step was left out (login, reading before writing, the check "
            "before a stop). If nobody did it, check whether somebody else controls the client.",
        ),
        Text(
            "每一步操作单独看都正常，但次序不是平时使用的软件和操作规程所走的；可能是他人用别的工具下发命令。",
            "Each operation is ordinary by itself, the order is not that of the software and the procedures used here: "
            "somebody may be sending commands with another tool.",
        ),
        Level.MEDIUM,
        Level.LOW,
        Level.LOW,
    ),
}

_TECHNIQUES: dict[str, dict[str, tuple[str, ...]]] = {
    "new_link": {
        "read": ("T0861", "T0802"),
        "write": ("T0855", "T0836"),
        "control": ("T0855", "T0858"),
        "program": ("T0843",),
        "session": ("T0859",),
        "discover": ("T0846", "T0888"),
        "diagnose": ("T0888",),
    },
    "new_operation": {
        "read": ("T0802",),
        "write": ("T0855", "T0836"),
        "control": ("T0855", "T0858"),
        "program": ("T0843",),
        "session": ("T0859",),
        "discover": ("T0888",),
        "diagnose": ("T0888",),
    },
    "new_object": {
        "read": ("T0861",),
        "write": ("T0836",),
        "control": ("T0855",),
        "program": ("T0889",),
    },
    "new_order": {
        "write": ("T0855",),
        "control": ("T0855", "T0858"),
        "program": ("T0843",),
    },
}

_CHECK_POLL = Text(
    "检查客户端软件、网络和设备是否正常，近期是否改过轮询设置；没有人改过的，检查客户端主机和中间设备。",
    "Check client software, network and device, and whether somebody changed the polling. If nobody did, look at the "
    "client and at what stands between.",
)

_PERIOD = {
    "slower": _Rhythm(
        Text("轮询变慢", "Poll became slower"),
        _CHECK_POLL,
        Text(
            "监控画面更新变慢，操作员可能看不到及时的现场状态。",
            "Screens are updated late: operators may not see the state.",
        ),
        Level.LOW,
        ("T0814", "T0815"),
    ),
    "faster": _Rhythm(
        Text("轮询变快", "Poll became faster"),
        Text(
            "检查是否有人改过轮询设置，或有第二个程序以同一地址发送同样的请求。",
            "Check whether somebody changed the polling, or a second program sends the same requests as that host.",
        ),
        Text(
            "多出的请求可能是冒用已知主机采集数据，也会加重控制器负担。",
            "The extra requests may be somebody collecting data as a known host; they also load the controller.",
        ),
        Level.MEDIUM,
        ("T0802",),
    ),
    "irregular": _Rhythm(
        Text("轮询节律紊乱", "Poll lost its rhythm"),
        _CHECK_POLL,
        Text(
            "可能是网络拥塞或主机过载，也可能有设备插在中间转发报文。",
            "A congested network or an overloaded host; or something that stands between and forwards.",
        ),
        Level.LOW,
        ("T0830",),
    ),
    "stopped": _Rhythm(
        Text("轮询中断", "Poll stopped"),
        Text(
            "检查客户端程序、设备和线路；确认监控画面上的数据是否还在更新。",
            "Check client program, device and line, and whether the values on the screens are still updated.",
        ),
        Text(
            "操作员可能看到的是过期数据，失去对设备的监视。",
            "Operators may look at stale values: the view of the device is lost.",
        ),
        Level.MEDIUM,
        ("T0814", "T0815"),
    ),
    "resumed": _Rhythm(
        Text("轮询恢复", "Poll resumed"),
        Text("核对中断期间的现场操作和数据。", "Check what was done in the field while the poll was silent."),
        Text("中断期间的数据缺失。", "There are no values of the time between."),
        Level.NOTICE,
        (),
    ),
}

_SILENT = Text("通信中断（可能是设备重启）", "Conversation silent (the device may be restarting)")

CAUSES = (*(f"baseline:{code}" for code in _BASELINE), *(f"period:{code}" for code in _PERIOD))
"""Every cause the core may name (a test compares)."""


def describe(hit: Hit) -> Description:
    """The words for a hit whose cause begins with `baseline:` or `period:`.

    Raises:
        LookupError: a cause this version does not know; core and detectors are of different versions.
    """
    detector, _, code = hit.cause.partition(":")
    params = hit.params()
    if detector == "baseline" and code in _BASELINE:
        return _deviation(code, params)
    if detector == "period" and code in _PERIOD:
        said = _PERIOD[code]
        silent = code == "stopped" and bool(params.get("silent_link"))
        return Description(
            detector="period",
            # A conversation that is silent as a whole may be a restart: `detectors/stops.py` waits and sees.
            level=Level.LOW if silent else said.level,
            title=_SILENT if silent else said.title,
            reason=Reason(f"period_{code}", params),
            advice=said.advice,
            consequence=said.consequence,
            technique=said.technique,
            incident_class="deviation",
        )
    raise LookupError(f"no words for the cause {hit.cause}")


def _deviation(code: str, params: Mapping[str, Any]) -> Description:
    said = _BASELINE[code]
    kind = str(params.get("operation_class", "other"))
    words = WORDS.get(kind, WORDS["other"])
    acting = kind in ACTING
    level = said.acting if acting else said.looking if kind == "read" else said.otherwise
    if code in ("new_operation", "new_object") and kind in ("session", "other"):
        # A known client that logs in again or renews its channel does what clients do.
        level = Level.LOW
    if code == "new_asset":
        technique: tuple[str, ...] = ("T0864", "T0848") if acting else ("T0864",)
    else:
        technique = _TECHNIQUES[code].get(kind, ())
    return Description(
        detector="baseline",
        level=level,
        title=Text(said.title.zh.format(zh=words.zh), said.title.en.format(en=words.en)),
        # Whether it is odd after the last operation, or on the way that led there, are two sentences.
        reason=Reason("new_order_way" if "operation_before" in params else code, dict(params)),
        advice=said.advice,
        consequence=said.consequence if acting or code == "new_asset" else _LOOKS,
        technique=technique,
        incident_class="deviation",
    )
