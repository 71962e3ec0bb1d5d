"""A rule pack from the console: verified by the sensor itself, tried, installed, answered for, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sensor._core", reason="the core is not built: make build")

from federation.inbox import FileInbox
from federation.spool import Spool
from otus.carrying_out import Carrier
from otus.pack_orders import PackNotTaken, carry_out_pack
from sensor.schema import Record
from sensor.schema.order import Step
from sensor.schema.pack_order import MAX_CONTENT, PackOrder, packed, unpacked
from sensor.schema.records import RecordError
from sensor.settings import defaults
from tests.detectors.packs.making import Maker
from tests.federation.order_records import ISSUED_NS, order_id


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "maker")


@pytest.fixture
def settings(tmp_path: Path, maker: Maker) -> dict[str, Any]:
    (tmp_path / "spool").mkdir()
    place = {"rule_packs": str(tmp_path / "packs"), "pack_keys": str(maker.keys), "spool_dir": str(tmp_path / "spool")}
    return {**defaults(), **place}


def order(maker: Maker, version: str, **changes: Any) -> PackOrder:
    key, level = changes.pop("key", None), changes.pop("level", "high")
    content = "" if changes.get("rollback") else packed(maker.pack(version, level, key).read_bytes())
    return PackOrder(**{
        "title": "规则包", "text": "新增规则", "issued_ns": ISSUED_NS, "addressees": ("sensor-1",),
        "name": "plant-rules", "version": version, "content": content,
        "steps": (Step(ISSUED_NS, "wang", "issued"),), **changes,
    })  # fmt: skip


def loaded() -> tuple[bool, str]:
    return True, ""


def test_it_is_installed_and_taken_back(maker: Maker, settings: dict[str, Any]) -> None:
    first, second = order(maker, "2026.11.1"), order(maker, "2026.11.2", level="medium")
    assert carry_out_pack(first, settings, loaded) == "plant-rules 2026.11.1"
    assert carry_out_pack(second, settings, loaded) == "plant-rules 2026.11.2"
    assert carry_out_pack(second, settings, loaded) == "plant-rules 2026.11.2", "as after a crash"
    back = order(maker, "2026.11.2", rollback=True)
    for _ in range(2):
        assert carry_out_pack(back, settings, loaded) == "plant-rules 2026.11.1", "said twice it goes back once"


def test_what_is_not_trusted_is_not_taken(maker: Maker, settings: dict[str, Any]) -> None:
    stranger = maker.new_key("stranger", trusted=False)
    tampered = order(maker, "2026.11.1", content=packed(maker.pack("2026.11.1").read_bytes().replace(b"high", b"less")))
    for bad, said in (
        (order(maker, "2026.11.1", key=stranger), "pack_refused"),
        (tampered, "pack_refused"),
        (order(maker, "2026.11.1", content="AAAA"), "pack_refused: content"),
    ):
        with pytest.raises(PackNotTaken, match=said):
            carry_out_pack(bad, settings, loaded)
    with pytest.raises(PackNotTaken, match="no_packs"):
        carry_out_pack(order(maker, "2026.11.1"), {**settings, "pack_keys": ""}, loaded)
    carry_out_pack(order(maker, "2026.11.2"), settings, loaded)
    with pytest.raises(PackNotTaken, match="older"):
        carry_out_pack(order(maker, "2026.11.1"), settings, loaded)
    assert maker.shelf().folder != Path(settings["rule_packs"])


def test_what_the_sensor_cannot_load_is_taken_back(maker: Maker, settings: dict[str, Any]) -> None:
    carry_out_pack(order(maker, "2026.11.1"), settings, loaded)
    with pytest.raises(PackNotTaken, match="not_loaded: no"):
        carry_out_pack(order(maker, "2026.11.2", level="low"), settings, lambda: (False, "no"))
    back = order(maker, "2026.11.2", rollback=True)
    assert carry_out_pack(back, settings, loaded) == "plant-rules 2026.11.1"


def test_the_console_is_answered_with_the_version(maker: Maker, settings: dict[str, Any]) -> None:
    spool = Spool(Path(settings["spool_dir"]) / "spool.db", ["gd"])
    inbox = FileInbox(Path(settings["spool_dir"]) / "orders.json", ["review", "pack"])
    good = Record("pack", order_id(1), 1, "shili", order(maker, "2026.11.1").to_json())
    strange = order(maker, "2026.11.3", key=maker.new_key("x", trusted=False))
    bad = Record("pack", order_id(2), 1, "shili", strange.to_json())
    inbox.receive([good, bad], "gd", "sensor-1", 7)
    carrier = Carrier(inbox, spool, settings, loaded)
    while (waiting := inbox.wait(0)) is not None:
        carrier.settle(waiting)
    done, refused = (Record.from_bytes(one.body).receipt() for one in spool.take("gd"))
    assert (done.state, done.steps[0].note, done.version) == ("applied", "plant-rules 2026.11.1", None)
    assert refused.state == "refused" and refused.steps[0].note.startswith("pack_refused: ")
    spool.close()


def test_a_pack_travels_as_text() -> None:
    assert unpacked(packed(b"x" * 5_000_000)) == b"x" * 5_000_000
    import os

    with pytest.raises(ValueError, match="carry it by hand"):
        packed(os.urandom(MAX_CONTENT))
    for bad in ("", "A", "AAAA", packed(b"x")[:-4], packed(b"x" * (64 * 2**20 + 1))):
        with pytest.raises(RecordError, match="not a pack"):
            unpacked(bad)
