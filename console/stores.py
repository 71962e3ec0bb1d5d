"""Which store a console keeps its records in, as its settings say."""

from __future__ import annotations

from console.registry import RegistryError, open_registry
from console.settings import ConsoleSettings
from console.store import Store, StoreError, open_store


def open_console_store(settings: ConsoleSettings) -> Store:
    """The embedded store, or the one on Elasticsearch with its registry where the embedded one would be: who is
    enrolled here, and the queue to the parents, stand in that file either way.

    Raises:
        StoreError: it cannot be opened; the message is one line with the way out.
    """
    path = settings.data_dir / "store.sqlite"
    if settings.elasticsearch is None:
        return open_store(path, parents=settings.parents, zone=settings.zone)
    try:
        from console.store.elastic.store import ElasticStore
    except ModuleNotFoundError as error:
        raise StoreError(f"{error.name} is not installed: pip install 'otus[elastic]'") from None
    try:
        registry = open_registry(f"sqlite:///{path.absolute()}")
    except RegistryError as error:
        raise StoreError(str(error)) from None
    try:
        return ElasticStore(settings.elasticsearch, registry, parents=settings.parents, zone=settings.zone)
    except BaseException:
        registry.close()
        raise
