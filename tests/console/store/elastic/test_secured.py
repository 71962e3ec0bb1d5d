"""A cluster with TLS and API keys, where the console may do what the documentation names, and no more."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.store import StoreError, Workflow
from console.store.elastic import journal, snapshots
from console.store.elastic.status import status
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import PREFIX, Cluster, until
from tests.console.store.elastic.secured import SecuredServer, documented
from tests.federation.line_records import alert, asset, heartbeat, record_id

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("impatient")]  # a second server
ROLE = documented(PREFIX)


@pytest.fixture
def server(secured_elasticsearch: SecuredServer) -> SecuredServer:
    return secured_elasticsearch


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "api.key"


@pytest.fixture
def cluster(server: SecuredServer, tmp_path: Path, key_file: Path) -> Iterator[Cluster]:
    """Its store has a key with the documented privileges."""
    server.key_file(key_file, ROLE)
    made = Cluster(server.url, tmp_path, client=server.client(), api_key_file=key_file, ca_file=server.certificate)
    yield made
    made.remove()


def refused(cluster: Cluster) -> str:
    with pytest.raises(StoreError) as caught:
        cluster.open()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_that_a_console_does_is_allowed_by_the_documented_privileges(
    cluster: Cluster, server: SecuredServer
) -> None:
    store = cluster.open()
    answers = store.merge([alert(1), asset(1), heartbeat(1)], "plant")
    assert [str(answer.status) for answer in answers] == ["stored"] * 3
    store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li", "核实")
    assert [row.id for row in store.incidents().rows] == [record_id(1)] and store.totals().incidents == 1
    assert store.sensors() is not None and store.counts("level") is not None  # type: ignore[arg-type]
    assert store.expire(store._clock_ns()).done and store.health().remarks == ()
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert found.problem == "" and found.state == "green" and found.shards is not None
    snapshots.register(store.client, cluster.settings, server.snapshots)
    name = snapshots.take(store.client, cluster.settings)
    store.merge([alert(2)], "plant")
    snapshots.restore(store.client, cluster.settings, name)
    store.refresh()
    assert store.totals().incidents == 1
    snapshots.forget(store.client, cluster.settings, name)
    snapshots.unregister(store.client, cluster.settings)
    store.close()


def test_a_key_without_the_privileges_of_snapshots_takes_none_and_does_all_else(
    cluster: Cluster, server: SecuredServer, key_file: Path
) -> None:
    """The documentation leaves these two out where somebody else takes them; docker/key-of-store does."""
    server.key_file(key_file, {**ROLE, "cluster": ["monitor", "manage_index_templates"]})
    store = cluster.open()
    store.merge([alert(1)], "plant")
    assert store.totals().incidents == 1 and store.expire(store._clock_ns()).done
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert found.problem == "" and found.shards is not None
    with pytest.raises(StoreError, match="the API key may not do this"):
        snapshots.register(store.client, cluster.settings, server.snapshots)


def test_a_connection_that_is_refused_is_one_line(cluster: Cluster, server: SecuredServer) -> None:
    trusted = cluster.settings
    cluster.settings = replace(trusted, ca_file=None)
    assert "certificate is not trusted" in refused(cluster)
    cluster.settings = replace(trusted, urls=(server.url.replace("https", "http"),), ca_file=None)
    assert "cannot be reached" in refused(cluster)
    cluster.settings = replace(trusted, api_key_file=None)
    assert refused(cluster) == "the cluster wants an API key; give the file that holds it with --api-key-file"


@pytest.mark.parametrize(
    ("fewer", "line"),
    [
        ({"cluster": ["monitor"]}, "(manage_index_templates)"),
        ({"cluster": ["manage_index_templates"]}, "(monitor)"),
        (
            {"indices": [{"names": ["other-*"], "privileges": ["all"]}]},
            f"(manage of {PREFIX}-*, read of {PREFIX}-*, write of {PREFIX}-*)",
        ),
        (
            {"indices": [{"names": [f"{PREFIX}-*"], "privileges": ["read"]}]},
            f"(manage of {PREFIX}-*, write of {PREFIX}-*)",
        ),
    ],
    ids=["no templates", "no look", "other indices", "only read"],
)
def test_a_key_with_fewer_privileges_is_refused_at_the_start(
    cluster: Cluster, server: SecuredServer, key_file: Path, fewer: dict[str, list[str]], line: str
) -> None:
    server.key_file(key_file, {**ROLE, **fewer})
    assert refused(cluster) == f"the API key may not do this {line}; docs/elasticsearch.md lists what it needs"


def test_privileges_that_are_taken_away_while_the_console_runs(
    cluster: Cluster, server: SecuredServer, key_file: Path
) -> None:
    key = server.make_key(ROLE)
    key_file.write_text(key.encoded, encoding="ascii")
    store = cluster.open(ElasticStore)
    read = [{"names": [f"{PREFIX}-*"], "privileges": ["read"]}]
    server.change(key, {**ROLE, "indices": read})
    assert [str(answer.status) for answer in store.merge([alert(1)], "plant")] == ["stored"]
    assert waits(store) > 0
    server.change(key, ROLE)
    until(lambda: waits(store) == 0)
    server.change(key, {**ROLE, "indices": read})
    with pytest.raises(StoreError, match=r"^the API key may not do this \(.*is unauthorized") as caught:
        store.set_workflow("sensor-1", record_id(1), Workflow.CONFIRMED, "li")
    assert "\n" not in str(caught.value)
    server.change(key, ROLE)
    assert store.totals().incidents == 1


def waits(store: ElasticStore) -> int:
    with store._transaction() as connection:
        return journal.size(connection)


def _expired(server: SecuredServer) -> str:
    return server.make_key(ROLE, expiration="1ms").encoded


def _invalidated(server: SecuredServer) -> str:
    key = server.make_key(ROLE)
    server.invalidate(key)
    return key.encoded


def _secret_wrong(server: SecuredServer) -> str:
    return base64.b64encode(f"{server.make_key(ROLE).id}:{'x' * 22}".encode()).decode()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_expired, "api key is expired"),
        (_invalidated, "has been invalidated"),
        (_secret_wrong, "invalid credentials for API key"),
        (lambda _: base64.b64encode(b"never-made:secret").decode(), "unable to find apikey with id never-made"),
        (lambda _: "no-base64", "Illegal base64 character"),
    ],
    ids=["expired", "invalidated", "its secret wrong", "unknown", "none at all"],
)
def test_a_key_that_is_not_accepted_says_why(
    cluster: Cluster, server: SecuredServer, key_file: Path, made: Callable[[SecuredServer], str], why: str
) -> None:
    key_file.write_text(made(server), encoding="ascii")
    said = refused(cluster)
    assert said.startswith("the cluster does not accept this API key (") and why in said, said
    assert said.endswith("put it into the file of --api-key-file: consoles that run take it from there")


def test_a_key_that_ends_while_the_console_runs_loses_nothing_and_a_new_one_needs_no_restart(
    cluster: Cluster, server: SecuredServer, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = server.make_key(ROLE)
    key_file.write_text(first.encoded, encoding="ascii")
    store = cluster.open(ElasticStore)
    store.merge([alert(101)], "plant")
    server.invalidate(first)
    with pytest.raises(StoreError, match="has been invalidated"):
        store.incidents()
    with caplog.at_level(logging.WARNING):
        for number in (102, 103):
            assert [str(answer.status) for answer in store.merge([alert(number)], "plant")] == ["stored"]
    assert waits(store) > 0
    (told,) = [record.getMessage() for record in caplog.records if "journal keeps" in record.getMessage()]
    assert "has been invalidated" in told and "\n" not in told
    found = status(cluster.settings, store._registry, store._clock_ns())
    assert "has been invalidated" in found.problem and found.waiting.batches == 2, "the command line says it too"

    server.key_file(key_file, ROLE)
    until(lambda: waits(store) == 0)
    store.refresh()
    assert store.latest() == {alert(number).key for number in (101, 102, 103)}
    assert store.totals().incidents == 3


def test_a_key_is_exchanged_before_the_old_one_ends(cluster: Cluster, server: SecuredServer, key_file: Path) -> None:
    """By writing in place or by renaming; what is half written, empty or gone meanwhile ends nothing."""
    first = server.make_key(ROLE)
    key_file.write_text(first.encoded, encoding="ascii")
    store = cluster.open(ElasticStore)
    for broken in ("", "two words"):
        key_file.write_text(broken, encoding="ascii")
        assert store.totals().incidents == 0
    key_file.unlink()
    assert store.totals().incidents == 0
    second = server.make_key(ROLE)
    draft = key_file.with_name("draft")
    draft.write_text(second.encoded, encoding="ascii")
    draft.rename(key_file)
    assert store.totals().incidents == 0
    server.invalidate(first)
    assert store.totals().incidents == 0
    key_file.write_text(server.make_key(ROLE).encoded, encoding="ascii")
    assert store.totals().incidents == 0
    server.invalidate(second)
    assert store.totals().incidents == 0


def test_the_answer_to_making_a_key_is_what_the_documentation_says(server: SecuredServer) -> None:
    key = server.make_key(ROLE)
    assert base64.b64decode(key.encoded).decode().partition(":")[0] == key.id
    with server.admin() as admin:
        told = admin.get("/_security/api_key", params={"id": key.id}).json()["api_keys"][0]
    assert json.dumps(told["role_descriptors"]["otus"]["cluster"]) == json.dumps(ROLE["cluster"])
