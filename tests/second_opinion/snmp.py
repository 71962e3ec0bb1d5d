"""SNMP: version, kind of PDU and its number; of version 3 an encrypted one is known as such."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

FIRST_TAG = 0xA0
"""tshark counts the kinds of PDU from 0, their tags on the wire begin here"""
KINDS = range(FIRST_TAG, FIRST_TAG + 9)
"""of RFC 1157 and RFC 3416; tshark has no word for others"""


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    version = row.last("snmp.msgVersion") or row.last("snmp.version")
    if "snmp" not in row.layers or "icmp" in row.layers or not version:
        return
    if row.all("snmp.encryptedPDU"):
        yield Said(f"{version} encrypted", "")
    else:
        kind = row.last("snmp.data")
        yield Said(f"{version} {int(kind) + FIRST_TAG if kind else 'none'} {row.last('snmp.request_id') or 'none'}", "")


def ours(event: Event) -> Said | None:
    version = event["snmp.version"]
    if event.get("snmp.encrypted"):
        return Said(f"{version} encrypted", "")
    kind = event.get("snmp.pdu_type", 0)
    known = kind if kind in KINDS else "none"
    return Said(f"{version} {known} {event.get('snmp.request_id', 'none')}", "")


SNMP = Comparable(
    name="snmp",
    fields=("snmp.version", "snmp.msgVersion", "snmp.data", "snmp.request_id", "snmp.encryptedPDU"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({161, 162}),
    decode_as="udp.port=={port},snmp",
)
