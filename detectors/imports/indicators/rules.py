"""Collected indicators → lists and the rules that hold traffic against them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detectors.imports.indicators.collected import Collected
from detectors.imports.indicators.kinds import KINDS, Kind
from detectors.imports.written import yaml_text
from detectors.rules.lint import slug
from detectors.rules.lists import FOLDER
from detectors.rules.loader import NURSERY
from detectors.rules.vocabulary import Vocabulary, family
from sensor.schema.fields import PROTOCOLS

NAMESPACE = uuid.UUID("0f2b63a4-51f5-5a3f-9d25-5f6f7475730b")
"""Of ids made from name, kind and protocol: the next import of the same name renews the same rules."""
WITHOUT_ADDRESS = frozenset({"arp", "flow"})
CASES_A_RULE = 500
"""Combinations in one rule: a file is bounded, and is read by people."""
_WHAT = {
    "flow": ("Conversation of Indicators", "威胁指标会话"),
    "http": ("Address of an Indicator Asked For", "访问威胁指标网址"),
}


def files(collected: Collected, name: str, level: str, date: str, sources: Sequence[str], known: Vocabulary,
          ) -> dict[str, str]:  # fmt: skip
    """Path → content. `name` begins the names of lists and is a part of titles; `date` is the day of the import."""
    found: dict[str, str] = {}
    maker = _Maker(name, level, sources)
    for kind in KINDS:
        values = collected.values.get(kind.name)
        if not values:
            continue
        listed = f"{name}_{kind.name}"
        found |= _list(kind, listed, values, date, sources)
        for protocol, selection, condition in _conditions(kind, listed, known):
            found |= maker.rule(kind.title, kind.title_zh, protocol, selection, condition, kind.technique)
    for protocol, cases in sorted(collected.combined.items()):
        title, title_zh = _WHAT[protocol]
        for number, start in enumerate(range(0, len(cases), CASES_A_RULE), 1):
            tail = f" {number}" if len(cases) > CASES_A_RULE else ""
            selections = {"selection": cases[start : start + CASES_A_RULE]}
            found |= maker.rule(title + tail, title_zh + tail, protocol, selections, "selection", "t0884")
    return found


def _list(kind: Kind, listed: str, values: Mapping[str, str], date: str, sources: Sequence[str]) -> dict[str, str]:
    about: dict[str, Any] = {
        "description": {"zh": f"导入的威胁指标：{kind.label_zh}", "en": f"Imported indicators: {kind.label}"},
        "source": ", ".join(sources)[:1000],
        "date": date,
        "type": kind.list_type,
    }
    if kind.name == "agents":  # they may hold a #, which begins a remark in a file of values
        return {f"{FOLDER}/{listed}.yml": yaml_text({**about, "values": list(values)})}
    lines = "".join(f"{value}  # {_remark(source)}\n" for value, source in values.items())
    about["values_from"] = f"{listed}.txt"
    return {f"{FOLDER}/{listed}.yml": yaml_text(about), f"{FOLDER}/{listed}.txt": lines}


def _remark(source: str) -> str:
    """On one line, nothing in it that steers a terminal."""
    return "".join(char if char.isprintable() else " " for char in source)[:200]


def _conditions(kind: Kind, listed: str, known: Vocabulary) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Protocol, selections and condition of each rule that looks at the list."""
    for protocol, fields in kind.where.items():
        cases = [{f"{field}|in_list": listed} for field in fields]
        yield protocol, {"selection": cases if len(cases) > 1 else cases[0]}, "selection"
    if kind.name != "addresses":
        return
    either = [{"server.ip|in_list": listed}, {"client.ip|in_list": listed}]
    spoken = sorted(
        name for name, protocol in PROTOCOLS.items()
        if protocol.inside is None and name not in WITHOUT_ADDRESS and name in known.protocols
    )  # fmt: skip
    for protocol in spoken:
        selection: dict[str, Any] = {"selection": either}
        if protocol == "dns":  # and a name that leads there, whoever was asked
            selection["selection"] = [*either, {"dns.resolved_ip|in_list": listed}]
        yield protocol, selection, "selection"
    # What speaks none of these is told when it ends.
    ended = {
        "ended": {"operation.name": "ended"},
        "selection": either,
        "filter_main_known": {"flow.protocol": ["arp", *spoken]},
    }
    yield "flow", ended, "ended and selection and not filter_main_known"


class _Maker:
    def __init__(self, name: str, level: str, sources: Sequence[str]) -> None:
        self._name, self._level, self._sources = name, level, sources

    def rule(self, title: str, title_zh: str, protocol: str, selections: Mapping[str, Any], condition: str,
             technique: str) -> dict[str, str]:  # fmt: skip
        label = PROTOCOLS[protocol].label if protocol in PROTOCOLS else None
        shown, shown_zh = (protocol, protocol) if label is None else (label.en, label.zh)
        full = f"{title} in {shown} ({self._name})"
        content = {
            "title": full,
            "title_zh": f"{title_zh}（{shown_zh}，{self._name}）",
            "id": str(uuid.uuid5(NAMESPACE, f"{self._name}:{title}:{protocol}")),
            "status": "experimental",
            "description": f"Detects values of imported indicators in {shown}, from {', '.join(self._sources)}."[:1000],
            "level": self._level,
            "tags": [f"attack.ics.{technique}"],
            "protocol": protocol,
            "detection": {**selections, "condition": condition},
            "falsepositives": ["An indicator that is out of date, or an address that many share"],
            "advice": {
                "zh": "按指标来源核对其含义与时效；查明厂内一侧是哪台设备、由谁使用、为何通信。"
                "属实则隔离该设备并保留证据，上报处置。",
                "en": "Look the indicator up at its source: what it means and since when. Find the station inside, who"
                " uses it, and why it speaks there. If it holds, isolate the station, keep the evidence, report.",
            },
            "consequence": {
                "zh": "厂内设备可能已被控制或正在被探测，程序与数据可能外泄，控制系统可能被远程操纵。",
                "en": "A station inside may be controlled or probed from there: programs and data may leave the plant,"
                " and control may be taken over from outside.",
            },
        }
        return {f"{NURSERY}/{family(protocol)}/{slug(full)}.yml": yaml_text(content)}
