"""Index templates, made from `FIELDS`: what is not declared here is kept in the record's text and indexed nowhere.

Names are flat (`subobjects: false`) and nothing is added by itself (`dynamic: false`), so that no sender can make the
mapping grow, and a value of the wrong type leaves only its own field out of the index.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

from console.store import StoreError
from console.store.elastic.connection import asking
from console.store.elastic.documents import OF_MESSAGE
from console.store.elastic.indices import KINDS, VERSION, alias
from console.store.elastic.settings import ElasticSettings
from sensor.schema.fields import FIELDS, Field, FieldType

log = logging.getLogger(__name__)

Mapped = dict[str, Any]

KEYWORD: Mapped = {"type": "keyword", "ignore_above": 1024}
LONG: Mapped = {"type": "long", "ignore_malformed": True}
TEXT: Mapped = {"type": "text", "index_options": "positions", "norms": False}
"""The standard analyser takes Chinese apart by characters; a phrase of them finds every word. Nothing is ranked."""
SEEN: Mapped = {"type": "keyword", "ignore_above": 1024, "index": False}
NUMBER_SEEN: Mapped = {"type": "long", "ignore_malformed": True, "index": False}
"""Columns without an index of values: they are counted and sorted by and, slowly, searched."""
FOUND: Mapped = {"type": "keyword", "ignore_above": 1024, "doc_values": False}
"""An index of values without a column: found by, and nothing else."""

_TYPES: Mapping[FieldType, Mapped] = {
    FieldType.UNSIGNED: LONG,
    FieldType.SIGNED: LONG,
    FieldType.FLOAT: {"type": "double", "ignore_malformed": True},
    # A boolean of another type would refuse its whole document.
    FieldType.BOOLEAN: KEYWORD,
    FieldType.TEXT: KEYWORD,
    FieldType.BYTES: KEYWORD,
    # Above the enterprise an address may be a pseudonym, which no `ip` field takes.
    FieldType.IP: KEYWORD,
    FieldType.ANY: KEYWORD,
}

ENVELOPE: Mapping[str, Mapped] = {
    "event.id": SEEN,
    "observer.name": KEYWORD,
    "organization.id": FOUND,
    "segment": FOUND,
    "otus.child": KEYWORD,
    "otus.received_ns": NUMBER_SEEN,
    "otus.touched_ns": LONG,
}
"""What every document has. `otus.touched_ns` is when this node last stored a revision or a person's decision: what
retention goes by."""

SOURCE_ONLY = {
    "otus.kind", "otus.revision", "otus.record", "otus.revisions", "otus.steps", "alert.title.zh", "alert.title.en",
    "alert.rule_id",
}  # fmt: skip
"""Written, read back, and indexed nowhere: each column costs the cluster more than its place in the source.
`otus.record` is the whole record as it travels; all else is taken from it."""

_OF_KIND: Mapping[str, Mapping[str, Mapped]] = {
    "incident": {
        "event.severity": LONG,
        "network.protocol": KEYWORD,
        "alert.detector": KEYWORD,
        "alert.technique": KEYWORD,
        "alert.story": KEYWORD,
        "alert.cause": FOUND,
        "alert.state": FOUND,
        "alert.level": SEEN,
        "alert.outcome": SEEN,
        "alert.count": NUMBER_SEEN,
        "alert.first_ns": LONG,
        "alert.last_ns": LONG,
        "client.address": SEEN,
        "server.address": SEEN,
        "otus.hour": SEEN,
        "otus.workflow": KEYWORD,
        "otus.han": TEXT,
        "otus.words": FOUND,
    },
    "heartbeat": {"otus.baseline": SEEN},
    "sensor": {"otus.baseline": KEYWORD, "otus.received_ns": LONG},
}
"""What `queries`, `figures`, `roll` and `retention` find, count and sort by."""


def properties(kind: str) -> dict[str, Mapped]:
    """Every field of one kind's documents that is indexed. Of an incident's message, whatever its protocol, all fields
    are columns for people who look at the cluster with tools of their own: the console asks for none of them."""
    own = {"sensor": "heartbeat."}.get(kind, f"{kind}.")
    found: dict[str, Mapped] = {}
    for name, field in FIELDS.items():
        if name.startswith(own) or (kind == "incident" and name in OF_MESSAGE):
            found[name] = {**_mapped(field), "index": False} if kind in _MANY else _mapped(field)
    found = {**found, **ENVELOPE, **_OF_KIND.get(kind, {})}
    return {name: mapped for name, mapped in found.items() if name not in SOURCE_ONLY}


_MANY = {"incident", "heartbeat", "sensor"}
"""kinds of which so much comes that a column nobody asks for has no index of values"""


def _mapped(field: Field) -> Mapped:
    if field.type is FieldType.TIMESTAMP:
        return LONG if field.name.endswith("_ns") else {"type": "date_nanos", "ignore_malformed": True}
    return _TYPES[field.type]


def body(settings: ElasticSettings, kind: str) -> dict[str, Any]:
    """What an index of this kind is made from."""
    fields = properties(kind)
    made: dict[str, Any] = {
        "aliases": {alias(settings, kind): {}},
        "settings": {
            "number_of_shards": settings.shards,
            # One copy as soon as there is a second node to hold it.
            "auto_expand_replicas": "0-1",
            "refresh_interval": f"{int(settings.refresh_s * 1000)}ms",
            "translog.durability": "request",
            "mapping.total_fields.limit": len(fields) + 100,
        },
        "mappings": {"dynamic": False, "subobjects": False, "properties": fields},
    }
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]
    made["mappings"]["_meta"] = {"otus": VERSION, "digest": digest}
    return made


def install(client: Elasticsearch, settings: ElasticSettings) -> None:
    """Put this version's templates where they are not there yet, and add what is new in it to the indices that are
    written to. Nobody waits for it: what is read and written meanwhile goes on.

    Raises:
        StoreError: they were written by a newer Otus, or hold fields of another type.
    """
    with asking():
        answer = client.options(ignore_status=404).indices.get_index_template(
            name=f"{settings.prefix}-*",
            filter_path="index_templates.name,index_templates.index_template.template.mappings._meta",
        )
    listed = answer.body.get("index_templates", [])
    there = {item["name"]: _meta(item["index_template"].get("template")) for item in listed}
    newest = max((int(meta.get("otus", 0)) for meta in there.values()), default=0)
    if newest > VERSION:
        raise StoreError(
            f"the indices of {settings.prefix} were written by a newer Otus (mapping {newest}, this one writes"
            f" {VERSION}); start that version, or use another prefix"
        )
    for kind in KINDS:
        made = body(settings, kind)
        name = f"{alias(settings, kind)}-v{VERSION}"
        if there.get(name) != made["mappings"]["_meta"]:
            pattern = f"{alias(settings, kind)}-*v{VERSION}"
            with asking():
                client.indices.put_index_template(name=name, index_patterns=[pattern], template=made, priority=500)
            _widen(client, pattern, made)


def _meta(made: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return dict((made or {}).get("mappings", {}).get("_meta", {}))


def _new(index: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Mapped]:
    """What an index lacks. How a field is indexed stays as it was when the index was made; one of another type is told
    to the cluster, which refuses it."""
    there = index["mappings"].get("properties", {})
    return {
        name: field
        for name, field in wanted["properties"].items()
        if name not in there or there[name].get("type") != field["type"]
    }


def _widen(client: Elasticsearch, pattern: str, made: Mapping[str, Any]) -> None:
    """Fields that came after an index was made. Those of a type that changed need a new mapping version."""
    with asking():
        names = sorted(client.indices.get_alias(index=pattern).body)
        there = client.indices.get_mapping(index=pattern).body
    limit = {"mapping.total_fields.limit": made["settings"]["mapping.total_fields.limit"]}
    wanted = made["mappings"]
    for index in names:
        if _meta(there.get(index)) != wanted["_meta"]:
            with asking():
                client.indices.put_settings(index=index, settings={"index": limit})
                client.indices.put_mapping(index=index, body={**wanted, "properties": _new(there[index], wanted)})
            log.info("%s: brought to this version's fields", index)
