"""What all tests share, and what is skipped visibly where it cannot run."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from tests import postgresql, spread
from tests.captures import SHARED, shared_captures
from tests.elasticsearch_server import ElasticsearchServer, missing
from tests.second_opinion.totals import TOTALS


@pytest.fixture(scope="session")
def shared() -> list[Path]:
    found = shared_captures()
    if not found:
        pytest.skip(f"no shared captures at {SHARED} (OTUS_SHARED_PCAPS names another folder)")
    return found


@pytest.fixture
def tshark() -> str:
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark is not installed")
    return found


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A PostgreSQL server: one for all tests, or the one that OTUS_TEST_POSTGRESQL_URL names."""
    named = postgresql.given()
    if named is not None:
        yield named
        return
    if postgresql.BINARIES is None:
        pytest.skip("postgresql is not installed (OTUS_TEST_POSTGRESQL_URL names a server elsewhere)")
    server = postgresql.Server()
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


@pytest.fixture
def postgresql_url(postgresql_server: URL) -> Iterator[URL]:
    """An empty database. On a server that is not ours it is gone after the test; ours goes as a whole."""
    url = postgresql.new_database(postgresql_server)
    yield url
    if postgresql.given() is not None:
        postgresql.drop_database(url, postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where a registry may be made, on each engine."""
    if request.param == "postgresql":
        url: URL = request.getfixturevalue("postgresql_url")
        return url
    return URL.create("sqlite", database=str(tmp_path / "registry.sqlite"))


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[ElasticsearchServer]:
    """A real Elasticsearch of our own, one for the whole session."""
    lacking = missing()
    if lacking:
        pytest.skip(f"no Elasticsearch: {lacking} is not installed (OTUS_TEST_ES_URL names a server)")
    server = ElasticsearchServer(brief=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def elasticsearch_url(request: pytest.FixtureRequest) -> str:
    """Where a real Elasticsearch is; OTUS_TEST_ES_URL names another one than ours."""
    given = os.environ.get("OTUS_TEST_ES_URL")
    return given or str(request.getfixturevalue("elasticsearch_server").url)


def pytest_configure() -> None:
    """What a shell starts in the background ignores SIGINT, and so would every program that a test starts and stops."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: spread.place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return spread.scheduler(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its totals to whoever prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["second_opinion"] = TOTALS.plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    if totals := getattr(node, "workeroutput", {}).get("second_opinion"):
        TOTALS.add(totals)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The totals of the comparison with tshark, where it was made."""
    if TOTALS.captures:
        terminalreporter.section("second opinion")
        for line in TOTALS.lines():
            terminalreporter.line(line)
