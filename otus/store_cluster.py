"""`otus store health`, `sizes` and `snapshot` where the store is an Elasticsearch cluster."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from otus.store_place import Place, of_place

MB = 2**20


def show_health(place: Place, as_json: bool) -> None:
    """How the cluster is and what waits. Exit code 1 where a person must act."""
    from console.store.elastic.status import status
    from otus.store import show

    with closing(place.registry()) as registry:
        found = status(place.on_cluster(), registry, time.time_ns())
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        waiting = found.waiting
        if found.shards is not None:
            click.echo(f"cluster / 集群: {found.state}, {found.nodes} × {' '.join(found.versions)}")
            click.echo(f"shards / 分片: {found.shards.used:,} / {found.shards.allowed:,}")
        room, most = waiting.bytes / MB, waiting.max_bytes / MB
        age_s = 0 if waiting.oldest_ns is None else (time.time_ns() - waiting.oldest_ns) / 1e9
        click.echo(f"journal / 待写入: {waiting.batches:,} batches, {room:,.1f} / {most:,.0f} MB, {age_s:,.0f} s")
        for name, number in waiting.upward.items():
            click.echo(f"to {name} / 待上报: {number:,}")
        if waiting.upward:
            click.echo(
                f"to the parents / 待上报: {waiting.upward_bytes / MB:,.1f} / {waiting.upward_max_bytes / MB:,.0f} MB"
            )
        if found.health is not None:
            show(found.health)
        if found.problem:
            click.echo(f"! {found.problem}")
    if found.problem or (found.health is not None and found.health.remarks):
        raise click.exceptions.Exit(1)


def show_sizes(place: Place) -> None:
    from console.store.elastic.connection import open_client
    from console.store.elastic.shards import shards
    from console.store.elastic.status import index_sizes

    settings = place.on_cluster()
    with closing(open_client(settings)) as client:
        found, all_shards = index_sizes(client, settings), shards(client)
    for index in found:
        click.echo(f"{index.name:<40}{index.documents:>14,}{index.bytes / MB:>14,.2f} MB  {index.shards} {index.state}")
    documents, size = sum(index.documents for index in found), sum(index.bytes for index in found)
    click.echo(f"{'total':<40}{documents:>14,}{size / MB:>14,.2f} MB")
    click.echo(f"shards of the cluster / 集群分片: {all_shards.used:,} of {all_shards.allowed:,}")


@click.group()
def snapshot() -> None:
    """Copies of a store on Elasticsearch. / Elasticsearch 存储的快照。"""


@snapshot.command()
@of_place
@click.argument("folder", type=click.Path(path_type=Path))
def register(place: Place, folder: Path) -> None:
    """Have snapshots written to FOLDER, as the cluster's nodes see it: once, before the first."""
    from console.store.elastic import snapshots
    from console.store.elastic.connection import open_client

    settings = place.on_cluster()
    with closing(open_client(settings)) as client:
        snapshots.register(client, settings, folder)
    click.echo(f"{folder}: registered")


@snapshot.command()
@of_place
def take(place: Place) -> None:
    """Write a snapshot and print its name when it is whole; consoles go on. Back up the registry beside it."""
    from console.store.elastic import snapshots
    from console.store.elastic.connection import open_client

    settings = place.on_cluster()
    with closing(open_client(settings)) as client:
        click.echo(snapshots.take(client, settings))


@snapshot.command("list")
@of_place
def list_all(place: Place) -> None:
    """The whole snapshots there are, the oldest first."""
    from console.store.elastic import snapshots
    from console.store.elastic.connection import open_client

    settings = place.on_cluster()
    with closing(open_client(settings)) as client:
        for name in snapshots.listed(client, settings):
            click.echo(name)


@snapshot.command()
@of_place
@click.argument("name")
def restore(place: Place, name: str) -> None:
    """Put the indices back as they were at NAME. Every console must be stopped; what is there now is deleted."""
    from console.registry.leases import holder_of
    from console.store.elastic import snapshots
    from console.store.elastic.connection import open_client

    settings = place.on_cluster()
    with closing(place.registry()) as registry:
        runs = holder_of(registry, "drain")
    if runs is not None:
        raise ValueError(
            f"a console runs on this store ({runs}): stop it; one that was killed is forgotten in a minute"
        )
    with closing(open_client(settings)) as client:
        snapshots.restore(client, settings, name)
    click.echo(f"{name}: restored")


@snapshot.command()
@of_place
@click.argument("name")
def forget(place: Place, name: str) -> None:
    """Delete one snapshot."""
    from console.store.elastic import snapshots
    from console.store.elastic.connection import open_client

    settings = place.on_cluster()
    with closing(open_client(settings)) as client:
        snapshots.forget(client, settings, name)
    click.echo(f"{name}: forgotten")
