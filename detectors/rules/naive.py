"""The same rules, matched the plain way: on the flat objects that `otus events --format ndjson` prints.

Slow and obvious on purpose. Tests hold the core's matcher against it on every capture. `message.bytes` is not printed:
here a rule on it sees the field missing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from detectors.rules.lists import NamedList
from detectors.rules.model import And, Check, Expression, Not, Or, Rule, Value, checks
from detectors.rules.regex import plain

Event = Mapping[str, Any]


Lists = Mapping[str, NamedList]


def matches(rule: Rule, event: Event, lists: Lists | None = None) -> bool:
    """Whether the rule fires on that event. Rules that need a baseline rest where the event has no link fields."""
    if event.get("network.protocol") != rule.protocol:
        return False
    if rule.needs_baseline and not any(field.startswith("link.") for field in event):
        return False
    return holds(rule.condition, event, lists)


def holds(expression: Expression, event: Event, lists: Lists | None = None) -> bool:
    match expression:
        case And(parts):
            return all(holds(part, event, lists) for part in parts)
        case Or(parts):
            return any(holds(part, event, lists) for part in parts)
        case Not(part):
            return not holds(part, event, lists)
        case Check():
            return _check(expression, event, lists)


def _check(check: Check, event: Event, lists: Lists | None = None) -> bool:
    found = event.get(check.field)
    # A message without flaws prints none or an empty list; both mean that the field is missing.
    missing = found is None or (check.field == "flaws" and not found)
    if check.operator == "exists":
        return missing is not check.values[0]
    if missing:
        return False
    elements = found if isinstance(found, list) else [found]
    if check.operator == "in_list":
        return any(_listed(element, (lists or {})[str(check.values[0])]) for element in elements)
    compare = _COMPARE[check.operator]
    return any(compare(element, value) for element in elements for value in check.values)


def _equal(element: Any, value: Value) -> bool:
    if isinstance(element, str) and isinstance(value, str):
        return element == value or _same_address(element, value)
    return not isinstance(element, str) and not isinstance(value, str) and bool(element == value)


def _same_address(element: str, value: str) -> bool:
    """`fd00::1` however it is written. Two texts that are addresses are equal only when they are the same one."""
    try:
        return ipaddress.ip_address(element) == ipaddress.ip_address(value)
    except ValueError:
        return False


def _within(element: Any, value: Value) -> bool:
    address, network = ipaddress.ip_address(element), ipaddress.ip_network(str(value), strict=False)
    return address.version == network.version and address in network


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Value], bool]:
    return lambda element, value: isinstance(element, int | float) and compare(element, value)


def _text(compare: Callable[[str, str], bool]) -> Callable[[Any, Value], bool]:
    return lambda element, value: isinstance(element, str) and compare(element, str(value))


def _listed(element: Any, named: NamedList) -> bool:
    if named.type == "addresses":
        return any(_within(element, value) for value in named.values)
    return element in named.values


def _masked(element: Any, value: Value) -> bool:
    return isinstance(element, int) and isinstance(value, tuple) and element & value[0] == value[1]


_COMPARE: Mapping[str, Callable[[Any, Value], bool]] = {
    "in": _equal,
    "gte": _number(lambda element, value: element >= value),
    "lte": _number(lambda element, value: element <= value),
    "gt": _number(lambda element, value: element > value),
    "lt": _number(lambda element, value: element < value),
    "cidr": _within,
    "contains": _text(lambda element, value: value in element),
    "startswith": _text(lambda element, value: element.startswith(value)),
    "endswith": _text(lambda element, value: element.endswith(value)),
    "re": _text(lambda element, value: plain(value).search(element) is not None),
    "mask": _masked,
}


def first_failure(expression: Expression, event: Event, lists: Lists | None = None) -> Check | None:
    """The first check that keeps the expression from holding, from left to right; None: it holds.

    Of alternatives the first one's check. Below a `not`: the check that holds and should not.
    """
    if holds(expression, event, lists):
        return None
    match expression:
        case And(parts):
            return next(found for part in parts if (found := first_failure(part, event, lists)) is not None)
        case Or(parts):
            return first_failure(parts[0], event, lists) if parts else None
        case Not(part):
            return next((check for check in checks(part) if _check(check, event, lists)), next(checks(part), None))
        case Check():
            return expression
