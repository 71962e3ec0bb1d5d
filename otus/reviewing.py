"""`otus baseline review`, `versions`, `diff`, `rollback`: people decide what is normal."""

from __future__ import annotations

import fnmatch
import getpass
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from detectors.baseline.folder import Folder
    from detectors.baseline.review import Decision, Reviewed
    from detectors.baseline.versions import Codec, Content
    from sensor.schema.review import Asked

STATES = {
    "suspicious": "可疑待审",
    "rejected": "已否决",
    "widened": "已放宽",
    "approved": "已确认",
    "learned": "已学习",
}
LISTED = 50
"""Entries of one page; --all lists the rest."""


def codec() -> Codec:
    from detectors.baseline.versions import Codec
    from sensor._core import baseline_from_json, baseline_to_json

    return Codec(baseline_to_json, baseline_from_json)


def decided(folder: Folder, asked: Iterable[Asked], said: Mapping[str, Any]) -> Folder:
    """The next version, with what somebody decided at the console. `said`: author, note, time and order of it.

    Raises:
        ReviewError: an entry is not there (patterns name none), or cannot be widened so; nothing was decided.
        BaselineError: it cannot be written.
    """
    from detectors.baseline.review import ReviewError, decide, reviewed
    from detectors.baseline.versions import decisions_of, read_known, write_version

    known, earlier = read_known(folder, codec()), decisions_of(folder)
    there = {one.entry.id for one in reviewed(known, earlier)}
    called: dict[str, str] = {}
    alike: dict[tuple[str, tuple[int, int] | None, str | None], list[str]] = {}
    for one in asked:
        called[one.entry] = one.called
        if one.entry not in there and one.action != "add":
            raise ReviewError(f"no entry is called {one.entry}; it was learned anew, look at the page again")
        alike.setdefault((str(one.action), one.stretch, one.network), []).append(one.entry)
    fresh: list[Decision] = []
    for (action, stretch, network), names in alike.items():
        who = said["author"], said["note"], said["time_ns"]
        fresh += decide(known, earlier, action, names, *who, stretch, network, called)
    counts = Counter(one.action for one in fresh)
    note = f"{', '.join(f'{action} {counts[action]}' for action in sorted(counts))}: {said['note']}"
    files: dict[str, Any] = {"model": folder.model_files(), "values": folder.values}
    return write_version(folder, known, [*earlier, *fresh], codec(), **files, **{**said, "note": note})


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--state", type=click.Choice(list(STATES)), help="List only these.")
@click.option("--kind", type=click.Choice(["station", "link", "operation", "object", "poll"]), help="List only these.")
@click.option(
    "--match", "pattern", default="*", metavar="PATTERN", help="List only what is called so; * fits anything."
)
@click.option("--all", "everything", is_flag=True, help=f"List all, not the first {LISTED}.")
@click.option("--approve", multiple=True, metavar="ENTRY", help="It is normal. Name or pattern; repeat for several.")
@click.option("--reject", multiple=True, metavar="ENTRY", help="It is not normal: alarm when it is seen.")
@click.option("--widen", multiple=True, metavar="ENTRY", help="It stands for more: see --range and --network.")
@click.option("--add", multiple=True, metavar="ENTRY", help="It was never seen, and is normal: its name in full.")
@click.option("--range", "stretch", metavar="START-END", help="The addresses that a widened object stands for.")
@click.option("--network", metavar="CIDR", help="The stations that an end of a widened link stands for.")
@click.option("--person", metavar="NAME", help="Who decides; default: who is logged in.")
@click.option("--reason", metavar="TEXT", help="Why. Needed for every decision.")
def review(
    folder: Path,
    state: str | None,
    kind: str | None,
    pattern: str,
    everything: bool,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    widen: tuple[str, ...],
    add: tuple[str, ...],
    stretch: str | None,
    network: str | None,
    person: str | None,
    reason: str | None,
) -> None:
    """List what a baseline knows with what is thought of it, or decide about it. A decision makes a new version.

    审核通信基线：列出、筛选条目，确认、否决或放宽，并记录审核人和理由。
    """
    from detectors.baseline import read_folder
    from detectors.baseline.review import decide, reviewed
    from detectors.baseline.versions import decisions_of, read_known, write_version

    found = read_folder(folder)
    known, decisions = read_known(found, codec()), decisions_of(found)
    if not (approve or reject or widen or add):
        rows = [
            one
            for one in reviewed(known, decisions)
            if state in (None, one.state) and kind in (None, one.entry.kind) and _fits(one, pattern)
        ]
        return _list(rows, everything)
    wanted = (("approve", approve), ("reject", reject), ("widen", widen), ("add", add))
    who, now_ns = person or getpass.getuser(), time.time_ns()
    fresh: list[Decision] = []
    for action, patterns in wanted:
        widened = (_range(stretch), network) if action == "widen" else (None, None)
        fresh += decide(known, decisions, action, patterns, who, reason or "", now_ns, *widened)
    note = f"{', '.join(f'{action} {len(patterns)}' for action, patterns in wanted if patterns)}: {reason}"
    written = write_version(
        found,
        known,
        [*decisions, *fresh],
        codec(),
        author=who,
        note=note,
        time_ns=now_ns,
        model=found.model_files(),
        values=found.values,
    )
    number, count = written.version, len(fresh)
    click.echo(f"{folder}: 第 {number} 版，{count} 项决定 / version {number}, {count} decisions")


