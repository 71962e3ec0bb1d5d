"""Words for a window that is unlike the learned ones."""

from __future__ import annotations

from typing import Any

from detectors.anomaly.features import FEATURES
from detectors.anomaly.finding import Deviating, WindowFinding
from detectors.describe import Description
from sensor.schema import Level, Reason, Text

DETECTOR = "anomaly"
CODE = "window_deviates"
FLOOD = "request_flood"

MAX_TITLE = 3
"""Features named in the title; the reason has all of them."""
FAR = 2.0
"""A feature that says what was done is more than a note when it lies twice as far out as allowed."""

_BY_NAME = {feature.name: feature for feature in FEATURES}

ADVICE = Text(
    "对照所列特征的实测值与学习范围，核对该时段是否有检修、换班或参数调整；无法解释的，查看同一时段的其他告警和原始报文。",
    "Compare the values with the learned ranges and find out whether there was maintenance, a change of shift or of "
    "settings. If nothing explains it, look at other alerts and the packets of that time.",
)
CONSEQUENCE = Text(
    "通信行为与平时不同，可能是故障前兆、误操作，或借用已知主机进行的试探。",
    "The conversation behaves unlike before: a fault on its way, a mistake, or somebody probing as a known host.",
)

FLOOD_ADVICE = Text(
    "核对请求方上运行的程序与其轮询设置；无人认领的，断开该主机并检查。控制器应答变慢或通信中断的，先恢复正常轮询。",
    "Find out which program on the asking host does this and how its polling is set. If nobody owns it, disconnect the "
    "host and examine it. Where the controller answers late or not at all, bring back the ordinary polling first.",
)
FLOOD_CONSEQUENCE = Text(
    "控制器忙于应答，可能耽误控制任务，或不再应答监控站。",
    "The controller is busy answering: its own tasks may be late, and stations may lose sight of it.",
)


CONSEQUENCES = frozenset(
    {
        "requests", "responses", "operations", "objects", "bytes_mean", "latency_median_ms", "interval_mean_ms",
        "interval_std_ms", "operation_entropy",
    }
)  # fmt: skip
"""What is unlike where requests are missing, or too many, and only because they are."""


def only_missing(finding: WindowFinding) -> bool:
    """Fewer requests than usual and what follows from that: a station restarts, a client is closed for the night. The
    rhythm of polls (`period:…`) tells of it, and for how long."""
    fewer = any(one.name in ("requests", "responses") and one.value < one.low for one in finding.features)
    return fewer and all(one.name in CONSEQUENCES for one in finding.features)


def flood(finding: WindowFinding) -> Deviating | None:
    """Requests, where there are far more than there may be and nothing else is farther out than what follows."""
    found = next((one for one in finding.features if one.name == "requests" and one.value > one.high), None)
    if found is None or not finding.by_feature or finding.features[0].name not in CONSEQUENCES:
        return None
    return found if found.beyond >= FAR or not finding.learned else None


def describe(finding: WindowFinding) -> Description:
    if (requests := flood(finding)) is not None:
        return _flooded(finding, requests)
    known = [_BY_NAME[deviating.name] for deviating in finding.features]
    named = known[:MAX_TITLE]
    acting = any(
        feature.acting and deviating.beyond >= FAR and deviating.value > deviating.high
        for feature, deviating in zip(known, finding.features, strict=True)
    )
    return Description(
        detector=DETECTOR,
        # Times alone drift with the load of a network; what was done does not.
        level=Level.MEDIUM if acting else Level.NOTICE if only_missing(finding) else Level.LOW,
        title=Text(
            f"通信特征偏离学习值：{'、'.join(feature.label.zh for feature in named)}",
            f"Conversation unlike the learned one: {', '.join(feature.label.en for feature in named)}",
        ),
        reason=Reason(CODE, _params(finding)),
        advice=ADVICE,
        consequence=CONSEQUENCE,
        technique=tuple(dict.fromkeys(feature.technique for feature in named)),
        incident_class="deviation",
    )


def _flooded(finding: WindowFinding, requests: Deviating) -> Description:
    return Description(
        detector=DETECTOR,
        level=Level.MEDIUM,
        title=Text("请求速率远超学习值（请求洪泛）", "Far more requests than learned: a flood?"),
        reason=Reason(FLOOD, {**_params(finding), "requests": _short(requests.value), "most": _short(requests.high)}),
        advice=FLOOD_ADVICE,
        consequence=FLOOD_CONSEQUENCE,
        technique=("T0814", *(("T0836",) if any(one.name == "writes" for one in finding.features) else ())),
        incident_class="deviation",
    )


def _params(finding: WindowFinding) -> dict[str, Any]:
    decided = [name for name, found in (("feature", finding.by_feature), ("ensemble", finding.by_forest)) if found]
    params: dict[str, Any] = {
        "window_ns": finding.end_ns - finding.start_ns,
        "features": [
            {
                "name": deviating.name,
                "value": _short(deviating.value),
                "low": _short(deviating.low),
                "high": _short(deviating.high),
                **({} if deviating.alike is None else {"alike": _short(deviating.alike)}),
            }
            for deviating in finding.features
        ],
        "score": _short(finding.score),
        "score_limit": _short(finding.score_limit),
        "decided_by": " + ".join(decided),
    }
    if finding.alike_ns is not None:
        params["alike_ns"] = finding.alike_ns
    return params


def _short(number: float) -> float:
    """Six digits: what a person reads, and the same on every machine."""
    return float(f"{number:.6g}")
