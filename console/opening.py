"""Open what one console stands on, as its settings say."""

from __future__ import annotations

from sqlalchemy import URL

from console.nodes import Nodes
from console.registry import Registry, open_registry
from console.registry.takeover import take_over_nodes, take_over_users
from console.relay import FileOutlet, Outlet, RegistryOutlet
from console.sessions import Sessions
from console.settings import ConsoleSettings
from console.store import Store, StoreError, open_store
from console.users import Users


def registry_address(settings: ConsoleSettings) -> str | URL:
    """The database that the settings name, or a file beside the console's other data."""
    return settings.registry or URL.create("sqlite", database=str(settings.data_dir / "registry.sqlite"))


def open_console_registry(settings: ConsoleSettings) -> Registry:
    """The registry, with what earlier consoles kept in files of their own.

    Raises:
        RegistryError: it cannot be opened, or an old file cannot be taken over.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    registry = open_registry(registry_address(settings))
    try:
        take_over_users(registry, settings.data_dir / "users.sqlite")
        take_over_nodes(registry, settings.data_dir / "store.sqlite")
    except BaseException:
        registry.close()
        raise
    return registry


def open_console_store(registry: Registry, settings: ConsoleSettings) -> Store:
    """The embedded store, or the one on Elasticsearch where the settings name a cluster; told who is enrolled.

    Raises:
        StoreError: it cannot be opened.
    """
    nodes = Nodes(registry)
    if settings.elasticsearch is not None:
        try:
            from console.store.elastic.store import ElasticStore
        except ModuleNotFoundError as error:
            raise StoreError(f"{error.name} is not installed: pip install 'otus[elastic]'") from None
        return ElasticStore(
            settings.elasticsearch,
            registry,
            parents=settings.parents,
            zone=settings.zone,
            nodes=nodes,
            sums_up=settings.sums_up,
        )
    return open_store(
        settings.data_dir / "store.sqlite",
        parents=settings.parents,
        zone=settings.zone,
        keep_days=settings.keep_days,
        keep_free_bytes=settings.keep_free_mb * 2**20,
        nodes=nodes,
        sums_up=settings.sums_up,
    )


def outlet_of(registry: Registry, settings: ConsoleSettings) -> Outlet:
    """Where the store that the settings name keeps its queue to the parents."""
    if settings.elasticsearch is None:
        return FileOutlet(settings.data_dir / "store.sqlite")
    return RegistryOutlet(registry, settings.node_name, settings.data_dir)


def open_users(registry: Registry, settings: ConsoleSettings) -> Users:
    """The accounts, with the console's limits."""
    return Users(registry, lock_after=settings.lock_after_failures, lock_s=settings.lock_minutes * 60)


def open_sessions(registry: Registry, settings: ConsoleSettings) -> Sessions:
    """Who is logged in, with the console's time-outs."""
    return Sessions(registry, idle_s=settings.idle_minutes * 60, longest_s=settings.session_hours * 3600)
