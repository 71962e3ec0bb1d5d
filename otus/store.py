"""`otus store`: how a console's store is, copies of it, and whether all in it agrees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from otus import store_cluster
from otus.store_place import Place, of_place

if TYPE_CHECKING:
    from console.store import Health

MB = 2**20


@click.group()
def store() -> None:
    """Health, backup, restore, check and move of a console's store. / 控制台数据库的状态、备份、恢复、自检与迁移。"""


@store.command()
@of_place
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def health(place: Place, as_json: bool) -> None:
    """Size, oldest record, room left and until when, the last run of retention. Exit code 1 where a person must act."""
    if place.cluster is not None:
        store_cluster.show_health(place, as_json)
        return
    from console.store.health import read

    found = read(place.file())
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        show(found)
    if found.remarks:
        raise click.exceptions.Exit(1)


def show(found: Health) -> None:
    """What is known of every store."""
    growth = found.growth_bytes_per_day
    lines = [
        ("size / 占用", f"{found.size_bytes / MB:,.1f} MB"),
        ("room left / 剩余", f"{found.free_bytes / MB:,.0f} MB"),
        ("growth / 增长", "-" if growth is None else f"{growth / MB:,.2f} MB/d"),
        ("full / 用满", _day(found.full_at_ns)),
        ("kept / 保存", f"{found.keep_days} d"),
        ("oldest / 最早", _day(found.oldest_ns)),
    ]
    if found.expired is not None:
        last = found.expired
        lines += [
            ("retention ran / 清理", _day(last.at_ns)),
            ("  due before / 早于", _day(last.before_ns)),
            ("  oldest then / 清理前最早", _day(last.oldest_before_ns)),
            ("  oldest after / 清理后最早", _day(last.oldest_after_ns)),
            ("  incidents, others / 删除", f"{last.incidents:,}, {last.others:,}"),
        ]
    for name, value in lines:
        click.echo(f"{name}: {value}")
    for remark in found.remarks:
        click.echo(f"! {said(remark.code, remark.parameters)}")


@store.command()
@of_place
@click.argument("file", type=click.Path(path_type=Path))
def backup(place: Place, file: Path) -> None:
    """Copy the store to FILE, also while the console runs. FILE appears whole and checked, or not at all."""
    from console.store.backup import back_up

    saved = back_up(place.file("`otus store snapshot take`"), file)
    click.echo(
        f"{saved.path}: {saved.incidents:,} incidents, {saved.records:,} records, {saved.size_bytes / MB:,.1f} MB"
    )


@store.command()
@of_place
@click.argument("file", type=click.Path(path_type=Path))
def restore(place: Place, file: Path) -> None:
    """Put the backup FILE in the store's place. The console must be stopped; what is replaced is kept aside."""
    from console.store.backup import restore as put_back

    here = place.file("`otus store snapshot restore NAME`")
    replaced = put_back(file, here)
    click.echo(f"{here}: restored" + (f"; what it replaced is {replaced}" if replaced else ""))


@store.command()
@of_place
def check(place: Place) -> None:
    """Read everything, make counts and full text anew and compare. Changes nothing; exit code 1 where they differ."""
    from console.store.check import check as find

    found = find(
        place.file("the cluster checks its own; `otus store health` tells"),
        lambda number: click.echo(f"{number:,}", err=True),
    )
    for line in found:
        click.echo(line)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("everything agrees / 一致")


@store.command()
@of_place
def sizes(place: Place) -> None:
    """What each table and index takes, and that for one incident; of a cluster each index, and its shards."""
    if place.cluster is not None:
        store_cluster.show_sizes(place)
        return
    from console.store.sizes import sizes as measure

    found = measure(place.file())
    for name, size in found.parts:
        click.echo(f"{name:<24}{size / MB:>12,.2f} MB{size / max(found.incidents, 1):>10,.1f} B")
    click.echo(f"{'total':<24}{found.total / MB:>12,.2f} MB{found.total / max(found.incidents, 1):>10,.1f} B")
    click.echo(f"{found.incidents:,} incidents")


@store.command()
@click.option("--from", "origin", required=True, multiple=True, metavar="PLACE", help="Data folder, file, or URL.")
@click.option("--to", required=True, multiple=True, metavar="PLACE", help="The same; a URL may be repeated.")
@click.option(
    "--registry", metavar="URL", envvar="OTUS_REGISTRY", help="The cluster's registry; in the data folder by default."
)
@click.option("--api-key-file", type=click.Path(path_type=Path), help="File with the API key for the cluster.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="PEM of the authority of the cluster's certificate.")
@click.option("--prefix", default="otus", show_default=True, help="How the indices of this console begin.")
@click.option("--period", "periods", multiple=True, metavar="KIND=PERIOD", help="As `otus console run` has it; repeat.")
@click.option("--begin-anew", is_flag=True, help="Throw away half of a move that stands in the target.")
def migrate(
    origin: tuple[str, ...],
    to: tuple[str, ...],
    registry: str | None,
    api_key_file: Path | None,
    ca_file: Path | None,
    prefix: str,
    periods: tuple[str, ...],
    begin_anew: bool,
) -> None:
    """Move all a store keeps into another: SQLite (data folder or file) or Elasticsearch (URL). / 整库迁移。

    The consoles of both must be stopped. The source stays as it is. Stopped in the middle, the same command goes on.
    """
    from console.store.moving.places import is_cluster, move
    from otus.console import cluster_settings

    clusters = [is_cluster(origin), is_cluster(to)]
    if all(clusters):
        raise click.UsageError("from one cluster to another: take a snapshot (docs/elasticsearch.md)")
    for places, cluster in zip((origin, to), clusters, strict=True):
        if len(places) > 1 and not cluster:
            raise click.UsageError("only the URL of a cluster is given more than once")
    if not any(clusters) and (api_key_file or ca_file or periods):
        raise click.UsageError("--api-key-file, --ca-file and --period go with the URL of a cluster")
    moved = move(
        origin,
        to,
        lambda urls: cluster_settings(urls, api_key_file, ca_file, prefix, periods),
        registry,
        lambda line: click.echo(line, err=True),
        anew=begin_anew,
    )
    for part, number in sorted(moved.tally.numbers.items()):
        click.echo(f"{part:<24}{number:>14,}")
    click.echo(f"the same in both / 两边一致: sha256 {moved.tally.digest}")
    for name in moved.unread:
        click.echo(f"! {name}: stays with {origin[0]}, for it is about that file", err=True)


def _day(moment_ns: int | None) -> str:
    if moment_ns is None:
        return "-"
    return datetime.fromtimestamp(moment_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%MZ")


def said(code: str, parameters: Mapping[str, str | int]) -> str:
    from console.present.storage import said as told

    return " / ".join(told(code, parameters, language) for language in ("zh", "en"))


store.add_command(store_cluster.snapshot)
