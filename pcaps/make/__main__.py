"""Write every made capture below a folder (default: this package's) and enter it in the manifest there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pcaps.make import frames, modbus, opcua, s7comm
from testbed import manifest, pcapfile

# path without suffix, protocols, clean, what it is, how it is made
Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[pcapfile.Frame]]]
MADE: tuple[Row, ...] = (
    ("modbus/errors", ("modbus",), False, "one broken message after another between good ones", modbus.errors),
    ("modbus/foreign_on_port", (), False, "HTTP on port 502", modbus.foreign),
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
    ("plant/ledger", ("modbus",), False, "18 frames of every class the ledger knows", frames.ledger),
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
