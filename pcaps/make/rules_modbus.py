"""Modbus/TCP for the rules: what maintenance does rightly, and what an intruder does with the same functions.

MODBUS Application Protocol Specification V1.1b3, 6.8 (diagnostics), 6.14 and 6.15 (file records), 6.21 (encapsulated).
"""

from __future__ import annotations

from pcaps.make.modbus import PORT, READ, READ_ANSWER, adu
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

OPERATOR = ("10.77.2.102", "02:00:5e:77:02:66")
WRITE = bytes.fromhex("06 0014 01f4")  # register 20 = 500; the answer repeats it


def _pairs(talk: Talk, first: int, *pairs: tuple[bytes, bytes]) -> None:
    for transaction, (question, answer) in enumerate(pairs, first):
        talk.ask(adu(transaction, question))
        talk.answer(adu(transaction, answer))


def reader() -> list[Frame]:
    """What is learned: a panel that only reads, an operator station that reads and writes."""
    frames: list[Frame] = []
    panel = Talk(frames, PORT)
    operator = Talk(frames, PORT, 40002, OPERATOR)
    for turn in range(20):
        _pairs(panel, 1 + turn, (READ, READ_ANSWER))
        _pairs(operator, 1 + 2 * turn, (READ, READ_ANSWER), (WRITE, WRITE))
    panel.end()
    operator.end()
    return frames


def write_after_reads() -> list[Frame]:
    """The panel writes, for the first time."""
    frames: list[Frame] = []
    panel = Talk(frames, PORT)
    _pairs(panel, 1, (READ, READ_ANSWER), (READ, READ_ANSWER), (WRITE, WRITE), (READ, READ_ANSWER))
    panel.end()
    return frames


def operator_shift() -> list[Frame]:
    """The panel reads, the operator writes: as learned."""
    frames: list[Frame] = []
    panel = Talk(frames, PORT)
    operator = Talk(frames, PORT, 40002, OPERATOR)
    _pairs(panel, 1, (READ, READ_ANSWER), (READ, READ_ANSWER))
    _pairs(operator, 1, (WRITE, WRITE), (READ, READ_ANSWER), (WRITE, WRITE))
    panel.end()
    operator.end()
    return frames


def maintenance() -> list[Frame]:
    """Functions that intruders use too, used rightly, at the limits the specification sets."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    echo = bytes.fromhex("08 0000 a537")  # return query data
    messages, counted = bytes.fromhex("08 000b 0000"), bytes.fromhex("08 000b 0102")  # bus message count
    file, file_answer = bytes.fromhex("14 07 06 0004 0001 0002"), bytes.fromhex("14 06 05 06 0dfe 0020")
    can, can_answer = bytes.fromhex("2b 0d 00 0000"), bytes.fromhex("2b 0d 00 0000 06")  # CANopen, not identification
    most, most_answer = bytes.fromhex("03 0000 007d"), b"\x03\xfa" + bytes(250)  # 125 registers: as many as allowed
    _pairs(talk, 1, (echo, echo), (messages, counted), (file, file_answer), (can, can_answer), (most, most_answer))
    talk.end()
    return frames


def conflicting_retransmission() -> list[Frame]:
    """A write of 500 comes once more as one of 999; beside it an honest retransmission and a keep-alive."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    _pairs(talk, 1, (READ, READ_ANSWER))
    talk.ask(adu(2, WRITE))
    talk.repeat_last_ask(adu(2, bytes.fromhex("06 0014 03e7")))
    talk.answer(adu(2, WRITE))
    talk.ask(adu(3, READ))
    talk.repeat_last_ask(adu(3, READ))
    talk.answer(adu(3, READ_ANSWER))
    talk.repeat_last_ask(b"\0")
    talk.end()
    return frames


def honest_retransmissions() -> list[Frame]:
    """A question and its answer once more, two questions in one piece after both came, and a keep-alive."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    _pairs(talk, 1, (READ, READ_ANSWER))
    talk.ask(adu(2, WRITE))
    talk.repeat_last_ask(adu(2, WRITE))
    talk.answer(adu(2, WRITE))
    talk.ask(adu(3, READ), adu(4, READ))
    talk.repeat_last_ask(adu(3, READ) + adu(4, READ))
    talk.answer(adu(3, READ_ANSWER), adu(4, READ_ANSWER))
    talk.repeat_last_ask(b"\0")
    talk.end()
    return frames


def file_record_write() -> list[Frame]:
    """A record of file 4 is read, then overwritten; the answer repeats the request."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT)
    read, answer = bytes.fromhex("14 07 06 0004 0007 0003"), bytes.fromhex("14 08 07 06 06af 04be 100d")
    write = bytes.fromhex("15 0d 06 0004 0007 0003 0bad c0de 0000")
    _pairs(talk, 1, (read, answer), (write, write))
    talk.end()
    return frames
