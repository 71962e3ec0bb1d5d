"""MySQL: greeting, login, commands, and the first packet of each answer. tshark tells a wish for TLS as a login."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said, side

ANSWER = 1
"""number of the first packet of an answer; a login's end has a later one"""
OK = 0
ERROR = 0xFF
OTHER_PLUGIN = 0xFE


def theirs(row: Row, servers: frozenset[int]) -> Iterator[Said]:
    numbers = [int(number) for number in row.all("mysql.packet_number")]
    yield from (Said("greeting", "") for _ in row.all("mysql.server_greeting"))
    yield from (Said("login", "request") for _ in row.all("mysql.login_request"))
    yield from (Said(f"command {command}", "request") for command in row.all("mysql.command"))
    if not numbers or side(row, servers) == "request" or row.all("mysql.server_greeting"):
        return
    codes = [int(code, 16) for code in row.all("mysql.response_code")]
    error = next(iter(row.all("mysql.error_code")), None)
    if ANSWER in numbers:
        yield from (Said("error" if error else "result", "response") for number in numbers if number == ANSWER)
    elif codes and codes[0] in (OK, ERROR) and not row.all("mysql.num_fields"):
        yield Said(f"login {'let in' if codes[0] == OK else error}", "response")
    elif codes and codes[0] == OTHER_PLUGIN and row.all("mysql.auth_switch_request.name"):
        yield Said("other plugin", "")


def ours(event: Event) -> Said | None:
    operation, kind = event["operation.name"], event["message.kind"]
    if operation in ("login", "start_tls"):
        # A second proof is no login of its own to tshark.
        if operation == "login" and kind == "request" and "user.name" not in event:
            return None
        if kind != "response":
            return Said("login", "request")
        return Said(f"login {event.get('mysql.error_code', 'let in')}", "response")
    if operation == "greeting":
        return Said("greeting", "")
    if operation == "other_plugin":
        return Said("other plugin", "")
    if "mysql.command" in event:
        return Said(f"command {event['mysql.command']}", "request")
    return Said("error" if "mysql.error_code" in event else "result", "response")


MYSQL = Comparable(
    name="mysql",
    fields=(
        "mysql.packet_number",
        "mysql.server_greeting",
        "mysql.login_request",
        "mysql.command",
        "mysql.response_code",
        "mysql.error_code",
        "mysql.num_fields",
        "mysql.auth_switch_request.name",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({3306}),
    decode_as="tcp.port=={port},mysql",
    by_front=True,
)
