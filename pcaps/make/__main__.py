"""Write every made capture below a folder (default: this package's) and enter it in the manifest there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pcaps.make import frames, ftp, http, imap, modbus, opcua, pop3, redis, rtsp, s7comm, smtp, telnet
from testbed import manifest, pcapfile

# path without suffix, protocols, clean, what it is, how it is made
Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[pcapfile.Frame]]]
MADE: tuple[Row, ...] = (
    ("modbus/errors", ("modbus",), False, "one broken message after another between good ones", modbus.errors),
    ("modbus/foreign_on_port", ("http",), False, "HTTP on port 502", modbus.foreign),
    ("s7comm/errors", ("s7comm",), False, "one broken message after another between good ones", s7comm.errors),
    ("s7comm/foreign_on_port", (), False, "S7comm-plus and MMS bytes in COTP on port 102", s7comm.foreign),
    ("opcua/errors", ("opcua",), False, "four connections, each with one broken message", opcua.errors),
    ("opcua/foreign_on_port", (), False, "SSH on port 4840", opcua.foreign),
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
