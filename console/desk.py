"""What people do with orders: a desk writes and ends them, a receiver answers step by step. Each makes one record.

What may follow what stands in `sensor.schema.course`; the store refuses what was decided from an old page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from console.store import OrderItem
from sensor.schema import Notice, Order, Receipt, Record, Task, receipt_id
from sensor.schema.course import COURSES, Course
from sensor.schema.order import MAX_NOTE, MAX_STEPS, Reference, Step
from sensor.schema.receipt import MAX_REMARK, Checked
from sensor.schema.task import SPOT_CHECK
from sensor.schema.words import Colour, Finding, Form, Kind, Level, OrderState, ReceiptState, Verdict


class NotAllowed(ValueError):
    """This step cannot be taken now; `code` names why, in `translations/notices.yml`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Draft:
    """An order as it was written down, every field read and within its bounds."""

    course: str
    title: str
    text: str
    deadline_ns: int | None
    addressees: tuple[str, ...] = ()
    """empty: all below"""
    colour: Colour | None = None
    level: Level | None = None
    checklist: tuple[str, ...] = ()
    scope: str = ""
    incidents: tuple[Reference, ...] = ()


def course_of(item: OrderItem) -> Course | None:
    """None: a newer tier's, which can be read here and not be answered."""
    return COURSES.get(item.row.course)


def issue(draft: Draft, node: str, by: str, now_ns: int) -> Record:
    """The first revision of a new order."""
    shared = {
        "title": draft.title, "text": draft.text, "issued_ns": now_ns, "deadline_ns": draft.deadline_ns,
        "all_below": not draft.addressees, "addressees": draft.addressees, "incidents": draft.incidents,
        "steps": (Step(now_ns, by, OrderState.ISSUED),),
    }  # fmt: skip
    body: Order
    if draft.course == SPOT_CHECK:
        body = Task(**shared, checklist=draft.checklist, scope=draft.scope)  # type: ignore[arg-type]
    else:
        body = Notice(**shared, form=Form(draft.course), colour=draft.colour, level=draft.level)  # type: ignore[arg-type]
    kind = Kind.TASK if draft.course == SPOT_CHECK else Kind.NOTICE
    return Record(kind, secrets.token_hex(16), 1, node, body.to_json())


def ends(item: OrderItem) -> tuple[OrderState, ...]:
    """What the issuer may do with it."""
    course = course_of(item)
    return () if course is None or item.row.parent or not item.row.open else course.ends


def end(item: OrderItem, after: str, by: str, note: str, now_ns: int) -> Record:
    """The order's next revision, which takes no more answers.

    Raises:
        NotAllowed: it is not ours, or not open.
    """
    if after not in ends(item):
        raise NotAllowed("not_now")
    order = item.record.order()
    steps = (*order.steps[: MAX_STEPS - 1], Step(now_ns, by, after, note))
    body = replace(order, state=after, open=False, steps=steps)
    return replace(item.record, revision=item.record.revision + 1, body=body.to_json())


def choices(item: OrderItem) -> tuple[ReceiptState, ...]:
    """What a receiver may do next."""
    course = course_of(item)
    if course is None or not item.row.parent or not item.row.open:
        return ()
    return course.choices(item.row.answer_state or None)


def answer(
    item: OrderItem,
    after: str,
    by: str,
    now_ns: int,
    note: str = "",
    finding: Finding | None = None,
    results: Sequence[Checked] = (),
) -> Record:
    """Our receipt's next revision.

    Raises:
        NotAllowed: this step does not follow, or lacks what it must say.
    """
    course = course_of(item)
    if course is None or after not in choices(item):
        raise NotAllowed("not_now")
    state = ReceiptState(after)
    if state in course.needs_note and not note:
        raise NotAllowed("needs_note")
    if (state is ReceiptState.CHECKED) != (finding is not None):
        raise NotAllowed("needs_finding")
    checklist = getattr(item.record.order(), "checklist", ())
    if state is ReceiptState.REPORTED and {found.line for found in results} != set(range(len(checklist))):
        raise NotAllowed("needs_results")
    about = Reference(item.row.origin, item.row.id)
    before = None if item.answer is None else item.answer.receipt()
    earlier = () if before is None else before.steps
    if len(earlier) >= MAX_STEPS:
        raise NotAllowed("not_now")
    body = Receipt(
        about=about,
        state=state,
        settled=course.settled(state, finding),
        at_ns=now_ns,
        finding=finding or (None if before is None else before.finding),
        steps=(*earlier, Step(now_ns, by, state, note, finding)),
        results=tuple(results),
    )
    revision = 1 if item.answer is None else item.answer.revision + 1
    return Record(Kind.RECEIPT, receipt_id(about), revision, item.row.name, body.to_json())


def results_of(form: Mapping[str, str], checklist: Sequence[str]) -> tuple[Checked, ...]:
    """What a form says about each line of a checklist, as far as it does."""
    found = []
    for line in range(len(checklist)):
        verdict = form.get(f"verdict-{line}", "")
        if verdict in tuple(Verdict):
            found.append(Checked(line, Verdict(verdict), form.get(f"remark-{line}", "").strip()[:MAX_REMARK]))
    return tuple(found)


__all__ = ["MAX_NOTE", "Draft", "NotAllowed", "answer", "choices", "course_of", "end", "ends", "issue", "results_of"]
