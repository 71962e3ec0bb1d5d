"""`otus baseline compare`: a candidate model in the shadow of the one in use, before anybody enforces it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("active", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def compare(active: Path, candidate: Path, files: tuple[str, ...], shape: str) -> None:
    """Judge captures with the model of ACTIVE and, beside it, with that of CANDIDATE: which would have alarmed.

    用在用模型与候选模型同时研判抓包文件，比较各自会产生的事件；候选模型不产生告警。
    """
    told = compared(active, candidate, files)
    if shape == "json":
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for name, zh in (("active", "在用"), ("candidate", "候选")):
        side = told[name]
        click.echo(
            f"{zh} {name}: {side['incidents']} 起 incidents, "
            f"{side['windows']['judged']:,}/{side['windows']['seen']:,} 个窗口已研判 windows judged"
            + (f" ({side['reason']})" if side.get("reason") else "")
        )
        for title, count in side["titles"].items():
            click.echo(f"    {count} × {title}")
        if ageing := side["windows"].get("ageing"):
            click.echo(
                f"    老化指数 ageing {ageing['index']:g} (> {ageing['mark']:g}: 请重新学习 learn again): "
                f"{ageing['group']} {ageing['feature']}"
            )
    click.echo(f"两者相同 both: {told['both']}")


def compared(active: Path, candidate: Path, files: tuple[str, ...]) -> dict[str, Any]:
    """What both models say of these captures (`detectors.anomaly.shadow.Shadow.report`).

    Raises:
        ValueError: a folder has no model, or their windows are not of one length.
        OSError: a capture cannot be read.
    """
    from detectors.anomaly import load_judge
    from detectors.anomaly.shadow import Shadow
    from detectors.baseline import read_folder
    from sensor._core import Engine, Forest

    folders = [read_folder(path) for path in (active, candidate)]
    lengths = [folder.window_s for folder in folders]
    if lengths[0] != lengths[1]:
        raise ValueError(
            f"{candidate}: its windows are {lengths[1]} s long and those of {active} {lengths[0]} s; "
            f"learn it with --window {lengths[0]}"
        )
    shadow = Shadow(*(load_judge(folder, Forest) for folder in folders))
    engine = Engine(json.dumps({"window_ns": (lengths[0] or 0) * 1_000_000_000}))
    engine.open_files(list(files))
    done = False
    while not done:
        batch = engine.poll(100_000)
        if len(batch.windows):
            shadow.take(batch.windows)
        done = batch.done
    return shadow.report()
