"""Captures for the examples in `rules/`: `python -m pcaps.make.rules [FOLDER]` writes them and enters them there."""

from __future__ import annotations

import sys
from pathlib import Path

from pcaps.make import (
    rules_counted,
    rules_it,
    rules_modbus,
    rules_modbus_acts,
    rules_opcua,
    rules_opcua_acts,
    rules_opcua_channels,
    rules_s7_acts,
    rules_s7_loads,
    rules_s7comm,
    rules_s7plus,
)
from pcaps.make.__main__ import Row
from testbed import manifest, pcapfile

BASELINE = "what is learned: one station only reads, one reads and writes"
FIRST_WRITE = "a station that only read in reader.pcap writes"
AS_LEARNED = "reads and writes by the stations that did so in reader.pcap"

MADE: tuple[Row, ...] = (
    (
        "s7comm/program_exchanged",
        ("s7comm",),
        True,
        "a block is fetched, the controller stopped, another loaded, and started",
        rules_counted.program_exchanged,
    ),
    ("s7comm/maintenance", ("s7comm",), True, "stopped, started, loaded and saved", rules_counted.maintenance),
    ("s7comm/stays_stopped", ("s7comm",), True, "stopped, and not started again", rules_counted.stays_stopped),
    ("s7comm/restarted", ("s7comm",), True, "stopped, started at once, and polled", rules_counted.restarted),
    (
        "s7comm/parts_of_a_change",
        ("s7comm",),
        True,
        "each of four programmers leaves one step of a change out",
        rules_counted.parts_of_a_change,
    ),
    ("modbus/silent_scan", ("modbus",), False, "twenty function codes without an answer", rules_counted.silent_scan),
    (
        "modbus/gateway_polling",
        ("modbus",),
        True,
        "twenty units behind a gateway answer",
        rules_counted.gateway_polling,
    ),
    ("ftp/password_guess", ("ftp",), True, "eight passwords, each refused", rules_counted.ftp_guessing),
    ("flow/port_scan", ("flow",), True, "forty ports of one station are tried", rules_counted.port_scan),
    ("flow/address_scan", ("flow",), True, "one port of thirty addresses is tried", rules_counted.address_scan),
    ("flow/few_refused", ("flow",), True, "five services of two stations refuse", rules_counted.few_refused),
    ("modbus/reader", ("modbus",), True, BASELINE, rules_modbus.reader),
    ("modbus/write_after_reads", ("modbus",), True, FIRST_WRITE, rules_modbus.write_after_reads),
    ("modbus/operator_shift", ("modbus",), True, AS_LEARNED, rules_modbus.operator_shift),
    ("modbus/maintenance", ("modbus",), True, "diagnostics, file record and a read of 125", rules_modbus.maintenance),
    ("modbus/file_record_write", ("modbus",), True, "a file record is overwritten", rules_modbus.file_record_write),
    (
        "modbus/conflicting_retransmission",
        ("modbus", "flow"),
        False,
        "a write is sent once more with another value",
        rules_modbus.conflicting_retransmission,
    ),
    (
        "flow/honest_retransmissions",
        ("modbus",),
        True,
        "segments are sent once more, as they were or cut otherwise",
        rules_modbus.honest_retransmissions,
    ),
    ("s7comm/reader", ("s7comm",), True, BASELINE, rules_s7comm.reader),
    ("s7comm/write_after_reads", ("s7comm",), True, FIRST_WRITE, rules_s7comm.write_after_reads),
    ("s7comm/operator_shift", ("s7comm",), True, AS_LEARNED, rules_s7comm.operator_shift),
    ("s7comm/status_panel", ("s7comm",), True, "mode, LEDs, clock and values are read", rules_s7comm.status_panel),
    ("s7comm/block_list", ("s7comm",), True, "the blocks are counted", rules_s7comm.block_list),
    ("s7comm/force", ("s7comm",), False, "an output is forced", rules_s7comm.force),
    ("opcua/reader", ("opcua",), True, BASELINE, rules_opcua.reader),
    ("opcua/write_after_reads", ("opcua",), True, FIRST_WRITE, rules_opcua.write_after_reads),
    ("opcua/operator_shift", ("opcua",), True, AS_LEARNED, rules_opcua.operator_shift),
    ("opcua/discovery", ("opcua",), True, "servers and endpoints are asked for", rules_opcua.discovery),
    ("opcua/encrypted_password", ("opcua",), True, "login with an encrypted password", rules_opcua.encrypted_password),
    ("opcua/add_nodes", ("opcua",), True, "a node is added, another deleted", rules_opcua.add_nodes),
    *rules_modbus_acts.ROWS,
    *rules_s7_acts.ROWS,
    *rules_s7_loads.ROWS,
    *rules_s7plus.ROWS,
    *rules_opcua_acts.ROWS,
    *rules_opcua_channels.ROWS,
    *rules_it.MADE,
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make.rules", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
