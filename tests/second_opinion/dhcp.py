"""DHCP of both IPs: the type of a message, whose it is, and its number. A relay's wrapping is told by what is in it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    layers = row.layers
    if "icmp" in layers or "icmpv6" in layers:
        return  # quoted in an error
    if "dhcp" in layers and row.all("dhcp.id"):
        kind = row.last("dhcp.option.dhcp")
        bootp = f"bootp {row.last('dhcp.type')}"
        yield Said(f"4 {kind or bootp} {int(row.last('dhcp.id'), 16):x}", "")
    elif "dhcpv6" in layers and "udp" in layers and row.all("dhcpv6.msgtype"):
        number = int(row.last("dhcpv6.xid") or "0", 16)
        yield Said(f"6 {row.last('dhcpv6.msgtype')} {number:x}", "")


def ours(event: Event) -> Said | None:
    bootp = f"bootp {event.get('dhcp.op_code')}"
    kind = event.get("dhcp.message_type", bootp)
    return Said(f"{event['dhcp.ip_version']} {kind} {event['dhcp.transaction_id']:x}", "")


DHCP = Comparable(
    name="dhcp",
    fields=("dhcp.option.dhcp", "dhcp.type", "dhcp.id", "dhcpv6.msgtype", "dhcpv6.xid"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({67, 68, 546, 547, 4011}),
    decode_as="udp.port=={port},dhcp",
)
