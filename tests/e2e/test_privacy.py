"""What the stores of three tiers hold, byte by byte: recorded attacks go up, the plant's secrets do not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sensor.schema.fields import FIELDS
from testbed.demo import sensor_settings
from testbed.plant_opcua import PASSWORDS
from testbed.replayed import learn_recorded, replay_recorded
from testbed.tiers import Tiers
from tests.captures import ROOT
from tests.e2e.privacy import hardware_addresses, internal_addresses, leaves

CAPTURES = ROOT / "pcaps"
OUTSIDER, ATTACKER = "8.8.3.135", bytes((10, 77, 1, 66))
"""Written in the attacker's place. The sum of its halves is the same, so every checksum stays right."""
ABOVE = ("province", "ministry")


@dataclass(frozen=True)
class Stored:
    """One tier: every record as parsed JSON, and the bytes of its files."""

    records: dict[tuple[str, str], dict[str, Any]]
    texts: list[str]
    files: bytes


def stored(folder: Path) -> Stored:
    database = sqlite3.connect(folder / "store.sqlite")
    records, texts = {}, []
    for (whole,) in database.execute("SELECT whole FROM record"):
        record = json.loads(whole)
        records[record["origin"], record["id"]] = record
        texts.append(whole.decode("utf-8"))
    queued = [row[0] for row in database.execute("SELECT body FROM spool_record WHERE body IS NOT NULL")]
    database.close()
    texts += [body.decode("utf-8") for body in queued]
    return Stored(records, texts, b"".join(path.read_bytes() for path in sorted(folder.glob("store.sqlite*"))))


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stored]]:
    """Everything recorded of the plant and every action at it, from an outsider where it was the intruder."""
    work = tmp_path_factory.mktemp("tiers")
    attack = work / "attack.pcap"
    outsider = bytes(int(part) for part in OUTSIDER.split("."))
    attack.write_bytes((CAPTURES / "plant" / "attack.pcap").read_bytes().replace(ATTACKER, outsider))
    actions = [path for name in ("modbus", "opcua", "s7comm") for path in sorted((CAPTURES / name).glob("*.pcap"))]
    learn_recorded(CAPTURES / "plant" / "normal.pcap", work / "baseline", 2)
    line = Tiers(work, None)
    try:
        line.start()
        replay_recorded([attack, *actions], sensor_settings(line, work))
        line.wait_until_equal(60)
    finally:
        line.stop()
    yield {running.tier.kind: stored(running.folder) for running in line.running}


def test_the_enterprise_sees_everything(tiers: dict[str, Stored]) -> None:
    """What is looked for above is really there below."""
    text = "\n".join(tiers["enterprise"].texts)
    assert {"10.77.1.11", "10.77.1.102"} <= internal_addresses(text)
    assert hardware_addresses(text)
    assert OUTSIDER in text
    names = {name for record in tiers["enterprise"].records.values() for name, _ in leaves(record)}
    assert {"modbus.values", "opcua.values", "opcua.user_name", "s7comm.data"} <= names
    assert set(PASSWORDS) & user_names(tiers["enterprise"])


def user_names(tier: Stored) -> set[str]:
    return {
        str(value)
        for record in tier.records.values()
        for name, value in leaves(record)
        if name == "opcua.user_name" and value
    }


def core_values(tier: Stored) -> set[str]:
    """Values that read like nothing else: long enough that a count or a port is not mistaken for one."""
    core = {name for name, field in FIELDS.items() if str(field.level) == "core"}
    found = {str(value) for record in tier.records.values() for name, value in leaves(record) if name in core}
    return {value for value in found if len(value) >= 5} - {"65535"}  # which is the last address, too


PROSE = ("title", "advice", "consequence")
COUNTS = ("coverage", "ledger", "interfaces", "count")


def told(record: dict[str, Any]) -> dict[str, Any]:
    """What a record tells of the traffic: not the words of a rule, not how many packets there were."""
    return {name: value for name, value in record["body"].items() if name not in (*PROSE, *COUNTS)}


def told_by_the_sensor(tier: Stored) -> set[tuple[str, str]]:
    """But for heartbeats: the ministry hears their sum from the province."""
    return {key for key, record in tier.records.items() if record["kind"] != "heartbeat"}


@pytest.mark.parametrize("name", ABOVE)
def test_all_alerts_arrive(tiers: dict[str, Stored], name: str) -> None:
    assert told_by_the_sensor(tiers[name]) == told_by_the_sensor(tiers["enterprise"])
    assert len(tiers[name].records) > 100


@pytest.mark.parametrize("name", ABOVE)
def test_no_internal_address_and_no_mac(tiers: dict[str, Stored], name: str) -> None:
    for text in tiers[name].texts:
        assert internal_addresses(text) == set() and hardware_addresses(text) == set(), text[:2000]
    assert b"10.77.1." not in tiers[name].files
    inside = hardware_addresses("\n".join(tiers["enterprise"].texts))
    assert [one for one in inside if one.encode() in tiers[name].files] == []


@pytest.mark.parametrize("name", ABOVE)
def test_no_value_of_a_register(tiers: dict[str, Stored], name: str) -> None:
    withheld = {field.name for field in FIELDS.values() if str(field.level) == "core"}
    secrets = core_values(tiers["enterprise"])
    assert "65000" in secrets, "what the attacker wrote"
    for record in tiers[name].records.values():
        held = list(leaves(told(record)))
        assert not withheld & {key for key, _ in held}, record
        assert [(key, value) for key, value in held if str(value) in secrets] == []


@pytest.mark.parametrize("name", ABOVE)
def test_no_name_of_a_user(tiers: dict[str, Stored], name: str) -> None:
    users = user_names(tiers["enterprise"])
    for record in tiers[name].records.values():
        for key, value in leaves(told(record)):
            assert not [one for one in users if one in str(value)], (key, value)
    assert user_names(tiers[name]) and all(one.startswith("name-") for one in user_names(tiers[name]))


@pytest.mark.parametrize("name", ABOVE)
def test_the_outsider_can_be_traced(tiers: dict[str, Stored], name: str) -> None:
    """A public address stays, or nobody could follow an attacker; whom it attacked has the same name everywhere."""
    seen = [record for record in tiers[name].records.values() if record["kind"] == "alert"]
    attacks = [record["body"] for record in seen if (record["body"].get("client") or {}).get("ip") == OUTSIDER]
    assert len(attacks) > 10
    assert all(body["server"]["ip"].startswith("host-") for body in attacks)
    assert 2 <= len({body["server"]["ip"] for body in attacks}) <= 4
