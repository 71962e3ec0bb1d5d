"""The ground truth of a synthesised capture: who did what, when, and which packets it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed.play.collector import Span

FORMAT = "otus-truth/1"
KINDS = {
    "attack": "攻击",
    "exposure": "安全隐患",
    "deviation": "异常行为",
    "work": "有工单的作业",
    "benign": "正常特殊情况",
}
FOUND = ("attack", "exposure", "deviation")
"""What a detector has to say something about; the others must pass without an alarm of level medium or above."""


@dataclass(eq=False)
class Act:
    """One thing that was done. Times are those of its packets, or of what is missing where it leaves none."""

    number: int
    name: str
    kind: str
    technique: tuple[str, ...]
    begin_ns: int
    end_ns: int = 0
    zh: str = ""
    en: str = ""
    sign_zh: str = ""
    sign_en: str = ""
    """what a detector should be able to see"""
    hosts: dict[str, str] = field(default_factory=dict)
    """address → part in it: actor, target, between, witness"""
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self, span: Span | None) -> dict[str, Any]:
        span = span or Span()
        return {
            "name": self.name,
            "kind": self.kind,
            "technique": list(self.technique),
            "title": {"zh": self.zh, "en": self.en},
            "sign": {"zh": self.sign_zh, "en": self.sign_en},
            "first_ns": span.first_ns or self.begin_ns,
            "last_ns": max(span.last_ns, self.end_ns),
            "hosts": self.hosts,
            "details": self.details,
            "packets": span.frames,
            "frames": span.runs,
        }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a truth file whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps({"format": FORMAT, **content}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
