"""`otus store` where the store is a cluster, as its user has it."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from console.registry import open_registry
from console.registry.leases import Leases
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import PREFIX, Cluster, Door
from tests.elasticsearch_server import ElasticsearchServer, free_port
from tests.federation.line_records import alert, asset
from tests.otus.test_cli import otus


@pytest.fixture
def cluster(elasticsearch_server: ElasticsearchServer, tmp_path: Path, request: pytest.FixtureRequest) -> Cluster:
    made = Cluster(elasticsearch_server.url, tmp_path)
    request.addfinalizer(made.remove)
    return made


def of(cluster: Cluster, folder: Path) -> list[str | Path]:
    return ["--data-dir", folder, "--store", "elasticsearch", "--url", cluster.settings.urls[0], "--prefix", PREFIX]


def test_health_and_sizes(cluster: Cluster, tmp_path: Path) -> None:
    store = cluster.open()
    store.merge([alert(number) for number in range(40)] + [asset(1)], "plant")
    here = of(cluster, tmp_path)
    shown = otus("store", "health", *here)
    assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
    for line in (
        "cluster / 集群: green, 1 × 8.",
        "journal / 待写入: 0 batches",
        "to up / 待上报: 41\n",
        "kept / 保存: 180 d",
    ):
        assert line in shown.stdout, line
    found = json.loads(otus("store", "health", "--json", *here).stdout)
    assert found["waiting"]["upward"] == {"up": 41} and found["shards"]["allowed"] == 1000
    sizes = otus("store", "sizes", *here).stdout.splitlines()
    assert [line.split()[:2] for line in sizes if "-incident-" in line] == [[cluster.indices()[1], "40"]]
    assert sizes[-1].endswith("of 1,000") and sizes[-2].split()[:2] == ["total", "41"]
    cluster.client.cluster.put_settings(persistent={"cluster.max_shards_per_node": found["shards"]["used"]})
    try:
        full = otus("store", "health", *here)
        assert full.returncode == 1 and "! 集群分片已用九成以上" in full.stdout
    finally:
        cluster.client.cluster.put_settings(persistent={"cluster.max_shards_per_node": None})


def test_what_waits_is_told_while_the_cluster_is_away(cluster: Cluster, tmp_path: Path) -> None:
    door = Door(cluster.settings.urls[0])
    cluster.settings = replace(cluster.settings, urls=(door.url,))
    store = cluster.open(ElasticStore)
    door.shut()
    store.merge([alert(1)], "plant")
    shown = otus("store", "health", *of(cluster, tmp_path))
    assert shown.returncode == 1 and "journal / 待写入: 1 batches" in shown.stdout
    assert "! the cluster cannot be reached" in shown.stdout and "Traceback" not in shown.stderr
    door.reopen()


def test_snapshots(
    cluster: Cluster, tmp_path: Path, elasticsearch_server: ElasticsearchServer, postgresql_url: URL
) -> None:
    cluster.registry_url = postgresql_url
    registry = ["--registry", postgresql_url.set(drivername="postgresql").render_as_string(hide_password=False)]
    store = cluster.open()
    store.merge([alert(1)], "plant")
    here = of(cluster, tmp_path)[2:]
    none = otus("store", "snapshot", "take", *here)
    assert none.returncode == 1 and none.stderr == "otus: there is no repository for snapshots; register one first\n"
    assert otus("store", "snapshot", "register", *here, elasticsearch_server.snapshots).returncode == 0
    name = otus("store", "snapshot", "take", *here).stdout.strip()
    assert otus("store", "snapshot", "list", *here).stdout == f"{name}\n"
    store.merge([alert(2)], "plant")
    with closing(open_registry(postgresql_url)) as opened:
        running = Leases(opened, "es-host:7:x").acquire("drain", 60) is None
        refused = otus("store", "snapshot", "restore", *here, *registry, name)
        assert running and refused.returncode == 1 and "a console runs on this store" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert len(cluster.documents("incident")) == 2
    store.close()
    done = otus("store", "snapshot", "restore", *here, *registry, name)
    assert (done.returncode, done.stdout) == (0, f"{name}: restored\n"), done.stderr
    assert len(cluster.documents("incident")) == 1
    assert otus("store", "snapshot", "forget", *here, name).returncode == 0
    assert otus("store", "snapshot", "list", *here).stdout == ""
    cluster.client.snapshot.delete_repository(name=f"{PREFIX}_snapshots")


def test_what_does_not_go_together_is_one_line(tmp_path: Path) -> None:
    away = ["--store", "elasticsearch", "--url", f"http://127.0.0.1:{free_port()}"]
    for arguments, code, said in (
        (["backup", *away, tmp_path / "x"], 1, "a store on Elasticsearch is no file: `otus store snapshot take`"),
        (["restore", *away, tmp_path / "x"], 1, "is no file: `otus store snapshot restore NAME`"),
        (["check", *away], 1, "is no file: the cluster checks its own"),
        (["snapshot", "take", "--data-dir", tmp_path], 1, "a store in a file has no snapshots: `otus store backup`"),
        (["snapshot", "list", *away], 1, "cannot be reached"),
        (["sizes", *away], 1, "cannot be reached"),
        (["sizes", "--url", "http://127.0.0.1:1"], 2, "go with --store elasticsearch"),
        (["health", "--store", "elasticsearch"], 2, "needs --url"),
        (["health", *away], 2, "--data-dir: which console's?"),
        (["health", *away, "--data-dir", tmp_path], 1, "there is no registry here; give --registry"),
        (["health"], 2, "--data-dir: which console's?"),
    ):
        shown = otus("store", *arguments)
        lines = [line for line in shown.stderr.splitlines() if line and not line.startswith(("Usage:", "Try "))]
        assert (shown.returncode, len(lines)) == (code, 1) and said in lines[0], (arguments, shown.stderr)
        assert shown.stdout == ""
