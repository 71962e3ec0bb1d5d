"""Sizes and durations as a person writes them."""

from __future__ import annotations

import re
from typing import Any

import click

UNITS = {"": 1, "MIB": 1, "M": 1, "GIB": 1024, "G": 1024, "TIB": 1024 * 1024, "T": 1024 * 1024}


class Mebibytes(click.ParamType[int]):
    """`512`, `512MiB`, `10GiB`, `1TiB` → MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"\s*(\d{1,12})\s*([A-Za-z]*)\s*", str(value))
        unit = UNITS.get(found[2].upper()) if found else None
        if found is None or unit is None:
            self.fail(f"{value!r} is no size; write it like 512MiB or 10GiB", param, ctx)
        return int(found[1]) * unit


SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[int]):
    """`90`, `90s`, `15m`, `24h`, `30d` → seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"\s*(\d{1,9})\s*([smhd]?)\s*", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration; write it like 90s, 15m, 24h or 30d", param, ctx)
        return int(found[1]) * SECONDS[found[2]]
