"""One rule from its document: every key checked, every problem noted with its line."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from pathlib import Path

from detectors.rules.condition import ConditionError, parse
from detectors.rules.correlation import CorrelationReader
from detectors.rules.document import Entry, Node
from detectors.rules.lists import NamedList
from detectors.rules.model import DEFAULT_FOLD, And, Correlation, Example, Expression, Or, Problem, Rule
from detectors.rules.selection import Reader
from detectors.rules.vocabulary import ALIASES, NOT_IN_RULES, Vocabulary, suggestion
from sensor.schema import LEVELS, Level, Text
from sensor.schema.classes import CLASSES

KEYS = (
    "title", "title_zh", "id", "status", "description", "references", "author", "date", "modified", "tags", "level",
    "class", "protocol", "detection", "correlation", "fold", "reason", "falsepositives", "advice", "consequence",
    "examples",
)  # fmt: skip
STATUSES = ("experimental", "test", "stable", "deprecated")
NAMESPACE = uuid.UUID("5d1cbb4e-1f0b-5c6e-9f64-6f7475733a72")
"""Of ids made from titles, for rules that bring none."""
MAX_TITLE = 200
_TAG = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+\Z")
_ATTACK = re.compile(r"attack\.ics\.(t[0-9]{4}|[a-z][a-z-]+)\Z")
_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")


_Detection = tuple[Expression, str, dict[str, Expression], frozenset[str]]
"""The condition, as an expression and as it is written, the selections, and which of them are used."""


class RuleReader:
    """Reads one document; `problems` fills up."""

    def __init__(self, path: Path, known: Vocabulary, lists: Mapping[str, NamedList] | None = None) -> None:
        self._path, self._known, self._lists = path, known, lists
        self.problems: list[Problem] = []
        self._entries: dict[str, Entry] = {}

    def rule(self, node: Node) -> Rule | None:
        """The rule, or nothing when it has problems."""
        if not isinstance(node.value, dict):
            self._complain(node.line, "a rule is a map with title, level, protocol and detection")
            return None
        self._entries = node.value
        for key in ("title", "level", "protocol", "detection"):
            if key not in self._entries:
                self._complain(1, f"no {key}; every rule needs title, level, protocol and detection")
        title, level, protocol = self._text("title"), self._level(), self._protocol()
        if len(title) > MAX_TITLE:
            self._complain(self._line("title"), f"title is longer than {MAX_TITLE} characters")
        detection, correlation = self._detection(protocol)
        rule_id, tags, fold, examples = self._id(title), self._tags(), self._fold(protocol), self._examples()
        status, reason = self._text("status") or "experimental", self._text("reason")
        if status not in STATUSES:
            self._complain(self._line("status"), f"unknown status {status}; known are {', '.join(STATUSES)}")
        if reason and not _CODE.match(reason):
            self._complain(self._line("reason"), f"reason {reason!r} is no code; write it like rule_matched")
        incident_class = self._text("class")
        if incident_class and incident_class not in CLASSES:
            hint = suggestion(incident_class, CLASSES) or f"; known are {', '.join(CLASSES)}"
            self._complain(self._line("class"), f"unknown class {incident_class}{hint}")
        texts = {key: self._text(key) for key in ("title_zh", "description")}
        both = {key: self._both(key) for key in ("advice", "consequence")}
        falsepositives = tuple(text for text, _ in self._texts("falsepositives"))
        if self.problems or detection is None or level is None:
            return None
        condition, condition_text, selections, used = detection
        return Rule(
            title=title,
            id=rule_id,
            level=level,
            protocol=protocol,
            condition=condition,
            condition_text=condition_text,
            selections=selections,
            used=used,
            path=self._path,
            title_zh=texts["title_zh"],
            status=status,
            description=texts["description"],
            tags=tags,
            incident_class=incident_class,
            falsepositives=falsepositives,
            examples=examples,
            advice=both["advice"],
            consequence=both["consequence"],
            fold=fold if correlation is None else correlation.group_by,
            reason=reason or ("rule_matched" if correlation is None else correlation.reason),
            correlation=correlation,
            given=frozenset(self._entries),
            lines=self._lines(),
        )

    def _complain(self, line: int, message: str) -> None:
        self.problems.append(Problem(self._path, line, message))

    def _line(self, key: str) -> int:
        entry = self._entries.get(key)
        return 1 if entry is None else entry.line

    def _lines(self) -> dict[str, int]:
        lines = {key: entry.line for key, entry in self._entries.items()}
        detection = self._entries["detection"].node.value
        correlation = self._entries.get("correlation")
        if correlation is not None and isinstance(correlation.node.value, dict):
            lines |= {f"correlation.{name}": entry.line for name, entry in correlation.node.value.items()}
        if isinstance(detection, dict):
            lines |= {f"detection.{name}": entry.line for name, entry in detection.items()}
        return lines

    def _text(self, key: str) -> str:
        entry = self._entries.get(key)
        if entry is None:
            return ""
        if not isinstance(entry.node.value, str) or not entry.node.value.strip():
            self._complain(entry.line, f"{key} must be text")
            return ""
        return entry.node.value.strip()

    def _texts(self, key: str) -> list[tuple[str, int]]:
        """The texts of a list, each with its line."""
        entry = self._entries.get(key)
        if entry is None:
            return []
        value = entry.node.value
        if not isinstance(value, list) or not all(isinstance(item.value, str) for item in value):
            self._complain(entry.line, f"{key} must be a list of texts")
            return []
        return [(str(item.value), item.line) for item in value]

    def _both(self, key: str) -> Text | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        value = entry.node.value
        languages = value if isinstance(value, dict) else {}
        texts = {name: item.node.value for name, item in languages.items()}
        zh, en = texts.get("zh"), texts.get("en")
        if set(texts) != {"zh", "en"} or not isinstance(zh, str) or not isinstance(en, str):
            self._complain(entry.line, f"{key} must have a text in zh and one in en")
            return None
        return Text(" ".join(zh.split()), " ".join(en.split()))

    def _level(self) -> Level | None:
        text = self._text("level")
        if text in LEVELS:
            return Level(text)
        if text:
            hint = "; did you mean notice?" if text.startswith("info") else suggestion(text, LEVELS)
            self._complain(self._line("level"), f"unknown level {text}{hint or '; known are ' + ', '.join(LEVELS)}")
        return None

    def _protocol(self) -> str:
        text = self._text("protocol")
        if text and text not in self._known.protocols:
            known = ", ".join(sorted(self._known.protocols))
            hint = suggestion(text, self._known.protocols)
            self._complain(self._line("protocol"), f"unknown protocol {text}{hint or '; known are ' + known}")
        return text

    def _id(self, title: str) -> str:
        text = self._text("id")
        if not text:
            return str(uuid.uuid5(NAMESPACE, title))
        try:
            return str(uuid.UUID(text))
        except ValueError:
            way = "make one with: python3 -c 'import uuid; print(uuid.uuid4())'"
            self._complain(self._line("id"), f"id {text!r} is not a UUID; {way}")
            return ""

    def _tags(self) -> tuple[str, ...]:
        tags = self._texts("tags")
        for tag, line in tags:
            if not _TAG.match(tag) or (tag.startswith("attack.ics.") and not _ATTACK.match(tag)):
                self._complain(line, f"bad tag {tag!r}; a technique is written attack.ics.t0855")
        return tuple(tag for tag, _ in tags)

    def _fold(self, protocol: str) -> tuple[str, ...]:
        names = self._texts("fold")
        fields = tuple(ALIASES.get(name, name) for name, _ in names)
        for field, (name, line) in zip(fields, names, strict=True):
            if field not in self._known.fields or not self._known.readable(field, protocol):
                self._complain(line, f"fold: unknown field {name}{suggestion(name, self._known.fields)}")
            elif field in NOT_IN_RULES or self._known.fields[field].many:
                self._complain(line, f"fold: {name} has no single value to fold by")
        return fields if "fold" in self._entries else DEFAULT_FOLD

    def _examples(self) -> tuple[Example, ...]:
        entry = self._entries.get("examples")
        if entry is None:
            return ()
        items = entry.node.value if isinstance(entry.node.value, list) else [entry.node]
        examples = []
        for item in items:
            keys = {key: value.node.value for key, value in item.value.items()} if isinstance(item.value, dict) else {}
            pcap, baseline, alerts = keys.get("pcap"), keys.get("baseline"), keys.get("alerts")
            sound = isinstance(pcap, str) and isinstance(alerts, int) and not isinstance(alerts, bool) and alerts >= 0
            if not sound or not isinstance(baseline, str | None) or keys.keys() - {"pcap", "baseline", "alerts"}:
                self._complain(item.line, "an example is {pcap: PATH, baseline: PATH if needed, alerts: NUMBER}")
            elif isinstance(pcap, str) and isinstance(alerts, int):
                examples.append(Example(pcap, alerts, baseline))
        return tuple(examples)

    def _detection(self, protocol: str) -> tuple[_Detection | None, Correlation | None]:
        entry = self._entries.get("detection")
        if entry is None:
            return None, None
        if not isinstance(entry.node.value, dict):
            self._complain(entry.line, "detection must be a map of selections and a condition")
            return None, None
        selections: dict[str, Expression] = {}
        broken = False
        reader = Reader(protocol, self._known, self._complain, self._lists)
        for name, item in entry.node.value.items():
            if name != "condition":
                read = reader.selection(name, item)
                broken |= read is None
                # One that could not be read still has its name, or the condition would be blamed for it.
                selections[name] = read or And(())
        correlation, steps = self._correlation(protocol, selections)
        condition = entry.node.value.get("condition")
        if correlation is not None and correlation.steps:
            if condition is not None:
                self._complain(condition.line, "a sequence has steps and no condition; write it into the steps")
            expression: Expression = Or(tuple(step.condition for step in correlation.steps))
            text = ", ".join(step.text for step in correlation.steps)
            return (None if broken else (expression, text, selections, steps)), correlation
        if condition is None or not isinstance(condition.node.value, str):
            line = entry.line if condition is None else condition.line
            if not self.problems or "correlation" not in self._entries:
                self._complain(line, "detection needs a condition, like: condition: selection and not filter")
            return None, None
        try:
            expression, used = parse(condition.node.value, selections)
        except ConditionError as error:
            self._complain(condition.line, str(error))
            return None, None
        return (None if broken else (expression, condition.node.value, selections, used)), correlation

    def _correlation(
        self, protocol: str, selections: dict[str, Expression]
    ) -> tuple[Correlation | None, frozenset[str]]:
        """With the selections that its steps name."""
        entry = self._entries.get("correlation")
        if entry is None:
            return None, frozenset()
        if "fold" in self._entries:
            self._complain(self._line("fold"), "a rule with a correlation folds by its group_by; leave fold out")
        reader = CorrelationReader(protocol, self._known, self._complain, selections)
        return reader.read(entry), frozenset(reader.used)
