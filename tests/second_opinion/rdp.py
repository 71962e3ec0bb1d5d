"""RDP up to its pictures: the call with its negotiation, and the settings of both sides where nothing encrypts them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

COOKIE = "Cookie: mstshash="
FIELDS = {"1": "rdp.negReq.requestedProtocols", "2": "rdp.negReq.selectedProtocol", "3": "rdp.negFailure.failureCode"}


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    cookies = "".join(row.all("rdp.rt_cookie")[:1])
    name = cookies.removeprefix(COOKIE) if cookies.startswith(COOKIE) else ""
    kinds = [number for kind in row.all("rdp.neg_type") if (number := str(int(kind, 0))) in FIELDS]
    for number in kinds:
        yield Said(f"call {number} {int(row.last(FIELDS[number]) or '0', 0)} {name}".rstrip(), "")
    if "rdp" in row.layers and not kinds:
        yield Said(f"call none {name}".rstrip(), "")
    if row.all("rdp.client.build"):
        yield Said(f"client {row.last('rdp.client.name')} {row.last('rdp.client.build')}", "")
    if row.all("rdp.encryptionMethod"):
        yield Said(f"server {int(row.last('rdp.encryptionMethod'), 0)}", "")


def ours(event: Event) -> Said | None:
    name = event.get("rdp.cookie", "")
    for number, field in (
        ("1", "rdp.requested_protocols"),
        ("2", "rdp.selected_protocol"),
        ("3", "rdp.failure_code"),
    ):
        if field in event:
            return Said(f"call {number} {event[field]} {name}".rstrip(), "")
    if "rdp.client.build" in event:
        return Said(f"client {event.get('rdp.client.name', '')} {event['rdp.client.build']}", "")
    if "rdp.encryption_method" in event:
        return Said(f"server {event['rdp.encryption_method']}", "")
    return Said(f"call none {name}".rstrip(), "")


RDP = Comparable(
    name="rdp",
    fields=(
        "rdp.rt_cookie",
        "rdp.neg_type",
        *FIELDS.values(),
        "rdp.client.name",
        "rdp.client.build",
        "rdp.encryptionMethod",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({3389}),
    decode_as="tcp.port=={port},tpkt",
)
