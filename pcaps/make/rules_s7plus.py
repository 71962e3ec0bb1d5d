"""S7comm-plus for the rules: an old version without integrity, a program, first writes. As in `pcaps.make.s7comm`."""

from __future__ import annotations

from pcaps.make.rules_modbus import OPERATOR
from pcaps.make.s7comm import CONFIRM, CONNECT, PORT, QUALIFIER, plus, plus_answer, plus_ask, tpkt
from pcaps.make.talk import CLIENT, Talk
from testbed.pcapfile import Frame

READ, WRITE, CREATE = 0x054C, 0x0542, 0x04CA
ADDRESS = bytes.fromhex("81ffccb577 88d0b88003 02 9376 0a")  # DB3, the variable with LID 10


def _connected(frames: list[Frame], port: int = 40001, client: tuple[str, str] = CLIENT) -> Talk:
    talk = Talk(frames, PORT, port, client)
    talk.ask(tpkt(CONNECT))
    talk.answer(tpkt(CONFIRM))
    return talk


def _read(talk: Talk, sequence: int, version: int = 2) -> None:
    talk.ask(plus(plus_ask(READ, sequence, bytes.fromhex("00000000 01 05") + ADDRESS + QUALIFIER), version))
    told = bytes.fromhex("00 01 000e 41aa70aa 00 00 00") + bytes(4)
    talk.answer(plus(plus_answer(READ, sequence, told), version))


def _write(talk: Talk, sequence: int) -> None:
    content = bytes.fromhex("00000000 01 05") + ADDRESS + bytes.fromhex("01 000e 42000000 00") + QUALIFIER
    talk.ask(plus(plus_ask(WRITE, sequence, content)))
    talk.answer(plus(plus_answer(WRITE, sequence, bytes(7))))


def _subscribe(talk: Talk, sequence: int) -> None:
    """An object of class 1001, a subscription, is made below another object than the session."""
    made = bytes.fromhex("000003af 0004 00 00000000 a1 7fffc001 8769 00 00") + b"\xa2" + bytes(4)
    talk.ask(plus(plus_ask(CREATE, sequence, made)))
    talk.answer(plus(plus_answer(CREATE, sequence, bytes.fromhex("00 01 8a0e0003") + bytes(4))))


def old_version() -> list[Frame]:
    """A controller of the first firmware: values go in messages of version 1, which nothing protects."""
    frames: list[Frame] = []
    talk = _connected(frames)
    for sequence in range(2, 8):
        _read(talk, sequence, version=1)
    talk.end()
    return frames


def program_loaded() -> list[Frame]:
    """An object of the program is made in the controller, another deleted."""
    frames: list[Frame] = []
    talk = _connected(frames)
    _read(talk, 2)
    made = bytes.fromhex("00000003 0004 00 00000000 a1 00000003 9227 00 00") + b"\xa2" + bytes(4)
    talk.ask(plus(plus_ask(CREATE, 3, made)))
    talk.answer(plus(plus_answer(CREATE, 3, bytes.fromhex("00 01 8a0e0003") + bytes(4))))
    talk.end()
    return frames


def reader() -> list[Frame]:
    """What is learned: a panel that only reads, an operator station that reads and writes."""
    frames: list[Frame] = []
    panel, operator = _connected(frames), _connected(frames, 40002, OPERATOR)
    for turn in range(20):
        _read(panel, 2 + turn)
        _read(operator, 2 + 2 * turn)
        _write(operator, 3 + 2 * turn)
    panel.end()
    operator.end()
    return frames


def write_after_reads() -> list[Frame]:
    """The panel writes, for the first time."""
    frames: list[Frame] = []
    panel = _connected(frames)
    _read(panel, 2)
    _write(panel, 3)
    panel.end()
    return frames


def operator_shift() -> list[Frame]:
    """The panel reads, the operator writes: as learned."""
    frames: list[Frame] = []
    panel, operator = _connected(frames), _connected(frames, 40002, OPERATOR)
    _subscribe(panel, 2)
    _read(panel, 3)
    _write(operator, 2)
    _read(operator, 3)
    panel.end()
    operator.end()
    return frames


ROWS = (
    ("s7comm/plus_old_version", ("s7comm-plus",), True, "values in messages of version 1", old_version),
    ("s7comm/plus_program_loaded", ("s7comm-plus",), True, "an object of the program is made", program_loaded),
    ("s7comm/plus_reader", ("s7comm-plus",), True, "what is learned: one reads, one writes", reader),
    ("s7comm/plus_write_after_reads", ("s7comm-plus",), True, "the reader writes", write_after_reads),
    ("s7comm/plus_operator_shift", ("s7comm-plus",), True, "as learned", operator_shift),
)
