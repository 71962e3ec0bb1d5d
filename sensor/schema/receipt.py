"""The body of a receipt record: what one receiver says about one order, step by step.

Its id follows from the order's and its origin is the receiver, as that receiver's parent knows it. So there is one
receipt of one receiver for one order, and nobody else can write it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sensor.schema.order import MAX_STEPS, Reference, Step, bounded, code, code_or_none, state_of, yes
from sensor.schema.shape import Json, Reader, RecordError
from sensor.schema.task import MAX_CHECKLIST
from sensor.schema.words import Finding, Verdict

MAX_REMARK = 500


def receipt_id(about: Reference) -> str:
    return hashlib.sha256(f"receipt\0{about.origin}\0{about.id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Checked:
    """One line of a task's checklist."""

    line: int
    """counts from 0"""
    verdict: Verdict
    remark: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "line": self.line, "verdict": str(self.verdict), "remark": self.remark}

    @classmethod
    def from_json(cls, data: object, where: str = "result") -> Checked:
        reader = Reader(data, where)
        line = reader.whole("line")
        if line >= MAX_CHECKLIST:
            raise RecordError(f"{reader.key('line')}: less than {MAX_CHECKLIST}")
        return cls(
            line=line,
            verdict=code(Verdict, reader, "verdict"),
            remark=bounded(reader.text("remark", ""), MAX_REMARK, reader.key("remark")),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Receipt:
    about: Reference
    state: str
    settled: bool
    """nothing more is to be expected"""
    at_ns: int
    """of the last step"""
    finding: Finding | None = None
    steps: tuple[Step, ...] = ()
    results: tuple[Checked, ...] = ()
    """of a task"""
    version: int | None = None
    """of a review: the baseline's, which has it"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            **self.extra,
            "about": self.about.to_json(),
            "state": str(self.state),
            "settled": self.settled,
            "at_ns": self.at_ns,
            "finding": None if self.finding is None else str(self.finding),
            "steps": [step.to_json() for step in self.steps],
            "results": [item.to_json() for item in self.results],
            **({} if self.version is None else {"version": self.version}),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "body") -> Receipt:
        reader = Reader(data, where)
        return cls(
            about=reader.part("about", Reference.from_json),
            state=state_of(reader),
            settled=yes(reader, "settled", False),
            at_ns=reader.whole("at_ns"),
            finding=code_or_none(Finding, reader, "finding"),
            steps=reader.parts("steps", Step.from_json, most=MAX_STEPS),
            results=reader.parts("results", Checked.from_json, most=MAX_CHECKLIST),
            version=reader.whole_or_none("version"),
            extra=reader.rest(),
        )
