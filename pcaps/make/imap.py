"""IMAP. RFC 9051."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 143
HELLO = (SERVER, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready")


def clean() -> list[Frame]:
    """A refused and a good login, mailboxes and mails; a login in base64; a session that is encrypted."""
    session = (
        HELLO,
        (CLIENT, 'a1 LOGIN maria "123456"'),
        (SERVER, "a1 NO wrong"),
        (CLIENT, "a2 LOGIN admin admin"),
        (SERVER, "a2 OK in"),
        (CLIENT, "a3 SELECT INBOX"),
        (SERVER, "* 1 EXISTS\r\na3 OK [READ-WRITE] done"),
        (CLIENT, "a4 FETCH 1 BODY[]"),
        (SERVER, "* 1 FETCH (BODY[] {23}\r\nSubject: level high\r\n\r\n)\r\na4 OK done"),
        (CLIENT, "a5 LOGOUT"),
        (SERVER, "* BYE ending\r\na5 OK done"),
    )
    base64 = (
        HELLO,
        (CLIENT, "b1 AUTHENTICATE PLAIN"),
        (SERVER, "+ "),
        (CLIENT, "AGFkbWluAGFkbWlu"),
        (SERVER, "b1 OK in"),
    )
    encrypted = (HELLO, (CLIENT, "c1 STARTTLS"), (SERVER, "c1 OK go on"), (CLIENT, bytes.fromhex("1503010002 0100")))
    return text.converse(PORT, session, base64, encrypted)


def errors() -> list[Frame]:
    """A command that is none, a login without a user, bytes that are no line; a good pair last. And a good login in
    literals, which tshark calls malformed.
    """
    literals = (
        (CLIENT, "l1 LOGIN {5}"),
        (SERVER, "+ go on"),
        (CLIENT, "admin {5}"),
        (SERVER, "+ go on"),
        (CLIENT, "admin"),
        (SERVER, "l1 OK in"),
    )
    good = ((CLIENT, "z1 NOOP"), (SERVER, "z1 OK"))
    return text.converse(
        PORT,
        (
            HELLO,
            *literals,
            (CLIENT, "a1 FROB"),
            (SERVER, "a1 BAD no"),
            (CLIENT, "a2 LOGIN"),
            (SERVER, "a2 BAD no"),
            (CLIENT, bytes.fromhex("0102030d0a")),
            (SERVER, "* BAD no"),
            *good,
        ),
        (HELLO, (CLIENT, b"a1 SELECT " + b"A" * 9000), (CLIENT, b"\r\n"), (SERVER, "a1 BAD no"), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
