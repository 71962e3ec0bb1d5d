"""`otus range`: plants and attacks made to order, with ground truth."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("range")
def range_() -> None:
    """靶场 Plants and attacks as captures with ground truth. / 合成工厂与攻击流量，附真值。"""


@range_.command("list")
@click.argument("scenario", required=False)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def list_(scenario: str | None, lang: str) -> None:
    """Scenarios and acts; with a SCENARIO only what can be done there."""
    from testbed.play.attacks import ATTACKS
    from testbed.play.plants import SCENARIOS
    from testbed.play.play import fitting
    from testbed.play.truth import KINDS

    fits = None if scenario is None else set(fitting(scenario))
    for one in SCENARIOS:
        if scenario in (None, one.name):
            click.echo(f"{one.name:28} {one.zh if lang == 'zh' else one.en}")
    click.echo()
    for attack in ATTACKS:
        if fits is None or attack.name in fits:
            kind = KINDS[attack.kind] if lang == "zh" else attack.kind
            title = attack.zh if lang == "zh" else attack.en
            click.echo(f"{attack.name:28} {kind}  {' '.join(attack.technique) or '-'}  {title}")


@range_.command()
@click.argument("scenario")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Capture (pcap, nanoseconds).")
@click.option(
    "--truth", "truth_path", type=click.Path(path_type=Path), metavar="FILE", help="Default: FILE.truth.json."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--act", "acts", multiple=True, metavar="NAME", help="What happens; repeat; `all`: whatever fits.")
@click.option("--hours", type=float, help="How long; default: as long as the acts need, an hour without any.")
@click.option("--quiet", "quiet_h", type=float, default=2.0, show_default=True, help="Hours before the first act.")
@click.option("--live", metavar="INTERFACE", help="Send it here, in real time; only in a namespace of the range.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Live: so many times faster.")
def play(
    scenario: str,
    output: Path | None,
    truth_path: Path | None,
    seed: int,
    acts: tuple[str, ...],
    hours: float | None,
    quiet_h: float,
    live: str | None,
    speed: float,
) -> None:
    """Play a SCENARIO into a capture, or onto an interface of the range, and write what was done beside it.

    按场景合成流量：写成抓包文件或在靶场命名空间内实时回放，并写出真值文件。
    """
    from testbed.play.play import Order, fitting, play_into

    if (output is None) == (live is None):
        raise click.UsageError("name a file with -o, or an interface of the range with --live; not both")
    wanted = tuple(fitting(scenario)) if "all" in acts else acts
    order = Order(scenario, seed, None if hours is None else hours * 3600, wanted, quiet_h * 3600)
    if live is not None:
        from testbed.play.live import play_live

        click.echo(play_live(order, live, speed, truth_path))
        return
    assert output is not None
    beside = truth_path or output.with_name(f"{output.name.removesuffix('.pcap')}.truth.json")
    played = play_into(order, output, beside)
    click.echo(f"{output}: {played.frames} packets, {len(played.truth['events'])} acts; {beside}")
    sys.stdout.flush()
