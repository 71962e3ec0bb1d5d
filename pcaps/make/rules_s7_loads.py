"""S7comm for the rules: blocks that are loaded and fetched. Layouts as in `pcaps.make.s7comm`."""

from __future__ import annotations

from pcaps.make.rules_s7_acts import _act
from pcaps.make.rules_s7comm import _job
from pcaps.make.s7comm import answer, data
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

DATA_BLOCK, FUNCTION, SYSTEM_DATA, ORGANIZATION = b"0A", b"0C", b"0B", b"08"


def _file(kind: bytes, number: int) -> bytes:
    """`_0A00890P`: type and number of a block, passive."""
    name = b"_%s%05dP" % (kind, number)
    return bytes((len(name),)) + name


def _load(talk: Talk, reference: int, kind: bytes, number: int) -> None:
    talk.ask(data(_job(reference, b"\x1a\x00\x01" + bytes(5) + _file(kind, number) + b"\x0d1000120000100")))
    talk.answer(data(answer(reference, b"\x1a")))


def _fetch(talk: Talk, reference: int, kind: bytes, number: int) -> None:
    talk.ask(data(_job(reference, b"\x1d\x00" + bytes(6) + _file(kind, number))))
    talk.answer(data(answer(reference, b"\x1d\x00\x01\x00\x00\x00\x00\x07\x070000100")))


def known_blocks() -> list[Frame]:
    """Blocks with the numbers that Stuxnet brings, and the organization block that calls them."""

    def do(talk: Talk) -> None:
        for reference, (kind, number) in enumerate(((DATA_BLOCK, 890), (FUNCTION, 1869), (ORGANIZATION, 35)), 3):
            _load(talk, reference, kind, number)

    return _act(do)


def own_blocks() -> list[Frame]:
    """Blocks with ordinary numbers."""

    def do(talk: Talk) -> None:
        for reference, (kind, number) in enumerate(((DATA_BLOCK, 12), (FUNCTION, 7), (DATA_BLOCK, 1869)), 3):
            _load(talk, reference, kind, number)

    return _act(do)


def hardware_loaded() -> list[Frame]:
    """System data blocks, the hardware configuration, are loaded; then one is fetched."""

    def do(talk: Talk) -> None:
        _load(talk, 3, SYSTEM_DATA, 0)
        _load(talk, 4, SYSTEM_DATA, 1000)
        _fetch(talk, 5, SYSTEM_DATA, 0)

    return _act(do)


def program_fetched() -> list[Frame]:
    """Twelve blocks are fetched, one after the other."""

    def do(talk: Talk) -> None:
        for number in range(12):
            _fetch(talk, 3 + number, FUNCTION, number)

    return _act(do)


ROWS = (
    ("s7comm/known_blocks", ("s7comm",), True, "blocks with Stuxnet's numbers are loaded", known_blocks),
    ("s7comm/own_blocks", ("s7comm",), True, "blocks with ordinary numbers are loaded", own_blocks),
    ("s7comm/hardware_loaded", ("s7comm",), True, "the hardware configuration is loaded, and fetched", hardware_loaded),
    ("s7comm/program_fetched", ("s7comm",), True, "twelve blocks are fetched", program_fetched),
)
