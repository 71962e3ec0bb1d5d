"""The options that name files of the plant, the same for every command that reads traffic."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from sensor.site import SiteFiles

OPTIONS = (
    ("segments", "Table of segments by file, VLAN, VNI, TEID (docs/segments.md)."),
    ("points", "The plant's table of points 点表: names, types, scales, units (docs/points.md)."),
    ("own_protocols", "Descriptions of private protocols: a file, or a folder of *.yml (docs/own-protocols.md)."),
    ("stations", "Which stations matter most, and what hangs on them (docs/incidents.md)."),
    ("passwords", "Weak passwords beside the built-in list: lines `user<TAB>password` or `password`."),
)


def site_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add them; the command gets `site`, a `SiteFiles`."""

    @functools.wraps(command)
    def with_site(**values: Any) -> None:
        named = {name: values.pop(name) or "" for name, _ in OPTIONS}
        command(**values, site=SiteFiles(**named))

    for name, text in reversed(OPTIONS):
        with_site = click.option(f"--{name.replace('_', '-')}", metavar="FILE", help=text)(with_site)
    return with_site


def own_protocols(command: Callable[..., None]) -> Callable[..., None]:
    """Only that option, for commands that read no traffic of the plant: what it names is taken up before they run."""

    @functools.wraps(command)
    def with_protocols(own_protocols: str | None, **values: Any) -> None:
        from sensor.own_protocols import load, take_up

        if own_protocols:
            take_up(load(own_protocols))
        command(**values)

    return click.option("--own-protocols", metavar="FILE", help=dict(OPTIONS)["own_protocols"])(with_protocols)
