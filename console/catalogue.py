"""Every text a person reads, in both languages: `translations/*.yml`.

A file's path is the first part of its keys (`operation/modbus.yml`: `operation.modbus.…`). A value is `[中文,
English]`, or `[中文, English, English for one]`, where the third is taken when `n` is 1. Whole numbers are written with
thousands separators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape

from console.plain import clean, shorten

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Entry:
    zh: str
    en: str
    en_one: str | None = None

    def pick(self, language: str, n: object = None) -> str:
        if language == "zh":
            return self.zh
        return self.en_one if self.en_one is not None and n == 1 else self.en


def load(folder: Path) -> dict[str, Entry]:
    """Read all files of a folder.

    Raises:
        ValueError: an entry has not exactly both languages; all such entries are named at once.
    """
    entries: dict[str, Entry] = {}
    wrong: list[str] = []
    for path in sorted(folder.rglob("*.yml")):
        prefix = ".".join(path.relative_to(folder).with_suffix("").parts)
        content = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for name, value in (content or {}).items():
            if isinstance(value, list) and len(value) in (2, 3) and all(isinstance(item, str) for item in value):
                entries[f"{prefix}.{name}"] = Entry(*value)
            else:
                wrong.append(f"{path.relative_to(folder)}: {name}: must be [zh, en] or [zh, en, en for one]")
    if wrong:
        raise ValueError("\n".join(wrong))
    return entries


@cache
def entries() -> Mapping[str, Entry]:
    return load(Path(__file__).parent / "translations")


def known(key: str) -> bool:
    return key in entries()


MAX_PARAMETER = 1000


def _shown(value: Any) -> Any:
    """A parameter as it is put into a text: whatever a record said in it cannot break the line or grow beyond it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, (float, Markup)) else shorten(clean(str(value)), MAX_PARAMETER)


def say(key: str, language: str, **params: Any) -> str:
    """The text of `key` as plain text. A key that does not exist is a mistake in the program: KeyError."""
    text = entries()[key].pick(language, params.get("n"))
    return text.format(**{name: _shown(value) for name, value in params.items()})


def say_html(key: str, language: str, **params: Any) -> Markup:
    """The same for HTML: parameters are escaped unless they are Markup themselves."""
    text = escape(entries()[key].pick(language, params.get("n")))
    return text.format(**{name: _shown(value) for name, value in params.items()})


def listed(items: Iterable[str], language: str) -> str:
    """`甲、乙` or `a, b`"""
    return say("frame.comma", language).join(items)
