"""A console filled with what a plant sends, and somebody logged in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL

from console.app import create_app
from console.clock import Clock
from console.nodes import Nodes
from console.registry import Registry, open_registry
from console.settings import ConsoleSettings
from console.state import state
from console.store.sqlite import SqliteStore
from console.users import Users
from sensor.schema import Record, Text
from tests.console import sample

PASSWORD = "Correct-Horse-9"
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Tests log in often; that the real one is argon2id with its defaults is a test of its own."""

TIERS: dict[str, dict[str, Any]] = {
    "enterprise": {"node_name": "shili", "title": Text("示例电器有限公司", "Example Appliances"), "parents": ("gd",)},
    "province": {"node_name": "gd", "title": Text("广东省平台", "Guangdong platform"), "parents": ("miit",)},
    "ministry": {"node_name": "miit", "title": Text("部级平台", "National platform"), "parents": ()},
}


@pytest.fixture
def registry(registry_url: URL) -> Iterator[Registry]:
    """A registry on each engine."""
    opened = open_registry(registry_url)
    yield opened
    opened.close()


def now_ns() -> int:
    return sample.NOW_NS


MakeConsole = Callable[..., Flask]


@pytest.fixture
def make_console(tmp_path: Path) -> Iterator[MakeConsole]:
    made: list[Flask] = []

    def make(
        tier: str = "enterprise", records: list[Record] | None = None, via: str = "sensor-1", **more: Any
    ) -> Flask:
        folder = tmp_path / f"{tier}-{len(made)}"
        settings = ConsoleSettings(data_dir=folder, tier=tier, **(TIERS[tier] | more))
        folder.mkdir()
        registry = open_registry(f"sqlite:///{folder}/registry.sqlite")
        store = SqliteStore(folder / "store.sqlite", parents=settings.parents, clock_ns=now_ns, nodes=Nodes(registry))
        if records:
            store.merge(records, via)
        users = Users(registry, hasher=QUICK_HASHER)
        users.add("wang", PASSWORD, "analyst")
        users.add("li", PASSWORD, "viewer")
        clock = Clock(ZoneInfo("Asia/Shanghai"), now_ns)
        app = create_app(settings, registry=registry, store=store, users=users, clock=clock)
        app.config["TESTING"] = False  # errors are pages, as for a reader
        made.append(app)
        return app

    yield make
    for app in made:
        state(app).store.close()
        state(app).registry.close()


@pytest.fixture
def app(make_console: MakeConsole) -> Flask:
    return make_console(records=sample.plant())


def token_of(client: FlaskClient, path: str = "/login") -> str:
    """The form token of a page."""
    page = client.get(path).get_data(as_text=True)
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def log_in(app: Flask, name: str = "wang", password: str = PASSWORD, language: str = "zh") -> FlaskClient:
    client = app.test_client()
    client.set_cookie("otus_language", language)
    answer = client.post("/login", data={"name": name, "password": password, "csrf_token": token_of(client)})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return log_in(app)


@pytest.fixture
def english(app: Flask) -> FlaskClient:
    return log_in(app, language="en")


@pytest.fixture
def province(make_console: MakeConsole) -> FlaskClient:
    """A province with one enterprise that reports and one that was enrolled and never heard."""
    records = [replace(item, path=("shili",)) for item in sample.plant()]
    return log_in(make_console("province", records, via="shili"))
