"""What stands on the cluster: names, fields, and what no sender can do to them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from console.store import CountBy, IncidentFilter, NodeFilter, Silence, Store
from console.store.elastic import ElasticSettings, indices, templates
from console.store.elastic.pictures import KEEP_PICTURES
from console.store.elastic.store import ElasticStore
from sensor.schema import Record
from sensor.schema.fields import FIELDS
from tests.console.store.elastic.cluster import Cluster
from tests.console.store.test_queries import Enrolled, Listed
from tests.federation.line_records import FIRST_NS, alert, asset, evidence, heartbeat, record_id

DAY_NS = 86_400 * 10**9
NOW_NS = FIRST_NS + DAY_NS


def mapped(cluster: Cluster) -> dict[str, Any]:
    found = cluster.client.indices.get_mapping(index=f"{cluster.prefix}-*").body
    return {index: item["mappings"]["properties"] for index, item in found.items()}


def test_indices_are_by_kind_and_period(cluster: Cluster) -> None:
    store = cluster.open(clock_ns=lambda: NOW_NS)
    other = Record(kind="inspection", id=record_id(9), revision=1, origin="sensor-1", body={"x": 1})
    october = FIRST_NS - 40 * DAY_NS
    store.merge([alert(1), alert(2, first_ns=october), asset(1), heartbeat(1), evidence(1), other], "plant")
    month, before = (datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y.%m") for ns in (FIRST_NS, october))
    assert cluster.indices() == sorted(
        f"{cluster.prefix}-{name}-v1"
        for name in (
            f"incident-{month}", f"incident-{before}", "asset", f"heartbeat-{month}", f"evidence-{month}", "other",
            "sensor",
        )
    )  # fmt: skip


@pytest.mark.parametrize(("period", "form"), [("day", "%Y.%m.%d"), ("year", "%Y"), ("none", "")])
def test_the_period_is_a_setting(cluster: Cluster, period: str, form: str) -> None:
    cluster.settings = replace(cluster.settings, periods={"incident": period})
    cluster.open(clock_ns=lambda: NOW_NS).merge([alert(1), alert(1, revision=2)], "plant")
    middle = datetime.fromtimestamp(FIRST_NS // 10**9, UTC).strftime(f"-{form}") if form else ""
    assert cluster.indices() == [f"{cluster.prefix}-incident{middle}-v1"]
    assert len(cluster.documents("incident")) == 1


def test_what_is_dated_out_of_all_reason_shares_one_index(cluster: Cluster) -> None:
    """A sensor whose clock jumps over the centuries would else make an index a month, and a cluster has room for 1,000
    shards."""
    store = cluster.open(clock_ns=lambda: NOW_NS)
    moments = [1, 300 * DAY_NS, 9 * 10**18, 2**63 - 1, *(k * 40 * DAY_NS for k in range(20))]
    store.merge([alert(n, first_ns=ns, last_ns=ns) for n, ns in enumerate(moments)], "plant")
    assert cluster.indices() == [f"{cluster.prefix}-incident-strays-v1"]
    # It stays where it is, also when its own time has come: every revision finds the same document.
    soon = alert(99, first_ns=FIRST_NS + 400 * DAY_NS)
    store.merge([soon], "plant")
    store._clock_ns = lambda: FIRST_NS + 400 * DAY_NS
    store.merge([alert(99, revision=2, first_ns=FIRST_NS + 400 * DAY_NS)], "plant")
    assert cluster.indices() == [f"{cluster.prefix}-incident-strays-v1"]
    assert store.totals().incidents == len(moments) + 1


def test_a_sender_that_changes_the_first_time_makes_no_second_incident(cluster: Cluster) -> None:
    store = cluster.open()
    store.merge([alert(1)], "plant")
    store.merge([alert(1, revision=2, first_ns=FIRST_NS - 100 * DAY_NS)], "plant")
    assert store.totals().incidents == 1 and len(store.incidents().rows) == 1
    assert store.latest() == {alert(1, revision=2).key}


def test_no_sender_can_make_the_mapping_grow(cluster: Cluster) -> None:
    store = cluster.open()
    store.merge([alert(1)], "plant")
    before = mapped(cluster)
    (incident,) = before.values()
    hostile: dict[str, Any] = {f"invented.{number}": number for number in range(3000)}
    hostile |= {
        "modbus.address": "not a number", "modbus.values": {"deep": {"deeper": [1, {"x": 2}]}}, "source.port": [[]],
        "network.vlan.id": 2**64, "alert.count": "many", "otus.workflow": "closed", "segment": "elsewhere",
        "observer.name": "another", "event.id": "x", "@timestamp": "yesterday", "a..b": 1, "": 2, "x" * 40000: 4,
        "operation.name": "y" * 40000,
    }  # fmt: skip
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    hostile["arp.operation"] = deep
    answers = store.merge([alert(2, fields=hostile), alert(3)], "plant")
    assert [str(answer.status) for answer in answers] == ["stored", "stored"]
    assert mapped(cluster) == before
    assert "invented.1" not in incident and incident["modbus.address"]["type"] == "long"
    row = store.incidents(IncidentFilter(workflow="new", origin="sensor-1")).rows[1]
    assert (row.id, row.count, row.segment, row.first_ns) == (
        record_id(2), 1, "default", FIRST_NS + 2 * 10**9,
    )  # fmt: skip
    found = store.incident("sensor-1", record_id(2))
    assert found is not None and found.record.alert().fields["invented.2999"] == 2999


@pytest.mark.parametrize("kind", indices.KINDS)
def test_templates_are_made_from_the_list_of_fields(kind: str) -> None:
    fields = templates.properties(kind)
    own = {"sensor": "heartbeat."}.get(kind, f"{kind}.")
    assert {name for name in FIELDS if name.startswith(own)} <= fields.keys()
    assert ("modbus.address" in fields) == (kind == "incident")
    assert {name: fields[name]["type"] for name in fields.keys() & FIELDS.keys()} == {
        name: templates._mapped(FIELDS[name])["type"] for name in fields.keys() & FIELDS.keys()
    }
    assert not fields.keys() & templates.SOURCE_ONLY
    made = templates.body(ElasticSettings(urls=("http://127.0.0.1:9200",)), kind)
    assert made["mappings"]["dynamic"] is False
    assert made["settings"]["mapping.total_fields.limit"] >= len(fields)


def test_every_column_that_is_written_is_declared(cluster: Cluster) -> None:
    store = cluster.open()
    records = [alert(1), asset(1), heartbeat(1), evidence(1)]
    store.merge(records, "plant")
    for kind in ("incident", "asset", "heartbeat", "evidence", "sensor"):
        (source,) = cluster.documents(kind)
        assert source.keys() <= templates.properties(kind).keys() | templates.SOURCE_ONLY
        assert Record.from_bytes(source["otus.record"].encode()).path == ("plant",)
    (incident,) = cluster.documents("incident")
    assert incident["@timestamp"] == "2026-11-20T06:00:01.000000000Z"
    assert json.loads(incident["otus.revisions"])[0][0] == 1
    assert incident["client.address"] == "192.168.1.66" and incident["modbus.address"] == 112


def test_a_new_field_is_added_to_what_is_there(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}n")
    cluster.prefix = cluster.settings.prefix
    whole = templates.properties

    def older(kind: str) -> dict[str, Any]:
        return {name: field for name, field in whole(kind).items() if not name.startswith("modbus.")}

    with monkeypatch.context() as before:
        before.setattr(templates, "properties", older)
        cluster.open().merge([alert(1)], "plant")
    (fields,) = mapped(cluster).values()
    assert "modbus.address" not in fields
    store = cluster.open()
    (fields,) = mapped(cluster).values()
    assert fields["modbus.address"]["type"] == "long"
    store.merge([alert(1, revision=2), alert(2)], "plant")
    assert store.latest() == {alert(1, revision=2).key, alert(2).key}


def test_a_new_mapping_version_leaves_the_old_indices_and_reads_them_on(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}v")
    cluster.prefix = cluster.settings.prefix
    old = cluster.open()
    old.merge([alert(1), alert(2)], "plant")
    monkeypatch.setattr(indices, "VERSION", 2)
    monkeypatch.setattr(templates, "VERSION", 2)
    store = cluster.open()
    answers = store.merge([alert(1, revision=2), alert(2), alert(3)], "plant")
    assert [str(answer.status) for answer in answers] == ["stored", "duplicate", "stored"]
    stand = {hit["_source"]["event.id"]: hit["_index"][-2:] for hit in cluster.hits("incident")}
    assert stand == {record_id(1): "v1", record_id(2): "v1", record_id(3): "v2"}
    assert len(store.incidents().rows) == 3 and store.counts(CountBy.CHILD)[0].incidents == 3
    # The one who does not know the new version yet goes on beside it.
    old.merge([alert(4)], "plant")
    assert store.totals().incidents == 4


def test_a_new_mapping_version_counts_each_sensor_once(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}s")
    cluster.prefix = cluster.settings.prefix
    cluster.open().merge([heartbeat(1), heartbeat(2, origin="sensor-2")], "plant")
    monkeypatch.setattr(indices, "VERSION", 2)
    monkeypatch.setattr(templates, "VERSION", 2)
    store = cluster.open(nodes=Listed([Enrolled(f"sensor-{number}", "sensor") for number in range(1, 5)]))
    answers = store.merge([heartbeat(1, revision=2), heartbeat(3, origin="sensor-3")], "plant")
    assert [str(answer.status) for answer in answers] == ["stored", "stored"]
    stand = {hit["_id"]: (hit["_index"][-2:], hit["_source"]["otus.revision"]) for hit in cluster.hits("sensor")}
    assert stand == {"sensor-1": ("v1", 2), "sensor-2": ("v1", 1), "sensor-3": ("v2", 1)}
    covered = store.coverage(0)
    assert (covered.sensors, covered.silent_names) == (4, ("sensor-4",))
    seen = [(row.name, row.last_seen_ns > 0) for row in store.sensors(NodeFilter(silence=Silence.FIRST)).rows]
    assert seen == [("sensor-4", False), ("sensor-1", True), ("sensor-2", True), ("sensor-3", True)]


def test_pages_are_of_one_picture(cluster: Cluster) -> None:
    store: Store = cluster.open()
    store.merge([alert(number) for number in range(10)], "plant")
    page = store.incidents(limit=4)
    # What moves to the front meanwhile is neither missed nor told twice.
    store.merge([alert(2, revision=9, last_ns=FIRST_NS + 99 * 10**9), alert(50)], "plant")
    seen = [int(row.id, 16) for row in page.rows]
    while page.next_cursor is not None:
        page = store.incidents(limit=4, cursor=page.next_cursor)
        seen += [int(row.id, 16) for row in page.rows]
    assert seen == list(range(9, -1, -1))


def test_a_picture_that_is_gone_goes_on_in_the_list_as_it_is(cluster: Cluster) -> None:
    store, other = cluster.open(), cluster.open()
    assert isinstance(store, ElasticStore)
    store.merge([alert(number) for number in range(10)], "plant")
    first = store.incidents(limit=4)
    (picture,) = store._lists._pictures._open.values()
    rest = [5, 4, 3, 2]
    # In another process, after Elasticsearch let it go, and after this process did: the same place.
    assert [int(row.id, 16) for row in other.incidents(limit=4, cursor=first.next_cursor).rows] == rest
    cluster.client.close_point_in_time(id=picture)
    assert [int(row.id, 16) for row in store.incidents(limit=4, cursor=first.next_cursor).rows] == rest
    for _ in range(KEEP_PICTURES + 3):
        store.incidents(limit=4)
    assert len(store._lists._pictures._open) == KEEP_PICTURES
    second = store.incidents(limit=4, cursor=first.next_cursor)
    assert [int(row.id, 16) for row in second.rows] == rest
    assert len(first.next_cursor or "") < 200
    store.close()
    contexts = cluster.client.indices.stats(metric="search")["_all"]["total"]["search"]["open_contexts"]
    assert contexts == 0


def test_a_page_that_is_all_keeps_no_picture(cluster: Cluster) -> None:
    store = cluster.open()
    store.merge([alert(1)], "plant")
    store.incidents()
    store.assets()
    assert len(store._lists._pictures._open) == 0


def test_what_nobody_asks_for_has_no_index_of_values(cluster: Cluster) -> None:
    """It costs most when a document is written. A message's own fields stand in columns for people with tools of their
    own; what another column says too stands in the source only."""
    cluster.open().merge([alert(1)], "plant")
    (fields,) = [fields for index, fields in mapped(cluster).items() if "-incident-" in index]
    assert all("index" not in fields[name] for name in ("alert.last_ns", "otus.words", "otus.child"))
    assert all(fields[name]["index"] is False for name in ("event.id", "client.address", "modbus.address"))
    assert all(fields[name]["doc_values"] is False for name in ("otus.words", "alert.cause", "alert.state"))
    assert not {"client.ip", "otus.record", "otus.revision"} & fields.keys()


def test_an_index_made_before_keeps_how_it_is_indexed_and_gets_what_it_lacks(cluster: Cluster) -> None:
    cluster.settings = replace(cluster.settings, prefix=f"{cluster.prefix}w")
    cluster.prefix = cluster.settings.prefix
    month = datetime.fromtimestamp(FIRST_NS // 10**9, UTC).strftime("%Y.%m")
    made = {"event.id": {"type": "keyword", "ignore_above": 1024}, "otus.child": {"type": "keyword"}}
    alias = f"{cluster.prefix}-incident"
    cluster.client.indices.create(
        index=f"{alias}-{month}-v1",
        aliases={alias: {}},
        mappings={"dynamic": False, "subobjects": False, "properties": made},
    )
    store = cluster.open(clock_ns=lambda: NOW_NS)
    store.merge([alert(1), alert(2)], "plant")
    (fields,) = mapped(cluster).values()
    assert "index" not in fields["event.id"] and fields["client.address"]["index"] is False
    assert [row.id for row in store.incidents(limit=1).rows] == [record_id(2)]


def test_numbers_beyond_64_bits_are_kept(cluster: Cluster) -> None:
    store = cluster.open()
    record = alert(1)
    record = replace(record, body={**record.body, "fields": {"modbus.address": 10**30}})
    assert [str(answer.status) for answer in store.merge([record], "plant")] == ["stored"]
    kept = store.incident(record.origin, record.id)
    assert kept is not None and kept.record.body["fields"] == {"modbus.address": 10**30}
