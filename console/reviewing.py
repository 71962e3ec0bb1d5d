"""What people decide about a sensor's baseline: read from a form, made into an order that goes down to the sensor."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.plain import clean
from console.present.entries import DECIDED
from console.store import BaselineRow, OrderFilter, OrderItem, Store
from detectors.baseline.entries import link_id, name_id, operation_id, stretch_id
from sensor.schema import Alert, BaselineEntry, Record, Review
from sensor.schema.baseline import MAX_NAME
from sensor.schema.order import MAX_PERSON, MAX_TITLE, Step
from sensor.schema.review import MAX_CALLED, MAX_DECISIONS, Asked
from sensor.schema.shape import MAX_INT
from sensor.schema.words import Kind, OrderState, ReviewAction

MAX_REASON = 500
UNDER_WAY = 50
"""Orders of one sensor that are looked at to say what waits; more open ones are refused."""
NEEDS = {
    "new_asset": ("link", "operation"),
    "new_link": ("link", "operation"),
    "new_operation": ("operation",),
    "new_object": ("object",),
}
"""What is added for each kind of deviation; the last of them must be told, or nothing would become normal."""
WIDEST = 1024
"""stations that a widened link may stand for, as the sensor allows"""


class WrongForm(ValueError):
    """A field is wrong, or it cannot be asked now; `code` names why, in `translations/baseline.yml`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Wanted:
    """What shall be done: one of the three."""

    reason: str
    decisions: tuple[Asked, ...] = ()
    rollback: int | None = None
    enforce: bool = False


def under_way(store: Store, sensor: str) -> list[OrderItem]:
    """Orders that the sensor has not answered yet, the newest first."""
    return _orders(store, OrderFilter(kind=str(Kind.REVIEW), addressee=sensor, open=True), UNDER_WAY)


def latest(store: Store, sensor: str, limit: int) -> list[OrderItem]:
    return _orders(store, OrderFilter(kind=str(Kind.REVIEW), addressee=sensor), limit)


def _orders(store: Store, where: OrderFilter, limit: int) -> list[OrderItem]:
    found = (store.order(row.origin, row.id) for row in store.orders(where, limit).rows)
    return [item for item in found if item is not None]


def asked_of(items: Sequence[OrderItem]) -> dict[str, str]:
    """Entry → action that is under way."""
    found: dict[str, str] = {}
    for item in reversed(items):
        order = item.record.order()
        if isinstance(order, Review):
            found |= {one.entry: str(one.action) for one in order.decisions}
    return found


def reason_of(form: Mapping[str, str]) -> str:
    """Raises WrongForm: without a reason there is no decision."""
    reason = clean(form.get("reason", "").strip())
    if not reason or len(reason) > MAX_REASON:
        raise WrongForm("reason")
    return reason


def decisions_of(store: Store, sensor: str, action: str, names: Sequence[str], form: Mapping[str, str]) -> Wanted:
    """Raises WrongForm: nothing is chosen, or something that is not there."""
    if action not in tuple(ReviewAction) or action == ReviewAction.ADD:
        raise WrongForm("action")
    names = list(dict.fromkeys(names))
    if not names:
        raise WrongForm("nothing_chosen")
    if len(names) > MAX_DECISIONS:
        raise WrongForm("too_many_chosen")
    entries = [store.baseline_entry(sensor, name) for name in names]
    known = [entry for entry in entries if entry is not None and entry.kind in DECIDED]
    if len(known) != len(names):
        raise WrongForm("gone")
    reason = reason_of(form)
    if action == ReviewAction.WIDEN:
        return Wanted(reason, tuple(_widened(entry, form) for entry in known))
    return Wanted(reason, tuple(Asked(ReviewAction(action), entry.name) for entry in known))


