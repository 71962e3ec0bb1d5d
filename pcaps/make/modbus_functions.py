"""Every function that Modbus and UMAS have, asked and answered as their descriptions say.

MODBUS Application Protocol V1.1b3, 6 (functions, with its examples), 6.8.1 (sub-functions), 6.20 (CANopen), 7
(exceptions). UMAS as public research describes it (`sensor/core/wire/src/protocol/modbus/umas`).
"""

from __future__ import annotations

from pcaps.make.modbus import PORT, adu
from pcaps.make.talk import Talk
from testbed.pcapfile import Frame

FUNCTIONS = (
    ("01 0013 0013", "01 03 cd6b05"),
    ("02 00c4 0016", "02 03 acdb35"),
    ("03 006b 0003", "03 06 022b 0000 0064"),
    ("04 0008 0001", "04 02 000a"),
    ("05 00ac ff00", "05 00ac ff00"),
    ("06 0001 0003", "06 0001 0003"),
    ("07", "07 6d"),
    ("0b", "0b ffff 0108"),
    ("0c", "0c 08 0000 0108 0121 2000"),
    ("0f 0013 000a 02 cd01", "0f 0013 000a"),
    ("10 0001 0002 04 000a 0102", "10 0001 0002"),
    ("11", "11 02 0a ff"),
    ("14 0e 06 0004 0001 0002 06 0003 0009 0002", "14 0c 05 06 0dfe 0020 05 06 33cd 0040"),
    ("15 0d 06 0004 0007 0003 06af 04be 100d", "15 0d 06 0004 0007 0003 06af 04be 100d"),
    ("16 0004 00f2 0025", "16 0004 00f2 0025"),
    ("17 0003 0006 000e 0003 06 00ff 00ff 00ff", "17 0c 00fe 0acd 0001 0003 000d 00ff"),
    ("18 04de", "18 0006 0002 01b8 1284"),
    ("2b 0e 01 00", "2b 0e 01 01 00 00 03 00 04 4f747573 01 02 5231 02 03 312e30"),
    ("2b 0d 00 02 00 00 00 00 2000 00 0000", "2b 0d 00 02 00 00 00 00 2000 00 0004 00000001"),
    ("2b 63 01 02", "ab 01"),  # an envelope that nobody registered
    ("09 01 02", "89 01"),  # Annex A: taken by an old product
    ("41 01", "41 02"),  # 5.1: open for users
    ("63 01", "e3 01"),  # nothing
)
"""request and answer"""
DIAGNOSTICS = {
    0x00: ("a537", "a537"),
    0x01: ("0000", "0000"),
    0x02: ("0000", "0001"),
    0x03: ("0a00", "0a00"),
    **{code: ("0000", f"{code:04x}") for code in range(0x0B, 0x13)},
    0x0A: ("0000", "0000"),
    0x14: ("0000", "0000"),
    0x15: ("0003", "0003"),  # reserved
}
"""of function 8: the data that is asked with, and answered. 4, after which nobody answers, comes last"""

RACK = "00 00 00 01"
UMAS = {
    0x01: ("00", "04 00"),
    0x02: ("", "0e300b01 00000000 2002 0000 0900 0e0b 0102 00000000 0c 424d452050353820 31303230 01"),
    0x03: ("00", "00"),
    0x04: ("", "00 02"),
    0x06: ("", "0000"),
    0x0A: ("0102", "0102"),
    0x10: ("162a0000 07 454e472d504331", "2b"),
    0x11: ("", ""),
    0x12: ("", ""),
    0x20: ("00 1300 00000000 0400", "00 0400 01000100"),
    0x22: ("37583d11 01 02 3000 01 1000 04", "2a00"),
    0x23: ("37583d11 01 02 3000 01 1000 04 2a00", ""),
    0x38: ("01" + "00" * 32 + "5a 2b 41 ff00", "01" + "00" * 32 + "5a 2b fe"),
    0x30: ("0001", "fb00"),
    0x31: ("0001 0100 0400 41505800", ""),
    0x32: ("0001 0100", ""),
    0x33: ("0001", "fb00"),
    0x34: ("0001 0100", "01 0400 41505800"),
    0x35: ("0001 0100", ""),
    0x40: ("ff00", ""),
    0x41: ("ff00", ""),
    0x50: ("15 00 01 0b", "00"),
    0x70: (RACK, "00"),
    0x71: (RACK, ""),
    0x72: (RACK, "00"),
    0x73: (RACK, "00"),
}
"""what is asked with, and answered; of the others only their number is known"""
UMAS_CODES = (
    *(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0A, 0x10, 0x12, *range(0x20, 0x2B), *range(0x30, 0x3A)),
    *(0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, 0x58, *range(0x60, 0x67), 0x6C, 0x6D, 0x6E),
    *(*range(0x70, 0x75), 0x11, 0x7F),
)


def functions() -> list[Frame]:
    """A test bench asks for each function once."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, client_port=40040)
    said = [
        *FUNCTIONS,
        *((f"08 {code:04x} {ask}", f"08 {code:04x} {told}") for code, (ask, told) in DIAGNOSTICS.items()),
    ]
    for number, (ask, answer) in enumerate(said, 1):
        talk.ask(adu(number, bytes.fromhex(ask)))
        talk.answer(adu(number, bytes.fromhex(answer)))
    talk.ask(adu(len(said) + 1, bytes.fromhex("08 0004 0000")))
    talk.end()
    return frames


def umas() -> list[Frame]:
    """Each function of UMAS once, under a reservation."""
    frames: list[Frame] = []
    talk = Talk(frames, PORT, client_port=40041)
    key = 0
    for number, code in enumerate(UMAS_CODES, 1):
        ask, answer = UMAS.get(code, ("", ""))
        talk.ask(adu(number, bytes([0x5A, key, code]) + bytes.fromhex(ask), unit=0))
        good = code != 0x7F
        told = (
            bytes([0x5A, key, 0xFE]) + bytes.fromhex(answer)
            if good
            else bytes.fromhex("5a 2b fd 8180 c0c62d 0000000000")
        )
        talk.answer(adu(number, told, unit=0))
        key = 0x2B if code == 0x10 else key
    talk.end()
    return frames
