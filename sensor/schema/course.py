"""The ways orders go: which step may follow which, and when nothing more is expected of a receiver.

The smallest machines that are true parts of DESIGN's. More states between these are a line here and words in the
catalogue; a tier that is older shows a code that it does not know, and offers no step from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sensor.schema.pack_order import RULE_PACK
from sensor.schema.task import SPOT_CHECK
from sensor.schema.words import Finding, Form, OrderState, ReceiptState

S = ReceiptState


@dataclass(frozen=True)
class Course:
    ends: tuple[OrderState, ...]
    """what the issuer may do with an open order"""
    begins: ReceiptState
    """a receiver's first step"""
    follows: Mapping[str, tuple[ReceiptState, ...]]
    last: ReceiptState
    needs_note: frozenset[ReceiptState] = frozenset()
    """steps that say nothing without words"""

    def choices(self, state: str | None) -> tuple[ReceiptState, ...]:
        """What a receiver may do next; None: it has done nothing yet."""
        return (self.begins,) if state is None else self.follows.get(state, ())

    def settled(self, state: str, finding: Finding | None) -> bool:
        """Nothing more is expected. Who is not involved in a warning need not harden anything."""
        return state == self.last or (state == S.CHECKED and finding is Finding.NOT_INVOLVED)


COURSES: Mapping[str, Course] = {
    Form.BULLETIN: Course(
        (OrderState.CLOSED, OrderState.WITHDRAWN),
        S.SIGNED,
        {
            S.SIGNED: (S.VERIFIED,),
            S.VERIFIED: (S.RECTIFIED, S.REPORTED),
            S.RECTIFIED: (S.REPORTED,),
            S.REPORTED: (S.REPORTED,),  # what was forgotten
        },
        S.REPORTED,
        frozenset({S.REPORTED}),
    ),
    Form.WARNING: Course(
        (OrderState.LIFTED, OrderState.WITHDRAWN),
        S.ACKNOWLEDGED,
        {
            S.ACKNOWLEDGED: (S.CHECKED,),
            S.CHECKED: (S.CHECKED, S.HARDENED),  # what could not be told first may become clear
        },
        S.HARDENED,
    ),
    SPOT_CHECK: Course(
        (OrderState.CLOSED, OrderState.WITHDRAWN),
        S.SIGNED,
        {S.SIGNED: (S.REPORTED,), S.REPORTED: (S.REPORTED,)},
        S.REPORTED,
    ),
    RULE_PACK: Course(
        (OrderState.CLOSED, OrderState.WITHDRAWN),
        S.SIGNED,
        {S.SIGNED: (S.REPORTED,), S.REPORTED: (S.REPORTED,)},
        S.REPORTED,
        frozenset({S.REPORTED}),
    ),
}
