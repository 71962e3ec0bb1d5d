"""`otus baseline`: learn what is normal, look at it, carry it as YAML."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.group()
def baseline() -> None:
    """Learn and look at what is normal here. / 学习、查看、导出、导入通信基线。"""


@baseline.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("-i", "--interface", "interfaces", multiple=True, help="Learn live from this port instead of files.")
@click.option("--for", "duration_s", type=int, default=3600, show_default=True, help="Live: so many seconds.")
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--filter", "expression", metavar="EXPR", help="What to look at.")
@click.option("--window", "window_s", type=int, default=10, show_default=True, help="Window of the model, seconds.")
def learn(
    files: tuple[str, ...],
    interfaces: tuple[str, ...],
    duration_s: int,
    folder: Path,
    expression: str | None,
    window_s: int,
) -> None:
    """Learn a baseline from capture files or from a live port, and write it as a folder.

    从抓包文件或镜像口学习通信基线（通信关系、操作、对象范围、轮询周期）与异常模型。
    """
    if bool(files) == bool(interfaces):
        raise click.UsageError("name capture files, or a port with -i; not both")
    click.echo(learn_into(folder, files, interfaces, duration_s, expression, window_s))


def learn_into(
    folder: Path,
    files: tuple[str, ...] = (),
    interfaces: tuple[str, ...] = (),
    duration_s: int = 0,
    expression: str | None = None,
    window_s: int = 10,
) -> str:
    """Learn and write the folder; returns what was learned in one line."""
    import time

    from detectors.anomaly import train
    from detectors.baseline import write_folder
    from sensor._core import Engine, baseline_to_json

    settings: dict[str, Any] = {"learn": True, "filter": expression, "window_ns": window_s * 1_000_000_000}
    engine = Engine(json.dumps(settings))
    if files:
        engine.open_files(list(files))
    else:
        engine.open_interfaces(list(interfaces))
    ends = time.monotonic() + duration_s
    windows: list[Any] = []
    first_ns = 0
    while True:
        if interfaces and time.monotonic() >= ends:
            engine.stop()
        batch = engine.poll()
        first_ns = first_ns or batch.now_ns
        if len(batch.windows):
            windows.append(batch.windows)
        for warning in batch.warnings:
            click.echo(f"otus: {warning}", err=True)
        if batch.done:
            break
    model = train(windows, window_s=window_s)
    source = [Path(name).name for name in files] or [f"live:{name}" for name in interfaces]
    written = write_folder(
        folder,
        engine.learned(),
        model,
        to_json=baseline_to_json,
        source=source,
        start_ns=first_ns,
        end_ns=batch.now_ns,
    )
    return written.line()


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
