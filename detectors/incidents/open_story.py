"""A story that may still grow: its steps, whom it knows, and what is remembered of it across a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from detectors.incidents.severity import Importance, consequence_of, severity
from detectors.open_alert import REVISIONS_UNSEEN
from sensor.schema import Level, Outcome, State, Story, StoryStep, Text
from sensor.schema.shape import Json, as_int, as_object, as_text, as_texts
from sensor.schema.story import MAX_MERGED, MAX_STEPS_TOLD, MAX_TARGETS_TOLD

MAX_TARGETS = 256
"""Stations counted in a step: a whole /24 network. Beyond it the number means "at least"."""
MAX_KEYS = 4096
"""By which a later alert may find its story: some three a station. Beyond it alerts of further stations stand alone."""

Key = tuple[str, ...]


@dataclass(slots=True)
class OpenStep:
    """As `StoryStep`, with all targets that are counted."""

    alert: str
    cause: str
    detector: str
    level: Level
    title: Json
    protocol: str
    relation: str
    tactic: str
    technique: tuple[str, ...]
    source: str | None
    targets: dict[str, None]
    first_ns: int
    last_ns: int
    alerts: int
    hits: int
    outcome: Outcome

    @property
    def key(self) -> Key:
        return (self.cause, self.source or "", self.tactic)

    def add(self, other: OpenStep) -> None:
        if other.level != self.level:
            self.level = max(self.level, other.level, key=lambda level: level.rank)
        self.first_ns, self.last_ns = min(self.first_ns, other.first_ns), max(self.last_ns, other.last_ns)
        self.alerts += other.alerts
        self.hits += other.hits
        self.outcome = other.outcome if _told(other.outcome) > _told(self.outcome) else self.outcome
        for target in other.targets:
            if len(self.targets) < MAX_TARGETS:
                self.targets[target] = None

    def told(self) -> StoryStep:
        return StoryStep(
            alert=self.alert,
            cause=self.cause,
            detector=self.detector,
            level=self.level,
            title=Text.from_json(self.title),
            protocol=self.protocol,
            relation=self.relation,
            tactic=self.tactic,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            alerts=self.alerts,
            hits=self.hits,
            technique=self.technique,
            source=self.source,
            targets=tuple(self.targets)[:MAX_TARGETS_TOLD],
            target_count=len(self.targets),
            outcome=self.outcome,
        )

    def to_json(self) -> Json:
        return {**self.told().to_json(), "targets": list(self.targets)}

    @classmethod
    def from_json(cls, data: Any) -> OpenStep:
        step = StoryStep.from_json(data)
        return cls(
            step.alert, step.cause, step.detector, step.level, step.title.to_json(), step.protocol, step.relation,
            step.tactic, step.technique, step.source, dict.fromkeys(step.targets), step.first_ns, step.last_ns,
            step.alerts, step.hits, step.outcome,
        )  # fmt: skip


def _told(outcome: Outcome) -> int:
    """Of many attempts the one that succeeded tells; one whose answer is not known tells more than one that failed."""
    return {Outcome.SUCCESS: 3, Outcome.NO_RESPONSE: 2, Outcome.FAILURE: 0}.get(outcome, 1)


@dataclass(slots=True)
class OpenStory:
    id: str
    segment: str
    first_ns: int
    last_ns: int
    follows: str | None = None
    revision: int = 0
    """grows with every alert and every revision of one, so that it does not depend on when it is told"""
    told_ns: int = -1
    told_steps: int = 0
    alerts: int = 0
    hits: int = 0
    more_steps: int = 0
    steps: dict[Key, OpenStep] = field(default_factory=dict)
    keys: dict[Key, int] = field(default_factory=dict)
    """by what later alerts find it, and the time that counts for it"""
    roles: dict[str, str] = field(default_factory=dict)
    """address → what its messages showed it to be, the most important part"""
    merged: list[str] = field(default_factory=list)
    into: OpenStory | None = None
    """the story this one was merged into"""

    def add(self, step: OpenStep) -> None:
        known = self.steps.get(step.key)
        if known is not None:
            known.add(step)
        elif len(self.steps) < MAX_STEPS_TOLD:
            self.steps[step.key] = step
        else:
            self.more_steps += step.alerts
        self.alerts += step.alerts
        self.hits += step.hits
        self.first_ns, self.last_ns = min(self.first_ns, step.first_ns), max(self.last_ns, step.last_ns)
        self.revision += 1

    def swallow(self, other: OpenStory) -> None:
        """`other` turned out to be part of this one."""
        for step in other.steps.values():
            self.add(step)
        self.alerts += other.more_steps
        self.hits += other.hits - sum(step.hits for step in other.steps.values())
        self.more_steps += other.more_steps
        for address, role in other.roles.items():
            self.roles.setdefault(address, role)
        self.revision += other.revision
        self.merged = [*self.merged, other.id, *other.merged][:MAX_MERGED]
        other.into = self
        other.revision += 1

    def body(self, importance: Importance, *, closed: bool = False) -> Json:
        steps = sorted(self.steps.values(), key=lambda step: (step.first_ns, step.alert))
        gravest = max(steps, key=lambda step: step.level.rank)
        consequence = max(consequence_of(step.tactic, step.outcome is Outcome.FAILURE) for step in steps)
        acted = next((step.source for step in steps if step.source), None)
        return Story(
            level=gravest.level,
            title=Text.from_json(gravest.title),
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            alerts=self.alerts,
            hits=self.hits,
            severity=severity(gravest.level, consequence, self._concerned(steps), self.segment, importance),
            actor=acted,
            state=State.CLOSED if closed else State.OPEN,
            steps=tuple(step.told() for step in steps),
            more_steps=self.more_steps,
            merged_into=None if self.into is None else self.into.id,
            merged=tuple(self.merged),
            follows=self.follows,
        ).to_json()

    def _concerned(self, steps: list[OpenStep]) -> Iterator[tuple[str, str]]:
        """Those something was done to; where nobody is known, whoever did it."""
        targets = dict.fromkeys(target for step in steps for target in step.targets)
        if not targets:
            targets = dict.fromkeys(step.source for step in steps if step.source)
        for address in targets:
            yield address, self.roles.get(address, "unknown")

    def to_json(self) -> Json:
        return {
            "id": self.id, "segment": self.segment, "first_ns": self.first_ns, "last_ns": self.last_ns,
            "follows": self.follows, "revision": self.revision, "alerts": self.alerts, "hits": self.hits,
            "more_steps": self.more_steps, "steps": [step.to_json() for step in self.steps.values()],
            "keys": [[*key, ns] for key, ns in self.keys.items()], "roles": self.roles,
            "merged": self.merged,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OpenStory:
        """Raises ValueError, LookupError or TypeError for what `to_json` never gave."""
        steps = [OpenStep.from_json(step) for step in data["steps"]]
        follows = data["follows"]
        return cls(
            id=as_text(data["id"], "id"),
            segment=as_text(data["segment"], "segment"),
            first_ns=as_int(data["first_ns"], "first_ns"),
            last_ns=as_int(data["last_ns"], "last_ns"),
            follows=None if follows is None else as_text(follows, "follows"),
            revision=as_int(data["revision"], "revision") + REVISIONS_UNSEEN,
            alerts=as_int(data["alerts"], "alerts"),
            hits=as_int(data["hits"], "hits"),
            more_steps=as_int(data["more_steps"], "more_steps"),
            steps={step.key: step for step in steps},
            keys={tuple(map(str, parts[:-1])): as_int(parts[-1], "keys") for parts in data["keys"]},
            roles={as_text(k, "roles"): as_text(v, "roles") for k, v in as_object(data["roles"], "roles").items()},
            merged=list(as_texts(data["merged"], "merged")),
        )
