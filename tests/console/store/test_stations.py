"""Links and the history of stations, on every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.store import LinkFilter, Status, Store
from sensor.schema import Asset, Record
from tests.console.store.conftest import Open
from tests.federation.line_records import FIRST_NS, SECOND, asset, link, record_id


def found(store: Store, **where: str) -> list[int]:
    """The numbers `line_records.link` was given."""
    return [int(row.id, 16) - 3 * 10**6 for row in store.links(LinkFilter(**where)).rows]


def test_links_are_kept_and_revised(store: Store) -> None:
    answers = store.merge([link(1), link(2, server_port=None), link(1, revision=2), link(1)], "plant")
    assert [answer.status for answer in answers] == [Status.STORED, Status.STORED, Status.STORED, Status.DUPLICATE]
    assert found(store) == [2, 1] and store.totals().links == 2
    (_, row) = store.links().rows
    assert (row.origin, row.child, row.tenant, row.segment) == ("sensor-1", "plant", "default", "default")
    assert row.link == link(1, revision=2).link() and row.link.messages == 24
    assert store.merge([Record("link", record_id(5), 1, "sensor-1", {"client": "x"})], "plant")[0].reason
    assert store.totals().links == 2 and store.totals().pending_up == {"up": 2}


def test_links_are_asked_for_by_either_end_child_and_protocol(store: Store) -> None:
    store.merge([link(1), link(2, protocol="s7comm", server_port=102)], "plant-a")
    others = [
        link(3, origin="other", client="192.168.1.11", server="10.0.0.9"),
        link(4, origin="other", protocol="opcua"),
    ]
    store.merge([*others, replace(link(5, origin="other"), segment="line 2")], "plant-b")
    assert found(store) == [5, 4, 3, 2, 1]
    assert found(store, child="plant-b") == [5, 4, 3] and found(store, protocol="s7comm") == [2]
    assert found(store, address="192.168.1.11") == [5, 4, 3, 2, 1], "as client and as server"
    assert found(store, address="192.168.1.3") == [2] and found(store, address="10.0.0.9") == [3]
    assert found(store, address="192.168.1.11", child="plant-b", protocol="modbus") == [5, 3]
    assert found(store, address="192.168.1.11", origin="other", segment="default") == [4, 3]
    assert found(store, child="plant-a", protocol="opcua") == [] == found(store, address="192.168.1")


def test_one_that_speaks_to_itself_comes_once(store: Store) -> None:
    store.merge([link(1, client="10.0.0.1", server="10.0.0.1")], "plant")
    assert found(store, address="10.0.0.1") == [1]


@pytest.mark.parametrize("where", [LinkFilter(), LinkFilter(address="192.168.1.11"), LinkFilter(child="plant")])
def test_pages_of_links_are_steady_under_writes(store: Store, where: LinkFilter) -> None:
    store.merge([link(number) for number in range(20)], "plant")
    seen: list[int] = []
    cursor, page = None, 0
    while True:
        got = store.links(where, 6, cursor)
        seen += [int(row.id, 16) - 3 * 10**6 for row in got.rows]
        cursor, page = got.next_cursor, page + 1
        if cursor is None:
            break
        store.merge([link(100 + page), link(10, revision=100 + page)], "plant")
    assert [number for number in seen if number < 20 and number != 10] == [n for n in range(19, -1, -1) if n != 10]
    assert len(seen) == len(set(seen))


def test_a_cursor_that_somebody_made_up_begins_at_the_first_page(store: Store) -> None:
    store.merge([link(1)], "plant")
    assert len(store.links(cursor="💥").rows) == 1


def station(revision: int, **changes: object) -> Record:
    body = replace(asset(1).asset(), last_ns=FIRST_NS + revision * SECOND, **changes)  # type: ignore[arg-type]
    return Record("asset", asset(1).id, revision, "sensor-1", Asset.to_json(body))


def test_a_station_has_its_last_twenty_revisions(reopen: Open) -> None:
    store = reopen()
    assert store.asset("sensor-1", asset(1).id) is None
    store.merge([station(1, roles=())], "plant")
    store.merge([station(2, roles=("client",)), station(3, roles=("client", "server"))], "plant")
    store.close()
    store = reopen()
    known = store.asset("sensor-1", asset(1).id)
    assert known is not None and known.segment == "default" and known.row == store.assets().rows[0]
    assert [(past.revision, past.asset.roles) for past in known.revisions] == [
        (3, ("client", "server")), (2, ("client",)), (1, ()),
    ]  # fmt: skip
    assert known.revisions[0].received_ns >= known.revisions[2].received_ns > 0
    for revision in range(4, 31):
        store.merge([station(revision), station(revision - 1)], "plant")
    known = store.asset("sensor-1", asset(1).id)
    assert known is not None and [past.revision for past in known.revisions] == list(range(30, 10, -1))
    assert known.row.asset.last_ns == FIRST_NS + 30 * SECOND
    store.close()


def test_stations_and_links_stay_whatever_their_age(store: Store) -> None:
    store.merge([asset(1), link(1)], "plant")
    run = store.expire(store.assets().rows[0].received_ns + 400 * 86_400 * SECOND)
    assert (run.incidents, run.others) == (0, 0) and len(store.links().rows) == len(store.assets().rows) == 1
