"""For rules about services: databases, certificates, programs for remote control, old ones, and volumes."""

from __future__ import annotations

from dataclasses import replace

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from pcaps.make import mysql, postgresql, redis, ssh, tds, teamviewer, tls
from pcaps.make.datagrams import Exchange
from pcaps.make.rules_windows import OUTSIDE, from_outside
from pcaps.make.talk import CLIENT, Talk, add
from testbed.pcapfile import Frame


def _server(version: int, cipher: int, chain: bytes) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, tls.PORT)
    talk.ask(tls.record(tls.old_hello()))
    talk.answer(tls.record(tls.server_hello(version, cipher) + chain))
    talk.end()
    return frames


def old_tls() -> list[Frame]:
    """TLS 1.0 with RC4, and a certificate that expired."""
    expired = tls.certificate().replace(b"20550101000000Z", b"20251231000000Z")
    return _server(0x0301, 0x0005, tls.chain(expired))


def new_tls() -> list[Frame]:
    """TLS 1.2 with a certificate that is good."""
    return _server(0x0303, 0xC02F, tls.chain(tls.certificate()))


def remote_tool() -> list[Frame]:
    """A connection to the servers of a program for remote control."""
    frames: list[Frame] = []
    talk = Talk(frames, tls.PORT)
    talk.ask(tls.record(tls.new_hello("relay-3c1f0d.net.anydesk.com")))
    talk.answer(tls.record(tls.server_hello(0x0303, 0xC02F)))
    talk.end()
    return frames


def pings() -> list[Frame]:
    """TeamViewer's service asks whether its server is there."""
    frames: list[Frame] = []
    talk = Talk(frames, teamviewer.PORT)
    talk.ask(teamviewer.old(16))
    talk.answer(teamviewer.old(17))
    talk.end()
    return frames


def old_shell() -> list[Frame]:
    """A server that speaks version 1 only."""
    return from_outside(ssh.PORT, ("S", b"SSH-1.5-1.2.27\r\n"), ("C", b"SSH-1.5-PuTTY\r\n"), client=CLIENT)


def shell_from_outside() -> list[Frame]:
    return from_outside(ssh.PORT, ("S", b"SSH-2.0-dropbear_2022.83\r\n"), ("C", b"SSH-2.0-Go\r\n"))


def terminal_from_outside() -> list[Frame]:
    return from_outside(23, ("S", b"plc7 login: "), ("C", b"root\r\n"), ("S", b"Password: "))


def database_taken_over() -> list[Frame]:
    """SQL Server: a program of the system is started, and a database is copied to a file."""
    frames: list[Frame] = []
    talk = Talk(frames, tds.PORT)
    for text in ("EXEC xp_cmdshell 'dir'", "BACKUP DATABASE recipes TO DISK='x'"):
        talk.ask(tds.batch(text))
        talk.answer(tds.packet(4, bytes(20)))
    talk.end()
    return frames


def tables_dumped() -> list[Frame]:
    """Four tables are read as dump programs read them; then the client's own file is asked for."""
    frames: list[Frame] = []
    talk = Talk(frames, mysql.PORT)
    talk.answer(mysql.greeting())
    talk.ask(mysql.login(b"historian", bytes(range(20))))
    talk.answer(mysql.fine(2))
    for name in ("amber", "birch", "cedar", "delta"):
        talk.ask(mysql.command(3, b"SELECT /*!40001 SQL_NO_CACHE */ * FROM `%s`" % name.encode()))
        talk.answer(mysql.fine(1))
    talk.ask(mysql.command(3, b"LOAD DATA LOCAL INFILE 'a' INTO TABLE t"))
    talk.answer(mysql.packet(1, b"\xfb/etc/passwd"))
    talk.end()
    return frames


def cluster_dumped() -> list[Frame]:
    """A dump by its own name, and a program of the system started by a copy."""
    frames: list[Frame] = []
    talk = Talk(frames, postgresql.PORT)
    words = (b"user", b"postgres", b"database", b"recipes", b"application_name", b"pg_dump")
    talk.ask(postgresql.first(196_608, b"".join(word + b"\0" for word in words) + b"\0"))
    talk.answer(postgresql.authentication(0) + postgresql.READY)
    talk.ask(postgresql.message(b"Q", b"COPY t FROM PROGRAM 'id'\0"))
    talk.answer(postgresql.error(b"42501", b"must be superuser") + postgresql.READY)
    talk.end()
    return frames


def keys_and_values() -> list[Frame]:
    """Redis as it is used."""
    frames: list[Frame] = []
    talk = Talk(frames, redis.PORT)
    talk.ask(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
    talk.answer(b"$1\r\nv\r\n")
    talk.ask(b"*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$9\r\nmaxmemory\r\n")
    talk.answer(b"*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n")
    talk.end()
    return frames


def anonymous_files() -> list[Frame]:
    """Public files are fetched by nobody in particular."""
    said = (
        ("S", b"220 FTP server ready\r\n"), ("C", b"USER anonymous\r\n"), ("S", b"331 send your name\r\n"),
        ("C", b"PASS a@plant.example\r\n"), ("S", b"230 hello\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n"),
    )  # fmt: skip
    return from_outside(21, *said, client=CLIENT)


def old_services() -> list[Frame]:
    """A remote login without a password, and a file by TFTP."""
    frames = from_outside(513, ("C", b"\0root\0root\0xterm/9600\0"), ("S", b"\0"), client=CLIENT)
    file = Exchange(frames, 69)
    file.ask(b"\0\x01panel.cfg\0octet\0")
    return frames



def outflow() -> list[Frame]:
    """A megabyte leaves for the internet, in datagrams of which the capture holds the front."""
    frames: list[Frame] = []
    ends = Ether(src=CLIENT[1], dst=OUTSIDE[1]) / IP(src=CLIENT[0], dst=OUTSIDE[0], len=60_028)
    for _ in range(18):
        add(frames, bytes(ends / UDP(sport=40001, dport=8443, len=60_008) / Raw(bytes(64))))
    return [replace(frame, cut=60_000 - 64) for frame in frames]


def mail_fetched_sealed() -> list[Frame]:
    """POP3 up to TLS."""
    said = (
        ("S", b"+OK ready\r\n"),
        ("C", b"CAPA\r\n"),
        ("S", b"+OK\r\nSTLS\r\n.\r\n"),
        ("C", b"STLS\r\n"),
        ("S", b"+OK\r\n"),
    )
    return from_outside(110, *said, client=CLIENT)


def mailbox_sealed() -> list[Frame]:
    """IMAP up to TLS."""
    said = (("S", b"* OK ready\r\n"), ("C", b"a1 STARTTLS\r\n"), ("S", b"a1 OK begin\r\n"))
    return from_outside(143, *said, client=CLIENT)


def open_camera() -> list[Frame]:
    """What a camera can do, and what it shows."""
    ask = b"%s rtsp://10.77.2.11/live RTSP/1.0\r\nCSeq: %d\r\n\r\n"
    frames: list[Frame] = []
    talk = Talk(frames, 554)
    for number, method in enumerate((b"OPTIONS", b"DESCRIBE"), 1):
        talk.ask(ask % (method, number))
        talk.answer(b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: 0\r\n\r\n" % number)
    talk.end()
    return frames


def options_only() -> list[Frame]:
    """Options, and no prompt."""
    return from_outside(
        23, ("S", bytes.fromhex("fffd18 fffb03 fffb01")), ("C", bytes.fromhex("fffb18 fffd03 fffd01")), client=CLIENT
    )
