"""The line of consoles over real HTTP: what arrives at each tier, in which words, and what a full disk does."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from console import tasks
from console.ingest import bp, connect
from console.nodes import Nodes
from console.registry import open_registry
from console.relay import FileOutlet, start_relay
from console.store.sqlite import SqliteStore
from console.summed import heartbeat_of
from federation.parent import Parent, ParentRefused
from federation.spool import Spool
from federation.uplink import Pace, Uplink
from sensor.schema import Record
from tests.federation.line_records import alert, asset, heartbeat, record_id
from tests.federation.small_disk import fill, small_disk

PACE = Pace(first_s=0.05, longest_s=0.2, slow_s=0.3, idle_s=0.02, timeout_s=10, sums_s=0.1)
SILENT_AFTER_NS = 60 * 10**9


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object, **__: object) -> None:
        return


@dataclass
class Tier:
    data_dir: Path
    tier: str
    parent_links: tuple[dict[str, object], ...] = ()
    store: SqliteStore = field(init=False)
    nodes: Nodes = field(init=False)
    url: str = ""

    def link(self, child: str, kind: str = "console") -> dict[str, object]:
        return {"name": self.tier, "url": self.url, "token": self.nodes.add(self.store, child, kind)}


@contextmanager
def tier(folder: Path, name: str, *links: dict[str, object], sums_up: bool = False) -> Iterator[Tier]:
    """A console's ingest and relay, as small as they come."""
    folder.mkdir(exist_ok=True)
    made = Tier(folder, name, links)
    registry = open_registry(f"sqlite:///{folder}/registry.sqlite")
    made.nodes = Nodes(registry)
    parents = [str(link["name"]) for link in links]
    made.store = SqliteStore(folder / "store.sqlite", parents=parents, nodes=made.nodes, sums_up=sums_up)

    def tell(called: str) -> Record:
        now_ns = time.time_ns()
        return heartbeat_of(made.store.coverage(now_ns - SILENT_AFTER_NS), called, now_ns)

    app = Flask(name)
    app.register_blueprint(bp)
    app.register_blueprint(tasks.bp)
    connect(app, made.store, made.nodes)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    made.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    relay = start_relay(FileOutlet(made.store.path), made.store, made, PACE, tell if sums_up else None)
    try:
        yield made
    finally:
        assert relay is None or relay.stop()
        server.shutdown()
        serving.join()
        server.server_close()
        made.store.close()
        registry.close()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Tier, Tier, Tier]]:
    with (
        tier(tmp_path / "m", "ministry") as ministry,
        tier(tmp_path / "p", "province", ministry.link("province")) as province,
        tier(tmp_path / "e", "enterprise", province.link("enterprise")) as enterprise,
    ):
        yield enterprise, province, ministry


def test_from_the_spool_to_the_ministry_cut_on_the_way(line: tuple[Tier, Tier, Tier], tmp_path: Path) -> None:
    enterprise, province, ministry = line
    link = enterprise.link("sensor-1", "sensor")
    spool = Spool(tmp_path / "spool.sqlite", ["enterprise"])
    uplink = Uplink(spool, [Parent("enterprise", enterprise.url, str(link["token"]))], pace=PACE)
    uplink.start()
    spool.append([alert(1), alert(2), asset(1), heartbeat(1)])
    spool.append([alert(1, revision=2)])
    wait_for(lambda: ministry.store.latest() == spool.latest())
    assert uplink.stop()
    assert enterprise.store.latest() == province.store.latest() == spool.latest()

    here = enterprise.store.incident("sensor-1", record_id(1))
    assert here is not None and here.record.body["fields"]["modbus.values"] == [2650]
    for above in (province, ministry):
        text = json.dumps([_whole(above, table) for table in ("record", "spool_record")])
        # A pseudonym is a keyed hash: any four digits may stand in it.
        text = re.sub(r"(host|mac)-[0-9a-f]+", "", text)
        for secret in ("192.168.", "02:00:00:00", "2650", "line3.pcap", "421302009"):
            assert secret not in text, f"{secret} reached the {above.tier}"
    top = ministry.store.incident("sensor-1", record_id(1))
    assert top is not None
    assert top.record.path == ("sensor-1", "enterprise", "province")
    assert top.row.count == 2 and top.row.child == "province" and top.row.title_zh == "控制器收到写命令"
    assert top.row.client is not None and top.row.client.startswith("host-")
    assert ministry.store.children().rows[0].received == 100


