"""`threshold` and `detection_filter` → a count.

Suricata user guide 8, "Thresholding Keywords"; Snort 3, "detection_filter".
"""

from __future__ import annotations

from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Remark
from detectors.imports.suricata.grammar import GrammarError, Signature
from detectors.rules.correlation import MAX_TIMESPAN_NS, MOST

TRACKS = {"by_src": ["source"], "by_dst": ["destination"], "by_both": ["source", "destination"],
          "by_flow": ["client", "client.port", "server", "server.port"], "by_rule": ["network.protocol"]}  # fmt: skip
"""`by_rule`: all together, so by a field that all have alike."""


def counting(signature: Signature) -> tuple[dict[str, Any] | None, list[Remark]]:
    """The rule's correlation, where it counts.

    Raises:
        GrammarError: it cannot be read.
    """
    correlation: dict[str, Any] | None = None
    remarks: list[Remark] = []
    for option in signature.options:
        if option.name not in ("threshold", "detection_filter"):
            continue
        said = _said(option.value or "")
        kind = said.get("type", "threshold") if option.name == "threshold" else "filter"
        if kind == "limit":
            continue  # fewer alerts of the same: what ours are folded for
        if kind not in ("threshold", "both", "backoff", "filter") or said.get("track") not in TRACKS:
            raise GrammarError(f"{option} is not read")
        if kind == "backoff":
            remarks.append(Remark(str(option), BROADER, "alerts that grow rarer; ours are folded"))
            continue
        try:
            count, seconds = int(said["count"]), int(said["seconds"])
        except (KeyError, ValueError):
            raise GrammarError(f"{option} has no count and seconds") from None
        at_least = count + (kind == "filter")  # a filter lets through what comes after so many
        if at_least < 2:
            continue
        if at_least > MOST or not 0 < seconds <= MAX_TIMESPAN_NS // 10**9:
            remarks.append(Remark(str(option), BROADER, f"counts go to {MOST}, times to {MAX_TIMESPAN_NS // 10**9} s"))
            continue
        if correlation is not None:
            remarks.append(Remark(str(option), BROADER, "a second count"))
            continue
        correlation = {
            "type": "count",
            "at_least": at_least,
            "timespan": f"{seconds}s",
            "group_by": TRACKS[said["track"]],
        }
        if kind == "threshold":
            remarks.append(Remark(str(option), NARROWER, "one alert that counts on, instead of one every so many"))
    return correlation, remarks


def _said(value: str) -> dict[str, str]:
    pairs = (piece.strip().split(None, 1) for piece in value.split(","))
    return {pair[0].lower(): pair[1].strip().lower() for pair in pairs if len(pair) == 2}
