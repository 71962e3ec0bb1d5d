"""Every function of S7comm: jobs, services, and what programming devices and panels say in userdata.

Siemens never published it; numbers and layouts as `sensor/core/wire/src/protocol/s7comm` has them.
"""

from __future__ import annotations

import struct

from pcaps.make.s7comm import READ_ANSWER_DATA, SETUP, answer, connected, data, job
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

ITEM = "12 0a 10 02 0004 0001 84 000000"
BLOCK = b"_0800001P"
"""OB 1, passive"""
FILE = struct.pack(">B", len(BLOCK)) + BLOCK
TRANSFER = bytes.fromhex("00 0000 00000000")
JOBS = (
    (bytes.fromhex("04 01" + ITEM), b"", b"\x04\x01", READ_ANSWER_DATA),
    (bytes.fromhex("05 01" + ITEM), bytes.fromhex("00 04 0020 00010002"), b"\x05\x01", b"\xff"),
    (b"\x1d" + TRANSFER + FILE, b"", bytes.fromhex("1d 00 0100 00000007 07 30303030303234"), b""),
    (bytes.fromhex("1e 00 0000 00000007"), b"", b"\x1e\x00", bytes.fromhex("0004 00fb 70700001")),
    (bytes.fromhex("1f 00 0000 00000007"), b"", b"\x1f", b""),
    (bytes.fromhex("1a 00 0100 00000000") + FILE + b"\x0d1000124000012", b"", b"\x1a", b""),
    (bytes.fromhex("29 0000000000 09") + b"P_PROGRAM", b"", b"\x29", b""),
    (bytes.fromhex("00 01"), b"", b"\x00", b""),
)
"""parameters and data of a job, and of its answer; downloads are asked for by the station"""
FROM_STATION = (
    (b"\x1b" + TRANSFER + FILE, b"\x1b\x00", bytes.fromhex("0004 00fb 70700001")),
    (b"\x1c" + TRANSFER + FILE, b"\x1c", b""),
)

INSERT = b"\x01\x00" + b"0800001P"
SERVICES = (
    (b"P_PROGRAM", b""),
    (b"P_PROGRAM", b"C "),
    (b"P_PROGRAM", b"R "),
    (b"P_PROGRAM", b"X "),
    (b"_INSE", INSERT),
    (b"_DELE", INSERT),
    (b"_MODU", b"EP"),
    (b"_GARB", b""),
    *((b"_N_" + name, b"\x03PLC\x05A.MPF\x05B.MPF") for name in (
        b"LOGOUT", b"SELECT", b"CANCEL", b"CONFIG", b"DASAVE", b"EXTERN", b"F_CLOS", b"F_COPY", b"F_DELE", b"F_DMDA",
        b"F_LOAD", b"F_MODE", b"F_MOVE", b"F_OPEN", b"F_SAVE", b"F_XFER", b"FINDBL", b"IBN_SS", b"OST_ON",
        b"SETUDT", b"CREATO", b"DELETO", b"REORG_",
    )),
    (b"_N_F_SEEK", b"\x03PLC" + 6 * b"\x05A.MPF"),
    (b"_N_LOGIN_", b"\x03PLC\x06SUNDAY"),
)  # fmt: skip
"""names and arguments of what job 0x28 calls"""

ASKED = (
    *((1, code) for code in (*range(0x01, 0x14), 0x16)),
    *((2, code) for code in (0x01, 0x04, 0x05, 0x07, 0x08)),
    *((3, code) for code in (0x01, 0x02, 0x03)),
    *((4, code) for code in (0x01, 0x02, 0x07, 0x08, 0x0B, 0x13)),
    (5, 0x01),
    (5, 0x02),
    (6, 0x01),
    (7, 0x01),
    (7, 0x02),
    *((15, code) for code in (0x01, 0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x09)),
)
"""group and subfunction of questions"""
TOLD = tuple((4, code) for code in (0x03, 0x05, 0x06, 0x09, 0x0C, 0x0D, 0x0E, 0x11, 0x12, 0x16))
"""of what the station says unasked"""
MODES = (0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x07)
NOTHING = bytes.fromhex("0a 00 0000")
"""return code and no content: nothing to say"""


def whole_job(reference: int, parameters: bytes, content: bytes) -> bytes:
    return struct.pack(">BBHHHH", 0x32, 1, 0, reference, len(parameters), len(content)) + parameters + content


def bare(reference: int, parameters: bytes) -> bytes:
    """Userdata that has nothing to say."""
    head = b"\x00\x01\x12" + parameters
    return struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(head), len(NOTHING)) + head + NOTHING


def service(name: bytes, arguments: bytes) -> bytes:
    return b"\x28" + bytes(6) + b"\xfd" + struct.pack(">H", len(arguments)) + arguments + bytes([len(name)]) + name


def functions() -> list[Frame]:
    """A programming device asks for each function once."""
    frames: list[Frame] = []
    talk: Talk = connected(frames)
    talk.ask(data(job(1, SETUP)))
    talk.answer(data(answer(1, SETUP)))
    for reference, (parameters, content, back, told) in enumerate(JOBS, 2):
        talk.ask(data(whole_job(reference, parameters, content)))
        talk.answer(data(answer(reference, back, told)))
    for reference, (parameters, back, told) in enumerate(FROM_STATION, 0x20):
        talk.answer(data(job(reference, parameters)))
        talk.ask(data(answer(reference, back, told)))
    for reference, (name, arguments) in enumerate(SERVICES, 0x30):
        talk.ask(data(job(reference, service(name, arguments))))
        talk.answer(data(answer(reference, b"\x28")))
    for reference, (group, code) in enumerate(ASKED, 0x60):
        talk.ask(data(bare(reference, bytes([4, 0x11, 0x40 | group, code, 0]))))
        talk.answer(data(bare(reference, bytes([8, 0x12, 0x80 | group, code, 1, 0, 0, 0, 0]))))
    for group, code in TOLD:
        talk.answer(data(bare(0, bytes([4, 0x11, group, code, 0]))))
    for mode in MODES:
        head = bytes.fromhex("01 00 10 10 00 00") + bytes([mode, 0])
        talk.answer(data(struct.pack(">BBHHHH", 0x32, 7, 0, 0, len(head), 0) + head))
    talk.end()
    return frames