def test_a_province_tells_the_ministry_sums(tmp_path: Path) -> None:
    with tier(tmp_path / "m", "ministry") as ministry:
        with (
            tier(tmp_path / "p", "province", ministry.link("guangdong"), sums_up=True) as province,
            tier(tmp_path / "e", "enterprise", province.link("plant-a")) as enterprise,
        ):
            enterprise.link("sensor-3", "sensor")
            province.nodes.add(province.store, "plant-b", "console")
            enterprise.store.merge([heartbeat(1, received=100), alert(1)], "sensor-1")
            enterprise.store.merge([heartbeat(2, origin="sensor-2", received=50)], "sensor-2")
            wait_for(lambda: province.store.coverage(0).sensors == 2)
            wait_for(lambda: ministry.store.coverage(0).sensors == 2)
            wait_for(lambda: alert(1).key in ministry.store.latest())
            seen = ministry.store.coverage(1)
            assert seen.ledger is not None and (seen.ledger.received, seen.without_baseline) == (150, 2)
            assert (seen.silent_sensors, seen.silent_children) == (0, 0)
            # What the enterprise was told by each sensor the province has whole, and the ministry as one line.
            (line,) = ministry.store.sensors().rows
            assert (line.name, line.child) == ("guangdong", "guangdong")
            below = None if line.heartbeat is None else line.heartbeat.below
            assert below is not None and (below.children, below.silent_child_names) == (2, ("plant-b",))
            assert {row.name for row in province.store.sensors().rows} == {"sensor-1", "sensor-2"}
            assert {key[0] for key in ministry.store.latest()} == {"guangdong", "sensor-1"}
            enterprise.store.merge([heartbeat(3, origin="sensor-4", received=20)], "sensor-4")
            wait_for(lambda: ministry.store.coverage(0).sensors == 3)
            assert ministry.store.children().rows[0].sensors == 3
            assert province.store.dead_letters() == ministry.store.dead_letters() == []
        # The whole line is silent: so are all of its sensors, and it is named in their place.
        silent = ministry.store.coverage(time.time_ns() + SILENT_AFTER_NS)
        assert (silent.sensors, silent.silent_sensors, silent.silent_names) == (3, 3, ("guangdong",))
        assert (silent.silent_children, silent.silent_child_names) == (1, ("guangdong",))


def _whole(above: Tier, table: str) -> list[str]:
    column = "whole" if table == "record" else "body"
    with above.store._read() as db:
        return [str(bytes(row[0] or b""), "utf-8") for row in db.execute(f"SELECT {column} FROM {table}")]


def test_a_rejected_record_is_shown_below_and_blocks_nobody(line: tuple[Tier, Tier, Tier]) -> None:
    enterprise, province, ministry = line
    province.store.merge([alert(1)], "somebody-else")
    enterprise.store.merge([alert(1, revision=2), alert(7, origin="sensor-7")], "sensor-1")
    wait_for(lambda: alert(7, origin="sensor-7").key in ministry.store.latest())
    wait_for(lambda: bool(enterprise.store.dead_letters()))
    below, above = enterprise.store.dead_letters()[0], province.store.dead_letters()[0]
    assert (below.direction, below.peer, below.id) == ("outgoing", "province", record_id(1))
    assert (above.direction, above.peer, above.id) == ("incoming", "enterprise", record_id(1))
    assert below.reason == above.reason and below.reason.startswith("origin_not_under_child")


