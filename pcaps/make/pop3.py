"""POP3. RFC 1939, RFC 5034, RFC 2595."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 110
HELLO = (SERVER, "+OK POP3 ready <1896.697170952@plant.example>")


def clean() -> list[Frame]:
    """A refused and a good login, a list, a mail; a login in base64; a session that is encrypted."""
    session = (
        HELLO,
        (CLIENT, "USER maria"),
        (SERVER, "+OK"),
        (CLIENT, "PASS 123456"),
        (SERVER, "-ERR no"),
        (CLIENT, "USER maria"),
        (SERVER, "+OK"),
        (CLIENT, "PASS Qx7#rrL0w"),
        (SERVER, "+OK in"),
        (CLIENT, "STAT"),
        (SERVER, "+OK 1 120"),
        (CLIENT, "LIST"),
        (SERVER, "+OK\r\n1 120\r\n."),
        (CLIENT, "RETR 1"),
        (SERVER, "+OK 120 octets\r\nSubject: level high\r\n\r\nTank 3\r\n."),
        (CLIENT, "DELE 1"),
        (SERVER, "+OK"),
        (CLIENT, "QUIT"),
        (SERVER, "+OK bye"),
    )
    base64 = (
        HELLO,
        (CLIENT, "AUTH PLAIN"),
        (SERVER, "+ "),
        (CLIENT, "AGFkbWluAGFkbWlu"),
        (SERVER, "+OK in"),
    )
    encrypted = (HELLO, (CLIENT, "STLS"), (SERVER, "+OK go on"), (CLIENT, bytes.fromhex("1503010002 0100")))
    return text.converse(PORT, session, base64, encrypted)


def errors() -> list[Frame]:
    """A command that is none, a login that is no base64, bytes that are no line; a good pair last."""
    good = ((CLIENT, "NOOP"), (SERVER, "+OK"))
    return text.converse(
        PORT,
        (
            HELLO,
            (CLIENT, "FROB"),
            (SERVER, "-ERR no"),
            (CLIENT, "AUTH PLAIN ???"),
            (SERVER, "-ERR no"),
            (CLIENT, bytes.fromhex("0102030d0a")),
            (SERVER, "-ERR no"),
            *good,
        ),
        (HELLO, (CLIENT, b"RETR " + b"1" * 9000), (CLIENT, b"\r\n"), (SERVER, "-ERR no"), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
