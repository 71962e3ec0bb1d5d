"""A real stack on both ends: pymodbus says every function it has, in every framing, and the events tell it."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType, ModbusDeviceIdentification
from pymodbus.client import ModbusTcpClient
from pymodbus.pdu.file_message import FileRecord
from pymodbus.server import ModbusTcpServer

from testbed.plant_modbus import device
from tests.recording import Recorder, events

UNIT = 1
ID = {"VendorName": "Otus Range", "ProductCode": "BFW-01", "MajorMinorRevision": "2.4", "ProductName": "Boiler"}
FRAMINGS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU, "ascii": FramerType.ASCII}
PORTS = {"tcp": 502, "rtu": 4001, "ascii": 4002}
"""Serial frames are recognised by their content."""
LEFT_OUT = {
    ("rtu", "read_fifo_queue"),  # pymodbus does not find the end of the answer
    ("tcp", "change_ascii_input_delimiter"),  # changes its ASCII framer, for all connections of the process
    ("rtu", "change_ascii_input_delimiter"),
}

Call = Callable[[ModbusTcpClient], Any]
Fields = dict[str, Any]
# What is called; the operation; of the request and of the answer what must be in them.
SAID: tuple[tuple[Call, str, Fields, Fields], ...] = (
    (lambda c: c.read_coils(0, count=10), "read_coils", {"address": 0, "quantity": 10},
     {"values": [n % 3 == 0 for n in range(10)] + [0] * 6}),
    (lambda c: c.read_discrete_inputs(3, count=5), "read_discrete_inputs", {"address": 3, "quantity": 5}, {}),
    (lambda c: c.read_holding_registers(0, count=2), "read_holding_registers", {"quantity": 2}, {"values": [500, 507]}),
    (lambda c: c.read_input_registers(1, count=1), "read_input_registers", {"address": 1}, {"values": [2143]}),
    (lambda c: c.write_coil(4, True), "write_single_coil", {"address": 4, "values": [0xFF00]}, {"values": [0xFF00]}),
    (lambda c: c.write_register(20, 510), "write_single_register", {"address": 20, "values": [510]}, {"address": 20}),
    (lambda c: c.write_coils(0, [True, False, True]), "write_multiple_coils", {"values": [1, 0, 1]}, {"quantity": 3}),
    (lambda c: c.write_registers(30, [1, 65535]), "write_multiple_registers", {"values": [1, 65535]}, {"address": 30}),
    (lambda c: c.mask_write_register(address=5, and_mask=0xF2, or_mask=0x25), "mask_write_register",
     {"and_mask": 0xF2, "or_mask": 0x25}, {"address": 5}),
    (lambda c: c.readwrite_registers(read_address=30, read_count=2, write_address=40, values=[7]),
     "read_write_multiple_registers", {"write_address": 40, "values": [7]}, {"values": [1, 65535]}),
    (lambda c: c.read_fifo_queue(address=9), "read_fifo_queue", {"address": 9}, {}),
    (lambda c: c.read_exception_status(), "read_exception_status", {}, {"exception_status": 0}),
    (lambda c: c.diag_query_data(b"\xa5\x37"), "return_query_data",
     {"diagnostic_code": 0, "data": "a537"}, {"data": "a537"}),
    (lambda c: c.diag_read_diagnostic_register(), "return_diagnostic_register", {"diagnostic_code": 2}, {}),
    (lambda c: c.diag_change_ascii_input_delimeter(), "change_ascii_input_delimiter", {"diagnostic_code": 3}, {}),
    (lambda c: c.diag_clear_counters(), "clear_counters_and_diagnostic_register", {}, {}),
    (lambda c: c.diag_read_bus_message_count(), "return_bus_message_count", {"diagnostic_value": 0}, {}),
    (lambda c: c.diag_read_bus_comm_error_count(), "return_bus_communication_error_count", {}, {}),
    (lambda c: c.diag_read_bus_exception_error_count(), "return_bus_exception_error_count", {}, {}),
    (lambda c: c.diag_read_device_message_count(), "return_server_message_count", {}, {}),
    (lambda c: c.diag_read_device_no_response_count(), "return_server_no_response_count", {}, {}),
    (lambda c: c.diag_read_device_nak_count(), "return_server_nak_count", {}, {}),
    (lambda c: c.diag_read_device_busy_count(), "return_server_busy_count", {}, {}),
    (lambda c: c.diag_read_bus_char_overrun_count(), "return_bus_character_overrun_count", {}, {}),
    (lambda c: c.diag_read_iop_overrun_count(), "diagnostics", {"diagnostic_code": 19}, {}),
    (lambda c: c.diag_clear_overrun_counter(), "clear_overrun_counter_and_flag", {"diagnostic_code": 20}, {}),
    (lambda c: c.diag_restart_communication(True), "restart_communications", {"diagnostic_value": 0xFF00}, {}),
    (lambda c: c.diag_get_comm_event_counter(), "get_comm_event_counter", {}, {"comm_status": 0}),
    (lambda c: c.diag_get_comm_event_log(), "get_comm_event_log", {}, {}),
    (lambda c: c.report_device_id(), "report_server_id", {}, {"running": True}),
    (lambda c: c.read_file_record([FileRecord(file_number=4, record_number=1, record_length=4)]), "read_file_record",
     {"file_numbers": [4], "record_numbers": [1], "record_lengths": [2]},
     {"record_lengths": [10], "values": list(struct.unpack(">10H", b"SERVER DUMMY RECORD."))}),
    (lambda c: c.write_file_record([FileRecord(file_number=4, record_number=7, record_data=b"\x06\xaf\x04\xbe")]),
     "write_file_record", {"file_numbers": [4], "values": [0x06AF, 0x04BE]}, {}),
    (lambda c: c.read_device_information(read_code=1), "read_device_identification", {"object_names": ["vendor_name"]},
     {"object_values": ["Otus Range", "BFW-01", "2.4"], "object_ids": [0, 1, 2], "more_follows": False}),
    (lambda c: c.read_holding_registers(5000, count=1), "read_holding_registers", {"address": 5000},
     {"exception_code": 2}),
)  # fmt: skip


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """pymodbus in a thread of its own, in the framing that the test names."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    found: list[int] = []

    async def serve() -> ModbusTcpServer:
        identity = ModbusDeviceIdentification(info_name=ID)  # type: ignore[no-untyped-call]
        framer = FRAMINGS[request.param]
        server = ModbusTcpServer(device(), framer=framer, identity=identity, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        found.append(server.transport.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        started.set()
        return server

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(server.shutdown())  # type: ignore[no-untyped-call]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    yield request.param, found[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.mark.parametrize("server", FRAMINGS, indirect=True)
def test_everything_a_real_stack_says_is_told(server: tuple[str, int], tmp_path: Path) -> None:
    framing, port = server
    with Recorder(port) as recorder:
        client = ModbusTcpClient("127.0.0.1", port=recorder.port, framer=FRAMINGS[framing], timeout=3, retries=0)
        assert client.connect()  # type: ignore[no-untyped-call]
        rows = [row for row in SAID if (framing, row[1]) not in LEFT_OUT]
        failed = [call(client).isError() for call, *_ in rows]
        client.close()  # type: ignore[no-untyped-call]
    told = events(recorder.write(tmp_path / "said.pcap", PORTS[framing]))
    assert len(told) == 2 * len(rows)
    for (_, name, asked, answered), refused, question, answer in zip(
        rows, failed, told[::2], told[1::2], strict=True
    ):
        for event, kind, fields in ((question, "request", asked), (answer, "response", {} if refused else answered)):
            assert (event["message.kind"], event["operation.name"]) == (kind, name), event
            assert event["network.protocol"] == "modbus" and event["modbus.framing"] == framing
            assert "flaws" not in event, event
            assert {key: event.get(f"modbus.{key}") for key in fields} == fields, event
        assert answer["event.outcome"] == ("failure" if refused else "success")
        assert answer["request.frame.number"] == question["frame.number"]
        assert answer["operation.code"] == question["operation.code"]
    # A stack that refuses everything would prove nothing.
    assert sum(failed) <= 4
