"""For rules about logins: passwords guessed, with and without luck, in each protocol that lets somebody in."""

from __future__ import annotations

from collections.abc import Callable

from pcaps.make import mysql, postgresql, rdp, redis, smb, ssh, tds, tls, vnc
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

Login = Callable[[list[Frame], int, bool], None]
"""Everything lands in the list; the client's port; whether the server lets somebody in."""


def ftp(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 21, port)
    talk.answer(b"220 VxWorks FTP server ready\r\n")
    talk.ask(b"USER loader\r\n")
    talk.answer(b"331 Password required\r\n")
    talk.ask(b"PASS word%d-Lw0\r\n" % port)
    talk.answer(b"230 Logged in\r\n" if good else b"530 Login failed\r\n")
    talk.ask(b"QUIT\r\n")
    talk.answer(b"221 Bye\r\n")
    talk.end()


def telnet(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 23, port)
    talk.answer(b"plc7 login: ")
    talk.ask(b"root\r\n")
    talk.answer(b"Password: ")
    talk.ask(b"word%d-Lw0\r\n" % port)
    talk.answer(b"\r\nWelcome\r\nplc7# " if good else b"\r\nLogin incorrect\r\n")
    talk.end()


def smb_session(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, smb.PORT, port)
    talk.ask(smb.packet(smb.negotiate()))
    talk.answer(smb.packet(smb.negotiated()))
    talk.ask(smb.packet(smb.session(1, smb.ntlm())))
    talk.answer(smb.packet(smb.session_answer(1, 0 if good else 0xC000006D)))
    talk.end()


def desktop(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, vnc.PORT, port)
    talk.answer(vnc.NEW)
    talk.ask(vnc.NEW)
    talk.answer(b"\x01\x02")
    talk.ask(b"\x02")
    talk.answer(bytes(range(16)))
    talk.ask(bytes(range(16, 32)))
    talk.answer(bytes(4) if good else b"\0\0\0\x01" + vnc.counted(b"Authentication failed"))
    talk.end()


def sql_server(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, tds.PORT, port)
    talk.ask(tds.prelogin(18, 2))
    talk.answer(tds.prelogin(4, 2))
    talk.ask(tds.login("sa", f"word{port}-Lw0"))
    talk.answer(tds.accepted() if good else tds.error(18456, "Login failed for user 'sa'."))
    talk.end()


def mysql_session(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, mysql.PORT, port)
    talk.answer(mysql.greeting())
    talk.ask(mysql.login(b"root", bytes(range(20))))
    talk.answer(mysql.fine(2) if good else mysql.error(2, 1045, b"28000", b"Access denied for user 'root'"))
    talk.end()


def postgres(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, postgresql.PORT, port)
    talk.ask(postgresql.startup(b"postgres"))
    talk.answer(postgresql.authentication(5, b"salt"))
    talk.ask(postgresql.message(b"p", b"md5" + b"0" * 32 + b"\0"))
    refused = postgresql.error(b"28P01", b'password authentication failed for user "postgres"')
    talk.answer(postgresql.authentication(0) + postgresql.READY if good else refused)
    talk.end()


def remote_desktop(frames: list[Frame], port: int, good: bool) -> None:
    """Whether it was let in is encrypted."""
    talk = Talk(frames, rdp.PORT, port)
    talk.ask(rdp.request(b"admin", 3))
    talk.answer(rdp.call(0xD0, rdp.negotiation(2, 2)))
    talk.ask(tls.record(tls.new_hello("hmi3.plant.example")))
    talk.answer(tls.record(tls.server_hello(0x0303, 0xC02F)))
    talk.end()


def old_desktop(frames: list[Frame], port: int, good: bool) -> None:
    """Without TLS."""
    talk = Talk(frames, rdp.PORT, port)
    talk.ask(rdp.request(b"", 0))
    talk.answer(rdp.call(0xD0, b""))
    talk.ask(rdp.client_settings())
    talk.answer(rdp.server_settings())
    talk.end()


