"""The consoles a sensor reports to, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from federation.parent import Parent
    from federation.spool import Spool
    from federation.uplink import Uplink


def parent_of(entry: object) -> Parent:
    """`{name, url, token_file, ca_file?}`, or `NAME=URL,TOKENFILE[,CAFILE]` on a command line.

    Raises:
        ValueError: something is missing, or the token cannot be read.
    """
    from federation.parent import Parent

    if isinstance(entry, str):
        name, equals, rest = entry.partition("=")
        parts = rest.split(",")
        if not equals or len(parts) not in (2, 3):
            raise ValueError(f"parent {entry!r}: expected NAME=URL,TOKENFILE or NAME=URL,TOKENFILE,CAFILE")
        entry = {"name": name, **dict(zip(("url", "token_file", "ca_file"), parts, strict=False))}
    if not isinstance(entry, Mapping) or not {"name", "url", "token_file"} <= set(entry):
        raise ValueError(f"parents: {entry!r} needs name, url and token_file")
    path = Path(str(entry["token_file"]))
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: the parent's token cannot be read: {error}") from None
    ca_file = entry.get("ca_file")
    return Parent(str(entry["name"]), str(entry["url"]), token, Path(str(ca_file)) if ca_file else None)


def start_uplink(settings: Mapping[str, Any]) -> tuple[Spool, Uplink]:
    """Open the sensor's spool and start its lines upward."""
    from federation.spool import Spool
    from federation.uplink import Uplink

    parents = [parent_of(entry) for entry in settings["parents"]]
    if not parents:
        raise ValueError("spool_dir is set but no parent: name the console in `parents`")
    folder = Path(settings["spool_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(folder / "spool.db", [parent.name for parent in parents], max_mb=settings["spool_max_mb"])
    uplink = Uplink(spool, parents)
    uplink.start()
    return spool, uplink
