"""PostgreSQL: the kinds of message that we tell; rows, descriptions and most parameters are none of them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

NAMES = {
    "Startup message": "login",
    "SSL request": "start_tls",
    "GSS encrypt request": "start_gssapi",
    "Cancel request": "cancel",
    "Simple query": "query",
    "Parse": "parse",
    "Password message": "password",
    "GSSResponse message": "password",
    "SASLInitialResponse message": "password",
    "SASLResponse message": "password",
    "Function call": "function_call",
    "Termination": "terminate",
    "Authentication request": "authentication",
    "Error": "error",
    "Command completion": "complete",
}
"""tshark's name of a message and ours"""
ANSWERS = ("authentication", "error", "complete", "server_version")


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    for kind in row.all("pgsql.type"):
        if name := NAMES.get(kind):
            yield _said(name)
    # The startup's parameters have names, too.
    yield from (_said("server_version") for name in row.all("pgsql.parameter_name") if name == "server_version")


def ours(event: Event) -> Said | None:
    # tshark has no name for the byte that lets TLS begin, nor for what nobody can read.
    if "postgresql.encryption_accepted" in event or event["operation.name"] == "bad_message":
        return None
    if "postgresql.authentication" in event:
        return _said("authentication")
    return _said(event["operation.name"])


def _said(name: str) -> Said:
    return Said(name, "response" if name in ANSWERS else "request")


POSTGRESQL = Comparable(
    name="postgresql",
    fields=("pgsql.type", "pgsql.parameter_name"),
    theirs=theirs,
    ours=ours,
    ports=frozenset({5432}),
    decode_as="tcp.port=={port},pgsql",
    by_front=True,
)