def shell(frames: list[Frame], port: int, good: bool) -> None:
    """Whether it was let in is encrypted."""
    talk = Talk(frames, ssh.PORT, port)
    talk.answer(b"SSH-2.0-dropbear_2022.83\r\n")
    talk.ask(b"SSH-2.0-Go\r\n", ssh.offer())
    talk.answer(ssh.offer())
    talk.end()


def store(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, redis.PORT, port)
    talk.ask(b"*2\r\n$4\r\nAUTH\r\n$9\r\nw%d-Lw\r\n" % port)
    talk.answer(b"+OK\r\n" if good else b"-WRONGPASS invalid username-password pair\r\n")
    talk.end()


def web(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 80, port)
    # admin:Lw0
    talk.ask(b"GET /status HTTP/1.1\r\nHost: 10.77.2.11\r\nAuthorization: Basic YWRtaW46THcw\r\n\r\n")
    talk.answer(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"200 OK" if good else b"401 Unauthorized"))
    talk.end()


def smtp(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 25, port)
    talk.answer(b"220 mail.plant.example ESMTP ready\r\n")
    talk.ask(b"AUTH PLAIN AG1hcmlhAHE4I0x3MCF6eks=\r\n")
    talk.answer(b"235 ok\r\n" if good else b"535 authentication failed\r\n")
    talk.end()


def pop3(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 110, port)
    talk.answer(b"+OK POP3 ready\r\n")
    talk.ask(b"USER maria\r\n")
    talk.answer(b"+OK\r\n")
    talk.ask(b"PASS word%d-Lw0\r\n" % port)
    talk.answer(b"+OK\r\n" if good else b"-ERR refused\r\n")
    talk.end()


def imap(frames: list[Frame], port: int, good: bool) -> None:
    talk = Talk(frames, 143, port)
    talk.answer(b"* OK ready\r\n")
    talk.ask(b"a1 LOGIN maria word%d-Lw0\r\n" % port)
    talk.answer(b"a1 OK done\r\n" if good else b"a1 NO refused\r\n")
    talk.end()


def guessed(login: Login, refused: int, let_in: int) -> Callable[[], list[Frame]]:
    """So many logins that are refused, and then so many that are not."""

    def make() -> list[Frame]:
        frames: list[Frame] = []
        for attempt in range(refused + let_in):
            login(frames, 40001 + attempt, attempt >= refused)
        return frames

    return make


SECURE = ((smb_session, "smb"), (desktop, "vnc"), (mysql_session, "mysql"))
CLEAR = ((ftp, "ftp"), (telnet, "telnet"), (sql_server, "tds"), (postgres, "postgresql"))
COUNTED = ((store, "redis"), (web, "http"), (smtp, "smtp"), (pop3, "pop3"), (imap, "imap"))
WHAT = (
    ("guessed", "six logins are refused, the seventh is let in", 6, 1),
    ("mistyped", "four logins are refused, the fifth is let in", 4, 1),
    ("refused", "six logins are refused", 6, 0),
)


def _rows(
    login: Login, name: str, many: int
) -> list[tuple[str, tuple[str, ...], bool, str, Callable[[], list[Frame]]]]:
    return [
        (f"{name}/{what}", (name,), False, text, guessed(login, refused, let_in))
        for what, text, refused, let_in in WHAT[:many]
    ]


TWELVE = "twelve connections within a minute"
ROWS = (
    *(row for login, name in (*SECURE, *CLEAR) for row in _rows(login, name, 3)),
    *(row for login, name in COUNTED for row in _rows(login, name, 1)),
    ("ssh/many_logins", ("ssh",), False, TWELVE, guessed(shell, 0, 12)),
    ("rdp/many_logins", ("rdp", "tls"), False, TWELVE, guessed(remote_desktop, 0, 12)),
    ("ssh/some_logins", ("ssh",), False, "five connections within a minute", guessed(shell, 0, 5)),
    ("rdp/some_logins", ("rdp",), False, "five old desktops within a minute", guessed(old_desktop, 0, 5)),
    ("http/many_refused", ("http",), False, "twelve logins are refused", guessed(web, 12, 1)),
)
"""Rows for `pcaps.make.rules`."""
