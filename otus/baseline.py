"""`otus baseline`: learn what is normal, look at it, carry it as YAML."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.site_options import site_options
from sensor.site import NOTHING, Site, SiteFiles

if TYPE_CHECKING:
    from otus.unread import Unread
    from sensor._core import Engine


@click.group()
def baseline() -> None:
    """Learn and look at what is normal here. / 学习、查看、导出、导入通信基线。"""


@baseline.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("-i", "--interface", "interfaces", multiple=True, help="Learn live from this port instead of files.")
@click.option(
    "--for",
    "duration_s",
    type=click.IntRange(min=1),
    default=3600,
    show_default=True,
    help="Live: so many seconds; Ctrl-C ends it earlier and keeps what was learned.",
)
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--filter", "expression", metavar="EXPR", help="What to look at.")
@click.option("--segment", metavar="NAME", default="default", show_default=True, help="As in the sensor's settings.")
@site_options
@click.option("--window", "window_s", type=click.IntRange(min=1), default=10, show_default=True, help="The model's, s.")
def learn(
    files: tuple[str, ...],
    interfaces: tuple[str, ...],
    duration_s: int,
    folder: Path,
    expression: str | None,
    segment: str,
    window_s: int,
    site: SiteFiles,
) -> None:
    """Learn a baseline from capture files or from a live port, and write it as a folder.

    从抓包文件或镜像口学习通信基线（通信关系、操作、对象范围、轮询周期）与异常模型。
    """
    if bool(files) == bool(interfaces):
        raise click.UsageError("name capture files, or a port with -i; not both")
    from otus.unread import Unread

    unread = Unread()
    click.echo(learn_into(folder, files, interfaces, duration_s, expression, window_s, site.load(segment), unread))
    if files:
        unread.end()


def learn_into(
    folder: Path,
    files: tuple[str, ...] = (),
    interfaces: tuple[str, ...] = (),
    duration_s: int = 0,
    expression: str | None = None,
    window_s: int = 10,
    site: Site = NOTHING,
    unread: Unread | None = None,
    packets: int | None = None,
) -> str:
    """Learn and write the folder; returns what was learned in one line. `packets`: from so many of the files only.

    Raises:
        ValueError: the folder cannot be written, which is said before hours of learning and not after.
    """
    import time

    from detectors.anomaly import train
    from detectors.baseline import write_folder
    from otus.unread import Unread
    from sensor._core import Engine, Forest, baseline_to_json

    _check_place(folder)
    settings: dict[str, Any] = {"learn": True, "filter": expression, **site.engine_settings()}
    engine = Engine(json.dumps({**settings, "window_ns": window_s * 1_000_000_000}))
    if files:
        engine.open_files(list(files))
    else:
        for line in engine.open_interfaces(list(interfaces)):
            click.echo(f"otus: {line}", err=True)
        _stop_on_signals(engine)
        click.echo(f"otus: learning from {', '.join(interfaces)} for {duration_s} s", err=True)
    ends = time.monotonic() + duration_s
    windows: list[Any] = []
    unread = unread or Unread()
    first_ns = received = 0
    while True:
        if interfaces and time.monotonic() >= ends:
            engine.stop()
        # The first packet alone: its time is the beginning of what was learned.
        most = 1_000_000 if packets is None else packets - received
        batch = engine.poll(most if first_ns else 1)
        first_ns = first_ns or batch.now_ns
        received = batch.ledger["received"]
        ended = packets is not None and received >= packets
        if len(batch.windows):
            windows.append(batch.windows)
        unread.say(batch.warnings)
        if ended and not batch.done:
            batch = engine.finish()
            if len(batch.windows):
                windows.append(batch.windows)
        if ended or batch.done:
            break
    if lost := {place: packets for place, packets in batch.ledger["lost"].items() if packets}:
        places = ", ".join(f"{place} {packets}" for place, packets in lost.items())
        click.echo(f"otus: {places} of {batch.ledger['received']} packets were lost, and not learned from", err=True)
    model = train(windows, window_s=window_s, make_forest=Forest)
    source = [Path(name).name for name in files] or [f"live:{name}" for name in interfaces]
    written = write_folder(
        folder,
        engine.learned(),
        model,
        to_json=baseline_to_json,
        source=source,
        start_ns=first_ns,
        end_ns=batch.now_ns,
        values=engine.learned_values(),
    )
    return written.line()


def _check_place(folder: Path) -> None:
    """Could a baseline be written there?"""
    from detectors.baseline.folder import MANIFEST

    taken = folder.exists() and not (folder / MANIFEST).is_file()
    if taken and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is there and is no baseline; name another folder")
    above = next(place for place in folder.absolute().parents if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(f"{folder}: cannot be written: {above} is not a folder that this user may write to")


def _stop_on_signals(engine: Engine) -> None:
    """What was learned until then is kept."""
    if threading.current_thread() is threading.main_thread():
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: engine.stop())


@baseline.command()
@click.argument("folder", type=click.Path(path_type=Path))
def show(folder: Path) -> None:
    """What a baseline knows, for people."""
    from detectors.baseline import read_folder, show_text
    from sensor._core import baseline_to_json

    click.echo(show_text(read_folder(folder), baseline_to_json))


@baseline.command()
@click.argument("folder", type=click.Path(path_type=Path))
def export(folder: Path) -> None:
    """Print a baseline as YAML, to read, review and edit."""
    from detectors.baseline import export_yaml, read_folder
    from sensor._core import baseline_to_json

    sys.stdout.write(export_yaml(read_folder(folder), baseline_to_json))


@baseline.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Folder to write.")
def import_(path: Path, folder: Path) -> None:
    """Compile a baseline from YAML into a folder. The anomaly model is not part of it: it is learned."""
    from detectors.baseline import import_yaml
    from sensor._core import baseline_from_json, baseline_to_json

    click.echo(import_yaml(path, folder, baseline_from_json, baseline_to_json).line())
