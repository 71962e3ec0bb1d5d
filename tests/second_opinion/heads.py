"""HTTP and RTSP: method and path, or the status. A message is complete with its head; bodies are nobody's here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.second_opinion.message import Comparable, Event, Row, Said

LONGEST = 60
"""letters of a path that are compared: both cut, each elsewhere"""


def _path(target: str) -> str:
    """Without query, scheme and host, up to what the two write differently."""
    path, _, _ = target.partition("?")
    if "://" in path:
        _, _, rest = path.partition("://")
        _, slash, rest = rest.partition("/")
        path = slash + rest if slash else "/"
    shown = path[:LONGEST]
    return shown[: next((at for at, letter in enumerate(shown) if not "!" <= letter <= "~" or letter == "\\"), LONGEST)]


def _theirs(layer: str, method: str, target: str, status: str) -> Callable[[Row, frozenset[int]], Iterator[Said]]:
    def theirs(row: Row, _servers: frozenset[int]) -> Iterator[Said]:
        if layer in row.layers and "icmp" not in row.layers:
            for name, where in zip(row.all(method), row.all(target), strict=False):
                yield Said(name if name == "CONNECT" else f"{name} {_path(where)}", "request")
            yield from (Said(code, "response") for code in row.all(status))

    return theirs


def _ours(method: str, path: str, status: str) -> Callable[[Event], Said | None]:
    def ours(event: Event) -> Said | None:
        if status in event:
            return Said(str(event[status]), "response")
        if method not in event:
            return None
        name = event[method]
        return Said(name if name == "CONNECT" else f"{name} {_path(event.get(path, ''))}", "request")

    return ours


HTTP = Comparable(
    name="http",
    fields=("http.request.method", "http.request.uri", "http.response.code"),
    theirs=_theirs("http", "http.request.method", "http.request.uri", "http.response.code"),
    ours=_ours("http.request.method", "http.path", "http.response.status_code"),
    ports=frozenset({80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710}),
    decode_as="tcp.port=={port},http",
    options=("-o", "http.desegment_body:FALSE"),
    joined=("-o", "http.desegment_body:TRUE"),
)
RTSP = Comparable(
    name="rtsp",
    fields=("rtsp.method", "rtsp.url", "rtsp.status"),
    theirs=_theirs("rtsp", "rtsp.method", "rtsp.url", "rtsp.status"),
    ours=_ours("rtsp.method", "rtsp.path", "rtsp.status_code"),
    ports=frozenset({554}),
    decode_as="tcp.port=={port},rtsp",
    options=("-o", "rtsp.desegment_body:FALSE"),
    joined=("-o", "rtsp.desegment_body:TRUE"),
)


ALL = (HTTP, RTSP)
