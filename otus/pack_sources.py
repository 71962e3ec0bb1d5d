"""Rule packs that are installed, as sources of rules: verified before a line of theirs is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from detectors.packs import Shelf
    from detectors.rules import Source


def pack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name packs; the command gets `rule_packs` and `pack_keys`, for `installed`."""
    command = click.option("--pack-keys", metavar="DIR", help="Public keys whose packs are trusted.")(command)
    text = "Installed rule packs beside them (docs/rule-packs.md)."
    return click.option("--rule-packs", metavar="DIR", help=text)(command)


def shelf(packs: str | Path, keys: str | Path) -> Shelf:
    """The folder of packs with the keys that are trusted.

    Raises:
        ValueError: one line.
    """
    from detectors.packs import Shelf, trusted_keys

    if not keys:
        raise ValueError(f"{packs}: name the folder of trusted keys as well (pack_keys, --pack-keys)")
    return Shelf(Path(packs), trusted_keys(Path(keys)))


def installed(packs: str | Path | None, keys: str | Path | None) -> tuple[Source, ...]:
    """Every pack's version that counts; without a folder none.

    Raises:
        ValueError: one of them is not what was signed, or the keys cannot be read.
    """
    if not packs:
        return ()
    from detectors.rules import Source

    return tuple(Source(one.folder, one.label) for one in shelf(packs, keys or "").active())
