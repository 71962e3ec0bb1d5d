"""Protocols that a site describes itself: YAML files, compiled to parsers in the core (docs/own-protocols.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sensor.own_protocols.document import Description, read
from sensor.own_protocols.words import listed
from sensor.schema.fields import extend

__all__ = ["Description", "load", "take_up", "taken_up"]

_taken_up: dict[str, Description] = {}


def load(path: str | Path) -> tuple[Description, ...]:
    """The descriptions of a file, or of the `*.yml` of a folder, by name of the file.

    Raises:
        ValueError: all problems of all files, one line each.
    """
    root = Path(path)
    files = sorted(root.glob("*.yml")) if root.is_dir() else [root]
    if not files:
        raise ValueError(f"{root}: no *.yml in this folder")
    descriptions, problems = list[Description](), list[str]()
    for file in files:
        try:
            descriptions.append(read(file))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(descriptions)


def take_up(descriptions: Iterable[Description]) -> None:
    """Make them known to this process: to the core, and to the list of fields that rules, screens and the way up ask.
    The same again changes nothing.

    Raises:
        ValueError: a description is wrong, or another one of that name is known already.
    """
    from sensor._core import describe

    for description in descriptions:
        try:
            describe(json.dumps(description.layout, ensure_ascii=False, sort_keys=True))
            extend(listed(description))
        except ValueError as error:
            raise ValueError(f"{description.path}: {error}") from None
        _taken_up[description.name] = description


def taken_up() -> tuple[str, ...]:
    """Names of the protocols that this process has taken up."""
    return tuple(_taken_up)
