"""Orders and receipts for the tests of the line downward."""

from __future__ import annotations

from typing import Any

from sensor.schema import Notice, Receipt, Record, Task, receipt_id
from sensor.schema.order import Reference, Step
from sensor.schema.receipt import Checked
from sensor.schema.words import Colour, Finding, Form, Verdict

ISSUED_NS = 1_795_154_400_000_000_000
DAY_NS = 86_400 * 10**9


def order_id(number: int) -> str:
    return f"{number:032x}"


def notice(number: int, *, revision: int = 1, origin: str = "gd", **changes: Any) -> Record:
    """To all below, unless addressees are named."""
    to = {} if "addressees" in changes else {"all_below": True}
    body = Notice(**{
        "form": Form.BULLETIN, "title": "工程师站口令过弱", "text": "请核实并整改。", "issued_ns": ISSUED_NS + number,
        "deadline_ns": ISSUED_NS + 7 * DAY_NS, "steps": (Step(ISSUED_NS + number, "省办 刘", "issued"),),
        "incidents": (Reference("sensor-1", order_id(9)),), **to, **changes,
    })  # fmt: skip
    return Record("notice", order_id(number), revision, origin, body.to_json())


def warning(number: int, **changes: Any) -> Record:
    return notice(number, **{"form": Form.WARNING, "colour": Colour.ORANGE, **changes})


def task(number: int, *, revision: int = 1, origin: str = "gd", **changes: Any) -> Record:
    to = {} if "addressees" in changes else {"all_below": True}
    body = Task(**{
        "title": "远程运维通道抽查", "text": "按清单自查后上报。", "issued_ns": ISSUED_NS + number,
        "deadline_ns": ISSUED_NS + 3 * DAY_NS, "checklist": ("默认口令是否已更换", "远程通道是否已关闭"),
        "scope": "全部工程师站", "steps": (Step(ISSUED_NS + number, "省办 刘", "issued"),), **to, **changes,
    })  # fmt: skip
    return Record("task", order_id(number), revision, origin, body.to_json())


def receipt(about: Record, origin: str, *, revision: int = 1, state: str = "signed", **changes: Any) -> Record:
    at_ns = ISSUED_NS + DAY_NS + revision
    reference = Reference(about.origin, about.id)
    body = Receipt(**{
        "about": reference, "state": state, "settled": state == "reported", "at_ns": at_ns,
        "steps": (Step(at_ns, "王工", state, "已转车间"),), **changes,
    })  # fmt: skip
    return Record("receipt", receipt_id(reference), revision, origin, body.to_json())


def results(about: Record, origin: str, revision: int = 2) -> Record:
    lines = (Checked(0, Verdict.PASSED), Checked(1, Verdict.FAILED, "一条通道待停机时关闭"))
    return receipt(about, origin, revision=revision, state="reported", results=lines, finding=Finding.INVOLVED)
