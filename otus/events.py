"""`otus events`: every protocol message, as rules see it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.site_options import site_options
from sensor.site import SiteFiles

if TYPE_CHECKING:
    from otus.tables import Table


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["ndjson", "csv", "arrow", "parquet"]),
    default="ndjson",
    show_default=True,
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here; parquet needs it.")
@click.option("--protocol", "protocols", multiple=True, metavar="NAME", help="Only these messages; repeat for several.")
@click.option("--filter", "expression", metavar="EXPR", help="What to look at: host, net, port, vlan, protocol.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Processor cores to use; default: all this process may use. Changes nothing but the time.",
)
@site_options
def events(
    files: tuple[str, ...],
    shape: str,
    output: Path | None,
    protocols: tuple[str, ...],
    expression: str | None,
    threads: int | None,
    site: SiteFiles,
) -> None:
    """Give every protocol message of capture files: one JSON object a line, or a row of a table.

    A retransmission gives nothing (its bytes were told before); an intermediate chunk or fragment gives nothing,
    the frame that completes the message gives it. `-` reads standard input. Tables: docs/events.md.

    逐条输出抓包文件中的协议报文：每行一个 JSON 对象，或 CSV、Arrow、Parquet 表格（列说明见 docs/events.md）。
    """
    from otus.unread import Unread
    from otus.writing_behind import Behind
    from sensor._core import Engine

    if shape == "parquet" and output is None:
        raise click.UsageError("parquet needs a file: -o events.parquet (its index is written last)")
    table = _table(shape, output)
    settings: dict[str, Any] = {"filter": expression, "protocols": protocols}
    settings |= site.load().engine_settings()
    settings["threads"] = threads or min(64, len(os.sched_getaffinity(0)))
    settings["events"] = shape if shape in ("ndjson", "csv") else "columns"
    if not table.rereads and not protocols:
        from sensor._core import protocols as known

        # The columns of a stream are told first: all of them.
        settings["protocols"] = [name for name, *_ in known()]
    unread = Unread()
    with Behind(table) as behind:
        engine = Engine(json.dumps(settings))
        engine.open_files(list(files))
        while True:
            batch = engine.poll()
            behind.put(batch)
            unread.say(batch.warnings)
            if batch.done:
                break
        behind.keep()
    unread.end()


def _table(shape: str, output: Path | None) -> Table:
    """Where messages go. What cannot be written, or lacks its library, is said before the work begins."""
    from otus import tables

    if shape in ("ndjson", "csv"):
        return tables.Text(output)
    return tables.Arrow(output) if shape == "arrow" else tables.Parquet(output)
