"""`otus rules`: lint, test, list."""

from __future__ import annotations

from pathlib import Path

import click

from otus import rule_imports, rule_packs
from otus.site_options import own_protocols


@click.group()
def rules() -> None:
    """Look at, lint and test the signatures. / 查看、检查、测试检测规则。"""


_packs = click.option("--rule-packs", metavar="DIR", help="Installed rule packs beside them (docs/rule-packs.md).")
_keys = click.option("--pack-keys", metavar="DIR", help="Public keys whose packs are trusted.")


@rules.command("list")
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="Folder instead of the bundled rules.")
@_packs
@_keys
@own_protocols
def list_(folder: Path | None, rule_packs: str | None, pack_keys: str | None) -> None:
    """Every rule, its level and technique, and whether it needs a baseline."""
    from detectors.rules import load_rules
    from otus.pack_sources import installed

    for rule in load_rules(folder, packs=installed(rule_packs, pack_keys)):
        needs = "  [baseline]" if rule.needs_baseline else ""
        click.echo(f"{rule.level:<8} {rule.protocol:<8} {rule.title}  {' '.join(rule.technique)}{needs}")


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
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="Folder instead of the bundled rules.")
@_packs
@_keys
@own_protocols
def test(folder: Path | None, rule_packs: str | None, pack_keys: str | None) -> None:
    """Run every rule's examples: the capture that fires and the one that must not.

    Captures are those that came with this version; a folder's or a pack's own ones stand below its pcaps/.
    """
    from detectors.packs.trial import examples
    from detectors.rules import load_rules, run_examples
    from otus.examples import replay_example
    from otus.pack_sources import installed

    loaded = load_rules(folder, packs=(packs := installed(rule_packs, pack_keys)))
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


rules.add_command(rule_imports.import_)
rules.add_command(rule_packs.pack)
