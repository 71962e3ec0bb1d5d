"""What files of the plant tell: segments, points, weak passwords, own protocols, which stations matter most."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sensor.points import load as load_points
from sensor.segments import ONE, Segments
from sensor.segments import load as load_segments
from sensor.stations import NONE, Stations
from sensor.stations import load as load_stations


@dataclass(frozen=True)
class Site:
    segments: Segments = ONE
    points: tuple[dict[str, Any], ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """lines `user<TAB>password` or `password`, beside the list that the core has"""
    own_protocols: tuple[str, ...] = ()
    """names of protocols that the site describes; the process has taken them up"""
    stations: Stations = NONE
    """which stations matter most: for the order in which incidents are handled, not for the core"""

    def engine_settings(self) -> dict[str, Any]:
        return {
            **self.segments.engine_settings(),
            "points": list(self.points),
            "passwords": list(self.passwords),
            "own_protocols": list(self.own_protocols),
        }


NOTHING = Site()


@dataclass(frozen=True)
class SiteFiles:
    """The names of the files, as settings and options give them; empty: none."""

    segments: str = ""
    points: str = ""
    passwords: str = ""
    own_protocols: str = ""
    stations: str = ""

    def load(self, segment: str = "default") -> Site:
        """Read them, and take up the protocols: rules may speak of them from then on. `segment` names where
        everything goes that no line of the table of segments fits.

        Raises:
            ValueError: all problems of a file at once, one line each.
        """
        described = _taken_up(self.own_protocols) if self.own_protocols else ()
        points = tuple(load_points(self.points)) if self.points else ()
        passwords = _passwords(Path(self.passwords)) if self.passwords else ()
        return Site(
            load_segments(segment, self.segments),
            points,
            passwords,
            described,
            load_stations(self.stations) if self.stations else NONE,
        )


NO_FILES = SiteFiles()


def _taken_up(path: str) -> tuple[str, ...]:
    """Names of the protocols described there."""
    from sensor.own_protocols import load, take_up  # a tenth of a second, which a site without them does not wait

    described = load(path)
    take_up(described)
    return tuple(description.name for description in described)


def _passwords(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
