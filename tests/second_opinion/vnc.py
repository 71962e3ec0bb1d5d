"""VNC up to its first picture: versions, kinds of security offered and chosen, the login, the desktop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.second_opinion.message import Comparable, Event, Row, Said

NOTHING_OFFERED = "0"
VERSION, CHALLENGE = 12, 16
"""bytes of these turns; a proof is as long as its challenge"""


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    for version in (*row.all("vnc.server_proto_ver"), *row.all("vnc.client_proto_ver")):
        yield Said(f"version {version}", "")
    if row.all("vnc.security_type"):
        yield Said(f"offer {' '.join(row.all('vnc.security_type'))}", "")
    # Up to 3.3 the server chooses.
    for kind in (*row.all("vnc.client_security_type"), *row.all("vnc.server_security_type")):
        if kind == NOTHING_OFFERED:
            continue  # up to 3.3 only, where a refusal is no word of later versions
        yield Said(f"choice {kind}", "")
    for _ in row.all("vnc.auth_response"):
        yield Said("proof", "")
    for result in row.all("vnc.auth_result"):
        yield Said(f"result {int(result, 0)}", "")
    for shared in row.all("vnc.share_desktop_flag"):
        yield Said(f"start {bool(int(shared))}", "")
    for width in row.all("vnc.width"):
        yield Said(f"desktop {width} {row.last('vnc.desktop_name')}", "")


def ours(event: Event) -> Said | None:
    match event["operation.name"]:
        case "version":
            return Said(f"version {event.get('vnc.version', 'none')}", "")
        case "security" if "vnc.security_type" in event:
            return Said(f"choice {event['vnc.security_type']}", "")
        case "security" if "vnc.security_types" in event:
            return Said(f"offer {' '.join(map(str, event['vnc.security_types']))}", "")
        case "login" if event["message.kind"] == "request":
            return Said("proof", "")
        case "security":
            return None  # refused
        case "login":
            # To tshark it is the last bit; 2 says that there were too many tries.
            return Said(f"result {event['vnc.result'] & 1}", "")
        case "start" if "vnc.shared" in event:
            return Said(f"start {event['vnc.shared']}", "")
        case "start":
            return Said(f"desktop {event['vnc.width']} {event['vnc.desktop_name']}", "")
        case name:
            return Said(name, "")


VNC = Comparable(
    name="vnc",
    fields=(
        "vnc.server_proto_ver",
        "vnc.client_proto_ver",
        "vnc.server_security_type",
        "vnc.client_security_type",
        "vnc.security_type",
        "vnc.auth_response",
        "vnc.auth_result",
        "vnc.share_desktop_flag",
        "vnc.width",
        "vnc.desktop_name",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({5500, 5501, 5900, 5901}),
    decode_as="tcp.port=={port},vnc",
)


def turn_bytes(events: Sequence[Event]) -> int | None:
    """How long the one turn of a segment is, by what we read in it; None: any length may be right."""
    match events:
        case []:
            return CHALLENGE
        case [event]:
            match event["operation.name"]:
                case "version":
                    return VERSION
                case "security" if "vnc.security_types" in event:
                    return 1 + len(event["vnc.security_types"])
                case "security" if "vnc.security_type" in event:
                    return 1 if event["source.port"] != event["server.port"] else 4
                case "login" if event["message.kind"] == "request":
                    return CHALLENGE
                case "start" if "vnc.shared" in event:
                    return 1
            return None
        case _:
            return 0
