"""FTP, control connection. RFC 959, RFC 2428, RFC 4217."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 21


def clean() -> list[Frame]:
    """A refused and a good login, a listing, a download and an upload; then a session that is encrypted."""
    session = (
        (SERVER, "220 VxWorks FTP server ready"),
        (CLIENT, "USER loader"),
        (SERVER, "331 Password required"),
        (CLIENT, "PASS fwdownload"),
        (SERVER, "530 Login failed"),
        (CLIENT, "USER service"),
        (SERVER, "331 Password required"),
        (CLIENT, "PASS Qx7#rrL0w"),
        (SERVER, "230-Welcome\r\n220 is no end\r\n230 Logged in"),
        (CLIENT, "SYST"),
        (SERVER, "215 UNIX Type: L8"),
        (CLIENT, "PASV"),
        (SERVER, "227 Entering Passive Mode (10,77,2,11,195,80)"),
        (CLIENT, "LIST"),
        (SERVER, "150 Opening data connection"),
        (SERVER, "226 Done"),
        (CLIENT, "PORT 10,77,2,101,195,81"),
        (SERVER, "200 Ok"),
        (CLIENT, "RETR config.xml"),
        (SERVER, "150 Opening data connection"),
        (SERVER, "226 Done"),
        (CLIENT, "EPSV"),
        (SERVER, "229 Entering Extended Passive Mode (|||50002|)"),
        (CLIENT, "STOR firmware.bin"),
        (SERVER, "150 Go"),
        (SERVER, "552 No room"),
        (CLIENT, "QUIT"),
        (SERVER, "221 Bye"),
    )
    encrypted = (
        (SERVER, "220 FTP ready"),
        (CLIENT, "AUTH TLS"),
        (SERVER, "234 Go on"),
        (CLIENT, bytes.fromhex("1503010002 0100")),
    )
    return text.converse(PORT, session, encrypted)


def errors() -> list[Frame]:
    """A bounce, an address that is none, a command that is none, bytes that are no line; a good pair first and last."""
    good = ((CLIENT, "NOOP"), (SERVER, "200 Ok"))
    return text.converse(
        PORT,
        (
            (SERVER, "220 FTP ready"),
            *good,
            (CLIENT, "PORT 10,77,2,66,0,22"),
            (SERVER, "500 No"),
            (CLIENT, "PORT 10,77,2,101,1"),
            (SERVER, "501 No"),
            (CLIENT, "HACK me"),
            (SERVER, "502 No"),
            (CLIENT, bytes.fromhex("0102030d0a")),
            (SERVER, "what"),
            *good,
        ),
        ((SERVER, "220 FTP ready"), (CLIENT, b"CWD " + b"A" * 9000), (CLIENT, b"\r\n"), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
