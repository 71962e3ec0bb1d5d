"""The batch's JSON Schema is the models', and models and dataclasses agree on what a record is."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from sensor.schema import (
    Alert,
    Asset,
    Endpoint,
    Evidence,
    EvidenceFile,
    Heartbeat,
    Interface,
    Ledger,
    Link,
    Reason,
    Record,
    RecordError,
    Text,
)
from sensor.schema import batch as models
from tests.federation.line_records import alert, asset, evidence, heartbeat, link


@pytest.mark.drift
def test_the_committed_schema_is_the_models() -> None:
    committed = models.SCHEMA_FILE.read_text(encoding="utf-8")
    assert committed == models.schema_text(), "run: python -m sensor.schema.batch"


PAIRS: list[tuple[type, type]] = [
    (Alert, models.AlertModel),
    (Asset, models.AssetModel),
    (Heartbeat, models.HeartbeatModel),
    (Text, models.TextModel),
    (Endpoint, models.EndpointModel),
    (Reason, models.ReasonModel),
    (Evidence, models.EvidenceModel),
    (Ledger, models.LedgerModel),
    (Interface, models.InterfaceModel),
    (EvidenceFile, models.EvidenceFileModel),
    (Link, models.LinkModel),
]


@pytest.mark.parametrize(("dataclass", "model"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS])
def test_models_and_dataclasses_have_the_same_keys(dataclass: type, model: Any) -> None:
    assert {field.name for field in fields(dataclass)} - {"extra"} == set(model.model_fields)


def test_envelope_and_dataclass_have_the_same_keys() -> None:
    named = {field.alias or name for name, field in models.AlertRecord.model_fields.items()}
    assert named == {field.name for field in fields(Record)} - {"extra"}


@pytest.mark.parametrize(
    "record", [alert(1), asset(1), heartbeat(1), evidence(1), link(1)], ids=lambda record: record.kind
)
def test_our_own_records_pass(record: Record) -> None:
    assert models.check_record(json.loads(record.to_bytes())) == record


def test_messages_name_the_key() -> None:
    wrong = alert(1).to_json() | {"body": alert(1).body | {"count": "many", "level": "dire"}}
    with pytest.raises(RecordError, match=r"body\.level.*body\.count|body\.count.*body\.level"):
        models.check_record(wrong)


@pytest.mark.parametrize(("schema", "major"), [("1.0", 1), ("1.99", 1), ("2.0", 2), ("12.3", 12)])
def test_majors(schema: str, major: int) -> None:
    assert models.major_of(schema) == major


@pytest.mark.parametrize("schema", [None, 1, 1.0, "", "1", "1.", ".1", "a.b", "1.0.0", "-1.0", "1.٣", "99999.0"])
def test_versions_that_are_none(schema: object) -> None:
    with pytest.raises(RecordError, match=r"schema: must be like '1\.0'"):
        models.major_of(schema)
