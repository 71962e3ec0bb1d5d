"""`otus explain`: what each room made of one packet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otus.pack_sources import installed, pack_options
from otus.site_options import site_options
from sensor.site import SiteFiles

if TYPE_CHECKING:
    from detectors.rules import Rule, RuleSet


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--packet", "number", type=click.IntRange(min=1), required=True, help="Its number, as Wireshark counts.")
@click.option("--baseline", metavar="FOLDER", help="Learned baseline (otus baseline learn).")
@site_options
@click.option("--rules", metavar="DIR", help="Use these rules instead of the bundled ones.")
@pack_options
@click.option("--rule", "asked", metavar="ID", help="Why this rule does not fire: its id or title.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def explain(
    file: Path,
    number: int,
    baseline: str | None,
    rules: str | None,
    rule_packs: str | None,
    pack_keys: str | None,
    asked: str | None,
    shape: str,
    lang: str,
    site: SiteFiles,
) -> None:
    """Tell what each room made of one packet: an ordinary replay up to it, and on until its answer.

    说明某一个数据包在各环节的处理结果：采集、解帧、会话、协议、请求应答配对、规则、基线、窗口、告警、账本。
    """
    from otus import explaining
    from otus.detection import Given, load

    detection = load(Given(rules, baseline, site.load(), packs=installed(rule_packs, pack_keys)))
    rule = None if asked is None else _named(detection.rules, asked)
    engine = detection.engine(events="ndjson", listing=True)
    engine.open_files([file])
    replay = explaining.Replay(engine)
    found = explaining.explain(file, number, replay, detection.rules, detection.window_ns, rule)
    if shape == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _text(found, lang)


def _named(rules: RuleSet, asked: str) -> Rule:
    for rule in rules:
        if asked in (rule.id, rule.title, rule.path.stem):
            return rule
    raise ValueError(f"--rule {asked}: no rule has that id, title or file name")


ROOMS = {
    "tap": ("采集", "capture"),
    "frame": ("帧", "frame"),
    "flow": ("会话", "flow"),
    "protocol": ("协议", "protocol"),
    "pairing": ("请求与应答", "pairing"),
    "rules": ("规则命中", "rules matched"),
    "asked": ("所问规则", "rule asked for"),
    "baseline": ("基线", "baseline"),
    "window": ("窗口", "window"),
    "alerts": ("告警", "alerts"),
    "ledger": ("账本变化", "change of the ledger"),
}

PLACES = {
    "seen_before": ("字节此前已出现（重传）", "bytes that were seen before (a retransmission)"),
    "nothing_to_read": ("没有载荷", "no payload"),
    "after_a_gap": ("之前有缺失的字节", "bytes before it are missing"),
    "waits": (
        "先保留：报文未完整，或之前的字节未到",
        "kept: its message is not whole, or bytes before it have not come",
    ),
    "next": ("紧接上一个报文段", "next in its stream"),
}

WHY = {
    "protocol": ("协议不符", "another protocol"),
    "baseline": ("需要基线，当前没有", "needs a baseline, and there is none"),
    "condition": ("首个不满足的条件", "the first condition that fails"),
}


def _text(found: dict[str, Any], lang: str) -> None:
    from sensor.ecs import line_text, rfc3339

    zh = lang == "zh"

    def say(pair: tuple[str, str]) -> str:
        return pair[0] if zh else pair[1]

    click.echo(f"{found['file']} #{found['packet']}  {rfc3339(found['tap']['ts_ns'])}")
    for room, title in ROOMS.items():
        statement = found[room]
        if room == "asked" and statement is None:
            continue
        click.echo(f"\n{say(title)}")
        if room == "flow" and statement.get("place"):
            statement = {**statement, "place": say(PLACES[statement["place"]])}
        if room == "protocol":
            for message in statement["messages"]:
                _lines(message, line_text)
            if not statement["messages"]:
                by = statement["completed_by"]
                whole = ("报文由 #{} 补全", "the message is completed by #{}") if by else ("没有报文", "no message")
                click.echo(f"    {say(whole).format(by)}")
            continue
        for part in statement if isinstance(statement, list) else [statement]:
            if room == "asked" and "why" in part:
                part = {**part, "why": say(WHY[part["why"]])}
            _lines(part or {}, line_text)
        if not statement:
            click.echo(f"    {say(('无', 'none'))}")


def _lines(part: dict[str, Any], line_text: Any) -> None:
    for name, value in part.items():
        click.echo(f"    {name:<28} {line_text(value)}")
