"""A rule's header → checks on addresses and ports."""

from __future__ import annotations

from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Detection, Remark
from detectors.imports.suricata.grammar import Signature
from detectors.imports.suricata.variables import Span, Variables


def header(signature: Signature, variables: Variables, detection: Detection) -> list[Remark]:
    """Add them. They say where a message comes from, not what it is.

    Raises:
        GrammarError: an address or a port is none.
    """
    ends = (
        (variables.address_span(signature.source), variables.port_span(signature.source_ports)),
        (variables.address_span(signature.destination), variables.port_span(signature.destination_ports)),
    )
    there = _sides(ends, ("source", "destination"))
    if signature.direction == "<>" and ends[0] != ends[1]:
        back = _sides(ends, ("destination", "source"))
        wanted = [_merged(way[0]) for way in (there, back)]
        if any(case is None for case in wanted):
            detection.need(_first(there), telling=False)
            return [*_unset(ends), Remark("<>", NARROWER, "port lists in both directions: this one only")]
        if all(wanted):
            detection.need([case for case in wanted if case], telling=False)
        for way in (there, back):
            for checks in way[1]:
                detection.exclude(checks, telling=False)
    else:
        for case in there[0]:
            detection.need(case, telling=False)
        for checks in there[1]:
            detection.exclude(checks, telling=False)
    if signature.direction == "<>" and there[1]:
        return [*_unset(ends), Remark("<>", NARROWER, "what is excluded is excluded in both directions")]
    return _unset(ends)


def _unset(ends: tuple[tuple[Span, Span], tuple[Span, Span]]) -> list[Remark]:
    unset = dict.fromkeys(name for pair in ends for span in pair for name in span.unset)
    return [Remark(name, BROADER, "has no value, all fit; name one with --var") for name in unset]


def _first(way: tuple[list[Any], list[Any]]) -> dict[str, Any]:
    return way[0][0] if way[0] and isinstance(way[0][0], dict) else {}


def _merged(cases: list[Any]) -> dict[str, Any] | None:
    """Cases as one map; None: one of them is a choice of several."""
    merged: dict[str, Any] = {}
    for case in cases:
        if not isinstance(case, dict):
            return None
        merged |= case
    return merged


def _sides(ends: tuple[tuple[Span, Span], tuple[Span, Span]], names: tuple[str, str]) -> tuple[list[Any], list[Any]]:
    """What must hold, and what must not."""
    wanted: list[Any] = []
    unwanted: list[Any] = []
    for (addresses, ports), name in zip(ends, names, strict=True):
        if addresses.wanted:
            wanted.append({f"{name}.ip|cidr": _one(list(addresses.wanted))})
        if addresses.unwanted:
            unwanted.append({f"{name}.ip|cidr": _one(list(addresses.unwanted))})
        if ports.wanted:
            cases = _ports(f"{name}.port", ports.wanted)
            wanted.append(cases[0] if len(cases) == 1 else cases)
        if ports.unwanted:
            unwanted.append(_ports(f"{name}.port", ports.unwanted))
    return wanted, unwanted


def _ports(field: str, spans: tuple[Any, ...]) -> list[dict[str, Any]]:
    single = [low for low, high in spans if low == high]
    cases: list[dict[str, Any]] = [{field: _one(single)}] if single else []
    return cases + [{f"{field}|gte": low, f"{field}|lte": high} for low, high in spans if low != high]


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
