"""`otus evidence`: look at the packets that were kept around alerts, and prove that they are what they were."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sensor.evidence import Keeper, Kept


def engine_settings(folder: str | None, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the engine has to know when evidence is kept; nothing when it is not."""
    if not folder:
        return {}
    values = _values(settings)
    return {name: values[name] for name in ("evidence_mib", "evidence_before_s", "evidence_after_s")}


def capture_settings(settings: Mapping[str, Any], *, live: bool) -> dict[str, Any]:
    """A rolling capture is made of live traffic only: files are there already."""
    if not live or not settings["capture_dir"]:
        return {}
    return {"capture_dir": settings["capture_dir"], "capture_quota_mib": settings["capture_quota_mib"]}


def keeper(
    folder: str | None,
    origin: str,
    tenant: str = "default",
    settings: Mapping[str, Any] | None = None,
    *,
    background: bool = False,
) -> Keeper | None:
    """Raises OSError, one clear line, when the folder cannot be used."""
    from sensor.evidence import EvidenceShelf, Keeper

    if not folder:
        return None
    shelf = EvidenceShelf(Path(folder), _values(settings)["evidence_quota_mib"] * 2**20)
    return Keeper(shelf, origin, tenant, background=background)


def _values(settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    from sensor.settings import defaults

    return defaults() if settings is None else settings


@click.group()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Folder of evidence.")
@click.option("--config", type=click.Path(path_type=Path), help="File of settings that names it.")
@click.pass_context
def evidence(ctx: click.Context, folder: Path | None, config: Path | None) -> None:
    """Packets around alerts: list, show, export, verify. / 告警前后的报文证据：列出、查看、导出、验真。"""
    from sensor.settings import load

    named = folder or load(config)["evidence_dir"]
    if not named:
        raise click.UsageError("name the folder: otus evidence --dir FOLDER … (or --config FILE)")
    if not Path(named).is_dir():
        raise click.UsageError(f"{named}: no such folder")
    ctx.obj = Path(named)


@evidence.command("list")
@click.option("--format", "shape", type=click.Choice(["table", "ndjson"]), default="table", show_default=True)
@click.pass_obj
def list_(folder: Path, shape: str) -> None:
    """What is kept, oldest first. / 列出现存证据，最早的在前。"""
    from sensor.ecs import line_text, rfc3339

    found = sorted(_all(folder), key=lambda kept: (kept.body.hit_ns if kept.body else 0, kept.alert))
    for kept in found:
        body = kept.body
        if shape == "ndjson":
            click.echo(line_text({"alert": kept.alert, **(body.to_json() if body else {})}))
        elif body is None:
            click.echo(f"{kept.alert}  no record beside it / 缺少记录")
        else:
            click.echo(
                f"{rfc3339(body.hit_ns)}  {body.level:8}  {kept.alert}  {body.packets} packets, {body.size} bytes,"
                f" reaches back {body.reaches_back_ns / 1e9:.3f} s ({body.before}), ends: {body.after}"
            )
    if shape == "table":
        click.echo(f"{len(found)} files, {sum(kept.size for kept in found)} bytes / 共 {len(found)} 份证据")


@evidence.command()
@click.argument("alert")
@click.option("--tree", is_flag=True, help="Every field of every packet (needs tshark).")
@click.pass_obj
def show(folder: Path, alert: str, tree: bool) -> None:
    """One alert's packets; ALERT is the beginning of its id. / 查看某条告警的报文，ALERT 为告警编号的开头几位。"""
    from sensor.ecs import line_text

    kept = _one(folder, alert)
    if kept.record is not None:
        click.echo(line_text({"alert": kept.alert, **dict(kept.record.body)}))
    tshark = shutil.which("tshark")
    if tshark is None:
        if tree:
            raise RuntimeError("--tree needs tshark; install it (apt install tshark), or open the file in Wireshark")
        click.echo(f"{kept.path}: open it in Wireshark (tshark is not installed here)")
        return
    sys.stdout.flush()
    command = [tshark, "-n", "-r", str(kept.path), *(["-V"] if tree else [])]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{kept.path}: tshark says: {' '.join(done.stderr.split())}")


@evidence.command()
@click.argument("alert")
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def export(folder: Path, alert: str, target: Path) -> None:
    """Copy one alert's file, and its record beside it, after checking its hash. / 校验后导出证据文件及其记录。"""
    from otus.outputs import OutputFile

    kept = _one(folder, alert)
    if problem := kept.problem():
        raise ValueError(f"{kept.path}: {problem}; not exported")
    if target.is_dir():
        target = target / kept.path.name
    content = kept.path.read_bytes()
    record = json.dumps(kept.record.to_json() if kept.record else {}, ensure_ascii=False, indent=1) + "\n"
    for path, data in ((target, content), (target.with_name(target.name + ".json"), record.encode())):
        file = OutputFile(path)
        file.write(data)
        file.close()
    click.echo(f"{target}: {len(content)} bytes, SHA-256 {kept.body.sha256 if kept.body else '-'}")


@evidence.command()
@click.argument("alerts", nargs=-1, metavar="[ALERT]...")
@click.pass_obj
def verify(folder: Path, alerts: tuple[str, ...]) -> None:
    """Hash every file again and compare with its record; exit code 1 if one differs. / 逐一校验 SHA-256。"""
    found = [_one(folder, alert) for alert in alerts] if alerts else sorted(_all(folder), key=lambda kept: kept.alert)
    wrong = 0
    for kept in found:
        if problem := kept.problem():
            wrong += 1
            click.echo(f"{kept.path}: {problem}")
    right = len(found) - wrong
    click.echo(f"{right} of {len(found)} files are what they were / {len(found)} 份中 {right} 份完好")
    if wrong:
        raise click.exceptions.Exit(1)


def _all(folder: Path) -> list[Kept]:
    from sensor.evidence.shelf import read_folder

    return list(read_folder(folder))


def _one(folder: Path, alert: str) -> Kept:
    """The file whose alert begins so; must be one."""
    found = [kept for kept in _all(folder) if kept.alert.startswith(alert.lower())]
    if len(found) != 1:
        raise ValueError(f"{alert}: {'no' if not found else len(found)} files begin so; otus evidence list shows them")
    return found[0]
