"""What a person must know about the store, said on the overview; silent where all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.catalogue import say
from console.store import Health

TONE = {
    "damaged": "critical", "unsound": "critical", "full": "critical", "filling": "high",
    "cluster_red": "critical", "waiting": "high", "few_shards": "high",
    "cluster_yellow": "medium",
}  # fmt: skip


_NUMBER = {"days": "n"}
"""what the catalogue says in the singular where it is one"""


@dataclass(frozen=True)
class Said:
    code: str
    tone: str
    headline: str
    advice: str
    until_acknowledged: bool


def remarks(health: Health, language: str) -> list[Said]:
    return [
        Said(
            remark.code,
            TONE[remark.code],
            said(remark.code, remark.parameters, language),
            said(f"{remark.code}_advice", remark.parameters, language),
            remark.until_acknowledged,
        )
        for remark in health.remarks
    ]


def said(code: str, parameters: Mapping[str, str | int], language: str) -> str:
    return say(f"storage.{code}", language, **{_NUMBER.get(name, name): value for name, value in parameters.items()})
