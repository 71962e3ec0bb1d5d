"""Telnet. RFC 854, RFC 1091, RFC 1572."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 23
OPEN = (
    (SERVER, bytes.fromhex("fffd18 fffb03 fffb01")),  # DO TERMINAL-TYPE, WILL SUPPRESS-GO-AHEAD, WILL ECHO
    (CLIENT, bytes.fromhex("fffb18 fffd03 fffd01")),
    (SERVER, bytes.fromhex("fffa1801fff0")),  # SEND
    (CLIENT, bytes.fromhex("fffa1800") + b"xterm" + bytes.fromhex("fff0")),
)


def _login(user: str, password: str, answer: str) -> tuple[tuple[str, bytes | str], ...]:
    """Letter by letter, with the echo of the user."""
    typed = [(side, letter.encode()) for letter in user for side in (CLIENT, SERVER)]
    hidden = [(CLIENT, letter.encode()) for letter in password]
    return (
        (SERVER, b"plc7 login: "),
        *typed,
        (CLIENT, b"\r\x00"),
        (SERVER, ""),
        (SERVER, b"Password: "),
        *hidden,
        (CLIENT, b"\r\x00"),
        (SERVER, answer.encode()),
    )


def clean() -> list[Frame]:
    """A refused and a good login."""
    return text.converse(
        PORT,
        (
            *OPEN,
            *_login("root", "toor", "\r\nLogin incorrect\r\n"),
            *_login("root", "root", "\r\nWelcome\r\nplc7# "),
            (CLIENT, b"reboot\r\x00"),
        ),
    )


def errors() -> list[Frame]:
    """A user that is an option of the login program, typed and in the environment; a name without an end."""
    user = bytes.fromhex("fffa2700 00") + b"USER\x01-froot" + bytes.fromhex("fff0")
    long = bytes.fromhex("fffa1800") + b"x" * 600 + bytes.fromhex("fff0")
    return text.converse(
        PORT, (*OPEN, (CLIENT, user), (CLIENT, long), *_login("-froot", "", "\r\nplc7# ")), ((CLIENT, user),)
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
