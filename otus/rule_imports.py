"""`otus rules import`: what others wrote, made into rules and lists of ours, with an account of every line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from detectors.rules import RuleSet

REPORT = "import.ndjson"
"""Beside the rules: one line for each of what was read."""


@click.group("import")
def import_() -> None:
    """Take in rules and indicators of others. / 导入他人的规则与威胁指标，逐条说明能否表达。"""


@import_.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for rules and account.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="An address or port variable; repeat.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="A suricata.yaml: its vars.")
@click.option("--quiet", is_flag=True, help="Only the sums; the account of each stands in the folder.")
def suricata(
    files: tuple[Path, ...], output: Path, variables: tuple[str, ...], config: Path | None, quiet: bool
) -> None:
    """Signatures of Suricata and Snort → rules in OUTPUT/nursery.

    Each is imported whole, or without a part that is named, with what that makes of it, or not, with the reason. They
    wait in the nursery until somebody gives them examples (docs/rule-import.md).

    将 Suricata/Snort 特征转换为本产品规则：逐条说明完整导入、缺少哪些条件（告警变多或变少）、或无法导入的原因。
    """
    from detectors.imports.suricata import from_options, import_rules
    from detectors.imports.suricata.importing import read_files, save

    outcomes = import_rules(read_files(files), from_options(variables, config))
    _folder(output)
    save(outcomes, output)
    _account(output, [outcome.to_json() for outcome in outcomes])
    if not quiet:
        for outcome in outcomes:
            click.echo(_printable(str(outcome)))
    counts = Counter(outcome.state for outcome in outcomes)
    wide = sum(any(remark.effect == "broader" for remark in one.remarks) for one in outcomes if one.path)
    click.echo(
        f"{len(outcomes)} signatures: {counts['whole']} imported whole, {counts['without']} without a part"
        f" ({wide} of these fire on more), {counts['part']} as part of others, {counts['not']} not, {counts['off']}"
        " switched off in their file"
    )
    if any(outcome.path for outcome in outcomes):
        _compile(output)


@import_.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for lists, rules, account."
)
@click.option("--name", default="indicators", show_default=True, help="Begins the names of the lists.")
@click.option("--level", type=click.Choice(["critical", "high", "medium", "low", "notice"]), default="medium",
              show_default=True, help="Of the alerts.")  # fmt: skip
@click.option("--confidence", type=click.IntRange(0, 100), default=0, help="Leave out what says less of itself.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="The day that validity is held against; default: today.")
@click.option("--quiet", is_flag=True, help="Only the sums; the account of each stands in the folder.")
def indicators(
    files: tuple[Path, ...],
    output: Path,
    name: str,
    level: str,
    confidence: int,
    at: datetime | None,
    quiet: bool,
) -> None:
    """Indicators in STIX 2.1 or CSV → lists, and the rules that use them.

    Addresses, names, URLs, hashes of S7 blocks, JA4, serial numbers of certificates, user agents (docs/rule-import.md).

    将 STIX 2.1 或 CSV 威胁指标转换为名单及使用名单的规则：过期、撤销的不导入并计数，无法使用的逐条说明。
    """
    from detectors.imports.indicators import Bounds, read_indicators
    from detectors.imports.indicators import files as written
    from detectors.rules.vocabulary import vocabulary

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise click.UsageError("--name is written like sector_2026: small letters, digits, _")
    moment = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    collected = read_indicators(files, Bounds(moment, confidence))
    _folder(output)
    sources = [path.name for path in files]
    for path, content in written(collected, name, level, f"{moment:%Y-%m-%d}", sources, vocabulary()).items():
        target = output / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    _account(output, [outcome.to_json() for outcome in collected.outcomes])
    if not quiet:
        for outcome in collected.outcomes:
            if outcome.reason or outcome.state not in ("listed", "combined"):
                click.echo(_printable(str(outcome)))
    counts = Counter(outcome.state for outcome in collected.outcomes)
    said = ", ".join(f"{counts[state]} {word}" for state, word in (
        ("listed", "listed"), ("combined", "in rules of their own"), ("expired", "expired"), ("revoked", "revoked"),
        ("early", "not valid yet"), ("doubtful", "too doubtful"), ("not", "not taken")))  # fmt: skip
    click.echo(f"{len(collected.outcomes)} indicators: {said}; {collected.folded} values were there already")
    if collected.guesses:
        click.echo("types guessed: " + ", ".join(f"{count} {kind}" for kind, count in collected.guesses.most_common()))
    for kind, values in collected.values.items():
        if values:
            click.echo(f"list {name}_{kind}: {len(values)} values")
    if any(collected.values.values()) or collected.combined:
        _compile(output)


def _folder(output: Path) -> None:
    """Empty, or one that an import made: nothing of the site's is mixed with it."""
    if output.exists() and not output.is_dir():
        raise click.UsageError(f"{output} is no folder")
    if output.is_dir() and any(output.iterdir()) and not (output / REPORT).exists():
        raise click.UsageError(f"{output} holds other things; name an empty folder, or one of an earlier import")
    for old in sorted((*output.glob("nursery/*/*.yml"), *output.glob("lists/*"))) if output.is_dir() else ():
        old.unlink()
    output.mkdir(parents=True, exist_ok=True)


def _account(output: Path, lines: Sequence[Mapping[str, object]]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (output / REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")


def _compile(output: Path) -> RuleSet:
    """What was written loads, and the core takes it."""
    from detectors.rules import load_rules
    from sensor._core import Engine

    rules = load_rules(output, nursery=True)
    Engine(json.dumps({}), rules.to_core_json())
    click.echo(f"{output}: {len(rules)} rules, compiled; otus rules lint {output} says what they lack")
    return rules


def _printable(text: str) -> str:
    """Signatures come from strangers: nothing of theirs steers a terminal."""
    return "\n".join("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
                     for line in text.split("\n"))  # fmt: skip
