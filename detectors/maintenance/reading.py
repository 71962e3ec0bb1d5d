"""Reading a site's YAML in one line of complaint. (`sensor/site_file.py` is the same for what the sensor itself reads:
detectors know no more of the sensor than its records.)"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 16 << 20


def read_yaml(path: Path) -> Any:
    """Raises ValueError with one line: it cannot be read, is too large, or is not YAML."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path}: is larger than {MAX_BYTES} bytes")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def near(key: object, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing when nothing is near."""
    found = difflib.get_close_matches(str(key), list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""
