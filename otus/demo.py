"""`otus demo`: a small plant, an attacker, three consoles."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--once", is_flag=True, help="End after the summary instead of serving until Ctrl-C.")
@click.option("--learn", "learn_s", type=int, default=35, show_default=True, help="Seconds to learn for.")
@click.option("--replay", is_flag=True, help="Replay the bundled captures even where the plant could be played.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep logs, captures and data of this run in a folder.")
@click.option(
    "--store",
    type=click.Choice(["sqlite", "elasticsearch"]),
    default="sqlite",
    show_default=True,
    help="Where province and ministry keep their records; Elasticsearch comes through Maven and needs Java.",
)
def demo(once: bool, learn_s: int, replay: bool, keep: Path | None, store: str) -> None:
    """Play a small plant with attacks and show what each tier sees.

    演示：在本机搭一座小厂，先学习、再攻击，看企业、省、部三级各看到什么。
    """
    from testbed.demo import run_demo

    raise click.exceptions.Exit(run_demo(once=once, learn_s=learn_s, replay=replay, keep=keep, store=store))
