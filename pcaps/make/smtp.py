"""SMTP. RFC 5321, RFC 4954, RFC 3207, RFC 3030."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 25
BEGIN = ((SERVER, "220 mail.plant.example ESMTP ready"), (CLIENT, "EHLO plc7.plant.example"))


def clean() -> list[Frame]:
    """An alarm by mail after a login, a refused login in steps, a session that is encrypted."""
    mail = (
        *BEGIN,
        (SERVER, "250-mail.plant.example\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"),
        (CLIENT, "AUTH PLAIN AGFkbWluAGFkbWlu"),
        (SERVER, "235 Logged in"),
        (CLIENT, "MAIL FROM:<plc7@plant.example>"),
        (SERVER, "250 Ok"),
        (CLIENT, "RCPT TO:<duty@plant.example>"),
        (SERVER, "250 Ok"),
        (CLIENT, "DATA"),
        (SERVER, "354 Go"),
        (CLIENT, "From: plc7@plant.example\r\nTo: duty@plant.example\r\nSubject: level high\r\n\r\nTank 3\r\n..\r\n."),
        (SERVER, "250 Queued"),
        (CLIENT, "QUIT"),
        (SERVER, "221 Bye"),
    )
    refused = (
        *BEGIN,
        (SERVER, "250 AUTH LOGIN"),
        (CLIENT, "AUTH LOGIN"),
        (SERVER, "334 VXNlcm5hbWU6"),
        (CLIENT, "bWFyaWE="),
        (SERVER, "334 UGFzc3dvcmQ6"),
        (CLIENT, "MTIzNDU2"),
        (SERVER, "535 No"),
        (CLIENT, "QUIT"),
        (SERVER, "221 Bye"),
    )
    encrypted = (
        *BEGIN,
        (SERVER, "250 STARTTLS"),
        (CLIENT, "STARTTLS"),
        (SERVER, "220 Go on"),
        (CLIENT, bytes.fromhex("1503010002 0100")),
    )
    return text.converse(PORT, mail, refused, encrypted)


def errors() -> list[Frame]:
    """A path without brackets, a login that is no base64, a command that is none, bytes that are no line."""
    good = ((CLIENT, "NOOP"), (SERVER, "250 Ok"))
    return text.converse(
        PORT,
        (
            *BEGIN,
            (SERVER, "250 AUTH PLAIN"),
            (CLIENT, "MAIL FROM: plc7@plant.example"),
            (SERVER, "501 No"),
            (CLIENT, "AUTH PLAIN ???"),
            (SERVER, "501 No"),
            (CLIENT, "FROB"),
            (SERVER, "500 No"),
            (CLIENT, bytes.fromhex("0102030d0a")),
            (SERVER, "500 No"),
            *good,
        ),
        (*BEGIN, (SERVER, "250 Ok"), (CLIENT, b"VRFY " + b"A" * 9000), (CLIENT, b"\r\n"), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
