"""`otus rules pack`: build, verify, install, list, roll back packs of rules."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.packs import Installed, Pack, Shelf
    from detectors.packs.trial import Trial
    from detectors.rules import RuleSet

PLACES = ("rule_packs", "pack_keys", "evidence_dir", "state_dir")
"""Settings that an option may name instead."""


@click.group()
def pack() -> None:
    """Signed packs of rules. / 签名规则包：制作、验签、试运行、安装、回退。"""


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """Adds where things are: a file of settings, or options instead; the command gets `settings`."""

    @wraps(command)
    def with_settings(config: Path | None, **values: Any) -> None:
        from sensor.settings import load

        named = {name: values.pop(name, None) for name in PLACES}
        command(settings=load(config, named), **values)

    for option in (
        click.option("--pack-keys", metavar="DIR", help="Public keys whose packs are trusted (*.pem)."),
        click.option("--rule-packs", metavar="DIR", help="Folder of installed packs."),
        click.option("--config", type=click.Path(path_type=Path), help="File of settings that the sensor runs with."),
    ):
        with_settings = option(with_settings)
    return with_settings


@pack.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--version", "version", required=True, help="Like 2026.11.1; the next one must be higher.")
@click.option("--key", "keys", multiple=True, required=True, type=click.Path(path_type=Path), help="Private key (PEM).")
@click.option("--passphrase-file", type=click.Path(path_type=Path), help="Its first line opens the key.")
@click.option("--nursery", is_flag=True, help="Also rules without examples; they are loaded like others.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The pack: NAME.otuspack.")
def build(
    folder: Path, version: str, keys: tuple[Path, ...], passphrase_file: Path | None, nursery: bool, output: Path
) -> None:
    """Check the rules of FOLDER, run their examples, and sign them. What a pack is called stands in FOLDER/pack.toml.

    检查规则、运行示例并签名；同样的内容与密钥得到完全相同的文件。
    """
    from detectors.packs import archive, gather, private_key
    from otus.outputs import OutputFile

    passphrase = None if passphrase_file is None else passphrase_file.read_bytes().split(b"\n")[0].rstrip(b"\r")
    signers = [private_key(key, passphrase) for key in keys]
    gathered = gather(folder, version, nursery=nursery)
    for path in gathered.left_out:
        click.echo(f"left out: {path}", err=True)
    with _laid_out(gathered.files) as place:
        rules = _sound(place, f"{gathered.manifest.name}@{version}")
    content = archive(gathered.manifest, gathered.files, signers)
    file = OutputFile(output)
    file.write(content)
    file.close()
    click.echo(f"{output}: {gathered.manifest.name} {version}, {rules} rules, {len(gathered.files)} files, signed by "
               + ", ".join(f"{signer.scheme} {signer.id}" for signer in signers))  # fmt: skip


@pack.command()
@click.argument("file", type=click.Path(path_type=Path))
@_placed
def verify(file: Path, settings: dict[str, Any]) -> None:
    """Signature, every hash, and what it says of itself; nothing is installed. / 验签并显示内容，不安装。"""
    opened = _open(file, settings)
    said = opened.manifest
    click.echo(f"{file}: {said.name} {said.version}, signed by {opened.signer.name} ({opened.signer.scheme} "
               f"{opened.signer.id}), {len(said.files)} files, needs Otus {said.needs}")  # fmt: skip
    click.echo(f"{said.changelog.zh}\n{said.changelog.en}")


@pack.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--evidence", "evidence_dir", metavar="DIR", help="Kept evidence to try it on; default: of the settings.")
@click.option("--state-dir", metavar="DIR", help="Of the running sensor, which then reloads; default: of the settings.")
@click.option("--yes", is_flag=True, help="Also when it would have alerted where nothing alerts today.")
@click.option("--rollback", "older", is_flag=True, help="Also when it is older than what is installed.")
@_placed
def install(file: Path, settings: dict[str, Any], yes: bool, older: bool) -> None:
    """Verify, compile, run its examples, try it on kept evidence, put it in place, and have the sensor reload.

    Nothing changes until all of that went well; new alerts on kept evidence want a word of consent.

    验签、编译、运行示例、在留存证据上试运行，确认后原子切换并热加载；任何一步失败都保持原样。
    """
    opened, place = _open(file, settings), _shelf(settings)
    with place.changing():
        place.allows(opened, older=older)
        trial = tried(opened, place, settings)
        for line in _told(trial):
            click.echo(line)
        if trial.new and not yes and not (sys.stdin.isatty() and click.confirm("install it? / 是否安装？")):
            raise ValueError("not installed: it brings new alerts, so it wants --yes; nothing was changed")
        name, version = opened.manifest.name, opened.manifest.version
        before = place.current_version(name)
        place.put(opened)
        place.make_current(name, version)
        try:
            _reload(settings)
        except ValueError as error:
            if before != version:
                place.back(name)
            raise ValueError(f"{error}; {name} is at {before or 'nothing'} as before") from None
        except RuntimeError as error:
            raise RuntimeError(f"{error}; {name} {version} is in place and counts from the next reload on") from None
        click.echo(f"{name} {version} is installed" + (f", before it {before}" if before else ""))


@pack.command("list")
@_placed
def list_(settings: dict[str, Any]) -> None:
    """Packs that are installed, and what each can go back to. / 已安装的规则包及可回退版本。"""
    from detectors.packs import PackRefused

    place = _shelf(settings)
    for name in place.names():
        try:
            found = place.current(name)
        except PackRefused as error:
            click.echo(f"{name}  damaged: {error}")
            continue
        if found is None:
            click.echo(f"{name}  off")
            continue
        back = ", ".join(found.before) or "-"
        rules = sum(path.endswith((".yml", ".yaml")) for path in found.manifest.files)
        click.echo(f"{name}  {found.manifest.version}  signed by {found.signer.name}  {rules} YAML files  back: {back}")
    click.echo(f"{len(place.names())} packs in {place.folder}")


@pack.command()
@click.argument("name")
@click.option("--state-dir", metavar="DIR", help="Of the running sensor, which then reloads; default: of the settings.")
@_placed
def rollback(name: str, settings: dict[str, Any]) -> None:
    """Let the version before count again, and have the sensor reload. / 回退到上一版本并热加载。"""
    place = _shelf(settings)
    with place.changing():
        now = place.current_version(name)
        earlier = place.back(name)
        _reload(settings)
        click.echo(
            f"{name} is at {earlier} again, no more at {now}" if earlier else f"{name} {now} is off; none before it"
        )


def _shelf(settings: dict[str, Any]) -> Shelf:
    from otus.pack_sources import shelf

    if not settings["rule_packs"]:
        raise click.UsageError("name the folder of installed packs: --rule-packs, or rule_packs in --config")
    return shelf(settings["rule_packs"], settings["pack_keys"])


def _open(file: Path, settings: dict[str, Any]) -> Pack:
    from detectors.packs import open_pack, trusted_keys
    from sensor import _core

    if not settings["pack_keys"]:
        raise click.UsageError("name the folder of trusted keys: --pack-keys, or pack_keys in --config")
    return open_pack(file, trusted_keys(Path(settings["pack_keys"])), _core.__version__)


@contextmanager
def _laid_out(files: Mapping[str, bytes], below: Path | None = None) -> Iterator[Path]:
    """Files in a folder of their own, for as long as it is looked at. What a crash leaves of it the next install
    clears."""
    with tempfile.TemporaryDirectory(prefix=".part-", dir=below) as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield Path(folder)


def _sound(folder: Path, label: str) -> int:
    """How many rules it has; they load, the core takes them, their examples do what they say."""
    from detectors.packs.trial import examples
    from detectors.rules import Source, load_rules
    from otus.examples import replay_example

    rules = load_rules(packs=[Source(folder, label)]).of(label)
    wrong = [result for result in examples(rules, folder, replay_example) if not result.passed]
    if wrong:
        raise ValueError("\n".join(str(result) for result in wrong))
    return len(rules)


def tried(opened: Pack, place: Shelf, settings: dict[str, Any]) -> Trial:
    """Everything is loaded as it would be; ValueError when that does not go."""
    from detectors.packs.trial import examples, latest, try_on
    from detectors.rules import Source
    from otus.detection import Given, load
    from otus.examples import replay_example
    from sensor.evidence.shelf import read_folder
    from sensor.site import SiteFiles

    site = SiteFiles(**{name: settings[name] for name in ("segments", "points", "passwords", "own_protocols")})
    loaded = site.load(settings["segment"])
    label = f"{opened.manifest.name}@{opened.manifest.version}"
    others = [place.current(name) for name in place.names() if name != opened.manifest.name]
    installed = [Source(one.folder, one.label) for one in (*others, _intact(place, opened.manifest.name)) if one]
    now = Given(settings["rules"], settings["baseline"], loaded, settings["site_filters"], installed)
    with _laid_out(opened.files, place.folder) as folder:
        sources = sorted(
            [*(Source(one.folder, one.label) for one in others if one), Source(folder, label)],
            key=lambda source: source.label,
        )
        before, after = load(now), load(replace(now, packs=sources))
        after.engine()  # the core compiles them
        own = after.rules.of(label)
        wrong = [result for result in examples(own, folder, replay_example) if not result.passed]
        if wrong:
            raise ValueError("\n".join(str(result) for result in wrong))
        kept: Sequence[tuple[int, int, Path]] = []
        if settings["evidence_dir"] and Path(settings["evidence_dir"]).is_dir():
            kept = [
                (one.body.hit_ns if one.body else 0, one.size, one.path)
                for one in read_folder(Path(settings["evidence_dir"]))
            ]

        def alerts(rules: RuleSet, path: Path) -> list[str]:
            engine = after.with_rules(rules).engine(window_ns=0)
            engine.open_files([path])
            found: list[str] = []
            while True:
                batch = engine.poll()
                found += [rules[hit.rule].id for hit in batch.hits if hit.kind == "first" and hit.rule is not None]
                if batch.done:
                    return found

        return try_on(latest(kept), len(kept), before.rules, after.rules, frozenset(rule.id for rule in own), alerts)


def _intact(place: Shelf, name: str) -> Installed | None:
    """The version that counts now; one that is damaged says nothing, and is what the new one replaces."""
    from detectors.packs import PackRefused

    try:
        return place.current(name)
    except PackRefused as error:
        click.echo(f"{error}", err=True)
        return None


def _told(trial: Trial) -> list[str]:
    lines = [str(trial)] if trial.slices else ["no evidence is kept, so it was tried on its examples only"]
    lines += [f"  {count:>6}  new {trial.new[title]:>6}  {title}" for title, count in trial.alerts.most_common(20)]
    if trial.unread:
        lines.append(f"  {trial.unread} slices could not be read")
    return lines


def _reload(settings: dict[str, Any]) -> None:
    """Raises ValueError: the sensor refused it."""
    from otus.running import ask_to_reload, running

    state = settings["state_dir"]
    if state and running(Path(state)) is not None:
        click.echo(ask_to_reload(Path(state)))
    else:
        click.echo("no sensor runs with these settings; the next start loads it" if state else
                   "no state_dir is named: have the sensor reload (otus sensor reload)")  # fmt: skip