def taken_in(alert: Alert, segment: str) -> tuple[Asked, ...]:
    """What has to be added for this deviation to be normal: the link, the operation on it, the objects it touched.
    Empty: this alert is not about such a thing, or does not tell enough of it."""
    params, ends = alert.reason.params, (alert.client, alert.server)
    kind = alert.cause.partition(":")[2]
    code, operation_class = params.get("operation_code"), params.get("operation_class")
    if alert.detector != "baseline" or kind not in NEEDS or not all(end is not None and end.ip for end in ends):
        return ()
    client, server = (end.ip for end in ends if end is not None)
    link = link_id({"segment": segment, "client": client, "server": server, "protocol": alert.protocol})
    names = {"link": link}
    if isinstance(code, int) and isinstance(operation_class, str):
        names["operation"] = operation_id(link, code, operation_class)
    if {"space", "index"} <= params.keys():
        row = {"class": operation_class, "space": params["space"], "index": params["index"]}
        if isinstance(params.get("object"), str):
            names["object"] = name_id(link, row, params["object"])
        elif isinstance(params.get("start"), int):
            names["object"] = stretch_id(link, row, params["start"], params.get("end", params["start"]))
    wanted = [names[name] for name in NEEDS[kind] if name in names]
    if NEEDS[kind][-1] not in names or any(len(name) > MAX_NAME for name in wanted):
        return ()
    called = str(params.get("operation") or "")[:MAX_CALLED]
    return tuple(
        Asked(ReviewAction.ADD, name, called=called if name == names.get("operation") else "") for name in wanted
    )


def additions_of(store: Store, sensor: str, chosen: Sequence[str], form: Mapping[str, str]) -> Wanted:
    """Raises WrongForm: nothing is chosen, or an alert is not there, or is not about something that can be added."""
    ids = list(dict.fromkeys(chosen))
    if not ids:
        raise WrongForm("nothing_chosen")
    asked: dict[str, Asked] = {}
    for record_id in ids:
        found = store.incident(sensor, record_id)
        wanted = () if found is None else taken_in(found.record.alert(), found.record.segment)
        if not wanted:
            raise WrongForm("cannot_add")
        asked |= {one.entry: one for one in wanted}
    if len(asked) > MAX_DECISIONS:
        raise WrongForm("too_many_chosen")
    return Wanted(reason_of(form), tuple(asked.values()))


def can_be_widened(entry: BaselineEntry) -> str:
    """By what: `range`, `network`, or "" where it cannot."""
    if entry.kind == "object" and "start" in entry.about:
        return "range"
    return "network" if entry.kind == "link" else ""


def _widened(entry: BaselineEntry, form: Mapping[str, str]) -> Asked:
    how = can_be_widened(entry)
    if how == "range":
        ends = [form.get(name, "").strip() for name in ("start", "end")]
        if not all(end.isascii() and end.isdigit() and len(end) <= 19 and int(end) <= MAX_INT for end in ends):
            raise WrongForm("range")
        start, end = map(int, ends)
        if start > end:
            raise WrongForm("range")
        return Asked(ReviewAction.WIDEN, entry.name, stretch=(start, end))
    if how == "network":
        try:
            network = ipaddress.ip_network(form.get("network", "").strip())
            inside = [ipaddress.ip_address(str(entry.about.get(end))) in network for end in ("client", "server")]
        except ValueError:
            raise WrongForm("network") from None
        if network.num_addresses > WIDEST or sum(inside) != 1:
            raise WrongForm("network")
        return Asked(ReviewAction.WIDEN, entry.name, network=str(network))
    raise WrongForm("action")


def order(wanted: Wanted, row: BaselineRow, title: str, node: str, by: str, now_ns: int) -> Record:
    """The order for one sensor. Raises WrongForm: that sensor takes none from here."""
    if not row.state.decides:
        raise WrongForm("not_here")
    body = Review(
        title=title[:MAX_TITLE],
        text=wanted.reason,
        issued_ns=now_ns,
        addressees=(row.origin,),
        steps=(Step(now_ns, by[:MAX_PERSON], str(OrderState.ISSUED), ""),),
        decisions=wanted.decisions,
        rollback=wanted.rollback,
        enforce=wanted.enforce,
    )
    return Record(str(Kind.REVIEW), secrets.token_hex(16), 1, node, body.to_json())
