"""`otus config`: what the sensor's settings are, and whether a file of them is right."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def config() -> None:
    """Look at the settings or check a file of them. / 查看、检查配置。"""


@config.command()
@click.option("--config", "path", type=click.Path(path_type=Path), help="File of settings to start from.")
def show(path: Path | None) -> None:
    """Every setting with its value now, what it means, and its name in the environment."""
    from sensor.settings import SETTINGS, load

    values = load(path)
    for setting in SETTINGS:
        click.echo(f"# {setting.help} ({setting.variable})")
        value = values[setting.name]
        click.echo(f"{setting.name}: {value if value != '' else repr('')}\n")


@config.command()
@click.argument("path", type=click.Path(path_type=Path))
def check(path: Path) -> None:
    """Say what is wrong with a file of settings, all at once."""
    from otus.shadow import read_tried
    from sensor.settings import load

    settings = load(path, environment={})
    _check_announced(settings["maintenance"], settings["suppliers"])
    read_tried("", settings["baseline_on_trial"])
    click.echo(f"{path}: good")


def _check_announced(maintenance: str, suppliers: str) -> None:
    """Files of the site that change often: wrong ones are told before the sensor is asked to load them.

    Raises:
        ValueError: all problems of both.
    """
    from detectors.maintenance import read_orders, read_suppliers

    problems = []
    for read, name in ((read_orders, maintenance), (read_suppliers, suppliers)):
        try:
            if name:
                read(Path(name))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
