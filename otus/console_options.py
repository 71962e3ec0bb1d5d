"""Options that several commands about a console share."""

from __future__ import annotations

from pathlib import Path

import click

DATA = click.option(
    "--data-dir",
    required=True,
    envvar="OTUS_CONSOLE_DATA_DIR",
    type=click.Path(path_type=Path),
    help="Folder of this console's data.",
)
REGISTRY = click.option(
    "--registry",
    metavar="URL",
    envvar="OTUS_REGISTRY",
    help="Database of accounts, nodes and sessions (docs/registry.md); a file in the data folder by default.",
)
