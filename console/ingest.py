"""`POST /api/v1/batches`: what children report comes in here. `docs/architecture.md`, "Between tiers".

The answer is sent after the commit. One bad record is rejected by itself and holds up none of the others. No login
session is involved: a child shows its own credential with every batch, so the console exempts this blueprint from CSRF.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from console.nodes import Node, Nodes
from console.registry import RegistryError
from console.store import Answer, Status, Store, StoreError, StoreFull
from sensor.schema import SCHEMA_MAJOR, SCHEMA_VERSION, Record, RecordError
from sensor.schema.batch import MAX_RECORDS, check_record, major_of

log = logging.getLogger(__name__)

MAX_BATCH_BYTES = 8 * 2**20
RETRY_AFTER_S = 30
EXTENSION = "otus_ingest"

bp = Blueprint("ingest", __name__)


@dataclass(frozen=True)
class Ingest:
    store: Store
    nodes: Nodes
    pass_packs: bool = False
    """sensors are told of a parent's rule packs without anybody's word"""


def connect(app: Flask, store: Store, nodes: Nodes) -> None:
    """Tell an application that has registered `bp` where records go and who may send them."""
    app.extensions[EXTENSION] = Ingest(store, nodes)


def ingest_here() -> Ingest:
    """Of the application that answers this request."""
    found = current_app.extensions.get(EXTENSION)
    if found is None:
        # The console's own application keeps its store and settings in one state.
        state: Any = current_app.extensions["otus"]
        found = Ingest(state.store, state.nodes, state.settings.pass_packs)
        current_app.extensions[EXTENSION] = found
    assert isinstance(found, Ingest)
    return found


@bp.post("/api/v1/batches")
def batches() -> Response:
    """Take a batch of records from a child."""
    ingest = ingest_here()
    request.max_content_length = MAX_BATCH_BYTES
    try:
        node = sender(ingest.nodes)
        if node is None:
            _swallow()
            return unknown_credential()
        return _take(ingest.store, node, request.get_data(cache=False))
    except RequestEntityTooLarge:
        return refusal(413, "too_large", f"a batch has at most {MAX_BATCH_BYTES} bytes; send fewer records")
    except ClientDisconnected:
        return refusal(400, "incomplete", "the batch ended early")
    except StoreFull as error:
        log.error("%s", error)
        return later("full", "no room here; keep your records and come back")
    except StoreError as error:
        log.error("%s", error)
        return later("store_failed", "the store cannot be written; keep your records and come back")
    except RegistryError as error:
        log.error("%s", error)
        return later("registry_away", "credentials cannot be looked up now; keep your records and come back")


def sender(nodes: Nodes) -> Node | None:
    """The child whose credential this request shows."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return nodes.authenticate(token.strip()) if scheme.lower() == "bearer" and len(token) < 512 else None


def _swallow() -> None:
    """Read what a stranger sends, up to the limit and keeping none: a sender reads our answer after its last byte."""
    while request.stream.read(65536):
        pass


def _take(store: Store, node: Node, body: bytes) -> Response:
    try:
        batch = json.loads(body)
        if not isinstance(batch, dict) or not isinstance(batch.get("records"), list):
            raise RecordError("a batch is an object with 'schema' and 'records'")
        major = major_of(batch.get("schema"))
    except (ValueError, RecursionError) as error:
        return refusal(400, "not_a_batch", str(error)[:300])
    if major != SCHEMA_MAJOR:
        newer = major > SCHEMA_MAJOR
        return refusal(
            409,
            "schema_too_new" if newer else "schema_too_old",
            f"this node reads schema {SCHEMA_VERSION}: upgrade {'this node' if newer else 'the child'}",
            reads=SCHEMA_VERSION,
        )
    if len(batch["records"]) > MAX_RECORDS:
        return refusal(413, "too_large", f"a batch has at most {MAX_RECORDS} records")
    return jsonify(
        {"schema": SCHEMA_VERSION, "results": [item.to_json() for item in _merge(store, node, batch["records"])]}
    )


def _merge(store: Store, node: Node, items: list[object]) -> list[Answer]:
    """One answer for each item, in order; what cannot be read is rejected here, the rest goes to the store at once."""
    answers: list[Answer | None] = []
    good: list[Record] = []
    for item in items:
        try:
            good.append(check_record(item))
            answers.append(None)
        except (RecordError, RecursionError) as error:
            answers.append(_rejected(item, str(error)))
    refused = [answer for answer in answers if answer is not None]
    stored = iter(store.merge(good, node.name)) if good or not items else iter(())
    if refused:
        store.note_rejected(refused, node.name)
    return [next(stored) if answer is None else answer for answer in answers]


def _rejected(item: object, reason: str) -> Answer:
    """An answer the sender can match, as far as the record names itself."""
    known = item if isinstance(item, dict) else {}
    origin, record_id, revision = known.get("origin"), known.get("id"), known.get("revision")
    return Answer(
        _printable(origin)[:64],
        _printable(record_id)[:64],
        revision if isinstance(revision, int) and abs(revision) < 2**63 else 0,
        Status.REJECTED,
        _printable(reason),
    )


def _printable(value: object) -> str:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def unknown_credential() -> Response:
    response = refusal(401, "unknown_credential", "enrol this node at its parent and use the token given there")
    response.headers["WWW-Authenticate"] = 'Bearer realm="otus"'
    return response


def refusal(status: int, error: str, message: str, **more: object) -> Response:
    response = jsonify({"error": error, "message": message, **more})
    response.status_code = status
    return response


def later(error: str, message: str) -> Response:
    response = refusal(503, error, message)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
