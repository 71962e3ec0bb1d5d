"""Rules as files of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from detectors.rules.document import MAX_BYTES, Malformed, plain_text, read
from detectors.rules.lists import NamedList
from detectors.rules.model import Rule
from detectors.rules.reader import RuleReader
from detectors.rules.vocabulary import Vocabulary


class _Dumper(yaml.SafeDumper):
    """No anchors: a rule is read by people, and is written out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain_text(text) else "'")


_Dumper.add_representer(str, _text)


def yaml_text(content: Mapping[str, Any]) -> str:
    return str(yaml.dump(dict(content), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120))


def checked(content: Mapping[str, Any], path: Path, known: Vocabulary,
            lists: Mapping[str, NamedList] | None = None) -> tuple[str, Rule | None, list[str]]:  # fmt: skip
    """The file's text, the rule as it will be loaded, and what is wrong with it."""
    text = yaml_text(content)
    if len(text.encode()) > MAX_BYTES:
        return text, None, [f"longer than a rule may be ({MAX_BYTES // 1024} KiB)"]
    try:
        node = read(text)
    except Malformed as error:
        return text, None, [error.message]
    reader = RuleReader(path, known, lists)
    rule = reader.rule(node)
    return text, rule, [problem.message for problem in reader.problems]
