"""`otus events`: every protocol message, as rules see it."""

from __future__ import annotations

import json
import sys

import click


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "shape", type=click.Choice(["ndjson"]), default="ndjson", show_default=True)
@click.option("--filter", "expression", metavar="EXPR", help="What to look at: host, net, port, vlan, protocol.")
def events(files: tuple[str, ...], shape: str, expression: str | None) -> None:
    """Print every protocol message of capture files, one JSON object a line.

    A retransmission prints nothing (its bytes were printed before); an intermediate chunk or fragment prints nothing,
    the frame that completes the message prints it. `-` reads standard input.

    逐条输出抓包文件中的协议报文，每行一个 JSON 对象。
    """
    from otus.unread import Unread
    from sensor._core import Engine

    unread = Unread()
    engine = Engine(json.dumps({"events": True, "filter": expression}))
    engine.open_files(list(files))
    out = sys.stdout.buffer
    while True:
        batch = engine.poll()
        out.write(batch.events)
        unread.say(batch.warnings)
        if batch.done:
            break
    out.flush()
    unread.end()