def test_a_parent_that_was_away_gets_everything(tmp_path: Path) -> None:
    with tier(tmp_path / "m", "ministry") as ministry:
        link = ministry.link("province")
    with tier(tmp_path / "p", "province", link) as province:
        for number in range(1, 30):
            province.store.merge([alert(number)], "enterprise")
        wait_for(lambda: "cannot be reached" in _problem(province))
        assert province.store.totals().pending_up == {"ministry": 29}
    with tier(tmp_path / "m", "ministry") as ministry:
        link["url"] = ministry.url
        with tier(tmp_path / "p", "province", link) as province:
            wait_for(lambda: len(ministry.store.latest()) == 29)
            wait_for(lambda: _problem(province) == "")


def _problem(below: Tier) -> str:
    with below.store._read() as db:
        return str(db.execute("SELECT problem FROM spool_parent").fetchone()[0])


def test_only_one_of_two_processes_of_a_console_sends(tmp_path: Path) -> None:
    with (
        tier(tmp_path / "m", "ministry") as ministry,
        tier(tmp_path / "p", "province", ministry.link("province")) as below,
    ):
        second = start_relay(FileOutlet(below.store.path), below.store, below, PACE)
        assert second is not None
        below.store.merge([alert(1)], "enterprise")
        wait_for(lambda: len(ministry.store.latest()) == 1)
        assert sum(thread.name == "uplink-ministry" for thread in threading.enumerate()) == 1
        assert second.stop()


def test_a_console_whose_last_parent_is_gone_lets_the_queue_go(tmp_path: Path) -> None:
    link: dict[str, object] = {"name": "ministry", "url": "http://127.0.0.1:9", "token": "t"}
    with tier(tmp_path / "p", "province", link) as below:
        below.store.merge([alert(1)], "enterprise")
    with tier(tmp_path / "p", "province") as below:
        assert below.store.totals().pending_up == {}


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({}, "needs a name and a url"),
        ({"name": "m", "url": "https://m.example"}, "token_file"),
        ({"name": "m", "url": "https://m.example", "token_file": "/nowhere/token"}, "cannot be read"),
        ({"name": "m", "url": "http://m.example", "token": "t"}, "https"),
    ],
)
def test_links_that_cannot_be_used_are_one_clear_line(tmp_path: Path, link: dict[str, Any], words: str) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    with pytest.raises(ParentRefused, match=words):
        start_relay(FileOutlet(store.path), store, Tier(tmp_path, "province", (link,)))


def test_a_full_disk_at_ingest_keeps_what_was_acknowledged_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, tier(disk / "e", "enterprise") as enterprise:
        filler = fill(disk, leave_bytes=3 * 2**20)
        link = enterprise.link("sensor-1", "sensor")
        spool = Spool(tmp_path / "spool.sqlite", ["enterprise"], clock_ns=_fast_clock())
        parent = Parent("enterprise", enterprise.url, str(link["token"]))
        uplink = Uplink(spool, [parent], pace=PACE)
        for number in range(1, 3001, 100):
            spool.append([alert(number + extra) for extra in range(100)])
            uplink.send_once(parent)
            if "is full or busy (503)" in spool.parent("enterprise").problem:
                break
        else:
            raise AssertionError("the disk never became full")
        answered = spool.parent("enterprise").answered
        assert answered > 100
        assert len(enterprise.store.latest()) == answered, "acknowledged and kept differ"
        filler.unlink()
        wait_for(lambda: uplink.send_once(parent) >= 0 and spool.pending("enterprise") == 0)
        assert enterprise.store.latest() == spool.latest()
        assert spool.dead_letters() == []


def _fast_clock() -> Callable[[], int]:
    """A minute passes between two looks: waiting times are over at once."""
    moments = iter(range(10**18, 2 * 10**18, 60 * 10**9))
    return lambda: next(moments)
