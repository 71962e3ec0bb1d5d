"""The way to the cluster. Whatever goes wrong on it becomes one line for a person."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionTimeout, SerializationError, TlsError
from elasticsearch import ApiError, Elasticsearch, TransportError, UnsupportedProductError

from console.store import StoreError
from console.store.elastic.keys import KeyedTransport, KeyFile
from console.store.elastic.settings import ElasticSettings

log = logging.getLogger(__name__)
# They would say with every request that a node is away; the drain says once that all are.
logging.getLogger("elastic_transport.node_pool").setLevel(logging.ERROR)
logging.getLogger("elastic_transport.transport").setLevel(logging.ERROR)

OLDEST, BEYOND = (8, 11), (10, 0)
"""Servers from 8.11 (flat field names inside one mapping) up to every 9."""


class ClusterAway(StoreError):
    """The cluster cannot answer now and may later: what was acknowledged waits in the journal."""


class ShardsAway(ClusterAway):
    """The cluster answers, and lacks a part of what was asked for."""


def open_client(settings: ElasticSettings) -> Elasticsearch:
    """A client for these settings; nothing is asked yet.

    Raises:
        StoreError: a URL, a key or a certificate cannot be used.
    """
    for url in settings.urls:
        if not url.startswith(("http://", "https://")):
            raise StoreError(f"{url!r} is not the URL of a cluster; a URL is like https://es.example.cn:9200")
    # Where a node does not take the connection, or drops it, the next one is asked. All that is written names the state
    # it was made from, so that what was written and not answered is found out. Answers are not asked for twice.
    options: dict[str, Any] = {
        "request_timeout": settings.timeout_s,
        "max_retries": len(settings.urls) - 1,
        "retry_on_timeout": False,
        "retry_on_status": (),
    }
    if settings.api_key_file is not None:
        options["transport_class"] = functools.partial(KeyedTransport, keys=KeyFile(settings.api_key_file))
    if settings.ca_file is not None:
        if not settings.ca_file.is_file():
            raise StoreError(f"{settings.ca_file}: no such file; give the PEM of the cluster's authority")
        options["ca_certs"] = str(settings.ca_file)
    try:
        return Elasticsearch(list(settings.urls), **options)
    except (ValueError, OSError) as error:
        raise StoreError(
            f"Elasticsearch at {_shown(settings)}: {error}; a URL is like https://es.example.cn:9200"
        ) from None


def _shown(settings: ElasticSettings) -> str:
    """Without a password that stands in a URL."""
    return ", ".join(url.rpartition("@")[2] if "@" in url else url for url in settings.urls)


@contextmanager
def asking() -> Iterator[None]:
    """Around every request: failures leave as StoreError.

    Raises:
        ClusterAway: it is worth asking again later.
        StoreError: a person has to do something first.
    """
    try:
        yield
    except UnsupportedProductError:
        raise StoreError("what answers there is not Elasticsearch; check the URL") from None
    except ApiError as error:
        raise explain(error.status_code, error.body) from None
    except TlsError as error:
        raise StoreError(
            f"the cluster's certificate is not trusted ({_first(error)}); give its authority with --ca-file,"
            " and https only where the cluster speaks it"
        ) from None
    except ConnectionTimeout:
        raise ClusterAway("the cluster did not answer in time; see whether it is overloaded") from None
    except SerializationError:
        raise StoreError("what answers there does not speak Elasticsearch's JSON; check the URL") from None
    except TransportError as error:
        raise ClusterAway(f"the cluster cannot be reached ({_first(error)}); check the URL and that it runs") from None


def _first(error: TransportError) -> str:
    """The cause beneath, if there is one: `Connection error` alone says nothing."""
    said = str(error.errors[0]) if getattr(error, "errors", None) else str(error.message)
    return " ".join(said.split())[:200]


NO_SHARD = {
    "no_shard_available_action_exception",
    "unavailable_shards_exception",
    "node_not_connected_exception",
    "node_disconnected_exception",
}


def explain(status: int, body: Any) -> StoreError:
    """One line for what a request, or one item of a bulk request, was answered."""
    kind, reason = _error_of(body)
    said = f"{kind}: {reason}".strip(": ")[:300] or f"HTTP {status}"
    if kind == "master_not_discovered_exception" or "no master" in reason:
        return ClusterAway(
            "the cluster has no master: more than half of the nodes that may be one must run and reach each other;"
            " bring them back"
        )
    if kind in NO_SHARD or (status == 503 and kind == "search_phase_execution_exception"):
        return ShardsAway(f"shards are away: bring back the nodes that hold them, or restore a snapshot ({said})")
    if kind == "cluster_block_exception":
        if "read-only" in reason:
            return ClusterAway(
                "the indices are read-only, as Elasticsearch makes them when a disk is 95 % full: free disk space"
                f" there; the block goes by itself ({said})"
            )
        return ClusterAway(f"the cluster is not ready ({said})")
    if status == 401 and "missing authentication credentials" in reason:
        return StoreError("the cluster wants an API key; give the file that holds it with --api-key-file")
    if status == 401:
        return StoreError(
            f"the cluster does not accept this API key{_why(body)}; make a new one and put it into the file of"
            " --api-key-file: consoles that run take it from there"
        )
    if status == 403:
        return StoreError(f"the API key may not do this ({said}); docs/elasticsearch.md lists what it needs")
    if status in (429, 502, 503, 504):
        return ClusterAway(f"the cluster cannot answer now ({said})")
    if kind in ("mapper_parsing_exception", "document_parsing_exception", "illegal_argument_exception"):
        return StoreError(f"mapping conflict: {said}; is another program writing to indices of this prefix?")
    if kind == "validation_exception" and "maximum" in reason:
        return StoreError(f"the cluster has as many shards as it may ({said}); raise the limit or keep less")
    return StoreError(f"Elasticsearch refused: {said}")


def _error_of(body: Any) -> tuple[str, str]:
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", " ".join(str(error).split())
    # The outermost cause says "all shards failed"; the root says which block or which field.
    root = error.get("root_cause")
    if isinstance(root, list) and root and isinstance(root[0], dict):
        error = root[0]
    return str(error.get("type", "")), " ".join(str(error.get("reason", "")).split())


def _why(body: Any) -> str:
    """What Elasticsearch says of a key beside its general refusal: expired, invalidated, unknown, the secret wrong."""
    error = body.get("error") if isinstance(body, dict) else None
    said = error.get("additional_unsuccessful_credentials", "") if isinstance(error, dict) else ""
    said = " ".join(str(said).removeprefix("API key: ").split())[:200]
    return f" ({said})" if said else ""


CLUSTER_PRIVILEGES, INDEX_PRIVILEGES = ("monitor", "manage_index_templates"), ("read", "write", "manage")
"""Without these nothing goes; what snapshots need is asked for when one is taken."""


def _check_privileges(client: Elasticsearch, settings: ElasticSettings) -> None:
    """A key that may look and not write would be found out by the first batch, with the console already running."""
    names = f"{settings.prefix}-*"
    with asking():
        # Any key may ask this about itself. A cluster without security has no such question, and takes any key.
        told = client.options(ignore_status=(400, 404, 405)).security.has_privileges(
            cluster=list(CLUSTER_PRIVILEGES), index=[{"names": [names], "privileges": list(INDEX_PRIVILEGES)}]
        )
    given = told.body
    lacking = [name for name, has in given.get("cluster", {}).items() if not has]
    lacking += [f"{name} of {names}" for name, has in given.get("index", {}).get(names, {}).items() if not has]
    if lacking:
        raise StoreError(
            f"the API key may not do this ({', '.join(sorted(lacking))}); docs/elasticsearch.md lists what it needs"
        )


def check_cluster(client: Elasticsearch, settings: ElasticSettings) -> None:
    """Find out now what would stop the console later.

    Raises:
        StoreError: a server of another version, a key that may not do what is needed, or our indices are red.
    """
    if settings.api_key_file is not None:
        _check_privileges(client, settings)
    with asking():
        # The root address is closed on some distributions; nodes tell their version too.
        nodes = client.nodes.info(metric="settings", filter_path="nodes.*.version").body.get("nodes", {})
        health = client.cluster.health(index=f"{settings.prefix}-*", master_timeout=f"{settings.patience_s}s")
    for node in nodes.values():
        version = str(node.get("version", ""))
        try:
            found = tuple(int(part) for part in version.split(".")[:2])
        except ValueError:
            found = (0, 0)
        if not OLDEST <= found < BEYOND:
            raise StoreError(f"the cluster runs Elasticsearch {version}; this Otus works with 8.11 up to every 9")
    if health["status"] == "red":
        raise ClusterAway(
            f"the cluster is red: {health['unassigned_shards']} shards of {settings.prefix}-* are nowhere;"
            " bring back the nodes that hold them, or restore a snapshot"
        )
    if health["status"] == "yellow":
        log.warning("the cluster is yellow: copies of %s-* are missing; nothing is lost yet", settings.prefix)
