"""Files of indicators → a folder of lists and rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detectors.imports.indicators import stix, tabular
from detectors.imports.indicators.collected import Bounds, Collected

MAX_BYTES = 128 * 1024 * 1024
"""Of one file: two million addresses with their names."""


def read_indicators(paths: Sequence[Path], bounds: Bounds) -> Collected:
    """Read STIX bundles (a file that begins with a brace) and CSV.

    Raises:
        ValueError: a file cannot be read or is neither; one line.
    """
    into = Collected()
    for path in paths:
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise ValueError(f"{path}: {size} bytes; a file of indicators has at most {MAX_BYTES}")
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
        if "\0" in text[:4096]:
            raise ValueError(f"{path}: no text")
        reader = stix if text.lstrip().startswith(("{", "[")) else tabular
        reader.read(text, str(path), into, bounds)
    return into
