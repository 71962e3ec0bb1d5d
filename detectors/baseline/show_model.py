"""What `otus baseline show` says of the anomaly model: what was promised, and the limits that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNITS = {"messages": "条 messages", "spreads": "倍波动 spreads"}


def model_lines(model: Mapping[str, Any]) -> Iterator[str]:
    """`model`: that part of the manifest. Nothing for models that abstain, and for those of earlier versions."""
    promise = model.get("promise")
    if not isinstance(promise, Mapping):
        return
    yield (
        f"    误报承诺 Promise  每千台设备每天不超过 {promise['incidents_per_1000_assets_day']:g} 起 / at most "
        f"{promise['incidents_per_1000_assets_day']:g} incidents per 1,000 assets a day"
    )
    yield (
        f"      {promise['assets']} 台设备 assets, 每天 {promise['windows_a_day']:,} 个窗口 windows a day, "
        f"每起事件 1/{promise['folding']:g} 个窗口 windows an incident, {promise['tests']} 项检验 tests: "
        f"每窗口 chance per window {promise['chance_per_window']:.2e}, 每项 per test {promise['chance_per_test']:.2e}"
    )
    for group in model.get("groups", []):
        yield (
            f"    组 Group {group['name']}: {group['conversations']} 条通信关系 conversations, "
            f"{group['windows']:,} 个窗口 windows; 集成 ensemble {_limit(group)}{_fit(group)}"
        )
        for line in group["features"]:
            over = "，连续两个窗口 over two windows" if line["windows"] == 2 else ""
            yield f"      {line['feature']} {_limit(line)} {UNITS[line['unit']]}{over}{_fit(line)}"


def _limit(line: Mapping[str, Any]) -> str:
    """The limit, and where it would be with one standard error of its tail less or more."""
    return f"> {line['limit']:g} ({line['low']:g} – {line['high']:g})"


def _fit(line: Mapping[str, Any]) -> str:
    return "" if line["fits"] else " · 尾部拟合不佳，上限不可全信 tail does not fit, trust the limit less"
