"""From and to where, as a person says it: a data folder, a file, or the addresses of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL

from console.store import StoreError
from console.store.elastic.settings import ElasticSettings
from console.store.moving import Moved, Say, migrate
from console.store.moving.from_sqlite import open_source
from console.store.moving.into_sqlite import open_target

if TYPE_CHECKING:
    from console.store.moving.elastic import Cluster


def is_cluster(places: Sequence[str]) -> bool:
    return any("://" in place for place in places)


def file_of(place: str) -> Path:
    """The store's file: the one that is named, or the one in the folder that is named."""
    path = Path(place)
    return path if path.suffix == ".sqlite" and not path.is_dir() else path / "store.sqlite"


def move(
    origin: Sequence[str],
    to: Sequence[str],
    cluster: Callable[[tuple[str, ...]], ElasticSettings],
    registry: str | None,
    say: Say,
    *,
    anew: bool = False,
) -> Moved:
    """`cluster` makes the settings of the side that is one; `registry` belongs to that side, and lies beside the
    other side's file where it is None.

    Raises:
        StoreError, RegistryError: nothing was lost; the message is one line.
    """
    with ExitStack() as stack:
        if is_cluster(origin):
            from console.store.moving.from_elastic import ElasticSource

            target = stack.enter_context(open_target(file_of(to[0])))
            there = stack.enter_context(_cluster(cluster(tuple(origin)), registry, to[0], say, fresh=False))
            source = ElasticSource(there)
            if source.expected() == 0:
                raise StoreError(f"{source.name}: holds no record; check the prefix")
            return migrate(source, target, say, anew=anew)
        file = stack.enter_context(open_source(file_of(origin[0])))
        if is_cluster(to):
            from console.store.moving.into_elastic import ElasticTarget

            there = stack.enter_context(_cluster(cluster(tuple(to)), registry, origin[0], say, fresh=True))
            return migrate(file, ElasticTarget(there), say, anew=anew)
        if file_of(origin[0]).resolve() == file_of(to[0]).resolve():
            raise StoreError(f"{file_of(to[0])}: is named twice; a store is moved to another place")
        return migrate(file, stack.enter_context(open_target(file_of(to[0]))), say, anew=anew)


@contextmanager
def _cluster(
    settings: ElasticSettings, registry: str | None, beside: str, say: Say, *, fresh: bool
) -> Iterator[Cluster]:
    try:
        from console.store.moving.elastic import open_cluster
    except ModuleNotFoundError as error:
        raise StoreError(f"{error.name} is not installed: pip install 'otus[elastic]'") from None
    address = registry or URL.create("sqlite", database=str(file_of(beside).with_name("registry.sqlite")))
    with open_cluster(settings, address, say, fresh=fresh) as opened:
        yield opened
