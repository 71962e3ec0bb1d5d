"""Where a person is with an incident, what may come next, and the way its record took through the tiers."""

from __future__ import annotations

from dataclasses import dataclass

from console.store import Incident, Workflow, WorkflowStep
from sensor.schema import Record

# 待研判 → 研判中 → 已确认 → 处置中 → 待复核 → 已办结; 误报 and 已忽略 end it, 重新打开 begins again.
MAIN = (
    Workflow.NEW,
    Workflow.TRIAGE,
    Workflow.CONFIRMED,
    Workflow.HANDLING,
    Workflow.REVIEW,
    Workflow.CLOSED,
)
NEXT = {
    Workflow.NEW: (Workflow.CONFIRMED, Workflow.TRIAGE, Workflow.FALSE_ALARM, Workflow.IGNORED),
    Workflow.REOPENED: (Workflow.CONFIRMED, Workflow.TRIAGE, Workflow.FALSE_ALARM, Workflow.IGNORED),
    Workflow.TRIAGE: (Workflow.CONFIRMED, Workflow.FALSE_ALARM, Workflow.IGNORED),
    Workflow.CONFIRMED: (Workflow.HANDLING, Workflow.FALSE_ALARM),
    Workflow.HANDLING: (Workflow.REVIEW,),
    Workflow.REVIEW: (Workflow.CLOSED, Workflow.HANDLING),
    Workflow.CLOSED: (Workflow.REOPENED,),
    Workflow.FALSE_ALARM: (Workflow.REOPENED,),
    Workflow.IGNORED: (Workflow.REOPENED,),
}


@dataclass(frozen=True)
class Choice:
    """A button: where it leads, and whether it is what one would expect next."""

    after: Workflow
    primary: bool


@dataclass(frozen=True)
class Step:
    workflow: Workflow
    status: str
    """`done`, `now` or `ahead`"""
    last: WorkflowStep | None


def choices(now: Workflow) -> tuple[Choice, ...]:
    return tuple(Choice(after, index == 0) for index, after in enumerate(NEXT[now]))


def steps(incident: Incident) -> tuple[Step, ...]:
    """The bar of steps. An end beside the main line (误报, 已忽略) stands where the line was left."""
    now = incident.row.workflow
    reached = {step.after: step for step in sorted(incident.steps, key=lambda step: step.at_ns)}
    if now in (Workflow.FALSE_ALARM, Workflow.IGNORED):
        line: tuple[Workflow, ...] = (Workflow.NEW, *((Workflow.TRIAGE,) if Workflow.TRIAGE in reached else ()), now)
    elif now is Workflow.REOPENED:
        line = (Workflow.REOPENED, *MAIN[1:])
    else:
        line = MAIN
    place = line.index(now)
    return tuple(
        Step(
            workflow,
            "now" if index == place else "done" if index < place else "ahead",
            reached.get(workflow) if index <= place else None,
        )
        for index, workflow in enumerate(line)
    )


@dataclass(frozen=True)
class Hop:
    name: str
    here: bool


def journey(record: Record, here: str) -> tuple[Hop, ...]:
    """The nodes a record came through: its origin, each child that passed it on, and this node."""
    names = [record.origin]
    for name in (*record.path, here):
        if name != names[-1]:
            names.append(name)
    return tuple(Hop(name, index == len(names) - 1) for index, name in enumerate(names))
