"""Captures for the examples in `rules/`: `python -m pcaps.make.rules [FOLDER]` writes them and enters them there."""

from __future__ import annotations

import sys
from pathlib import Path

from pcaps.make import (
    rules_calls,
    rules_counted,
    rules_it,
    rules_modbus,
    rules_modbus_acts,
    rules_network,
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
    ("flow/silent_port_scan", ("flow",), True, "thirty ports without an answer", rules_network.silent_port_scan),
    (
        "flow/servers_switched_off",
        ("modbus",),
        True,
        "controllers that answered before are tried in vain",
        rules_network.servers_switched_off,
    ),
    (
        "flow/known_client_sweeps",
        ("modbus",),
        True,
        "controllers that go on to answer are knocked at",
        rules_network.known_client_sweeps,
    ),
    ("flow/udp_port_scan", ("flow",), False, "thirty UDP ports of one station", rules_network.udp_port_scan),
    ("flow/udp_address_scan", ("flow",), False, "one UDP port of many addresses", rules_network.udp_address_scan),
    ("icmp/ping_sweep", ("icmp",), True, "many addresses are pinged", rules_network.ping_sweep),
    ("arp/address_scan", ("arp",), True, "forty addresses are asked for in three hours", rules_network.arp_scan),
    ("arp/poll_of_many", ("arp",), True, "forty stations are looked up and answer", rules_network.arp_poll_of_many),
    ("flow/syn_flood", ("flow",), True, "three hundred connections that never end", rules_network.syn_flood),
    ("flow/udp_flood", ("flow",), False, "three hundred datagrams to ever new ports", rules_network.udp_flood),
    (
        "flow/connection_flood",
        ("flow",),
        True,
        "three hundred connections that are reset at once",
        rules_network.connection_flood,
    ),
    ("icmp/flood", ("icmp",), True, "eleven hundred pings in two seconds", rules_network.icmp_flood),
    ("arp/storm", ("arp",), True, "one question eleven hundred times", rules_network.arp_storm),
    ("arp/spoofing", ("arp",), False, "both ends are told of a third hardware address", rules_network.arp_spoofing),
    ("arp/duplicate_address", ("arp",), True, "two stations claim one address", rules_network.duplicate_address),
    ("arp/exchanged", ("arp",), True, "a controller is exchanged", rules_network.exchanged),
    ("dns/tunnel", ("dns",), True, "long names below one domain", rules_network.tunnel),
    ("dns/unusual_port", ("dns",), True, "names are asked for at port 5300", rules_network.unusual_port),
    ("flow/public_address", ("tls",), True, "a station speaks with the internet", rules_network.public_address),
    (
        "flow/from_public_address",
        ("tls",),
        True,
        "the internet speaks with a station",
        rules_network.from_public_address,
    ),
    ("dns/many_hosts", ("dns",), True, "thirty hosts of one domain", rules_network.many_hosts),
    ("flow/ordinary_connections", ("flow",), True, "much that is answered", rules_network.ordinary_connections),
    ("flow/in_between", ("modbus",), True, "somebody passes polls on from the sixth on", rules_network.in_between),
    *rules_calls.ROWS,
)


def main(folder: Path) -> None:
    for name, protocols, clean, text, make in MADE:
        path = folder / f"{name}.pcap"
        pcapfile.write(path, make())
        manifest.enter(folder / "manifest.yml", path, protocols, text, made="python -m pcaps.make.rules", clean=clean)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
