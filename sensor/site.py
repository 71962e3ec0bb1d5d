"""What files of the plant tell the core, beside rules and baseline: segments, a table of points, weak passwords."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sensor.points import load as load_points
from sensor.segments import ONE, Segments
from sensor.segments import load as load_segments


@dataclass(frozen=True)
class Site:
    segments: Segments = ONE
    points: tuple[dict[str, Any], ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """lines `user<TAB>password` or `password`, beside the list that the core has"""

    def engine_settings(self) -> dict[str, Any]:
        return {**self.segments.engine_settings(), "points": list(self.points), "passwords": list(self.passwords)}


NOTHING = Site()


@dataclass(frozen=True)
class SiteFiles:
    """The names of the files, as settings and options give them; empty: none."""

    segments: str = ""
    points: str = ""
    passwords: str = ""

    def load(self, segment: str = "default") -> Site:
        """Read them. `segment` names where everything goes that no line of the table of segments fits.

        Raises:
            ValueError: all problems of a file at once, one line each.
        """
        points = tuple(load_points(self.points)) if self.points else ()
        passwords = _passwords(Path(self.passwords)) if self.passwords else ()
        return Site(load_segments(segment, self.segments), points, passwords)


NO_FILES = SiteFiles()


def _passwords(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
