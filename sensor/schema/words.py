"""The closed lists of words a record may use.

Codes are stable and travel between tiers; what a person reads comes from a screen's catalogue. A tier that is older
than its child may meet a word it does not know: it keeps the record and shows the code.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a record is about."""

    ALERT = "alert"
    ASSET = "asset"
    HEARTBEAT = "heartbeat"
    EVIDENCE = "evidence"
    LINK = "link"


class Level(StrEnum):
    """How grave an alert is: 危急 高危 中危 低危 提示, gravest first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """1 for a notice, 5 for critical: what may be compared."""
        return len(LEVELS) - LEVELS.index(self)


class Outcome(StrEnum):
    """What the answer said about the attempted operation."""

    SUCCESS = "success"
    FAILURE = "failure"
    NO_RESPONSE = "no_response"
    PENDING = "pending"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class State(StrEnum):
    """Whether the sensor may still add hits to this alert. What a person decided about it is kept elsewhere."""

    OPEN = "open"
    CLOSED = "closed"


KINDS: tuple[Kind, ...] = tuple(Kind)
LEVELS: tuple[Level, ...] = tuple(Level)
OUTCOMES: tuple[Outcome, ...] = tuple(Outcome)
STATES: tuple[State, ...] = tuple(State)
