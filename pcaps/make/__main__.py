"""Write every made capture below a folder (default: this package's) and enter it in the manifest there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pcaps.make import (
    arp,
    datagrams,
    dhcp,
    dns,
    frames,
    ftp,
    http,
    icmp,
    imap,
    modbus,
    mysql,
    ntp,
    opcua,
    pop3,
    postgresql,
    rdp,
    redis,
    rtsp,
    s7comm,
    smb,
    smtp,
    snmp,
    ssh,
    tds,
    teamviewer,
    telnet,
    tls,
    vnc,
)
from testbed import manifest, pcapfile

# path without suffix, protocols, clean, what it is, how it is made
Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[pcapfile.Frame]]]
MADE: tuple[Row, ...] = (
    ("modbus/errors", ("modbus",), False, "one broken message after another between good ones", modbus.errors),
    ("modbus/serial_frames", ("modbus",), True, "RTU and ASCII frames over TCP, on three ports", modbus.serial),
    (
        "modbus/serial_errors",
        ("modbus",),
        False,
        "RTU frames that the line broke, between good ones",
        modbus.serial_errors,
    ),
    ("modbus/umas", ("modbus",), True, "Schneider's UMAS: identify, reserve, stop, load, start", modbus.umas),
    ("modbus/foreign_on_port", ("http",), False, "HTTP on port 502", modbus.foreign),
    ("s7comm/errors", ("s7comm",), False, "one broken message after another between good ones", s7comm.errors),
    ("s7comm/foreign_on_port", (), False, "S7comm-plus and MMS bytes in COTP on port 102", s7comm.foreign),
    (
        "s7comm/plus_session",
        ("s7comm-plus",),
        True,
        "S7comm-plus: values, stop and start",
        s7comm.plus_session,
    ),
    ("s7comm/station", ("s7comm",), True, "a station tells what it is, how it is, and an alarm", s7comm.station),
    ("opcua/errors", ("opcua",), False, "four connections, each with one broken message", opcua.errors),
    ("opcua/foreign_on_port", (), False, "SSH on port 4840", opcua.foreign),
    ("arp/normal", ("arp",), True, "a question and its answer, a probe, an announcement", arp.normal),
    ("arp/errors", ("arp",), False, "operations, addresses and lengths that nobody should send", arp.errors),
    ("icmp/normal", ("icmp",), True, "echoes, errors, a redirect, a router and neighbours of IPv6", icmp.normal),
    ("icmp/errors", ("icmp",), False, "one broken message after another between good ones", icmp.errors),
    ("dhcp/normal", ("dhcp",), True, "a lease from question to release, for IPv4 and IPv6", dhcp.normal),
    ("dhcp/errors", ("dhcp",), False, "one broken message after another", dhcp.errors),
    ("dhcp/foreign_on_port", (), False, "SSDP on port 67", lambda: datagrams.foreign(67)),
    (
        "dns/normal",
        ("dns", "mdns", "llmnr", "nbns"),
        True,
        "names asked in every way, a zone and an update",
        dns.normal,
    ),
    ("dns/errors", ("dns",), False, "one broken message after another between good ones", dns.errors),
    ("dns/foreign_on_port", (), False, "SSDP on port 53", lambda: datagrams.foreign(53)),
    ("ntp/normal", ("ntp",), True, "the time, a refusal, a broadcast, questions about the server", ntp.normal),
    ("ntp/errors", ("ntp",), False, "one broken message after another between good ones", ntp.errors),
    ("ntp/foreign_on_port", (), False, "SSDP on port 123", lambda: datagrams.foreign(123)),
    ("snmp/normal", ("snmp",), True, "reads, a write, traps, and version 3", snmp.normal),
    ("snmp/errors", ("snmp",), False, "one broken message after another between good ones", snmp.errors),
    ("snmp/foreign_on_port", (), False, "SSDP on port 161", lambda: datagrams.foreign(161)),
    ("tls/ordinary", ("tls",), True, "both versions, a refusal, and a remote tool", tls.ordinary),
    ("tls/errors", ("tls",), False, "broken messages between good ones", tls.errors),
    ("tls/foreign_on_port", (), False, "HTTP in clear on port 443", tls.foreign),
    ("ssh/ordinary", ("ssh",), True, "a login as a listener sees it, and a refusal", ssh.ordinary),
    ("ssh/errors", ("ssh",), False, "broken messages between good ones", ssh.errors),
    ("ssh/foreign_on_port", (), False, "bytes of nobody on port 22", ssh.foreign),
    ("rdp/ordinary", ("rdp",), True, "CredSSP inside TLS, standard security, and a refusal", rdp.ordinary),
    ("rdp/errors", ("rdp",), False, "broken messages between good ones", rdp.errors),
    ("rdp/foreign_on_port", (), False, "HTTP on port 3389", rdp.foreign),
    ("smb/ordinary", ("smb",), True, "logins, files, the service manager's pipe; SMB 1 in NetBIOS", smb.ordinary),
    ("smb/errors", ("smb",), False, "broken messages between good ones", smb.errors),
    ("smb/foreign_on_port", (), False, "HTTP on port 445", smb.foreign),
    (
        "teamviewer/ordinary",
        ("teamviewer", "flow"),
        True,
        "both forms, on its port and on another",
        teamviewer.ordinary,
    ),
    ("teamviewer/errors", ("teamviewer",), False, "broken messages between good ones", teamviewer.errors),
    ("teamviewer/foreign_on_port", ("http",), False, "HTTP on port 5938", teamviewer.foreign),
    ("vnc/ordinary", ("vnc",), True, "right and wrong passwords, none, and an encrypted type", vnc.ordinary),
    ("vnc/errors", ("vnc",), False, "broken messages between good ones", vnc.errors),
    ("vnc/foreign_on_port", (), False, "HTTP on port 5900", vnc.foreign),
    ("tds/ordinary", ("tds", "tls"), True, "logins in clear, by Windows and inside TLS; statements", tds.ordinary),
    ("tds/errors", ("tds",), False, "broken messages between good ones", tds.errors),
    ("tds/foreign_on_port", (), False, "HTTP on port 1433", tds.foreign),
    ("mysql/ordinary", ("mysql", "tls"), True, "logins in clear and inside TLS; statements", mysql.ordinary),
    ("mysql/errors", ("mysql",), False, "broken messages between good ones", mysql.errors),
    ("mysql/foreign_on_port", (), False, "HTTP on port 3306", mysql.foreign),
    (
        "postgresql/ordinary",
        ("postgresql", "tls"),
        True,
        "logins in clear and inside TLS; statements",
        postgresql.ordinary,
    ),
    ("postgresql/errors", ("postgresql",), False, "broken messages between good ones", postgresql.errors),
    ("postgresql/foreign_on_port", (), False, "bytes of nobody on port 5432", postgresql.foreign),
    ("http/clean", ("http",), True, "pages, logins, an upgrade", http.clean),
    ("http/errors", ("http",), False, "two lengths, length and chunks, broken chunks and lines", http.errors),
    ("http/foreign_on_port", ("modbus",), False, "Modbus on the port of http", http.foreign),
    ("ftp/clean", ("ftp",), True, "logins, transfers, and encryption", ftp.clean),
    ("ftp/errors", ("ftp",), False, "a bounce, broken addresses, commands and lines", ftp.errors),
    ("ftp/foreign_on_port", ("modbus",), False, "Modbus on the port of ftp", ftp.foreign),
    ("smtp/clean", ("smtp",), True, "a mail, logins, and encryption", smtp.clean),
    ("smtp/errors", ("smtp",), False, "broken paths, logins, commands and lines", smtp.errors),
    ("smtp/foreign_on_port", ("modbus",), False, "Modbus on the port of smtp", smtp.foreign),
    ("pop3/clean", ("pop3",), True, "logins, mails, and encryption", pop3.clean),
    ("pop3/errors", ("pop3",), False, "broken commands, logins and lines", pop3.errors),
    ("pop3/foreign_on_port", ("modbus",), False, "Modbus on the port of pop3", pop3.foreign),
    ("imap/clean", ("imap",), True, "logins, mails, and encryption", imap.clean),
    ("imap/errors", ("imap",), False, "broken commands, logins and lines", imap.errors),
    ("imap/foreign_on_port", ("modbus",), False, "Modbus on the port of imap", imap.foreign),
    ("rtsp/clean", ("rtsp",), True, "a camera is described and played", rtsp.clean),
    ("rtsp/errors", ("rtsp",), False, "broken methods, numbers, logins and lines", rtsp.errors),
    ("rtsp/foreign_on_port", ("modbus",), False, "Modbus on the port of rtsp", rtsp.foreign),
    ("redis/clean", ("redis",), True, "logins, values, and a server that is taken over", redis.clean),
    ("redis/errors", ("redis",), False, "broken commands and elements", redis.errors),
    ("redis/foreign_on_port", ("modbus",), False, "Modbus on the port of redis", redis.foreign),
    ("telnet/clean", ("telnet",), True, "a refused and a good login", telnet.clean),
    ("telnet/errors", ("telnet",), False, "users that are options, and a name without an end", telnet.errors),
    ("telnet/foreign_on_port", ("modbus",), False, "Modbus on the port of telnet", telnet.foreign),
    ("plant/ledger", ("modbus",), False, "18 frames of every class the ledger knows", frames.ledger),
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
