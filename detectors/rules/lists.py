"""Named lists that rules refer to: `lists/NAME.yml` beside the rules, `field|in_list: NAME`.

```yaml
description: {zh: 已停用的工程师站, en: Engineering stations out of use}
source: asset register of the site
date: "2026-11-20"
type: addresses            # addresses (and networks), numbers, texts (names, hashes, fingerprints)
values: [10.0.5.7, 10.0.6.0/28]
values_from: blocked.txt   # or as well: one value per line beside this file; # begins a comment
```
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.rules.document import Entry, Malformed, read
from detectors.rules.model import Problem
from sensor.schema import Text

FOLDER = "lists"
TYPES = ("addresses", "numbers", "texts")
KINDS = {"addresses": ("ip",), "numbers": ("unsigned",), "texts": ("text",)}
"""Types of fields that can have a list's values."""
KEYS = ("description", "source", "date", "type", "values", "values_from")
MAX_ENTRIES = 2_000_000
"""Of one list (`rules/named.rs`)."""
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class NamedList:
    name: str
    type: str
    values: tuple[str, ...] | tuple[int, ...]
    description: Text
    source: str
    date: str

    def to_core(self) -> dict[str, Any]:
        return {self.type: list(self.values)}


def read_lists(root: Path, shown: Path, problems: list[Problem]) -> dict[str, NamedList]:
    """The lists below `root/lists`, by name; what is wrong with one goes to `problems`."""
    found: dict[str, NamedList] = {}
    for file in sorted((root / FOLDER).glob("*.yml")) if root.is_dir() else ():
        one = _ListReader(file, shown / FOLDER / file.name, problems).read()
        if one is not None:
            found[one.name] = one
    return found


class _ListReader:
    def __init__(self, file: Path, shown: Path, problems: list[Problem]) -> None:
        self._file, self._shown, self._problems = file, shown, problems

    def _complain(self, line: int, message: str) -> None:
        self._problems.append(Problem(self._shown, line, message))

    def read(self) -> NamedList | None:
        before = len(self._problems)
        try:
            node = read(self._file.read_text(encoding="utf-8"))
        except Malformed as error:
            self._complain(error.line, error.message)
            return None
        except (OSError, UnicodeDecodeError):
            self._complain(1, "cannot be read as UTF-8")
            return None
        if not isinstance(node.value, dict):
            self._complain(node.line, "a list is a map with description, source, date, type and values")
            return None
        entries = node.value
        for key, entry in entries.items():
            if key not in KEYS:
                self._complain(entry.line, f"unknown key {key}; known are {', '.join(KEYS)}")
        kind, source, date = (self._text(entries, key) for key in ("type", "source", "date"))
        if kind not in TYPES:
            self._complain(entries["type"].line if "type" in entries else 1, f"type is one of {', '.join(TYPES)}")
            return None
        values = self._values(entries, kind)
        if len(values) > MAX_ENTRIES:
            self._complain(1, f"more than {MAX_ENTRIES} entries; make two lists")
        description = self._both(entries)
        if len(self._problems) > before or description is None:
            return None
        return NamedList(self._file.stem, kind, values, description, source, date)

    def _text(self, entries: dict[str, Entry], key: str) -> str:
        entry = entries.get(key)
        if entry is None or not isinstance(entry.node.value, str) or not entry.node.value.strip():
            self._complain(1 if entry is None else entry.line, f"a list needs {key} as text")
            return ""
        return entry.node.value.strip()

    def _both(self, entries: dict[str, Entry]) -> Text | None:
        entry = entries.get("description")
        value = {} if entry is None or not isinstance(entry.node.value, dict) else entry.node.value
        zh, en = (value[name].node.value if name in value else None for name in ("zh", "en"))
        if not isinstance(zh, str) or not isinstance(en, str):
            self._complain(1 if entry is None else entry.line, "description must have a text in zh and one in en")
            return None
        return Text(zh, en)

    def _values(self, entries: dict[str, Entry], kind: str) -> tuple[Any, ...]:
        given: list[tuple[int, Any]] = []
        if "values" in entries:
            node = entries["values"].node
            items = node.value if isinstance(node.value, list) else [node]
            given += [(item.line, item.value) for item in items]
        path, lines = self._shown, list(given)
        if "values_from" in entries:
            lines += self._beside(entries["values_from"], kind)
        if not lines:
            self._complain(1, "a list without values or values_from fits nothing")
        checked = [_checked(kind, value) for _, value in lines]
        for (line, value), sound in zip(lines, checked, strict=True):
            if sound is None:
                self._problems.append(Problem(path, line, f"{value!r} is none of the {kind} of this list"))
                break
        return tuple(dict.fromkeys(value for value in checked if value is not None))

    def _beside(self, entry: Entry, kind: str) -> Iterable[tuple[int, Any]]:
        name = entry.node.value
        if not isinstance(name, str) or Path(name).name != name:
            self._complain(entry.line, "values_from names a file beside the list")
            return []
        try:
            if (size := (self._file.parent / name).stat().st_size) > MAX_BYTES:
                self._complain(entry.line, f"{name} has {size} bytes; {MAX_BYTES} are allowed")
                return []
            text = (self._file.parent / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self._complain(entry.line, f"no file {name} in UTF-8 beside the list")
            return []
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return [(entry.line, _number(line) if kind == "numbers" else line) for line in lines if line]


def _number(text: str) -> int | str:
    try:
        return int(text, 0)
    except ValueError:
        return text


def _checked(kind: str, value: Any) -> str | int | None:
    """The value as the core takes it; None: it is none of that kind."""
    if kind == "numbers":
        return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64 else None
    if not isinstance(value, str) or not value:
        return None
    if kind == "texts":
        return value
    try:
        if "%" in value:
            return None
        return str(ipaddress.ip_network(value, strict=False) if "/" in value else ipaddress.ip_address(value))
    except ValueError:
        return None
