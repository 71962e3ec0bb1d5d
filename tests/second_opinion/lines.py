"""Protocols of lines: a command's word, or what an answer says first.

Neither keeps what may be a secret: we tell no word that is no command, so both call it `other`. The lines of a login
and the end of a mail are messages of ours; tshark tells them as data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

OTHER = "other"
STATUS = ("OK", "NO", "BAD")
"""of a tagged answer of IMAP; tshark takes the second word of any line for one"""
LONGEST = 8
"""letters of an unknown command that we keep"""
POP3 = frozenset(
    ("USER", "PASS", "APOP", "AUTH", "STLS", "QUIT", "CAPA", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE")
) | frozenset(("RSET", "NOOP", "LAST", "UTF8", "LANG", "XTND"))
"""A line of a login is a command to tshark, and may look like one."""


Shorten = Callable[[str], str]


def short(word: str) -> str:
    return word.upper() if word.isascii() and word.isalpha() and len(word) <= LONGEST else OTHER


def four(word: str) -> str:
    """tshark cuts SMTP's commands to four letters."""
    return short(word[:4])


def _theirs(layer: str, command: str, answer: str, shorten: Shorten) -> Callable[[Row, frozenset[int]], Iterator[Said]]:
    def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
        if layer in row.layers:
            yield from (Said(shorten(word), "request") for word in row.all(command))
            yield from (Said(code, "response") for code in row.all(answer))

    return theirs


def _ours(command: str, answer: str, shorten: Shorten) -> Callable[[Event], Said | None]:
    def ours(event: Event) -> Said | None:
        if event["message.kind"] == "request":
            return Said(shorten(event.get(command, "")), "request") if event["operation.name"] not in _DATA else None
        return Said(str(event[answer]), "response") if answer in event else None

    return ours


_DATA = ("auth_data", "message")


def _codes(name: str, command: str, port: int, shorten: Shorten, *options: str) -> Comparable:
    """Answers begin with a number of three digits."""
    return Comparable(
        name=name,
        fields=(command, f"{name}.response.code"),
        theirs=_theirs(name, command, f"{name}.response.code", shorten),
        ours=_ours(f"{name}.command", f"{name}.reply_code", shorten),
        ports=frozenset({port}),
        decode_as=f"tcp.port=={{port}},{name}",
        options=options,
    )


def _pop3_word(word: str) -> str:
    return word.upper() if word.upper() in POP3 else OTHER


def _pop3_theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    if "pop" in row.layers:
        yield from (Said(_pop3_word(word), "request") for word in row.all("pop.request.command"))
        yield from (Said(word, "response") for word in row.all("pop.response.indicator"))


def _pop3_ours(event: Event) -> Said | None:
    if event["message.kind"] == "request":
        return Said(_pop3_word(event.get("pop3.command", "")), "request")
    status = {"ok": "+OK", "error": "-ERR"}.get(event.get("pop3.status", ""))
    return Said(status, "response") if status else None


def _imap_theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
    if "imap" in row.layers:
        yield from (Said(short(word), "request") for word in row.all("imap.request.command"))
        yield from (
            Said(word.upper(), "response") for word in row.all("imap.response.status") if word.upper() in STATUS
        )


def _imap_ours(event: Event) -> Said | None:
    if event["message.kind"] == "request":
        return Said(short(event.get("imap.command", "")), "request") if event["operation.name"] not in _DATA else None
    # tshark names the status of tagged answers only, and none of a plus alone.
    tagged = event["message.kind"] == "response" and event.get("imap.status") not in (None, "continue")
    return Said(event["imap.status"].upper(), "response") if tagged else None


FTP = _codes("ftp", "ftp.request.command", 21, short)
SMTP = _codes("smtp", "smtp.req.command", 25, four, "-o", "smtp.desegment_data:FALSE")
POP = Comparable(
    name="pop3",
    fields=("pop.request.command", "pop.response.indicator"),
    theirs=_pop3_theirs,
    ours=_pop3_ours,
    ports=frozenset({110}),
    decode_as="tcp.port=={port},pop",
)
IMAP = Comparable(
    name="imap",
    fields=("imap.request.command", "imap.response.status"),
    theirs=_imap_theirs,
    ours=_imap_ours,
    ports=frozenset({143}),
    decode_as="tcp.port=={port},imap",
)

ALL = (FTP, SMTP, POP, IMAP)
