"""SMB 1 to 3: each command, also those in a chain, from whom, and the status of an answer."""

from __future__ import annotations

from collections.abc import Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

CHAINS = frozenset({0x24, 0x2D, 0x2E, 0x2F, 0x73, 0x74, 0x75, 0xA2})
"""commands of SMB 1 that name the one behind them; 0xff: there is none"""
NONE_BEHIND = 0xFF
PENDING = 0x103
"""an answer that only says that one will come: we do not tell it"""


def _said(version: int, command: int, answers: bool, status: int) -> Said:
    return Said(f"{version} {command:#x}{f' {status:#x}' if answers else ''}", "response" if answers else "request")


def _one(row: Row) -> Iterator[Said]:
    commands = [int(value, 0) for value in row.all("smb.cmd")]
    answers = [value == "1" for value in row.all("smb.flags.response")]
    by_status = [value == "1" for value in row.all("smb.flags2.nt_error")]
    statuses, classes = iter(row.all("smb.nt_status")), iter(row.all("smb.error_class"))
    for place, (answer, nt) in enumerate(zip(answers, by_status, strict=False)):
        status = int(next(statuses, "0"), 0) if nt else min(1, int(next(classes, "0"), 0))
        command = commands.pop(0)
        yield _said(1, command, answer, status)
        while command in CHAINS and len(commands) >= len(answers) - place:
            command = commands.pop(0)
            if command == NONE_BEHIND:
                break
            yield _said(1, command, answer, status)


def _two(row: Row) -> Iterator[Said]:
    statuses = iter(row.all("smb2.nt_status"))
    for command, flag in zip(row.all("smb2.cmd"), row.all("smb2.flags.response"), strict=False):
        answer = flag == "1"
        status = int(next(statuses, "0"), 0) if answer else 0
        if status != PENDING:
            yield _said(2, int(command, 0), answer, status)


def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    if "tcp" not in row.layers:
        return  # browsing in NetBIOS datagrams, which we do not read
    for kind in row.all("nbss.type"):
        if int(kind, 0) in (0x81, 0x82, 0x83, 0x84):
            yield Said("session", "request" if int(kind, 0) == 0x81 else "response")
    yield from _one(row)
    yield from _two(row)
    for _ in row.all("smb2.header.transform.msg_size"):
        yield Said("encrypted", "")


def ours(event: Event) -> Said | None:
    name = event["operation.name"]
    if name == "netbios_session":
        return Said("session", event["message.kind"])
    if name == "encrypted":
        return Said("encrypted", "")
    if "smb.command" not in event:
        return Said(name, "")
    return _said(event["smb.version"], event["smb.command"], "smb.status" in event, event.get("smb.status", 0))


SMB = Comparable(
    name="smb",
    fields=(
        "nbss.type",
        "smb.cmd",
        "smb.flags.response",
        "smb.flags2.nt_error",
        "smb.nt_status",
        "smb.error_class",
        "smb2.cmd",
        "smb2.flags.response",
        "smb2.nt_status",
        "smb2.header.transform.msg_size",
    ),
    theirs=theirs,
    ours=ours,
    ports=frozenset({139, 445}),
    decode_as="tcp.port=={port},nbss",
)
