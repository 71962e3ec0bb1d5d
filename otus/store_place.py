"""Which store `otus store …` is about: a file in a data folder, or a cluster with the registry beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from console.registry import Registry
    from console.store.elastic import ElasticSettings

_OPTIONS = (
    click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the console's data."),
    click.option(
        "--store",
        type=click.Choice(["sqlite", "elasticsearch"]),
        default="sqlite",
        show_default=True,
        help="A file in the data folder, or a cluster.",
    ),
    click.option("--url", "urls", multiple=True, metavar="URL", help="A node of the cluster; repeat for more of it."),
    click.option("--api-key-file", type=click.Path(path_type=Path), help="File with the API key for the cluster."),
    click.option("--ca-file", type=click.Path(path_type=Path), help="PEM of the authority of its certificate."),
    click.option("--prefix", default="otus", show_default=True, help="How the indices of the console begin."),
    click.option(
        "--registry",
        metavar="URL",
        envvar="OTUS_REGISTRY",
        help="The console's registry; in the data folder by default.",
    ),
)


@dataclass(frozen=True)
class Place:
    data_dir: Path | None
    registry_url: str | None
    cluster: ElasticSettings | None
    """None: a file"""

    def file(self, instead: str = "") -> Path:
        """The store's file; `instead` is what to do where it is a cluster.

        Raises:
            ValueError: it is one.
        """
        if self.cluster is not None:
            raise ValueError(f"a store on Elasticsearch is no file: {instead}")
        return self._folder() / "store.sqlite"

    def on_cluster(self) -> ElasticSettings:
        """Raises ValueError: it is a file."""
        if self.cluster is None:
            raise ValueError(
                "a store in a file has no snapshots: `otus store backup`; of a cluster, --store elasticsearch"
            )
        return self.cluster

    def registry(self) -> Registry:
        """The cluster's registry, which is there already.

        Raises:
            RegistryError, ValueError: it is not, or cannot be opened.
        """
        from console.opening import registry_address
        from console.registry import open_registry
        from console.settings import ConsoleSettings

        if self.registry_url is None and not (self._folder() / "registry.sqlite").is_file():
            raise ValueError(
                f"{self._folder()}: there is no registry here; give --registry, or the console's --data-dir"
            )
        return open_registry(registry_address(ConsoleSettings(self.data_dir or Path(), registry=self.registry_url)))

    def _folder(self) -> Path:
        if self.data_dir is None:
            raise click.UsageError("--data-dir: which console's?")
        return self.data_dir


def of_place(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that say which store it is about, as one `place`."""

    @functools.wraps(command)
    def called(
        data_dir: Path | None,
        store: str,
        urls: tuple[str, ...],
        api_key_file: Path | None,
        ca_file: Path | None,
        prefix: str,
        registry: str | None,
        **more: Any,
    ) -> None:
        from otus.console import cluster_of

        cluster = cluster_of(store, urls, api_key_file, ca_file, prefix, (), 180)
        command(Place(data_dir, registry, cluster), **more)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called
