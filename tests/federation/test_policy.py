"""The upward cut: what leaves the enterprise, for every listed field and for everything nobody listed."""

from __future__ import annotations

import ipaddress
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.addresses import INTERNAL
from federation.policy import UpwardPolicy
from federation.pseudonyms import Pseudonyms, load_key
from sensor.schema import Endpoint, Evidence, Reason, Record, Text
from sensor.schema.batch import check_record
from sensor.schema.fields import FIELDS, Field, FieldType, Upward
from tests.federation.line_records import FIRST_NS, alert, asset, evidence, heartbeat, story

KEY = bytes(range(32))
POLICY = UpwardPolicy(KEY)


def cut(record: Record) -> dict[str, Any]:
    return POLICY.cut(record).to_json()


def test_identity_stays_and_the_result_is_a_record_a_parent_takes() -> None:
    for record in (alert(1, revision=4), asset(1), heartbeat(1), evidence(1), story(1, revision=2)):
        outgoing = POLICY.cut(record)
        assert outgoing.key == record.key
        assert outgoing.path == record.path
        assert check_record(json.loads(outgoing.to_bytes())) == outgoing


def test_a_story_is_understood_above_without_what_tells_about_the_process() -> None:
    outgoing = POLICY.cut(story(1))
    told, names = outgoing.story(), POLICY._names
    (step,) = told.steps
    assert (told.actor, step.source) == (names.name("192.168.1.66", "default"),) * 2
    assert step.targets == (names.name("192.168.1.11", "default"),) == (told.severity.station,)
    assert (told.severity.name, told.severity.serves, told.severity.number) == (None, None, 4 * 9)
    assert outgoing.body["cut"]["dropped"] == ["story.severity.name", "story.severity.serves"]
    assert outgoing.body["cut"]["unlisted"] is False


def test_an_alert_cut() -> None:
    record = alert(
        1,
        title=Text("192.168.1.66 写控制器", "192.168.1.66 writes"),
        reason=Reason("baseline:new_object", {"start": 112, "learned": [[0, 39]], "value": 2650, "invented": "x"}),
        source=Endpoint("203.0.113.9", 4444, None),
    )
    host, mac = POLICY._names.name("192.168.1.66", "default"), POLICY._names.name("02:00:00:00:00:66")
    body = cut(record)["body"]
    assert body["client"] == {"ip": host, "port": 49152, "mac": mac}
    assert body["source"] == {"ip": "203.0.113.9", "port": 4444, "mac": None}
    assert body["title"] == {"zh": f"{host} 写控制器", "en": f"{host} writes"}
    assert body["reason"] == {"code": "baseline:new_object", "params": {"start": 112, "learned": [[0, 39]]}}
    assert body["fields"] == {"operation.name": "write_single_register", "modbus.address": 112}
    assert body["evidence"] == [{"frame": 17, "ts_ns": FIRST_NS, "fields": {"source.ip": host}}]
    assert body["coverage"] == {"received": 100, "parsed": 90, "skipped": 10, "lost": 0}
    assert {"modbus.values", "reason.value", "alert.evidence.file"} <= set(body["cut"]["dropped"])
    assert body["cut"]["unlisted"] is True
    assert {"client.ip", "client.mac"} <= set(body["cut"]["pseudonym"])


def test_an_asset_cut() -> None:
    body = cut(asset(1))["body"]
    assert body["ip"].startswith("host-") and body["mac"].startswith("mac-")
    assert body["identity"] == {"vendor": "Siemens"}
    assert body["roles"] == ["server"]


def test_evidence_says_which_file_it_is_and_no_more() -> None:
    """What travels proves a file that stays; payload has no place in it, whatever a newer sensor may add."""
    record = evidence(1)
    outgoing = cut(replace(record, body={**record.body, "pcapng": "0a0d0d0a", "path": "/var/lib/otus/x.pcapng"}))
    assert {key: value for key, value in outgoing["body"].items() if key != "cut"} == record.body
    assert outgoing["body"]["cut"]["unlisted"] is True


def test_a_heartbeat_cut_keeps_the_ledger_and_hides_the_ports_names() -> None:
    record = heartbeat(1)
    port = {
        "name": "boiler-house",
        "received": 5,
        "dropped": 0,
        "transmitted": 0,
        "nic_dropped": 0,
        "offloads": ["gro"],
    }
    beat = {**record.body, "interfaces": [port], "spool": {"pending": 3, "dropped": {"notice": 2}}, "model": "active"}
    body = cut(replace(record, body=beat))["body"]
    assert body["ledger"] == {"received": 100, "parsed": 90, "skipped": {"no_payload": 10}, "lost": {}, "held": 0}
    assert body["interfaces"] == [{k: v for k, v in port.items() if k != "name"}]
    assert body["spool"] == {"pending": 3, "dropped": {"notice": 2}}


