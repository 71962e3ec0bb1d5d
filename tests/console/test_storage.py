"""What the store has to say is on the overview until it is read, in both languages; and who looks after it daily."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from console.catalogue import known
from console.housekeeping import check_at_start, jobs_of
from console.opening import open_console_registry, open_console_store
from console.present.storage import TONE, remarks
from console.settings import ConsoleSettings
from console.state import state
from console.store import Health, Remark, StoreError, open_store
from console.store.damage import set_aside
from console.store.health import GRAVEST_FIRST
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of

DAY_NS = 86_400 * 10**9


@pytest.fixture
def damaged(app: Flask) -> Flask:
    """A console whose store was begun afresh."""
    old = state(app).settings.data_dir / "old"
    old.write_bytes(b"x")
    set_aside(old, "damaged", sample.NOW_NS).rename(old.with_name("store.sqlite.damaged-20261120T060000Z"))
    return app


def test_every_remark_has_words_and_a_tone() -> None:
    assert set(GRAVEST_FIRST) | {"waiting", "few_shards", "cluster_yellow", "cluster_red"} == set(TONE)
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
    settings = ConsoleSettings(data_dir=tmp_path, keep_days=400)
    with closing(open_console_registry(settings)) as registry:
        assert open_console_store(registry, settings).health().keep_days == 400
        with pytest.raises(StoreError, match="at least 180"):
            open_console_store(registry, replace(settings, keep_days=30))


def test_retention_goes_on_until_all_is_done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.store.retention.BATCH", 1)
    monkeypatch.setattr("console.store.retention.MAX_BATCHES", 2)
    here = state(app)
    here = replace(here, clock=replace(here.clock, now_ns=lambda: sample.NOW_NS + 181 * DAY_NS))
    assert here.store.totals().incidents > 2
    (expire,) = (job for job in jobs_of(here) if job.name == "expire")
    assert expire.retry_s is not None and expire.retry_s < expire.every_s
    expire.run()
    assert here.store.totals().incidents == 0 and here.store.health().expired is not None


def test_only_a_large_file_is_read_through_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store.sqlite")
    assert check_at_start(store) is None
    monkeypatch.setattr("console.housekeeping.CHECK_BELOW_BYTES", 0)
    checked = check_at_start(store)
    assert checked is not None
    checked.join(30)
    assert not checked.is_alive() and store.health().remarks == ()
