"""Consoles as processes, one under the other, and people logged in to them."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from console.cli import add_account, enrol
from console.settings import ConsoleSettings
from federation.downlink import WAIT_S
from tests.e2e.running import Running, end_all

PASSWORD = "Correct-Horse-9"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """A console as a process, and somebody logged in to it."""

    folder: Path
    tier: str
    name: str
    parents: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    process: Running | None = None

    def __post_init__(self) -> None:
        add_account(self.settings, "wang", PASSWORD, "analyst")

    @property
    def settings(self) -> ConsoleSettings:
        return ConsoleSettings(self.folder / "data", tier=self.tier, node_name=self.name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def under(self, parent: Desk) -> None:
        token = self.folder / f"token-{parent.name}"
        token.write_text(enrol(parent.settings, self.name, "console"))
        self.parents += ["--parent", f"{parent.name}={parent.url},{token}"]

    def start(self) -> None:
        self.process = Running(
            self.folder / "tmp", "console", "run", "--data-dir", self.folder / "data", "--tier", self.tier,
            "--node-name", self.name, "--port", str(self.port), *self.parents,
        )  # fmt: skip
        wait_for(self.is_up, "the console does not answer")

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """As a power cut does it: the whole console at once."""
        assert self.process is not None
        end_all(self.process.mark)
        self.process.wait(30)
        wait_for(lambda: not self.is_up(), "it goes on")

    def stop(self) -> None:
        if self.process is not None and self.process.process.poll() is None:
            began_s = time.monotonic()
            code = self.process.end(signal.SIGTERM)
            assert code == 0 and time.monotonic() - began_s < WAIT_S, "a held call does not hold up the end"

    def person(self) -> Person:
        return Person(self.url)


class Person:
    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.post("/login", "/login", name="wang", password=PASSWORD)

    def post(self, page: str, path: str, **data: Any) -> httpx.Response:
        text = self._client.get(page).text
        token = text.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = self._client.post(path, data={**data, "csrf_token": token})
        assert answer.status_code == 303, answer.text
        return answer

    def orders(self) -> dict[str, Any]:
        """By title: no title comes twice."""
        found = self._client.get("/notices.json").json()["orders"]
        assert len(found) == len({item["title"] for item in found}), "one of them came twice"
        return {item["title"]: item for item in found}

    def order(self, title: str) -> dict[str, Any]:
        return dict(self._client.get(self.path(title) + ".json").json())

    def path(self, title: str) -> str:
        item = self.orders()[title]
        return f"/notices/{item['origin']}/{item['id']}"

    def issue(self, title: str, *, to: str = "all", course: str = "bulletin", **more: str) -> str:
        data = {"course": course, "title": title, "text": "请办理。", "to": "all" if to == "all" else "some", **more}
        self.post("/notices/new", "/notices", **data, **({} if to == "all" else {"child": to}))
        return title

    def answer(self, title: str, after: str, **more: str) -> None:
        self.post(self.path(title), f"{self.path(title)}/answer", after=after, **more)

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)


def wait_for(condition: Callable[[], bool], said: str, within_s: float = 60) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, said
        time.sleep(0.2)
