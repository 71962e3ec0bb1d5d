"""Files of signatures → a folder of rules and an account of every signature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detectors.imports.detection import BROADER, NARROWER, Remark
from detectors.imports.suricata.chains import write
from detectors.imports.suricata.document import document, identity, title
from detectors.imports.suricata.grammar import Unread, signatures
from detectors.imports.suricata.translate import NotImported, Translated, translate
from detectors.imports.suricata.variables import Variables
from detectors.imports.written import checked
from detectors.rules.lint import slug
from detectors.rules.loader import MAX_FILES, NURSERY
from detectors.rules.reader import MAX_TITLE
from detectors.rules.vocabulary import Vocabulary, family, vocabulary

MAX_BYTES = 64 * 1024 * 1024
"""Of one file of signatures. The largest public set has 40 MB."""
WHOLE, PARTLY, PART, NOT, OFF = "whole", "without", "part", "not", "off"


@dataclass(frozen=True)
class Outcome:
    """What came of one signature. `state`: whole, without (some part), part (of other rules: a silent flowbit), not,
    off (behind a # in its file). `path` is the rule's file, below the folder; `text` its content."""

    file: str
    line: int
    sid: int
    title: str
    state: str
    remarks: tuple[Remark, ...] = ()
    reason: str = ""
    path: str = ""
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " + (f"sid {self.sid}: " if self.sid else "")
        if self.state == WHOLE:
            return f"{place}imported whole → {self.path}"
        if self.state == PARTLY:
            effects = [effect for effect in (BROADER, NARROWER) if any(r.effect == effect for r in self.remarks)]
            sense = (
                f"; fires on {' and '.join({BROADER: 'more', NARROWER: 'less'}[e] for e in effects)}" if effects else ""
            )
            return f"{place}imported{sense} → {self.path}\n" + "\n".join(
                f"    without {remark}" for remark in self.remarks
            )
        words = {PART: "part of other rules, raises no alert itself", OFF: "left out", NOT: "not imported"}
        return f"{place}{words[self.state]}" + (f": {self.reason}" if self.reason else "")

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "line": self.line,
            "sid": self.sid,
            "title": self.title,
            "state": self.state,
            "remarks": [{"part": one.part, "effect": one.effect, "why": one.why} for one in self.remarks],
            "reason": self.reason,
            "path": self.path,
        }


def import_rules(
    files: Iterable[tuple[str, str]], variables: Variables, known: Vocabulary | None = None
) -> list[Outcome]:
    """`files`: names and texts. Every signature has an outcome, in the order in which they stand."""
    known = known or vocabulary()
    outcomes: list[Outcome | tuple[str, Translated]] = []
    for name, text in files:
        for found in signatures(text):
            if isinstance(found, Unread):
                outcomes.append(Outcome(name, found.line, 0, "", OFF if found.off else NOT, reason=found.reason))
                continue
            try:
                outcomes.append((name, translate(found, variables, known)))
            except NotImported as error:
                said = (name, found.line, identity(found)[1], title(found))
                outcomes.append(Outcome(*said, NOT, reason=str(error)))
    translated = [outcome[1] for outcome in outcomes if isinstance(outcome, tuple)]
    setters: dict[str, list[Translated]] = {}
    for one in translated:
        for bit in one.sets:
            setters.setdefault(bit, []).append(one)
    taken_back = frozenset(bit for one in translated for bit in one.takes_back)
    named = _Names()
    return [
        outcome if isinstance(outcome, Outcome) else _written(outcome[0], outcome[1], setters, taken_back, named, known)
        for outcome in outcomes
    ]


class _Names:
    """Titles and ids that are taken: both are unique in a folder of rules."""

    def __init__(self) -> None:
        self._titles: set[str] = set()
        self._slugs: set[tuple[str, str]] = set()
        self._ids: set[tuple[int, int]] = set()

    def twice(self, one: Translated) -> bool:
        key = identity(one.signature)
        if key in self._ids:
            return True
        self._ids.add(key)
        return False

    def name(self, one: Translated) -> str:
        plain = title(one.signature)
        if self._take(plain, one.protocol):
            return plain
        tail = f" ({identity(one.signature)[1]})"
        longer = plain[: MAX_TITLE - len(tail)] + tail
        self._take(longer, one.protocol)
        return longer

    def _take(self, name: str, protocol: str) -> bool:
        key = (family(protocol), slug(name))
        if name.casefold() in self._titles or key in self._slugs or not key[1]:
            return False
        self._titles.add(name.casefold())
        self._slugs.add(key)
        return True


def _written(file: str, one: Translated, setters: dict[str, list[Translated]], taken_back: frozenset[str], named:
_Names,
             known: Vocabulary) -> Outcome:  # fmt: skip
    sid = identity(one.signature)[1]
    said = (file, one.signature.line, sid, title(one.signature))
    if one.silent and one.sets:
        return Outcome(*said, PART, tuple(one.remarks))
    if sid == 0:
        return Outcome(*said, NOT, reason="it has no sid, which its id is made from")
    if named.twice(one):
        return Outcome(*said, NOT, reason=f"sid {sid} stands here a second time")
    written = write(one, setters, taken_back)
    name = named.name(one)
    path = f"{NURSERY}/{family(one.protocol)}/{slug(name)}.yml"
    text, _, problems = checked(document(one, written, name, Path(file).name), Path(path), known)
    if problems:
        return Outcome(*said, NOT, written.remarks, "; ".join(problems))
    state = PARTLY if written.remarks else WHOLE
    return Outcome(*said, state, tuple(dict.fromkeys(written.remarks)), "", path, text)


def read_files(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Names and texts.

    Raises:
        ValueError: one cannot be read; one line.
    """
    found = []
    for path in paths:
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise ValueError(f"{path}: {size} bytes; a file of signatures has at most {MAX_BYTES}")
            found.append((str(path), path.read_text(encoding="utf-8", errors="surrogateescape")))
        except OSError as error:
            raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    return found


def save(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write the rules below a folder.

    Raises:
        ValueError: there are more than a folder of rules may hold, or it holds other files already.
    """
    rules = [outcome for outcome in outcomes if outcome.path]
    if len(rules) > MAX_FILES:
        raise ValueError(f"{len(rules)} rules; a folder holds {MAX_FILES}: import fewer files at a time")
    for outcome in rules:
        path = folder / outcome.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(outcome.text, encoding="utf-8")
