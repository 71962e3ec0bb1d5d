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
    NOTICE = "notice"
    TASK = "task"
    RECEIPT = "receipt"
    STORY = "story"
    BASELINE = "baseline"
    BASELINE_PART = "baseline_part"
    REVIEW = "review"
    PACK = "pack"


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
        return _RANKS[str(self)]


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


class Form(StrEnum):
    """Which kind of notice: 通报 about something found at its receivers, 预警 of something that may come to them."""

    BULLETIN = "bulletin"
    WARNING = "warning"


class Colour(StrEnum):
    """How grave a warning is: 红 橙 黄 蓝, gravest first. Not an alert's level: these scales share no words."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"


class OrderState(StrEnum):
    """Where a notice or a task is, by its issuer's word: 已下发 已办结 已解除 已撤回."""

    ISSUED = "issued"
    CLOSED = "closed"
    LIFTED = "lifted"
    WITHDRAWN = "withdrawn"


class ReceiptState(StrEnum):
    """How far one receiver is: 已签收 已核实 已整改 已反馈 of a bulletin, 已知悉 已排查 已加固 of a warning."""

    SIGNED = "signed"
    VERIFIED = "verified"
    RECTIFIED = "rectified"
    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    CHECKED = "checked"
    HARDENED = "hardened"


class Finding(StrEnum):
    """What a receiver found when it looked for itself in a warning: 涉及 不涉及 无法判断."""

    INVOLVED = "involved"
    NOT_INVOLVED = "not_involved"
    UNCLEAR = "unclear"


class Verdict(StrEnum):
    """What came out for one line of a checklist: 符合 不符合 不适用."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class ReviewAction(StrEnum):
    """What a person decides about an entry of a baseline: 确认 否决 放宽, or 计入 what was not learned."""

    APPROVE = "approve"
    REJECT = "reject"
    WIDEN = "widen"
    ADD = "add"


KINDS: tuple[Kind, ...] = tuple(Kind)
LEVELS: tuple[Level, ...] = tuple(Level)
_RANKS = {str(level): len(LEVELS) - place for place, level in enumerate(LEVELS)}
OUTCOMES: tuple[Outcome, ...] = tuple(Outcome)
STATES: tuple[State, ...] = tuple(State)
