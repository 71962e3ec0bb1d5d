"""HTTP/1.1 as a browser, a camera and an attacker speak it. RFC 9112."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 8080


def _request(line: str, *fields: str, body: str = "") -> bytes:
    return "\r\n".join((line + " HTTP/1.1", "Host: 10.77.2.11:8080", *fields, "", body)).encode()


def _answer(status: str, *fields: str, body: str = "") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", "Server: lighttpd/1.4.35", *fields, "", body)).encode()


def clean() -> list[Frame]:
    """A page in chunks, a login by Basic, a form, two requests in one go, an upgrade, a tunnel."""
    empty = "Content-Length: 0"
    form = "user=operator&pwd=Qx7%23rrL0w"
    page = (
        (CLIENT, _request("GET /status?tag=level&unit=1", "User-Agent: Mozilla/5.0")),
        (SERVER, _answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="PLC 7"', empty)),
        (CLIENT, _request("GET /status?tag=level&unit=1", "Authorization: Basic YWRtaW46YWRtaW4=")),
        (SERVER, _answer("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked", body="5\r\nhello\r\n")),
        (SERVER, b"6\r\n world\r\n0\r\n\r\n"),
        (
            CLIENT,
            _request(
                "POST /login",
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(form)}",
                body=form,
            ),
        ),
        (SERVER, _answer("302 Found", "Location: /main.html", empty)),
        (CLIENT, _request("HEAD /firmware.bin") + _request("GET /main.html")),
        (
            SERVER,
            _answer("200 OK", "Content-Length: 4096") + _answer("404 Not Found", "Content-Length: 4", body="none"),
        ),
        (CLIENT, _request("PUT /config.xml", "Content-Length: 5", body="<a/>\n")),
        (SERVER, _answer("204 No Content")),
    )
    upgrade = (
        (
            CLIENT,
            _request(
                "GET /live",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ),
        ),
        (
            SERVER,
            _answer(
                "101 Switching Protocols",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            ),
        ),
        (SERVER, bytes.fromhex("8105 48656c6c6f")),
    )
    return text.converse(PORT, page, upgrade)


def errors() -> list[Frame]:
    """Two lengths, length and chunks, a broken chunk, a line without a colon; a good pair first and last."""
    good = ((CLIENT, _request("GET /")), (SERVER, _answer("200 OK", "Content-Length: 0")))
    return text.converse(
        PORT,
        (
            *good,
            (CLIENT, _request("POST /a", "Content-Length: 3", "Content-Length: 4", body="abc")),
            (CLIENT, _request("POST /b", "Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n")),
        ),
        ((CLIENT, _request("BREW /pot", "no colon here", " folded")), (SERVER, _answer("405 No", "Content-Length: x"))),
        (
            (CLIENT, _request("GET /chunks", "Authorization: Basic ???")),
            (SERVER, _answer("200 OK", "Transfer-Encoding: chunked", body="zz\r\n")),
        ),
        (*good, (CLIENT, b"\x16\x03\x01 hello\r\n"), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
