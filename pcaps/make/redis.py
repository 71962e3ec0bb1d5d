"""Redis, RESP2 and RESP3."""

from __future__ import annotations

from pcaps.make import text
from pcaps.make.text import CLIENT, SERVER
from testbed.pcapfile import Frame

PORT = 6379


def _command(*words: str) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)


def clean() -> list[Frame]:
    """Logins, values, a pipeline, a push; and how a server is taken over: CONFIG, SLAVEOF, MODULE, EVAL."""
    session = (
        (CLIENT, _command("GET", "level")),
        (SERVER, "-NOAUTH Authentication required."),
        (CLIENT, _command("AUTH", "123456")),
        (SERVER, "-WRONGPASS invalid username-password pair"),
        (CLIENT, _command("HELLO", "3", "AUTH", "admin", "admin")),
        (SERVER, b"%1\r\n$5\r\nproto\r\n:3\r\n"),
        (CLIENT, _command("SET", "level", "1" * 3000)),
        (SERVER, "+OK"),
        (CLIENT, _command("GET", "level") + _command("MGET", "a", "b") + _command("DEL", "a", "b", "c", "d", "e", "f")),
        (SERVER, b"$3\r\n3.5\r\n" + b"*2\r\n_\r\n$1\r\nb\r\n" + b">2\r\n+invalidate\r\n_\r\n" + b":6\r\n"),
    )
    taken = (
        (CLIENT, "INFO server"),
        (SERVER, b"$20\r\nredis_version:5.0.7\n\r\n"),
        (CLIENT, _command("CONFIG", "SET", "dir", "/tmp")),
        (SERVER, "+OK"),
        (CLIENT, _command("SLAVEOF", "10.77.2.66", "6379")),
        (SERVER, "+OK"),
        (CLIENT, _command("MODULE", "LOAD", "/tmp/exp.so")),
        (SERVER, "+OK"),
        (CLIENT, _command("EVAL", "return 1", "0")),
        (SERVER, ":1"),
        (CLIENT, _command("MONITOR")),
        (SERVER, "+OK"),
        (SERVER, '+1767225600.1 [0 10.77.2.101:40003] "GET" "level"'),
    )
    return text.converse(PORT, session, taken)


def errors() -> list[Frame]:
    """A command that is none, elements that are none, a line without an end; a good pair first and last."""
    good = ((CLIENT, _command("PING")), (SERVER, "+PONG"))
    return text.converse(
        PORT,
        (
            *good,
            (CLIENT, _command("FROB", "x")),
            (SERVER, "-ERR unknown command"),
            (CLIENT, b"*1\r\n:7\r\n"),
            (SERVER, "what"),
            *good,
        ),
        (*good, (CLIENT, b"PING " + b"A" * 9000), *good),
    )


def foreign() -> list[Frame]:
    return text.foreign(PORT)
