"""`otus baseline`: learn what is normal, look at it, carry it as YAML."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from otus.learning import HOUR_NS, UntilComplete, learn_into
from otus.model_shadow import compare
from otus.reviewing import commands
from otus.site_options import site_options
from otus.sizes import Duration
from sensor.site import SiteFiles


@click.group()
def baseline() -> None:
    """Learn and look at what is normal here. / 学习、查看、导出、导入通信基线。"""


baseline.add_command(compare)


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
@click.option("--until-complete", is_flag=True, help="Learn until the meter of completeness says that it is enough.")
@click.option("--at-least", "least_s", type=Duration(), default="24h", show_default=True, help="…but so long at least,")
@click.option("--at-most", "most_s", type=Duration(), default="30d", show_default=True, help="…and so long at most.")
@click.option(
    "--new-per-day",
    type=click.FloatRange(min=0, min_open=True),
    help="Complete: so many new things a day at most (95 %). Default: one for every hundred links, at least one.",
)
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones to see what is suspicious.")
@click.option("--trust-all", is_flag=True, help="Take everything for normal, also what rules find suspicious.")
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
    until_complete: bool,
    least_s: int,
    most_s: int,
    new_per_day: float | None,
    rules: str | None,
    trust_all: bool,
    site: SiteFiles,
) -> None:
    """Learn a baseline from capture files or from a live port, and write it as a folder.

    What a rule of level medium or above hits meanwhile is kept apart until somebody approves it (otus baseline review).
    Where the folder has a baseline this is its next version, and earlier decisions go on to count.

    从抓包文件或镜像口学习通信基线（通信关系、操作、对象范围、轮询周期）与异常模型。
    """
    if bool(files) == bool(interfaces):
        raise click.UsageError("name capture files, or a port with -i; not both")
    if least_s > most_s:
        raise click.UsageError("--at-least is longer than --at-most")
    from detectors.rules import load_rules
    from otus.unread import Unread

    unread, loaded = Unread(), site.load(segment)
    until = UntilComplete(least_s * HOUR_NS // 3600, most_s * HOUR_NS // 3600, new_per_day) if until_complete else None
    click.echo(
        learn_into(
            folder,
            files,
            interfaces,
            None if until_complete else duration_s,
            expression,
            window_s,
            loaded,
            unread,
            rules=None if trust_all else load_rules(Path(rules) if rules else None),
            until=until,
        )
    )
    if files:
        unread.end()


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
    from sensor._core import baseline_from_json, baseline_to_json, values_from_json

    click.echo(import_yaml(path, folder, baseline_from_json, baseline_to_json, values_from_json).line())


for command in commands:
    baseline.add_command(command)
