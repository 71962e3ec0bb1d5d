"""S7comm as real peers speak it: python-snap7's client and server on loopback, every function it has."""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.recording import Recorder, events

snap7 = pytest.importorskip("snap7")
from snap7.client import Client  # noqa: E402
from snap7.server import Server  # noqa: E402
from snap7.type import Area, Block, SrvArea, WordLen  # noqa: E402

Event = dict[str, Any]
Act = Callable[[Client], Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Peers:
    """A station with data block 1 and flags, timers and counters, and what clients said to it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.port = free_port()
        self.server = Server(log=False)
        self.block = bytearray(range(256)) * 4
        areas = [(SrvArea.PE, 0), (SrvArea.PA, 0), (SrvArea.MK, 0), (SrvArea.TM, 0), (SrvArea.CT, 0)]
        self.server.register_area(SrvArea.DB, 1, self.block)
        for area, number in areas:
            self.server.register_area(area, number, bytearray(64))
        self.server.start(tcp_port=self.port)

    def said(self, act: Act) -> list[Event]:
        """What `act` makes the two say to each other; what the station refuses is an event like any other."""
        self._count += 1
        with Recorder(self.port) as recorder:
            client = Client()
            client.connect("127.0.0.1", 1, 3, tcp_port=recorder.port)
            try:
                act(client)
            except Exception as refused:  # the library has many kinds, and the wire is what is looked at
                assert "S7" in type(refused).__name__ or isinstance(refused, RuntimeError | ValueError), refused
            client.disconnect()
        return events(recorder.write(self._folder / f"{self._count}.pcap", 102))


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    made = Peers(tmp_path_factory.mktemp("s7"))
    yield made
    made.server.stop()


def of(found: list[Event], operation: str, kind: str = "request") -> list[Event]:
    return [event for event in found if event["operation.name"] == operation and event["message.kind"] == kind]


def detail(event: Event) -> dict[str, Any]:
    return dict(zip(event["s7comm.detail.name"], event["s7comm.detail.value"], strict=True))


def test_a_connection_names_rack_and_slot(peers: Peers) -> None:
    found = peers.said(lambda client: None)
    call = of(found, "connect")[0]
    assert (call["network.protocol"], call["cotp.rack"], call["cotp.slot"]) == ("cotp", 1, 3)
    setup = of(found, "setup_communication", "response")[0]
    assert (setup["event.outcome"], setup["s7comm.pdu_length"] > 0) == ("success", True)
    assert not any(event.get("flaws") for event in found)


READS: list[tuple[str, Act, dict[str, Any]]] = [
    (
        "db",
        lambda c: c.db_read(1, 4, 3),
        {"s7comm.item.area": ["db"], "s7comm.item.db": [1], "s7comm.item.address": [4]},
    ),
    ("flags", lambda c: c.mb_read(2, 5), {"s7comm.item.area": ["flag"], "s7comm.item.address": [2]}),
    ("inputs", lambda c: c.eb_read(1, 2), {"s7comm.item.area": ["input"], "s7comm.item.address": [1]}),
    ("outputs", lambda c: c.ab_read(3, 2), {"s7comm.item.area": ["output"], "s7comm.item.address": [3]}),
    ("timers", lambda c: c.tm_read(4, 2), {"s7comm.item.area": ["timer"], "s7comm.item.address": [4]}),
    ("counters", lambda c: c.ct_read(5, 1), {"s7comm.item.area": ["counter"], "s7comm.item.address": [5]}),
    (
        "bit",
        lambda c: c.read_area(Area.MK, 0, 11, 1, WordLen.Bit),
        {"s7comm.item.area": ["flag"], "s7comm.item.transport_size": [1]},
    ),
]


@pytest.mark.parametrize(("act", "wanted"), [row[1:] for row in READS], ids=[row[0] for row in READS])
def test_reads(peers: Peers, act: Act, wanted: dict[str, Any]) -> None:
    found = peers.said(act)
    asked, answered = of(found, "read_var"), of(found, "read_var", "response")
    assert len(asked) == len(answered) >= 1
    assert {name: asked[0][name] for name in wanted} == wanted
    assert answered[0]["event.outcome"] == "success"
    assert answered[0]["request.frame.number"] == asked[0]["frame.number"]
    assert not any(event.get("flaws") for event in found)


def test_values_are_what_the_station_holds(peers: Peers) -> None:
    read = of(peers.said(lambda c: c.db_read(1, 4, 3)), "read_var", "response")[0]
    assert read["s7comm.values"] == [bytes(peers.block[4:7]).hex()]
    several = peers.said(
        lambda c: c.read_multi_vars(
            [
                {"area": Area.DB, "db_number": 1, "start": 0, "size": 2},
                {"area": Area.MK, "db_number": 0, "start": 20, "size": 4},
            ]
        )
    )
    assert any("flag" in event["s7comm.item.area"] for event in of(several, "read_var"))


WRITES: list[tuple[str, Act, dict[str, Any]]] = [
    (
        "db",
        lambda c: c.db_write(1, 10, bytearray(b"\x11\x22")),
        {"s7comm.values": ["1122"], "s7comm.item.address": [10]},
    ),
    ("flags", lambda c: c.mb_write(1, 1, bytearray(b"\x07")), {"s7comm.item.area": ["flag"], "s7comm.values": ["07"]}),
    ("outputs", lambda c: c.ab_write(0, bytearray(b"\x01")), {"s7comm.item.area": ["output"]}),
    ("inputs", lambda c: c.eb_write(0, 1, bytearray(b"\x01")), {"s7comm.item.area": ["input"]}),
    ("timers", lambda c: c.tm_write(0, 1, bytearray(b"\x00\x10")), {"s7comm.item.area": ["timer"]}),
    ("counters", lambda c: c.ct_write(0, 1, bytearray(b"\x00\x10")), {"s7comm.item.area": ["counter"]}),
    ("real", lambda c: c.db_write_real(1, 20, 1.5), {"s7comm.item.address": [20]}),
    ("force", lambda c: c.force_bit(Area.PA, 2, 3, True), {"s7comm.item.area": ["output"], "s7comm.values": ["08"]}),
    ("cancel", lambda c: c.cancel_force(Area.PA, 2, 3), {"s7comm.item.area": ["output"], "s7comm.values": ["00"]}),
]


@pytest.mark.parametrize(("act", "wanted"), [row[1:] for row in WRITES], ids=[row[0] for row in WRITES])
def test_writes(peers: Peers, act: Act, wanted: dict[str, Any]) -> None:
    found = peers.said(act)
    asked, answered = of(found, "write_var"), of(found, "write_var", "response")
    assert {name: asked[0][name] for name in wanted} == wanted
    assert asked[0]["operation.class"] == "write"
    assert len(answered) == len(asked)
    assert not any(event.get("flaws") for event in found)


CONTROL: list[tuple[str, Act, str, str | None]] = [
    ("stop", lambda c: c.plc_stop(), "plc_stop", "stop"),
    ("hot", lambda c: c.plc_hot_start(), "pi_service", "warm_restart"),
    ("cold", lambda c: c.plc_cold_start(), "pi_service", "cold_restart"),
    ("compress", lambda c: c.compress(10), "pi_service", "compress_memory"),
    ("copy", lambda c: c.copy_ram_to_rom(10), "pi_service", "copy_ram_to_rom"),
    ("delete", lambda c: c.delete(Block.DB, 1), "pi_service", "delete_block"),
]


@pytest.mark.parametrize(("act", "operation", "action"), [row[1:] for row in CONTROL], ids=[row[0] for row in CONTROL])
def test_control(peers: Peers, act: Act, operation: str, action: str) -> None:
    found = peers.said(act)
    asked, answered = of(found, operation), of(found, operation, "response")
    assert asked[0]["s7comm.pi_action"] == action
    assert asked[0]["operation.class"] in ("control", "program")
    assert answered[0]["request.frame.number"] == asked[0]["frame.number"]


def block(number: int, size: int) -> bytes:
    """A data block with head and foot as a station keeps it."""
    stamp = struct.pack(">IH", 43_075_424, 11_189)
    head = struct.pack(">HBBBBHII", 0x7070, 1, 1, 5, 0x0A, number, size, 0) + stamp + stamp
    head += struct.pack(">HHHH", 28, 0, 0, size - 72)
    foot = b"OTUS\0\0\0\0" + b"FAMILY\0\0" + b"PUMP\0\0\0\0" + bytes([0x12, 0]) + struct.pack(">H", 0xC0DF) + bytes(8)
    return head + bytes(index % 251 for index in range(size - 72)) + foot


def test_a_download_has_the_hash_of_its_block(peers: Peers) -> None:
    content = block(1, 1000)
    found = peers.said(lambda c: c.download(bytearray(content), 1))
    request = of(found, "request_download")[0]
    assert (request["s7comm.block_type"], request["s7comm.block_number"]) == (["DB"], [1])
    assert request["s7comm.block_length"] == 1000
    parts = of(found, "download_block", "response")
    assert len(parts) > 2
    assert [part["s7comm.more_data"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert detail(parts[0])["block_changed"] == "2014-08-20T11:57:55.424"
    last = parts[-1]
    assert last["s7comm.block_sha256"] == hashlib.sha256(content).hexdigest()
    assert last["s7comm.block_bytes"] == 1000
    assert {"block_author": "OTUS", "block_family": "FAMILY", "block_name": "PUMP"}.items() <= detail(last).items()
    assert of(found, "download_ended")[0]["s7comm.transfer_error"] == 0


@pytest.mark.parametrize("full", [False, True])
def test_an_upload_has_the_hash_of_what_was_sent(peers: Peers, full: bool) -> None:
    found = peers.said(lambda c: c.full_upload(Block.DB, 1) if full else c.upload(1))
    parts = of(found, "upload", "response")
    content = b"".join(bytes.fromhex(part["s7comm.data"]) for part in parts)
    assert len(content) > 36
    assert parts[-1]["s7comm.block_sha256"] == hashlib.sha256(content).hexdigest()
    assert parts[-1]["s7comm.block_bytes"] == len(content)
    assert of(found, "start_upload", "response")[0]["s7comm.upload_id"] == of(found, "upload")[0]["s7comm.upload_id"]


LISTS: list[tuple[str, Act, int, str]] = [
    ("cpu_info", lambda c: c.get_cpu_info(), 0x001C, "component_identification"),
    ("order_code", lambda c: c.get_order_code(), 0x0011, "module_identification"),
    ("protection", lambda c: c.get_protection(), 0x0232, "communication_status"),
    ("cp_info", lambda c: c.get_cp_info(), 0x0131, "communication_capabilities"),
    ("all", lambda c: c.read_szl_list(), 0x0000, "lists"),
    ("buffer", lambda c: c.read_diagnostic_buffer(), 0x00A0, "diagnostic_buffer"),
    ("forced", lambda c: c.read_force_table(), 0x0025, "process_images"),
]


@pytest.mark.parametrize(("act", "number", "name"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
def test_state_lists(peers: Peers, act: Act, number: int, name: str) -> None:
    found = peers.said(act)
    asked, answered = of(found, "read_szl"), of(found, "read_szl", "response")
    assert (asked[0]["s7comm.szl_id"], asked[0]["s7comm.szl_name"]) == (number, name)
    assert answered[0]["request.frame.number"] == asked[0]["frame.number"]
    assert not any(event.get("flaws") for event in found)


def test_a_list_without_records_is_not_guessed_at(peers: Peers) -> None:
    """This station leaves length, number and indices of its records at 0: the bytes are there, no names."""
    info: list[Any] = []
    answer = of(peers.said(lambda c: info.append(c.get_cpu_info())), "read_szl", "response")[0]
    assert info[0].SerialNumber in bytes.fromhex(answer["s7comm.data"])
    assert "s7comm.serial_number" not in answer
    assert detail(answer) == {"records": 0}


def test_a_question_that_is_none_is_told_with_its_flaw(peers: Peers) -> None:
    """The library asks for the state by a read without an address."""
    asked = of(peers.said(lambda c: c.get_cpu_state()), "read_var")[0]
    assert "s7comm.short_parameter" in asked["flaws"]


def test_blocks_are_listed(peers: Peers) -> None:
    counted: list[Any] = []
    found = peers.said(lambda c: counted.append(c.list_blocks()))
    assert detail(of(found, "list_blocks", "response")[0])["DB"] == counted[0].DBCount == 1
    found = peers.said(lambda c: c.list_blocks_of_type(Block.DB, 16))
    assert of(found, "list_blocks_of_type")[0]["s7comm.block_type"] == ["DB"]
    assert of(found, "list_blocks_of_type", "response")[0]["s7comm.block_number"] == [1]
    found = peers.said(lambda c: c.get_block_info(Block.DB, 1))
    about = of(found, "block_info", "response")[0]
    assert {"block_number": 1, "block_author": "SNAP7EMU"}.items() <= detail(about).items()
    assert about["s7comm.block_length"] == len(peers.block)


def test_clocks_are_read_and_set(peers: Peers) -> None:
    found = peers.said(lambda c: c.set_plc_datetime(datetime(2024, 2, 29, 12, 34, 56, tzinfo=UTC)))
    asked = of(found, "set_clock")[0]
    assert (asked["s7comm.clock"], asked["operation.class"]) == ("2024-02-29T12:34:56.000", "control")
    found = peers.said(lambda c: c.get_plc_datetime())
    assert of(found, "read_clock", "response")[0]["s7comm.clock"].startswith("20")


def test_a_password_is_judged_and_in_no_event(peers: Peers) -> None:
    for password, worth in (("123456", "weak"), ("q8#Lw0!z", "unlisted")):
        found = peers.said(partial(Client.set_session_password, password=password))
        asked = of(found, "set_password")[0]
        assert asked["login.password"] == worth
        mixed = Client().protocol.encode_password(password).hex()
        assert not any(password in str(event) or mixed[:8] in str(event) for event in found)
    assert of(peers.said(lambda c: c.clear_session_password()), "clear_password")[0]["operation.class"] == "session"


def test_a_refused_read_is_a_failure(peers: Peers) -> None:
    found = peers.said(lambda c: c.db_read(99, 0, 4))
    assert of(found, "read_var", "response")[0]["event.outcome"] == "failure"
