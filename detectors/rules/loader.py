"""Rule files → `RuleSet`. All problems of all files are found before anything is refused."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from detectors.rules.document import Malformed, read
from detectors.rules.lists import FOLDER, NamedList, read_lists
from detectors.rules.model import Problem, Rule, RuleError, RuleSet
from detectors.rules.reader import RuleReader
from detectors.rules.vocabulary import Vocabulary, vocabulary

MAX_FILES = 20_000
NURSERY = "nursery"
"""Below a folder of rules: rules that wait for examples. Off unless asked for, or named itself."""


def bundled() -> Path:
    """The folder of the rules that came with this version."""
    return Path(str(files("rules")))


@dataclass(frozen=True)
class Source:
    """A folder of rules beside the others: an installed pack. `label` is what messages call it:
    `plant-rules@2026.11`."""

    folder: Path
    label: str

    @property
    def name(self) -> str:
        return self.label.partition("@")[0]

    @property
    def version(self) -> str:
        return self.label.partition("@")[2]


def load_rules(
    path: Path | str | None = None,
    known: Vocabulary | None = None,
    packs: Sequence[Source] = (),
    *,
    nursery: bool = False,
) -> RuleSet:
    """The rules below a folder, or of one file; without a path the bundled ones. Those of `packs` are added; one with
    the id of a rule that is there already stands in its place. `nursery`: with those that still wait for examples.

    Files are taken in the order of their paths, so that rule numbers are the same everywhere. Names beginning with a
    dot are left out.

    Raises:
        RuleError: with every problem of every file.
    """
    rules, problems, lists = _collect(path, known, packs, nursery=nursery)
    if problems:
        raise RuleError(problems)
    return RuleSet(tuple(rules), lists)


def collect_rules(path: Path | str | None = None, known: Vocabulary | None = None) -> tuple[list[Rule], list[Problem]]:
    """The rules that can be read, nursery included, and what is wrong with the others and with the lists."""
    rules, problems, _ = _collect(path, known, (), nursery=True)
    return rules, problems


def _collect(
    path: Path | str | None, known: Vocabulary | None, packs: Sequence[Source], *, nursery: bool
) -> tuple[list[Rule], list[Problem], dict[str, NamedList]]:
    known = known or vocabulary()
    root = bundled() if path is None else Path(path)
    problems: list[Problem] = []
    loaded: list[Rule] = []
    # The site's own list of a name stands before the one that came with this version.
    lists = read_lists(bundled(), Path("rules"), problems) | _lists_of(packs, problems)
    if path is not None:
        lists |= read_lists(root if root.is_dir() else root.parent, root if root.is_dir() else root.parent, problems)
    for file in _files(root, nursery=nursery, problems=problems):
        shown = _shown(file, root, is_bundled=path is None)
        loaded += _load(file, shown, known, lists, problems)
    brought: list[Rule] = []
    for pack in packs:
        for file in _files(pack.folder, nursery=True, problems=problems, may_be_empty=True):
            brought += _load(file, Path(pack.label) / file.relative_to(pack.folder), known, lists, problems)
    renewed = {rule.id for rule in brought}
    loaded = [*(rule for rule in loaded if rule.id not in renewed), *brought]
    problems += _twice(loaded)
    return loaded, sorted(problems, key=lambda problem: (str(problem.path), problem.line)), lists


def _lists_of(packs: Sequence[Source], problems: list[Problem]) -> dict[str, NamedList]:
    """Lists have one name for all: two packs that mean different things by it cannot both be right."""
    found: dict[str, tuple[NamedList, Source]] = {}
    for pack in packs:
        for name, one in read_lists(pack.folder, Path(pack.label), problems).items():
            other, of = found.setdefault(name, (one, pack))
            if other != one:
                where = Path(pack.label, FOLDER, f"{name}.yml")
                problems.append(Problem(where, 1, f"{of.label} has another list {name}; take one of the packs off"))
    return {name: one for name, (one, _) in found.items()}


def _files(root: Path, *, nursery: bool, problems: list[Problem], may_be_empty: bool = False) -> Sequence[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        problems.append(Problem(root, 1, "no such file or folder; name a folder with *.yml rules"))
        return []
    found: list[Path] = []
    # Links are not followed: a loop of them would never end.
    for folder, names, held in os.walk(root):
        names[:] = sorted(
            n for n in names if not n.startswith((".", "_")) and (nursery or n != NURSERY) and n != FOLDER
        )
        found += [Path(folder, file) for file in held if file.endswith((".yml", ".yaml")) and not file.startswith(".")]
        if len(found) > MAX_FILES:
            problems.append(Problem(root, 1, f"more than {MAX_FILES} rule files; name a smaller folder"))
            return []
    if not found and not may_be_empty:
        problems.append(Problem(root, 1, "no *.yml rule below this folder"))
    return sorted(found)


def _shown(file: Path, root: Path, *, is_bundled: bool) -> Path:
    """As a person would name it: bundled rules from `rules/` on, others as they were given."""
    return Path("rules") / file.relative_to(root) if is_bundled else file


def _load(
    file: Path, shown: Path, known: Vocabulary, lists: dict[str, NamedList], problems: list[Problem]
) -> Iterable[Rule]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        problems.append(Problem(shown, 1, f"cannot be read: {error.strerror}"))
        return []
    except UnicodeDecodeError:
        problems.append(Problem(shown, 1, "not UTF-8; save the file as UTF-8"))
        return []
    try:
        node = read(text)
    except Malformed as error:
        problems.append(Problem(shown, error.line, error.message))
        return []
    reader = RuleReader(shown, known, lists)
    rule = reader.rule(node)
    problems += reader.problems
    return [] if rule is None else [rule]


def _twice(rules: Sequence[Rule]) -> list[Problem]:
    """Ids and titles must be unique: alerts, folds and verdicts hang on them."""
    found: list[Problem] = []
    for key in ("id", "title"):
        first: dict[str, Rule] = {}
        for rule in rules:
            value: str = getattr(rule, key)
            other = first.setdefault(value.casefold(), rule)
            if other is not rule and not (key == "id" and other.title.casefold() == rule.title.casefold()):
                way = "make a new UUID" if key == "id" else "rename one of them"
                line = rule.lines.get(key, 1)
                found.append(Problem(rule.path, line, f"{key} {value!r} is already used by {other.path}; {way}"))
    return found
