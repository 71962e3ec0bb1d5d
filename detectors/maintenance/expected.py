"""What was announced is told as such: a notice with the work order in it, instead of an incident.

Nothing is hidden. What a work order does not cover stays what it is: another station, another class of operation, a
minute after its end. Never covered, whatever an order says: alerts of level critical, rules that count (scans, floods,
guessing), broken messages, and rules about logins and passwords.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from detectors.maintenance.orders import DAY_NS, INTERRUPTION, LONGEST_DAYS, Order
from detectors.maintenance.suppliers import Suppliers
from sensor.schema import Alert, Level, Reason, State, Text

COUNTING = ("rule_count", "rule_distinct")
OPERATIONS = ("read", "write", "control", "program", "discover", "diagnose")
"""Classes of which a rule's hit may be expected. A rule about a session is about who logs in, not about the work."""
IMPLIED = ("session", "other")
"""Whoever works on a device connects to it: so far as the baseline is asked, that is expected with anything else."""
FIELD_CLASS = "operation.class"

STANDINGS = {
    "unlisted": Text("不在可信服务商名单内", "is not on the list of trusted suppliers"),
    "suspended": Text("资格已被暂停", "is suspended"),
    "expired": Text("评估已过期或未通过评估", "has no assessment that is still good"),
}


class Expected:
    """Holds alerts against work orders; `suppliers` None: the site has no list."""

    def __init__(self, orders: Sequence[Order], suppliers: Suppliers | None = None) -> None:
        self._orders = sorted(orders, key=lambda order: (order.from_ns, order.work_order))
        self._starts = [order.from_ns for order in self._orders]
        self._suppliers = suppliers
        self._told: set[tuple[str, str]] = set()

    def order(self, alert: Alert, segment: str) -> Order | None:
        """The work order that an alert belongs to."""
        # Only those that began, and not longer ago than a window may last: there may be thousands.
        first = bisect_left(self._starts, alert.first_ns - LONGEST_DAYS * DAY_NS)
        last = bisect_right(self._starts, alert.first_ns)
        return next((order for order in self._orders[first:last] if _fits(order, alert, segment)), None)

    def judge(self, alert: Alert, segment: str) -> tuple[Alert, list[tuple[str, Alert]]]:
        """The alert as it is to be told, and alerts about who works there, each with an id of its own."""
        order = self.order(alert, segment)
        if order is None:
            return alert, []
        params = {
            **alert.reason.params,
            "work_order": order.work_order,
            "person": order.person,
            "supplier": order.supplier,
            "level_otherwise": str(alert.level),
            "expected_until_ns": order.to_ns,
        }
        told = replace(
            alert,
            level=Level.NOTICE,
            title=Text(
                _prefix(order.work_order, "zh") + alert.title.zh, _prefix(order.work_order, "en") + alert.title.en
            ),
            reason=replace(alert.reason, params=params),
        )
        return told, self._supplier(order, alert, segment)

    def _supplier(self, order: Order, alert: Alert, segment: str) -> list[tuple[str, Alert]]:
        key = (order.work_order, segment)
        if self._suppliers is None or not order.supplier or key in self._told:
            return []
        standing = self._suppliers.standing(order.supplier, alert.first_ns)
        if standing == "trusted":
            return []
        self._told.add(key)
        said = STANDINGS[standing]
        identity = "\0".join(("supplier", standing, *key, str(alert.first_ns)))
        found = Alert(
            cause=f"supplier:{standing}",
            detector="supplier",
            level=self._suppliers.unlisted_level,
            title=Text(f"检修服务商{said.zh}：{order.supplier}", f"Supplier at work {said.en}: {order.supplier}"),
            reason=Reason(
                f"supplier_{standing}",
                {"supplier": order.supplier, "work_order": order.work_order, "person": order.person},
            ),
            protocol=alert.protocol,
            first_ns=alert.first_ns,
            last_ns=alert.first_ns,
            count=1,
            advice=Text(
                "核对该服务商的安全评估情况；未评估或已暂停的，由本厂人员全程陪同，作业后检查设备程序与账号，并督促其完成评估。",
                "Check the supplier's assessment. Without one, have somebody of the plant stay with them, look at "
                "programs and accounts afterwards, and have the assessment made up for.",
            ),
            consequence=Text(
                "未经评估的服务商接入控制网络，可能带入恶意程序或留下远程通道。",
                "Somebody who was not assessed may bring malware into the control network or leave a way in behind.",
            ),
            client=alert.client,
            server=alert.server,
            source=alert.source,
            destination=alert.destination,
            state=State.CLOSED,
            evidence=alert.evidence,
            coverage=alert.coverage,
        )
        return [(hashlib.sha256(identity.encode()).hexdigest()[:32], found)]


def _prefix(work_order: str, language: str) -> str:
    return f"［检修 {work_order}］" if language == "zh" else f"[maintenance {work_order}] "


def _fits(order: Order, alert: Alert, segment: str) -> bool:
    if not order.covers(alert.first_ns) or (order.segment and order.segment != segment):
        return False
    if Level(alert.level) == Level.CRITICAL:
        return False
    sides = [end.ip for end in (alert.client or alert.source, alert.server or alert.destination) if end is not None]
    if alert.detector in ("period", "anomaly"):
        at_work = len(sides) == 2 and _between(order, sides)
        return at_work or (INTERRUPTION in order.expected and any(order.is_where(ip) for ip in sides))
    if len(sides) != 2 or not _between(order, sides):
        return False
    kind = str(alert.reason.params.get("operation_class") or alert.fields.get(FIELD_CLASS) or "other")
    if alert.detector == "baseline":
        return kind in order.expected or (kind in IMPLIED and bool(order.expected - {INTERRUPTION}))
    if alert.detector != "signature" or kind not in OPERATIONS or alert.reason.code in COUNTING:
        return False
    return kind in order.expected and "flaws" not in alert.reason.params


def _between(order: Order, sides: Sequence[str | None]) -> bool:
    """One end is worked from, the other is worked on."""
    one, other = sides
    return (order.is_who(one) and order.is_where(other)) or (order.is_who(other) and order.is_where(one))


def still_expected(body: dict[str, Any], last_ns: int) -> dict[str, Any]:
    """An alert that was expected and goes on after the end of its window becomes what it is otherwise.

    `body` is the alert's JSON; it is not changed.
    """
    params = body["reason"]["params"]
    until_ns = params.get("expected_until_ns")
    if until_ns is None or last_ns <= until_ns:
        return body
    title = {
        language: body["title"][language].removeprefix(_prefix(params["work_order"], language))
        for language in ("zh", "en")
    }
    kept = {name: value for name, value in params.items() if name not in ("expected_until_ns", "level_otherwise")}
    return {
        **body,
        "level": params["level_otherwise"],
        "title": {**body["title"], **title},
        "reason": {**body["reason"], "params": {**kept, "went_on_after_ns": until_ns}},
    }


def raised(body: dict[str, Any], level: str) -> dict[str, Any]:
    """An alert that grew graver. One that is expected stays a notice: it has that level when its window is over.

    `body` is the alert's JSON; it is not changed.
    """
    params = body["reason"]["params"]
    if "level_otherwise" not in params:
        return {**body, "level": level}
    return {**body, "reason": {**body["reason"], "params": {**params, "level_otherwise": level}}}