def test_what_is_unlisted_stays_at_home_wherever_it_stands() -> None:
    record = alert(1)
    body = {**record.body, "newest": "secret-1", "fields": {**record.body["fields"], "modbus.newest": "secret-2"}}
    body["client"] = {**body["client"], "user": "secret-3"}
    outgoing = cut(replace(record, body=body, extra={"note": "secret-4"}))
    assert "secret" not in json.dumps(outgoing)
    assert outgoing["body"]["cut"]["unlisted"] is True


def test_a_kind_nobody_knows_goes_up_empty() -> None:
    record = Record(kind="inspection", id="0" * 32, revision=1, origin="sensor-1", body={"finding": "secret"})
    assert "secret" not in json.dumps(cut(record))


def test_a_value_of_another_type_than_listed_is_dropped() -> None:
    body = cut(alert(1, fields={"modbus.function_code": "payload as text", "modbus.unit_id": {"a": 1}, "flaws": ["x"]}))
    assert body["body"]["fields"] == {"flaws": ["x"]}


def test_names_are_stable_apart_by_segment_and_by_key() -> None:
    names, others = Pseudonyms(KEY), Pseudonyms(bytes(32))
    assert names.name("192.168.1.5", "a") == names.name("192.168.1.5", "a")
    assert names.name("fe80::1") == names.name("FE80:0::0001")
    assert names.name("192.168.1.5", "a") != names.name("192.168.1.5", "b")
    assert names.name("192.168.1.5") != others.name("192.168.1.5")
    assert names.name("02:00:00:00:00:66", "a") == names.name("02-00-00-00-00-66", "b")
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(b"short")


def test_what_was_cut_once_passes_a_second_cut_unchanged() -> None:
    once = POLICY.cut(alert(1))
    body = {key: value for key, value in once.body.items() if key != "cut"}
    again = POLICY.cut(once)
    assert {key: value for key, value in again.body.items() if key != "cut"} == body


def test_the_preview_says_what_the_cut_does() -> None:
    record = alert(1)
    preview = POLICY.preview(record)
    assert preview["client.ip"].action is Upward.PSEUDONYM
    assert preview["client.ip"].value == "192.168.1.66"
    assert preview["client.ip"].outgoing == cut(record)["body"]["client"]["ip"]
    assert preview["fields.modbus.values"].action is Upward.DROP
    assert preview["fields.modbus.values"].why == "core"
    assert preview["count"].action is Upward.CLEAR
    assert preview["evidence.0.file"].outgoing is None


def test_the_key_is_made_once_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    key = load_key(path)
    assert load_key(path) == key and len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    path.write_text("short")
    with pytest.raises(ValueError, match="not a pseudonym key"):
        load_key(path)


# Nothing secret survives, wherever it stands.

SECRET_NUMBER = 7_318_264_905
SECRET_TEXT = "5ec2e7-payload"
addresses = st.one_of(
    st.ip_addresses(network="10.0.0.0/8"),
    st.ip_addresses(network="192.168.0.0/16"),
    st.ip_addresses(network="fd00::/8"),
    st.ip_addresses(network="fe80::/10"),
).map(str)
macs = st.binary(min_size=6, max_size=6).map(lambda raw: ":".join(f"{byte:02x}" for byte in raw))
DROPPED = sorted(name for name, field in FIELDS.items() if field.upward is Upward.DROP and field.protocol)
HIDDEN = sorted(name for name, field in FIELDS.items() if field.upward is Upward.PSEUDONYM and "." in name)
CLEAR_TEXTS = sorted(
    name
    for name, field in FIELDS.items()
    if field.upward is Upward.CLEAR and field.type is FieldType.TEXT and field.protocol
)


