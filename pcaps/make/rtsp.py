"""RTSP. RFC 2326."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 554
URI = "rtsp://10.77.2.11/live/ch1"


def _request(method: str, sequence: int, *fields: str) -> bytes:
    return "\r\n".join(
        (f"{method} {URI} RTSP/1.0", f"CSeq: {sequence}", "User-Agent: LibVLC/3.0", *fields, "", "")
    ).encode()


def _answer(status: str, sequence: int, *fields: str, body: str = "") -> bytes:
    return "\r\n".join((f"RTSP/1.0 {status}", f"CSeq: {sequence}", "Server: Camera/1.0", *fields, "", body)).encode()


def clean() -> list[Frame]:
    """A camera that wants a login is described, set up, played with media in between, and left."""
    basic = "Authorization: Basic YWRtaW46YWRtaW4="
    media = bytes.fromhex("24 00 0010 80600001 00000002 00000003 01020304")
    session = (
        (CLIENT, _request("OPTIONS", 1)),
        (SERVER, _answer("200 OK", 1, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")),
        (CLIENT, _request("DESCRIBE", 2)),
        (SERVER, _answer("401 Unauthorized", 2, 'WWW-Authenticate: Basic realm="IP Camera"')),
        (CLIENT, _request("DESCRIBE", 3, basic)),
        (SERVER, _answer("200 OK", 3, "Content-Type: application/sdp", "Content-Length: 5", body="v=0\r\n")),
        (CLIENT, _request("SETUP", 4, basic, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")),
        (SERVER, _answer("200 OK", 4, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 7")),
        (CLIENT, _request("PLAY", 5, basic, "Session: 7")),
        (SERVER, _answer("200 OK", 5, "Session: 7") + media),
        (SERVER, media + media),
        (CLIENT, _request("TEARDOWN", 6, basic, "Session: 7")),
        (SERVER, _answer("200 OK", 6)),
    )
    return text.converse(PORT, session)


def errors() -> list[Frame]:
    """A method that is none, no number, a login that is no base64, bytes that are no message; a good pair last."""
    good = ((CLIENT, _request("OPTIONS", 9)), (SERVER, _answer("200 OK", 9)))
    broken = f"PLAY {URI} RTSP/1.0\r\nno colon\r\n\r\n".encode()
    return text.converse(
        PORT,
        (
            *good,
            (CLIENT, _request("BREW", 1)),
            (SERVER, _answer("405 No", 1)),
            (CLIENT, broken),
            (CLIENT, _request("DESCRIBE", 3, "Authorization: Basic ???")),
            (SERVER, _answer("400 No", 3, "Content-Length: x")),
            (CLIENT, b"hello there\r\n"),
            *good,
        ),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
