"""A rule pack that came down the line, installed as `otus rules pack install` does it, or taken back."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor.schema.pack_order import unpacked
from sensor.schema.records import RecordError

if TYPE_CHECKING:
    from detectors.packs import Pack, Shelf
    from sensor.schema.pack_order import PackOrder


class PackNotTaken(ValueError):
    """`code: detail`; nothing is other than it was."""


def carry_out_pack(
    order: PackOrder, settings: Mapping[str, Any], reload: Callable[[], tuple[bool, str]]
) -> str:
    """Install the pack, or take it back; returns `name version` of what counts now. Done already, it changes nothing.

    Raises:
        PackNotTaken: it is not trusted, does not work, or would alert where nothing alerts today, which nobody wanted.
    """
    from detectors.packs import PackRefused
    from otus.pack_sources import shelf

    if not settings["rule_packs"] or not settings["pack_keys"]:
        raise PackNotTaken("no_packs: the site takes no rule packs (settings rule_packs and pack_keys)")
    try:
        place = shelf(settings["rule_packs"], settings["pack_keys"])
        with place.changing():
            return _back(order, place, reload) if order.rollback else _install(order, place, settings, reload)
    except (PackRefused, RecordError) as error:
        raise PackNotTaken(f"pack_refused: {error}") from None
    except PackNotTaken:
        raise
    except ValueError as error:
        raise PackNotTaken(f"pack_refused: {' '.join(str(error).split())}") from None


def _opened(order: PackOrder, settings: Mapping[str, Any]) -> Pack:
    from detectors.packs import read_pack, trusted_keys
    from sensor import _core

    data = unpacked(order.content)
    return read_pack(io.BytesIO(data), len(data), trusted_keys(Path(settings["pack_keys"])), _core.__version__)


def _install(
    order: PackOrder, place: Shelf, settings: Mapping[str, Any], reload: Callable[[], tuple[bool, str]]
) -> str:
    from otus.rule_packs import tried

    opened = _opened(order, settings)
    name, version = opened.manifest.name, opened.manifest.version
    before = place.current_version(name)
    place.allows(opened)
    if before == version:
        return f"{name} {version}"
    trial = tried(opened, place, dict(settings))
    if trial.new and not order.consent:
        raise PackNotTaken(f"wants_consent: {trial}")
    place.put(opened)
    place.make_current(name, version)
    done, line = reload()
    if not done:
        place.back(name)
        raise PackNotTaken(f"not_loaded: {line}")
    return f"{name} {version}"


def _back(order: PackOrder, place: Shelf, reload: Callable[[], tuple[bool, str]]) -> str:
    """Only from the version that is named: said twice, it does not go back by two."""
    if place.current_version(order.name) == order.version:
        earlier = place.back(order.name)
        done, line = reload()
        if not done:
            raise PackNotTaken(f"not_loaded: {line}")
    else:
        earlier = place.current_version(order.name)
    return f"{order.name} {earlier or '-'}"
