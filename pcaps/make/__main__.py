"""Write every made capture below a folder (default: this package's) and enter it in the manifest there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pcaps.make import frames, modbus, mysql, opcua, postgresql, rdp, s7comm, smb, ssh, tds, tls, vnc
from testbed import manifest, pcapfile

# path without suffix, protocols, clean, what it is, how it is made
Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[pcapfile.Frame]]]
MADE: tuple[Row, ...] = (
    ("modbus/errors", ("modbus",), False, "one broken message after another between good ones", modbus.errors),
    ("modbus/foreign_on_port", (), False, "HTTP on port 502", modbus.foreign),
    ("s7comm/errors", ("s7comm",), False, "one broken message after another between good ones", s7comm.errors),
    ("s7comm/foreign_on_port", (), False, "S7comm-plus and MMS bytes in COTP on port 102", s7comm.foreign),
    ("opcua/errors", ("opcua",), False, "four connections, each with one broken message", opcua.errors),
    ("opcua/foreign_on_port", (), False, "SSH on port 4840", opcua.foreign),
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
    ("plant/ledger", ("modbus",), False, "18 frames of every class the ledger knows", frames.ledger),
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
