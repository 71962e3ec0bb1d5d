"""`otus rules`: lint, test, list."""

from __future__ import annotations

from pathlib import Path

import click

from otus import rule_imports
from otus.site_options import own_protocols


@click.group()
def rules() -> None:
    """Look at, lint and test the signatures. / 查看、检查、测试检测规则。"""


@rules.command("list")
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="Folder instead of the bundled rules.")
@own_protocols
def list_(folder: Path | None) -> None:
    """Every rule, its level and technique, and whether it needs a baseline."""
    from detectors.rules import load_rules

    for rule in load_rules(folder):
        needs = "  [baseline]" if rule.needs_baseline else ""
        click.echo(f"{rule.level:<8} {rule.protocol:<8} {rule.title}  {' '.join(rule.technique)}{needs}")


@rules.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@own_protocols
def lint(paths: tuple[Path, ...]) -> None:
    """Say what is wrong with rules, with the way out. Exit code 1 when something is."""
    from detectors.rules import lint_rules

    findings = lint_rules(list(paths) or None)
    for finding in findings:
        click.echo(str(finding))
    if any(finding.level == "error" for finding in findings):
        raise click.exceptions.Exit(1)
    click.echo(f"{len(findings)} findings")


@rules.command()
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="Folder instead of the bundled rules.")
@own_protocols
def test(folder: Path | None) -> None:
    """Run every rule's examples: the capture that fires and the one that must not."""
    from detectors.rules import load_rules, run_examples
    from otus.examples import replay_example

    results = run_examples(load_rules(folder), replay_example)
    for result in results:
        click.echo(str(result))
    failed = sum(not result.passed for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise click.exceptions.Exit(1)


rules.add_command(rule_imports.import_)
