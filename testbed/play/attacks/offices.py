"""What comes over from the office side: logins, tools, names, copies."""

from __future__ import annotations

import base64

from testbed.play import frames, neighbours
from testbed.play.channel import MS
from testbed.play.protocols import offices
from testbed.play.stage import Stage
from testbed.play.stations import Station

EICAR = base64.b64decode("WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=")
"""The test file of the antivirus makers, encoded so that this file is none."""


def _victim(stage: Stage) -> Station:
    devices = stage.plant.devices
    return stage.target(devices[stage.chance(0, len(devices) - 1)].station)


def _insider(stage: Stage) -> Station:
    """A computer of the plant that somebody else works with."""
    found = [one for one in stage.plant.stations if one.role in ("historian", "engineer", "office", "scada")]
    return stage.actor(found[stage.chance(0, len(found) - 1)])


def telnet(stage: Stage) -> None:
    """Default credentials in clear."""
    victim = _victim(stage)
    channel = stage.channel(stage.intruder(victim), victim, offices.TELNET)
    stage.now = channel.open(stage.now)
    user, word = stage.pick((b"admin", b"admin"), (b"root", b"root"), (b"user", b"1234"))
    stage.now = channel.send(stage.now, False, b"\r\nlogin: ")
    stage.now = channel.ask(stage.now + 900 * MS, user + b"\r\n", b"Password: ")
    stage.now = channel.ask(stage.now + 900 * MS, word + b"\r\n", b"\r\nWelcome\r\n# ")
    stage.end(channel)


def ftp(stage: Stage) -> None:
    victim = _victim(stage)
    channel = stage.channel(stage.intruder(victim), victim, offices.FTP)
    stage.now = channel.open(stage.now)
    stage.now = channel.send(stage.now, False, b"220 FTP server ready.\r\n")
    user, word = stage.pick((b"admin", b"admin"), (b"sysdiag", b"factorycast@schneider"), (b"ftp", b"ftp"))
    for request, answer in (
        (b"USER " + user, b"331 Password required."), (b"PASS " + word, b"230 Logged in."), (b"QUIT", b"221 Bye."),
    ):  # fmt: skip
        stage.now = channel.ask(stage.now + 300 * MS, request + b"\r\n", answer + b"\r\n")
    stage.end(channel)


def ftp_guessing(stage: Stage) -> None:
    victim = _victim(stage)
    client = stage.intruder(victim)
    for number in range(stage.chance(15, 40)):
        channel = stage.channel(client, victim, offices.FTP)
        stage.now = channel.open(stage.now)
        stage.now = channel.send(stage.now, False, b"220 FTP server ready.\r\n")
        stage.now = channel.ask(stage.now, b"USER admin\r\n", b"331 Password required.\r\n")
        stage.now = channel.ask(stage.now, b"PASS word%03d\r\n" % number, b"530 Login incorrect.\r\n")
        stage.end(channel)
        stage.pause(0.1, 1)


def smb_guessing(stage: Stage) -> None:
    victim = stage.target(next(one for one in stage.plant.stations if one.role == "scada"))
    client = stage.stranger(victim)
    for _ in range(stage.chance(10, 30)):
        channel = stage.channel(client, victim, offices.SMB)
        stage.now = channel.open(stage.now)
        stage.now = channel.ask(stage.now, *offices.smb2_negotiate(0, stage.rng.bytes(16)))
        stage.now = channel.ask(stage.now, *offices.smb2_session_refused(1, b"Administrator"))
        stage.end(channel)
        stage.pause(0.1, 1)


def smb_worm(stage: Stage) -> None:
    """A computer tries port 445 of everything around it, and talks where somebody answers."""
    client = _insider(stage)
    there = {one.ip: one for one in stage.plant.stations}
    base = client.ip & ~0xFF
    for ip in (base + stage.rng.permutation(range(1, 255)))[: stage.chance(60, 200)].tolist():
        found = there.get(ip)
        if found is client:
            continue
        if found is None:
            ask = frames.arp(1, (client.mac, client.packed), (bytes(6), ip.to_bytes(4, "big")), frames.BROADCAST)
            stage.frame(stage.now, ask)
        else:
            channel = stage.channel(client, stage.target(found), offices.SMB)
            if found.role in ("plc", "router"):
                channel.refused(stage.now)
            else:
                stage.now = channel.ask(channel.open(stage.now), *offices.smb2_negotiate(0, stage.rng.bytes(16)))
                channel.reset(stage.now)
        stage.until(stage.now)
        stage.pause(0.005, 0.2)


