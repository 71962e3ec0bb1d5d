"""The page and the JSON that are written from the tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.bench.table import Table, rows_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
JSON = ROOT / "build" / "performance.json"
HEAD = """\
# 性能 / Performance

本页由 `make bench` 整页生成，不手工修改。数字只对下面这台机器有效；速率取多次运行的中位数（最小 – 最大）。

Written whole by `make bench`; do not edit. The figures hold for the machine below; rates are medians of several runs
(least – most).
"""


def write(machine: Mapping[str, str], tables: Sequence[Table], skipped: Mapping[str, str]) -> None:
    PAGE.write_text(page(machine, tables, skipped), encoding="utf-8")


def page(machine: Mapping[str, str], tables: Sequence[Table], skipped: Mapping[str, str]) -> str:
    parts = [HEAD]
    parts.append("\n".join(rows_of(["机器 / machine", ""], [[name, value] for name, value in machine.items()])))
    parts += [summary(tables, place) for place in (0, 1)]
    parts += [table.markdown() for table in tables]
    if skipped:
        lines = [f"- {name}: {why}" for name, why in skipped.items()]
        parts.append("\n".join(["## 未测 / Not measured", "", *lines]))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def summary(tables: Sequence[Table], place: int) -> str:
    """The figures of all tables that stand for them, in one language: 0 Chinese, 1 English."""
    title, head = (("## 概览", ("项目", "数值")), ("## Summary", ("what", "value")))[place]
    lines = [(entry[place], entry[2]) for table in tables for entry in table.summary]
    return "\n".join([title, "", *rows_of(head, lines)])


def write_json(path: Path, machine: Mapping[str, str], tables: Sequence[Table], skipped: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": dict(machine),
        "skipped": dict(skipped),
        "tables": {
            table.key: {"columns": [english for _, english in table.columns], "rows": table.rows, "data": table.data}
            for table in tables
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