@st.composite
def secrets_everywhere(draw: st.DrawFn) -> tuple[Record, list[str]]:
    """A record with register values, payload and internal addresses in every kind of place."""
    address, mac = draw(addresses), draw(macs)
    values = draw(
        st.sampled_from([SECRET_NUMBER, [SECRET_NUMBER], [1, [SECRET_NUMBER]], str(SECRET_NUMBER), SECRET_TEXT])
    )
    sentence = draw(st.sampled_from(["{} writes", "to {}:502", "({})", "{}", "x={};"])).format(
        draw(st.sampled_from([address, mac]))
    )
    fields: dict[str, Any] = {name: values for name in draw(st.lists(st.sampled_from(DROPPED), max_size=4))}
    fields |= {name: sentence for name in draw(st.lists(st.sampled_from(CLEAR_TEXTS), max_size=4))}
    fields |= {
        name: draw(st.sampled_from([address, mac, sentence]))
        for name in draw(st.lists(st.sampled_from(HIDDEN), max_size=4))
    }
    fields |= {draw(st.text(max_size=8)): values, f"modbus.{address}": 1, "link": {"known": values}}
    params = {
        "value": values,
        "low": values,
        "client": address,
        "object": sentence,
        "rule": sentence,
        "odd": values,
        "x": fields,
    }
    end = Endpoint(address, 502, mac, {"note": values})
    record = alert(
        1,
        title=Text(sentence, sentence),
        advice=Text(sentence, sentence),
        reason=Reason("baseline:new_object", params, {"raw": values}),
        client=end,
        server=end,
        source=end,
        destination=end,
        fields=fields,
        evidence=(Evidence(1, FIRST_NS, f"{address}.pcap", mac, fields, {"hex": values}),) * draw(st.integers(0, 3)),
        coverage={"received": 1, address: 2, "why": values},
    )
    kind = draw(st.sampled_from(["alert", "asset", "heartbeat", "evidence", "something"]))
    body: dict[str, Any] = {**record.body, "extra": values, sentence: values}
    if kind == "asset":
        body |= {
            "ip": address,
            "mac": mac,
            "identity": {"vendor": sentence, "serial": values, **fields},
            "segment": sentence,
        }
    if kind == "heartbeat":
        body |= {
            "sensor": sentence, "interfaces": [{"name": address, "offloads": [sentence], **fields}], "model": sentence,
            "versions": {sentence: sentence}, "spool": {"dropped": {address: 1}, "x": values}, "baseline": fields,
        }  # fmt: skip
    record = replace(record, kind=kind, body=body, segment=sentence, tenant=sentence, extra={"more": values})
    return record, [address, mac, str(SECRET_NUMBER), SECRET_TEXT]


@settings(max_examples=400, deadline=None)
@given(secrets_everywhere())
def test_no_register_value_and_no_internal_address_survives(made: tuple[Record, list[str]]) -> None:
    record, secrets = made
    outgoing = POLICY.cut(record).to_bytes().decode("utf-8").lower()
    for secret in secrets:
        assert secret.lower() not in outgoing
    assert POLICY.cut(record).key == record.key


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_every_listed_field_is_cut_as_listed(field: Field) -> None:
    """Walks the list: each field's own example, put where it belongs, comes out as its line says."""
    kind, _, rest = field.name.partition(".")
    record = alert(1)
    if kind in ("client", "server", "source", "destination"):
        body = {**record.body, kind: {rest: field.example}}
        value = cut(replace(record, body=body))["body"].get(kind, {}).get(rest)
    elif kind in ("alert", "asset", "heartbeat", "evidence", "reason"):
        path = ["reason", "params", *rest.split(".")] if kind == "reason" else rest.split(".")
        listed = (len(path) > 1 and path[0] in ("evidence", "interfaces")) or path[2:3] == ["features"]
        inner: Any = field.example
        for number, part in reversed(list(enumerate(path))):
            inner = {part: inner}
            if listed and number == len(path) - 1:
                inner = [inner]
        value = cut(replace(record, kind="alert" if kind == "reason" else kind, body=inner))["body"]
        for part in path:
            value = value[0] if isinstance(value, list) else value
            value = value.get(part) if isinstance(value, dict) else None
    else:
        value = cut(alert(1, fields={field.name: field.example}))["body"].get("fields", {}).get(field.name)
    if field.upward is Upward.DROP:
        assert value is None
    elif field.upward is Upward.CLEAR:
        assert value == field.example
    else:
        examples = field.example if isinstance(field.example, list) else [field.example]
        assert value is not None
        assert not any(str(example) in json.dumps(value) for example in examples if _not_public(example))


def _not_public(example: Any) -> bool:
    """An internal address, or no address. A mask is an address by its type and of nobody."""
    try:
        address = ipaddress.ip_address(str(example))
        return any(address.version == network.version and address in network for network in INTERNAL)
    except ValueError:
        return True
