"""What a person is told where the cluster cannot be used: one line each, with the way out."""

from __future__ import annotations

import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from console.registry import open_registry
from console.store import StoreError
from console.store.elastic import ElasticSettings, templates
from console.store.elastic.connection import ClusterAway, explain
from console.store.elastic.store import ElasticStore
from tests.console.store.elastic.cluster import Cluster
from tests.elasticsearch_server import free_port


class Pretender(http.server.BaseHTTPRequestHandler):
    """Answers like a cluster of the version and health that a test wants."""

    product: ClassVar[bool] = True
    version: ClassVar[str] = "8.19.4"
    health: ClassVar[dict[str, Any]] = {"status": "green", "unassigned_shards": 0}
    failure: ClassVar[tuple[int, dict[str, Any]] | None] = None

    def do_GET(self) -> None:
        body: dict[str, Any] = {"nodes": {"a": {"version": self.version}}}
        if "health" in self.path:
            body = self.health
        status, body = self.failure or (200, body)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.product:
            self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pretender(request: pytest.FixtureRequest) -> Iterator[http.server.ThreadingHTTPServer]:
    handler = type("Told", (Pretender,), getattr(request, "param", {}))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def refused(folder: Path, **settings: Any) -> str:
    """The one line a console is refused with."""
    with pytest.raises(StoreError) as caught:
        ElasticStore(ElasticSettings(**settings), open_registry(f"sqlite:///{folder / 'registry.sqlite'}"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pretender", "line"),
    [
        ({"version": "7.17.9"}, "runs Elasticsearch 7.17.9; this Otus works with 8.11 up to every 9"),
        ({"version": "8.10.4"}, "runs Elasticsearch 8.10.4"),
        ({"version": "10.0.1"}, "runs Elasticsearch 10.0.1"),
        ({"product": False}, "is not Elasticsearch; check the URL"),
        ({"health": {"status": "red", "unassigned_shards": 3}}, "is red: 3 shards of otus-* are nowhere"),
        ({"failure": (401, {"error": {"type": "security_exception", "reason": "x"}})}, "does not accept this API key"),
        (
            {"failure": (403, {"error": {"type": "security_exception", "reason": "action [x] is unauthorized"}})},
            "action [x] is unauthorized); docs/elasticsearch.md lists what it needs",
        ),
        ({"failure": (503, {"error": {"type": "master_not_discovered_exception"}})}, "has no master"),
        ({"failure": (404, {"detail": "no such page"})}, "Elasticsearch refused: "),
    ],
    indirect=["pretender"],
)
def test_a_cluster_that_cannot_be_used(pretender: http.server.ThreadingHTTPServer, line: str, tmp_path: Path) -> None:
    assert line in refused(tmp_path, urls=(f"http://127.0.0.1:{pretender.server_port}",))


def test_nobody_listens(tmp_path: Path) -> None:
    said = refused(tmp_path, urls=(f"http://127.0.0.1:{free_port()}",))
    assert "cannot be reached" in said and "Connection refused" in said


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://somewhere:9200", "https://es.example:port"])
def test_a_url_that_is_none(url: str, tmp_path: Path) -> None:
    assert "a URL is like https://es.example.cn:9200" in refused(tmp_path, urls=(url,))


def test_a_certificate_that_is_not_trusted(pretender: http.server.ThreadingHTTPServer, tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    plain = f"https://127.0.0.1:{pretender.server_port}"
    assert "certificate is not trusted" in refused(tmp_path, urls=(plain,))
    pretender.socket = context.wrap_socket(pretender.socket, server_side=True)
    assert "certificate is not trusted" in refused(tmp_path, urls=(plain,))
    # With its authority the connection stands, and the pretender's old version is what is wrong.
    pretender.RequestHandlerClass.version = "7.0.0"  # type: ignore[attr-defined]
    assert "7.0.0" in refused(tmp_path, urls=(plain,), ca_file=tmp_path / "certificate.pem")
    assert "no such file" in refused(tmp_path, urls=(plain,), ca_file=tmp_path / "nowhere.pem")


@pytest.mark.parametrize(
    ("text", "line"), [(None, "cannot be read"), ("", "holds no API key"), ("two words", "holds no API key")]
)
def test_a_key_that_is_none(text: str | None, line: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if text is not None:
        path.write_text(text, encoding="ascii")
    assert line in refused(tmp_path, urls=("http://127.0.0.1:9200",), api_key_file=path)


def test_a_key_does_no_harm_where_the_cluster_asks_for_none(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("bmFtZTpzZWNyZXQ=", encoding="ascii")
    cluster.settings = replace(cluster.settings, api_key_file=tmp_path / "key")
    assert cluster.open().totals().incidents == 0


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"prefix": "Otus"}, "prefix"),
        ({"prefix": "otus-east"}, "no '-'"),
        ({"periods": {"incident": "fortnight"}}, "periods"),
        ({"periods": {"asset": "day"}}, "periods"),
        ({"keep_days": 90}, "at least 180"),
    ],
)
def test_settings_that_are_none(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        ElasticSettings(urls=("http://127.0.0.1:9200",), **changes)


@pytest.mark.parametrize(
    ("status", "error", "away", "line"),
    [
        (403, {"type": "cluster_block_exception", "reason": "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage"
               " exceeded flood-stage watermark, index has read-only-allow-delete block]"}, True, "free disk space"),
        (429, {"type": "es_rejected_execution_exception", "reason": "queue"}, True, "cannot answer now"),
        (503, {"type": "unavailable_shards_exception", "reason": "primary"}, True, "bring back the nodes"),
        (503, {"type": "cluster_block_exception", "reason": "blocked by: [SERVICE_UNAVAILABLE/2/no master];"}, True,
         "has no master"),
        (503, {"type": "process_cluster_event_timeout_exception", "reason": "x"}, True, "cannot answer now"),
        (400, {"type": "mapper_parsing_exception", "reason": "failed [a]"}, False, "mapping conflict"),
        (400, {"type": "validation_exception", "reason": "maximum normal shards open"}, False, "many shards"),
    ],
)  # fmt: skip
def test_an_error_is_told_with_its_way_out(status: int, error: dict[str, str], away: bool, line: str) -> None:
    said = explain(status, {"error": {"type": "search_phase_execution_exception", "root_cause": [error]}})
    assert line in str(said) and isinstance(said, ClusterAway) is away and "\n" not in str(said)


def test_a_mapping_that_another_program_made(cluster: Cluster, tmp_path: Path) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}x")
    cluster.prefix = cluster.settings.prefix
    foreign = {"alert.count": {"type": "text"}}
    cluster.client.indices.create(
        index=f"{cluster.prefix}-incident-2026.11-v1", mappings={"subobjects": False, "properties": foreign}
    )
    with pytest.raises(StoreError, match=r"mapping conflict: .*alert\.count") as caught:
        cluster.open()
    assert "\n" not in str(caught.value)


def test_a_store_of_a_newer_version(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}y")
    cluster.prefix = cluster.settings.prefix
    with monkeypatch.context() as newer:
        newer.setattr(templates, "VERSION", 2)
        cluster.open().close()
    with pytest.raises(StoreError, match=r"written by a newer Otus \(mapping 2, this one writes 1\)"):
        cluster.open()
