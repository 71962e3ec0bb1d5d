"""For rules about many messages: scans, guessed passwords, a program that is exchanged, a stop that lasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from pcaps.make.modbus import PORT as MODBUS_PORT
from pcaps.make.modbus import READ as READ_REGISTERS
from pcaps.make.modbus import READ_ANSWER as READ_REGISTERS_ANSWER
from pcaps.make.modbus import adu
from pcaps.make.rules_s7comm import _connected, _job, _read
from pcaps.make.s7comm import answer, data
from pcaps.make.talk import BEGIN_NS, CLIENT, SERVER, STEP_NS, Talk
from testbed.pcapfile import Frame

BLOCK = b"_0800001P"  # the block OB1 in the passive file system, as it is named in loads
PROGRAM = b"P_PROGRAM"
MINUTE_NS = 60_000_000_000


def _control(talk: Talk, reference: int, parameters: bytes) -> None:
    talk.ask(data(_job(reference, parameters)))
    talk.answer(data(answer(reference, parameters[:1])))


def _stop(talk: Talk, reference: int) -> None:
    _control(talk, reference, b"\x29" + bytes(5) + bytes((len(PROGRAM),)) + PROGRAM)


def _start(talk: Talk, reference: int) -> None:
    _control(talk, reference, b"\x28" + bytes(6) + b"\xfd\x00\x00" + bytes((len(PROGRAM),)) + PROGRAM)


def _upload(talk: Talk, reference: int) -> None:
    head = b"\x1d\x00" + bytes(6) + bytes((len(BLOCK),)) + BLOCK
    talk.ask(data(_job(reference, head)))
    talk.answer(data(answer(reference, b"\x1d\x00\x01\x00\x00\x00\x00\x07\x070000100")))


def _download(talk: Talk, reference: int) -> None:
    lengths = b"\x0d1000120000100"
    _control(talk, reference, b"\x1a\x00\x01" + bytes(5) + bytes((len(BLOCK),)) + BLOCK + lengths)


def program_exchanged() -> list[Frame]:
    """A programmer fetches the block, stops the controller, loads another one and starts it."""
    frames: list[Frame] = []
    talk = _connected(frames)
    for reference, step in enumerate((_upload, _stop, _download, _start), 2):
        step(talk, reference)
        _read(talk, 10 + reference)
    talk.end()
    return frames


def maintenance() -> list[Frame]:
    """The same steps in the order of ordinary work: stopped and started; later the program is saved."""
    frames: list[Frame] = []
    talk = _connected(frames)
    for reference, step in enumerate((_stop, _start, _download, _upload), 2):
        step(talk, reference)
    talk.end()
    return frames


def parts_of_a_change() -> list[Frame]:
    """Four programmers, each of whom leaves one step of a change out and reads instead."""
    frames: list[Frame] = []
    steps = (_upload, _stop, _download, _start)
    for left_out in range(len(steps)):
        client = (f"10.77.2.{110 + left_out}", f"02:00:5e:77:02:{110 + left_out:02x}")
        talk = _connected(frames, 40001 + left_out, client)
        for reference, step in enumerate(steps, 2):
            (_read if reference - 2 == left_out else step)(talk, reference)
        talk.end()
    return frames


def restarted() -> list[Frame]:
    """A controller is stopped and started at once; then it is polled for twelve minutes."""
    frames: list[Frame] = []
    talk = _connected(frames)
    _stop(talk, 2)
    _start(talk, 3)
    before = len(frames)
    for minute in range(12):
        _read(talk, 4 + minute)
    talk.end()
    return frames[:before] + _a_minute_apart(frames[before:])


def _a_minute_apart(frames: list[Frame]) -> list[Frame]:
    return [replace(frame, ts_ns=frame.ts_ns + (1 + at // 2) * MINUTE_NS) for at, frame in enumerate(frames)]


def silent_scan() -> list[Frame]:
    """Twenty function codes are tried on a device that answers none of them."""
    frames: list[Frame] = []
    talk = Talk(frames, MODBUS_PORT)
    for code in range(1, 21):
        talk.ask(adu(code, bytes((code, 0, 0, 0, 1))))
    talk.end()
    return frames


def gateway_polling() -> list[Frame]:
    """Twenty units behind a gateway are polled, and answer."""
    frames: list[Frame] = []
    talk = Talk(frames, MODBUS_PORT)
    for unit in range(1, 21):
        talk.ask(adu(unit, READ_REGISTERS, unit))
        talk.answer(adu(unit, READ_REGISTERS_ANSWER, unit))
    talk.end()
    return frames


def stays_stopped() -> list[Frame]:
    """A controller is stopped; twelve minutes later it is still read, and nobody has started it."""
    frames: list[Frame] = []
    talk = _connected(frames)
    _stop(talk, 2)
    before = len(frames)
    for minute in range(12):
        _read(talk, 3 + minute)
    talk.end()
    return frames[:before] + _a_minute_apart(frames[before:])


def ftp_guessing() -> list[Frame]:
    """Eight passwords for one user, each refused."""
    frames: list[Frame] = []
    for attempt in range(8):
        talk = Talk(frames, 21, 40001 + attempt)
        talk.answer(b"220 VxWorks FTP server ready\r\n")
        talk.ask(b"USER loader\r\n")
        talk.answer(b"331 Password required\r\n")
        talk.ask(b"PASS guess%d\r\n" % attempt)
        talk.answer(b"530 Login failed\r\n")
        talk.end()
    return frames


def _knock(targets: Iterable[tuple[str, int, bool]]) -> list[Frame]:
    """One SYN to each address and port; it is refused, or stays without an answer."""
    frames: list[Frame] = []
    for number, (address, port, refused) in enumerate(targets):
        here = Ether(src=CLIENT[1], dst=SERVER[1]) / IP(src=CLIENT[0], dst=address, id=number, flags="DF")
        there = Ether(src=SERVER[1], dst=CLIENT[1]) / IP(src=address, dst=CLIENT[0], id=number, flags="DF")
        ask = here / TCP(sport=50000 + number, dport=port, seq=1000, flags="S")
        packets = [ask]
        if refused:
            packets.append(there / TCP(sport=port, dport=50000 + number, ack=1001, flags="RA"))
        for packet in packets:
            frames.append(Frame(BEGIN_NS + len(frames) * STEP_NS, bytes(packet)))
    return frames


def port_scan() -> list[Frame]:
    """Forty ports of one station, most of them closed."""
    return _knock((SERVER[0], port, port % 4 != 0) for port in range(20, 60))


def address_scan() -> list[Frame]:
    """Port 502 of thirty addresses, most of them of nobody."""
    return _knock((f"10.77.2.{host}", 502, host % 5 == 0) for host in range(10, 40))


def few_refused() -> list[Frame]:
    """A client tries five services of two stations and is refused."""
    return _knock((address, port, True) for address in ("10.77.2.11", "10.77.2.12") for port in (21, 80, 102, 443, 502))
