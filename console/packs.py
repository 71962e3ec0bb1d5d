"""Rule packs on their way down: what one says of itself, whether its signature is right, and who gets it."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from console.desk import NotAllowed
from console.store import EnrolledNode, OrderItem
from sensor.schema import Record, Text
from sensor.schema.order import MAX_ADDRESSEES, MAX_NOTE, Step
from sensor.schema.pack_order import PackOrder, unpacked
from sensor.schema.records import RecordError
from sensor.schema.words import Kind, OrderState

NEWEST = "999999999"
"""Which Otus a pack needs is judged where it shall run, by the sensor."""


@dataclass(frozen=True)
class Looked:
    """What was found in a pack. `verified` None: no keys are named here, the sensors verify it."""

    verified: bool | None
    problem: str = ""
    name: str = ""
    version: str = ""
    changelog: Text | None = None
    rules: int = 0
    signer: str = ""


def look(order: PackOrder, keys: Path | None) -> Looked:
    """Hold it against the keys that are trusted here. Without them nothing of it is believed, and nothing shown."""
    if keys is None:
        return Looked(None, name=order.name, version=order.version)
    try:
        from detectors.packs import PackRefused, read_pack, trusted_keys
    except ImportError as error:  # what checks signatures is an extra of the installation
        return Looked(None, str(error), order.name, order.version)
    try:
        data = unpacked(order.content)
        pack = read_pack(io.BytesIO(data), len(data), trusted_keys(keys), NEWEST)
    except (PackRefused, RecordError, ValueError) as error:
        return Looked(False, " ".join(str(error).split())[:300], order.name, order.version)
    said = pack.manifest
    if (said.name, said.version) != (order.name, order.version):
        return Looked(False, f"{said.name} {said.version}", order.name, order.version)
    rules = sum(path.endswith((".yml", ".yaml")) for path in said.files)
    return Looked(True, "", said.name, said.version, said.changelog, rules, pack.signer.name)


def sensors(nodes: Sequence[EnrolledNode]) -> list[str]:
    return sorted(node.name for node in nodes if node.kind == "sensor" and node.revoked_ns is None)


def pass_on(item: OrderItem, names: Sequence[str], node: str, by: str, note: str, consent: bool, now_ns: int) -> Record:
    """The same pack as an order of our own to our sensors.

    Raises:
        NotAllowed: it is no pack, it is over, or there is nobody to pass it on to.
    """
    order = item.record.order()
    if not isinstance(order, PackOrder) or not item.row.parent or not item.row.open:
        raise NotAllowed("not_now")
    if not names or len(names) > MAX_ADDRESSEES:
        raise NotAllowed("no_sensors")
    body = replace(
        order,
        issued_ns=now_ns,
        deadline_ns=None,
        all_below=False,
        addressees=tuple(names),
        incidents=(),
        consent=consent,
        steps=(Step(now_ns, by, str(OrderState.ISSUED), note[:MAX_NOTE]),),
        extra={},
    )
    return Record(str(Kind.PACK), secrets.token_hex(16), 1, node, body.to_json())
