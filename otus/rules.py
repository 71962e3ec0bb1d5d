"""`otus rules`: list, lint, test, coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from otus import rule_imports, rule_packs
from otus.pack_sources import installed, pack_options
from otus.site_options import own_protocols

if TYPE_CHECKING:
    from detectors.rules import Coverage, Rule

_FOLDER = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), help="Folder instead of the bundled rules."
)
_NURSERY = click.option("--nursery", is_flag=True, help="With rules that still wait for examples.")


@click.group()
def rules() -> None:
    """Look at, lint and test the signatures. / 查看、检查、测试检测规则。"""


@rules.command("list")
@_FOLDER
@pack_options
@own_protocols
def list_(folder: Path | None, rule_packs: str | None, pack_keys: str | None) -> None:
    """Every rule, its level, class and technique, and what is special about it.

    [count], [distinct], [sequence]: it is about many messages. [baseline]: inactive without one. [nursery]: waits for
    examples, off by default.
    """
    from detectors.rules import load_rules

    for rule in load_rules(folder, packs=installed(rule_packs, pack_keys), nursery=True):
        marks = "".join(f"  [{mark}]" for mark in _marks(rule))
        kind = rule.incident_class or "-"
        click.echo(f"{rule.level:<8} {kind:<9} {rule.protocol:<8} {rule.title}  {' '.join(rule.technique)}{marks}")


def _marks(rule: Rule) -> list[str]:
    from detectors.rules.loader import NURSERY

    counts = [] if rule.correlation is None else [rule.correlation.kind]
    return [*counts, *(["baseline"] * rule.needs_baseline), *(["nursery"] * (NURSERY in rule.path.parts))]


@rules.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@own_protocols
def lint(paths: tuple[Path, ...]) -> None:
    """Say what is wrong with rules, with the way out. Exit code 1 when something is.

    PATHS: files, folders of rules, folders of installed packs (of each the version that counts).
    """
    from detectors.packs import Shelf
    from detectors.rules import lint_rules

    named = [below for path in paths for below in (Shelf(path, {}).folders() if path.is_dir() else ()) or (path,)]
    findings = lint_rules(named or None)
    for finding in findings:
        click.echo(str(finding))
    if any(finding.level == "error" for finding in findings):
        raise click.exceptions.Exit(1)
    click.echo(f"{len(findings)} findings")


@rules.command()
@_FOLDER
@pack_options
@_NURSERY
@own_protocols
def test(folder: Path | None, rule_packs: str | None, pack_keys: str | None, nursery: bool) -> None:
    """Run every rule's examples: the capture that fires and the one that must not.

    Captures are those that came with this version; a folder's or a pack's own ones stand below its pcaps/.
    """
    from detectors.packs.trial import examples
    from detectors.rules import load_rules, run_examples
    from otus.examples import replay_example

    loaded = load_rules(folder, packs=(packs := installed(rule_packs, pack_keys)), nursery=nursery)
    results = []
    for pack in packs:
        results += examples(loaded.of(pack.label), pack.folder, replay_example)
    plain = loaded.without([pack.label for pack in packs])
    if folder is None:
        results += run_examples(plain, replay_example)
    else:
        results += examples(plain, folder if folder.is_dir() else folder.parent, replay_example)
    for result in results:
        click.echo(str(result))
    failed = sum(not result.passed for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise click.exceptions.Exit(1)


@rules.command()
@_FOLDER
@click.option(
    "--format", "shape", type=click.Choice(["table", "json", "navigator"]), default="table", show_default=True
)
@own_protocols
def coverage(folder: Path | None, shape: str) -> None:
    """Technique by protocol, from examples that pass: they are run now. Exit code 1 when a rule has no proof.

    `navigator` is a layer for ATT&CK Navigator (format 4.5, domain ics-attack).

    按攻击技术与协议统计检测覆盖；只统计当场运行通过样例的规则。
    """
    from detectors.rules import covered, load_rules, run_examples
    from otus.examples import replay_example

    ruleset = load_rules(folder)
    found = covered(ruleset, run_examples(ruleset, replay_example))
    if shape == "table":
        _table(found)
    else:
        click.echo(json.dumps(found.to_layer() if shape == "navigator" else found.to_json(), indent=2))
    for title in found.unproven:
        click.echo(f"{title}: covers nothing, its examples fail or are missing; see otus rules test", err=True)
    if found.unproven:
        raise click.exceptions.Exit(1)


def _table(found: Coverage) -> None:
    protocols = found.protocols
    click.echo("  ".join(["technique", *protocols]))
    for technique in found.techniques:
        counts = {name: len(titles) for name, titles in found.of(technique).items()}
        click.echo("  ".join([f"{technique:<9}", *(f"{counts.get(name, '·'):>{len(name)}}" for name in protocols)]))
    click.echo(
        f"{len(found.techniques)} techniques, {len(found.cells)} cells, {len(found.unproven)} rules without proof"
    )


rules.add_command(rule_imports.import_)
rules.add_command(rule_packs.pack)