def remote_tool(stage: Stage) -> None:
    """Somebody outside looks at a screen inside."""
    victim = stage.target(next(one for one in stage.plant.stations if one.role == "scada"))
    outside = stage.actor(stage.plant.outside(f"remote{stage.act.number}"))
    port = stage.pick(offices.VNC, offices.RDP)
    channel = stage.channel(outside, victim, port)
    stage.now = channel.open(stage.now, 14 * MS)
    if port == offices.VNC:
        stage.now = channel.send(stage.now, False, b"RFB 003.008\n")
        stage.now = channel.ask(stage.now, b"RFB 003.008\n", b"\x01\x02", 20 * MS)
    else:
        request, answer = offices.rdp_connect(b"support")
        stage.now = channel.ask(stage.now, request, answer, 20 * MS)
        stage.now = channel.ask(
            stage.now, offices.tls_hello("scada", stage.rng.bytes(32)), offices.tls_server(stage.rng.bytes(64))
        )
        for _ in range(40):
            stage.now = channel.ask(
                stage.now, offices.tls_data(stage.rng.bytes(70)), offices.tls_data(stage.rng.bytes(900))
            )
            stage.pause(0.05, 0.5)
    stage.end(channel)


def dns_tunnel(stage: Stage) -> None:
    """Long names that nobody would say, many of them."""
    client = _insider(stage)
    assert stage.plant.dns is not None
    stage.target(stage.plant.dns)
    domain = f"{stage.rng.bytes(4).hex()}.example"
    for _ in range(stage.chance(80, 300)):
        label = base64.b32encode(stage.rng.bytes(30)).decode().strip("=").lower()
        stage.until(
            neighbours.lookup(stage.plant, client, stage.now, stage.rng, f"{label}.t.{domain}", stage.act.number)
        )
        stage.pause(0.05, 0.8)


def unknown_names(stage: Stage) -> None:
    """Names as a malware's generator makes them; none exists."""
    client = _insider(stage)
    assert stage.plant.dns is not None
    stage.target(stage.plant.dns)
    for _ in range(stage.chance(30, 90)):
        letters = stage.rng.integers(97, 123, stage.chance(12, 20)).astype("u1").tobytes().decode()
        name = f"{letters}.{stage.pick('com', 'net', 'info')}"
        stage.until(neighbours.lookup(stage.plant, client, stage.now, stage.rng, name, stage.act.number))
        stage.pause(0.2, 3)


def beacon(stage: Stage) -> None:
    """Every so often a few bytes go out, to a machine in the internet."""
    client = _insider(stage)
    outside = stage.target(stage.plant.outside(f"command{stage.act.number}"))
    period = stage.chance(20, 60)
    for _ in range(stage.chance(8, 16)):
        sizes = [stage.chance(90, 200)]
        stage.until(
            neighbours.encrypted(
                stage.plant, client, outside, stage.now, stage.rng, "cdn-sync.example", sizes, stage.act.number
            )
        )
        stage.pause(period * 0.9, period * 1.1)


def exfiltration(stage: Stage) -> None:
    """Megabytes leave the plant."""
    client = _insider(stage)
    outside = stage.target(stage.plant.outside(f"drop{stage.act.number}"))
    sizes = [stage.chance(100_000, 400_000) for _ in range(stage.chance(8, 20))]
    stage.until(
        neighbours.encrypted(
            stage.plant, client, outside, stage.now, stage.rng, "files.example", sizes, stage.act.number
        )
    )


def eicar(stage: Stage) -> None:
    """The test file of the antivirus makers, over HTTP."""
    client = _insider(stage)
    server = stage.actor(stage.plant.outside(f"web{stage.act.number}"))
    channel = stage.channel(client, server, offices.HTTP)
    stage.now = channel.open(stage.now, 12 * MS)
    answer = offices.http_response(EICAR, "application/octet-stream")
    stage.now = channel.ask(stage.now, offices.http_request("tools.example", "/setup.com"), answer, 20 * MS)
    stage.end(channel)
