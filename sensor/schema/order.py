"""What notices and tasks have in common: who orders what of whom, until when, and how far it is.

An order goes down the line, what its receivers say about it comes up as records of their own (`receipt`): neither can
overwrite the other. Both grow by steps, and a step is only ever added.

States are codes, and a tier may meet one that it does not know yet. So a record also says what follows from its state
and every tier must know: an order whether it is open, a receipt whether it is settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sensor.schema.shape import Json, Reader, RecordError
from sensor.schema.words import Finding, OrderState

Code = TypeVar("Code")

MAX_TITLE, MAX_TEXT, MAX_NOTE, MAX_PERSON = 200, 8000, 1000, 64
"""characters"""
MAX_STATE = 32
MAX_STEPS = 100
MAX_ADDRESSEES = 500
"""Names in one order; to more it goes to all below, which costs the same for three children and for 30,000."""
MAX_INCIDENTS = 20


def code(make: type[Code], reader: Reader, name: str) -> Code:
    """A word of a closed list."""
    try:
        return make(reader.text(name))  # type: ignore[call-arg]
    except RecordError:
        raise
    except ValueError as error:
        raise RecordError(f"{reader.key(name)}: {error}") from None


def code_or_none(make: type[Code], reader: Reader, name: str) -> Code | None:
    value = reader.text_or_none(name)
    try:
        return None if value is None else make(value)  # type: ignore[call-arg]
    except ValueError as error:
        raise RecordError(f"{reader.key(name)}: {error}") from None


def bounded(text: str, most: int, key: str) -> str:
    if len(text) > most:
        raise RecordError(f"{key}: at most {most} characters")
    return text


def yes(reader: Reader, name: str, default: bool) -> bool:
    value = reader.take(name, default)
    if not isinstance(value, bool):
        raise RecordError(f"{reader.key(name)}: must be true or false")
    return value


def state_of(reader: Reader, name: str = "state") -> str:
    value = reader.text(name)
    if not 1 <= len(value) <= MAX_STATE:
        raise RecordError(f"{reader.key(name)}: 1 to {MAX_STATE} characters")
    return value


@dataclass(frozen=True)
class Step:
    """What somebody did: when, who, to which state, with which words."""

    at_ns: int
    by: str
    """a person's name, as that person's console knows it"""
    state: str
    note: str = ""
    finding: Finding | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        finding = None if self.finding is None else str(self.finding)
        return {
            **self.extra,
            "at_ns": self.at_ns,
            "by": self.by,
            "state": str(self.state),
            "note": self.note,
            "finding": finding,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "step") -> Step:
        reader = Reader(data, where)
        return cls(
            at_ns=reader.whole("at_ns"),
            by=bounded(reader.text("by"), MAX_PERSON, reader.key("by")),
            state=state_of(reader),
            note=bounded(reader.text("note", ""), MAX_NOTE, reader.key("note")),
            finding=code_or_none(Finding, reader, "finding"),
            extra=reader.rest(),
        )


@dataclass(frozen=True)
class Reference:
    """An incident that an order is about, or the order that a receipt answers: (origin, id)."""

    origin: str
    id: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {**self.extra, "origin": self.origin, "id": self.id}

    @classmethod
    def from_json(cls, data: object, where: str = "reference") -> Reference:
        reader = Reader(data, where)
        return cls(origin=reader.text("origin"), id=reader.text("id"), extra=reader.rest())


@dataclass(frozen=True, kw_only=True)
class Order:
    """A notice or a task. The record's origin is the node that issued it."""

    title: str
    text: str
    issued_ns: int
    deadline_ns: int | None = None
    """until when an answer is expected; None: no answer is late"""
    state: str = OrderState.ISSUED
    open: bool = True
    """an answer may still be given"""
    all_below: bool = False
    """to every node below its issuer, through all tiers"""
    addressees: tuple[str, ...] = ()
    """the issuer's children that it is for, by the names it knows them by; empty where it is for all below"""
    incidents: tuple[Reference, ...] = ()
    steps: tuple[Step, ...] = ()
    """the issuer's; the first is the issuing itself"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def course(self) -> str:
        """Which way it goes: a name in `COURSES`."""
        raise NotImplementedError

    def to_json(self) -> Json:
        return {
            **self.extra,
            "title": self.title,
            "text": self.text,
            "issued_ns": self.issued_ns,
            "deadline_ns": self.deadline_ns,
            "state": str(self.state),
            "open": self.open,
            "all_below": self.all_below,
            "addressees": list(self.addressees),
            "incidents": [item.to_json() for item in self.incidents],
            "steps": [step.to_json() for step in self.steps],
        }


def common(reader: Reader) -> dict[str, Any]:
    """What every order has, read; its own keys are still in the reader."""
    addressees = reader.texts("addressees")
    all_below = yes(reader, "all_below", False)
    if len(addressees) > MAX_ADDRESSEES:
        raise RecordError(f"{reader.key('addressees')}: at most {MAX_ADDRESSEES}; more are reached by all_below")
    if all_below == bool(addressees):
        raise RecordError(f"{reader.key('addressees')}: either names, or all_below")
    return {
        "title": bounded(reader.text("title"), MAX_TITLE, reader.key("title")),
        "text": bounded(reader.text("text"), MAX_TEXT, reader.key("text")),
        "issued_ns": reader.whole("issued_ns"),
        "deadline_ns": reader.whole_or_none("deadline_ns"),
        "state": state_of(reader),
        "open": yes(reader, "open", True),
        "all_below": all_below,
        "addressees": addressees,
        "incidents": reader.parts("incidents", Reference.from_json, most=MAX_INCIDENTS),
        "steps": reader.parts("steps", Step.from_json, most=MAX_STEPS),
    }
