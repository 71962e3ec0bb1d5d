"""What the store has to say is on the overview until it is read, in both languages; and who looks after it daily."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask import Flask

from console.catalogue import known
from console.keeper import Keeper, first_jobs
from console.present.storage import TONE, remarks
from console.settings import ConsoleSettings
from console.state import state
from console.store import Health, Remark, StoreError, open_store
from console.store.damage import set_aside
from console.store.health import GRAVEST_FIRST
from console.store.sqlite import SqliteStore
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of
from tests.federation.line_records import alert

DAY_NS = 86_400 * 10**9


@pytest.fixture
def damaged(app: Flask) -> Flask:
    """A console whose store was begun afresh."""
    old = state(app).settings.data_dir / "old"
    old.write_bytes(b"x")
    set_aside(old, "damaged", sample.NOW_NS).rename(old.with_name("store.sqlite.damaged-20261120T060000Z"))
    return app


def test_every_remark_has_words_and_a_tone() -> None:
    assert set(GRAVEST_FIRST) == set(TONE)
    assert all(known(f"storage.{code}") and known(f"storage.{code}_advice") for code in TONE)
    one = Health(1, 1, 180, None, None, None, None, (Remark("filling", {"days": 1}), Remark("full", {"free_mb": 2})))
    assert remarks(one, "en")[0].headline == "At this pace the disk is full in one day."
    assert "1 天内" in remarks(one, "zh")[0].headline and "2 MB" in remarks(one, "en")[1].advice


def test_damage_is_on_the_page_until_somebody_acknowledges(damaged: Flask) -> None:
    client = log_in(damaged)
    assert "数据库文件曾损坏" in client.get("/").get_data(as_text=True)
    assert "was damaged" in log_in(damaged, language="en").get("/").get_data(as_text=True)
    assert client.get("/overview.json").get_json()["store"]["remarks"][0]["code"] == "damaged"
    sent = {"code": "damaged", "csrf_token": token_of(client, "/")}
    assert client.post("/store/acknowledge", data=sent).status_code == 303
    assert "数据库文件曾损坏" not in client.get("/").get_data(as_text=True)


def test_a_viewer_reads_and_cannot_acknowledge(damaged: Flask) -> None:
    client = log_in(damaged, name="li")
    page = client.get("/").get_data(as_text=True)
    assert "数据库文件曾损坏" in page and "/store/acknowledge" not in page
    answer = client.post("/store/acknowledge", data={"code": "damaged", "csrf_token": token_of(client, "/")})
    assert answer.status_code == 403


def test_a_sound_store_says_nothing(app: Flask) -> None:
    client = log_in(app)
    assert "store.sqlite" not in client.get("/").get_data(as_text=True)
    figures = client.get("/overview.json").get_json()["store"]
    assert figures["remarks"] == [] and figures["keep_days"] == 180


def test_settings_reach_the_store(make_console: MakeConsole, tmp_path: Path) -> None:
    from console.app import store_of

    store = store_of(ConsoleSettings(data_dir=tmp_path, keep_days=400))
    assert store.health().keep_days == 400
    with pytest.raises(StoreError, match="at least 180"):
        store_of(ConsoleSettings(data_dir=tmp_path, keep_days=30))


def test_the_keeper_expires_until_all_is_done_and_tries_again_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("console.store.retention.BATCH", 1)
    monkeypatch.setattr("console.store.retention.MAX_BATCHES", 2)
    monkeypatch.setattr("console.keeper.AFTER_FAILURE_S", 0.01)
    store = SqliteStore(tmp_path / "store.sqlite", clock_ns=lambda: sample.NOW_NS)
    store.merge([alert(number) for number in range(5)], "plant")
    gone, failures = threading.Event(), iter(["the disk is away"])
    expire = store.expire

    def failing_once(now_ns: int) -> object:
        for failure in failures:
            raise StoreError(failure)
        expired = expire(now_ns)
        if expired.done:
            gone.set()
        return expired

    monkeypatch.setattr(store, "expire", failing_once)
    keeper = Keeper(store, now_ns=lambda: sample.NOW_NS + 181 * DAY_NS)
    keeper.start()
    assert gone.wait(30)
    keeper.stop()
    assert store.totals().incidents == 0 and "the disk is away" in caplog.text


def test_only_a_large_file_is_read_through_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store.sqlite")
    assert first_jobs(store) == []
    monkeypatch.setattr("console.keeper.CHECK_BELOW_BYTES", 0)
    (job,) = first_jobs(store)
    assert job() is None
