"""The features of a window, what they are called, and the smallest change of each that means anything.

The core computes them (`wire/src/windows/rows.rs`). It gives more: what the capture itself may cause (retransmissions,
gaps) and what follows from others (the peak of the rate) is data, and not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.schema import Text


@dataclass(frozen=True)
class Feature:
    name: str
    label: Text
    least: float
    """spreads below this are not believed, in units of the feature: what counting at a window's edge, a time stamp, or
    one more message of another kind changes by itself"""
    share: float
    """spreads below this share of the median are not believed"""
    technique: str
    """ATT&CK for ICS: what such a change is most often a sign of"""
    acting: bool = False
    """it says what was done, not only when and how fast"""
    counted: bool = False
    """it counts messages: where it is almost always the same, one more or less is judged as what it is, a message"""
    lasting: bool = False
    """it is judged over two windows in a row only: a mirror port that hiccups, or one answer that was late, is over in
    one, and somebody who stands in between is not; a single write turns the mix of operations"""
    mixed: bool = False
    """it follows from which requests there are: where somebody acted it is unlike by nature, and not judged"""
    opening: bool = False
    """it is judged where a conversation opens or logs in, too: there all others are unlike by nature"""


FEATURES: tuple[Feature, ...] = (
    # A request at the edge falls into this window or the next: one more or less is never enough.
    Feature("requests", Text("请求数", "requests"), 0.25, 0.01, "T0802", counted=True),
    Feature("responses", Text("应答数", "responses"), 0.25, 0.01, "T0802", counted=True),
    # Counts that are usually the same in every window: a tenth, so that one more stands out where none varied.
    Feature("unanswered", Text("无应答请求数", "unanswered requests"), 0.1, 0.0, "T0814", opening=True, counted=True),
    Feature("failures", Text("错误应答数", "failures"), 0.1, 0.0, "T0888", acting=True, opening=True, counted=True),
    # Lengths are exact, their mean shifts with the mix of messages at the edge.
    Feature("bytes_mean", Text("平均报文长度", "mean message length"), 0.1, 0.005, "T0845", lasting=True, mixed=True),
    Feature("operations", Text("操作种类数", "different operations"), 0.1, 0.0, "T0846", counted=True),
    Feature("objects", Text("访问对象数", "different objects"), 0.1, 0.0, "T0861", counted=True),
    Feature(
        "writes",
        Text("写入与控制次数", "writes and controls"),
        0.1,
        0.0,
        "T0836",
        acting=True,
        opening=True,
        counted=True,
    ),
    # A tenth of a millisecond is what a mirror port adds.
    Feature(
        "latency_median_ms", Text("应答时延中位数（毫秒）", "median latency (ms)"), 0.1, 0.02, "T0830", lasting=True
    ),
    Feature(
        "interval_mean_ms",
        Text("请求间隔均值（毫秒）", "mean interval of requests (ms)"),
        0.2,
        0.005,
        "T0802",
        lasting=True,
        mixed=True,
    ),
    Feature(
        "interval_std_ms",
        Text("请求间隔波动（毫秒）", "spread of intervals (ms)"),
        0.2,
        0.02,
        "T0830",
        lasting=True,
        mixed=True,
    ),
    Feature(
        "operation_entropy",
        Text("操作分布熵（比特）", "mix of operations (bits)"),
        0.005,
        0.01,
        "T0888",
        lasting=True,
        mixed=True,
    ),
)

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

SESSIONS = "sessions"
"""The column that is not judged: requests that open, log in or close. Above zero the window is an opening one."""