def _fits(one: Reviewed, pattern: str) -> bool:
    return one.entry.id == pattern or fnmatch.fnmatchcase(one.entry.id, pattern)


def _range(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise click.UsageError("--range: two addresses with a - between, like 0-99") from None


def _list(rows: list[Reviewed], everything: bool) -> None:
    from detectors.baseline.review import STATES as ORDER

    rows.sort(key=lambda one: ORDER.index(one.state))
    for one in rows if everything else rows[:LISTED]:
        for line in _lines(one):
            click.echo(line)
    more = 0 if everything else max(0, len(rows) - LISTED)
    click.echo(f"{len(rows)} 项 / entries" + (f"（另有 {more} 项：--all / {more} more: --all）" if more else ""))


def _lines(one: Reviewed) -> Iterator[str]:
    from detectors.baseline.show import printable

    seen = one.entry.seen
    place = f"  {printable(seen.place)} #{seen.frame}" if seen.place else ""
    span = f"{utc(seen.first_ns)} → {utc(seen.last_ns)}" if seen.first_ns and seen.last_ns else "-"
    yield f"{STATES[one.state]} {one.state:<10}  {printable(one.entry.id)}"
    yield f"    {span}  ×{'-' if seen.count is None else f'{seen.count:,}'}{place}"
    for suspicion in one.suspicions:
        title = printable(suspicion.title["zh"]), printable(suspicion.title["en"])
        where = f"  {printable(suspicion.place)} #{suspicion.frame}" if suspicion.place else ""
        yield f"    {utc(suspicion.time_ns)}  {suspicion.level}  {title[0]} / {title[1]}  {suspicion.rule_id}{where}"
    if one.decision is not None:
        said = one.decision
        to = f" {said.stretch[0]}-{said.stretch[1]}" if said.stretch else f" {said.network}" if said.network else ""
        yield f"    {utc(said.time_ns)}  {said.action}{to}  {printable(said.person)}: {printable(said.reason)}"


def utc(time_ns: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def versions(folder: Path) -> None:
    """List the versions of a baseline: number, time, author, note. / 列出基线的各个版本。"""
    from detectors.baseline import read_folder
    from detectors.baseline.show import printable

    found = read_folder(folder)
    for one in found.versions:
        sign = "*" if one["number"] == found.version else " "
        said = f"{printable(one['author'])}  {printable(one['note'])}"
        click.echo(f"{sign} {one['number']:>4}  {utc(one['time_ns'])}  {said}")


@click.command()
@click.argument("before", metavar="FOLDER[@VERSION]")
@click.argument("after", metavar="FOLDER[@VERSION]")
def diff(before: str, after: str) -> None:
    """Say what one baseline takes for normal and the other does not, process values and the order of operations too.

    比较两个基线（或同一基线的两个版本），含过程值和操作次序。
    """
    from detectors.baseline.show import printable
    from detectors.baseline.versions import difference

    found = difference(_content(before), _content(after), codec())
    for line in found.lines():
        click.echo(printable(line))
    counts = len(found.added), len(found.removed), len(found.changed)
    click.echo("新增 {0}、删除 {1}、改变 {2} / {0} added, {1} removed, {2} changed".format(*counts))


def _content(named: str) -> Content:
    """What is normal in a folder, or in a version of it."""
    from detectors.baseline import read_folder
    from detectors.baseline.versions import content_of

    path, _, number = named.rpartition("@")
    if not path or not number.isdecimal():
        return content_of(read_folder(Path(named), known=False))
    return content_of(read_folder(Path(path), known=False), int(number))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("number", type=int)
@click.option("--person", metavar="NAME", help="Who decides; default: who is logged in.")
@click.option("--reason", metavar="TEXT", default="", help="Why.")
def rollback(folder: Path, number: int, person: str | None, reason: str) -> None:
    """Make an earlier version the next one. What was between stays among the versions. / 回退到较早的版本。"""
    from detectors.baseline import read_folder
    from detectors.baseline.versions import rollback as go_back

    who, now_ns = person or getpass.getuser(), time.time_ns()
    note = f"rollback to version {number}" + (f": {reason}" if reason else "")
    written = go_back(read_folder(folder), number, codec(), author=who, note=note, time_ns=now_ns)
    now = written.version
    click.echo(f"{folder}: 第 {now} 版，内容同第 {number} 版 / version {now}, as version {number} was")


@click.command()
@click.argument("candidate", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--person", metavar="NAME", help="Who decides; default: who is logged in.")
@click.option("--reason", metavar="TEXT", required=True, help="Why: what the trial told.")
def enforce(candidate: Path, folder: Path, person: str | None, reason: str) -> None:
    """Put a CANDIDATE that was tried (baseline_shadow) in the place of FOLDER, as its next version.

    The sensor goes on with what it has until it is told: otus sensor reload.

    启用试运行合格的基线，作为正式基线的下一版本。
    """
    from detectors.baseline import read_folder
    from detectors.baseline.versions import put_in_place

    who, now_ns = person or getpass.getuser(), time.time_ns()
    written = put_in_place(read_folder(candidate), folder, codec(), author=who, note=reason, time_ns=now_ns)
    click.echo(
        f"{folder}: 第 {written.version} 版已启用，执行 otus sensor reload 生效 / "
        f"version {written.version} is in place; otus sensor reload makes it count"
    )


commands: tuple[click.Command, ...] = (review, versions, diff, rollback, enforce)
