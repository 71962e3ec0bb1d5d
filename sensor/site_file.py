"""Files that a site writes by hand: read in one place, wrong in the same words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:
    """Raises ValueError with one line: it cannot be read, or is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def near(key: object, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing when nothing is near."""
    found = difflib.get_close_matches(str(key), list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""
